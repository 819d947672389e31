//! Places in source texts, and what is said about them.
//!
//! Every stage reports a user's mistake as a [`Diagnostic`]: what is wrong, the exact characters, the arithmetic, and
//! how to mend it. This module is the only one that knows how a diagnostic is drawn.
//!
//! ```text
//! error[E021]: kernel 3×3 does not fit the 2×2 input
//!   --> vgg.yaml:9:21
//!    |
//!  9 |   - conv 512 3x3 -> maxpool 3x3 s2
//!    |                     ^^^^^^^^^^^^^^ (2 − 3 + 2·0)/2 + 1 < 1
//! ```

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Which text of a [`Sources`] a span lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub(crate) u32);

/// A range of bytes in one source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The text it lies in.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `range` of `source`.
    pub fn new(source: SourceId, range: Range<usize>) -> Span {
        Span { source, start: range.start as u32, end: range.end as u32 }
    }

    /// The smallest span over `self` and `other`, which must lie in the same source; otherwise `self`.
    pub fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span { start: self.start.min(other.start), end: self.end.max(other.end), ..self }
    }

    /// The span as a range of byte indices.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Pairs a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Spanned { value, span }
    }
}

/// One text that takes part in a compilation: the user's file, a preset's own text, a `--set` override.
#[derive(Debug, Clone)]
pub struct Source {
    /// What diagnostics call it: a path, or `<preset resnet>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// All texts of one compilation.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

/// A position as an editor shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in Unicode characters.
    pub column: usize,
}

impl Sources {
    /// Adds a text and says by which id spans refer to it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.0.push(Source { name: name.into(), text: text.into() });
        SourceId(self.0.len() as u32 - 1)
    }

    /// The text behind an id.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    /// The characters of a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).text.get(span.range()).unwrap_or("")
    }

    /// Where a span starts and ends.
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let text = &self.get(span.source).text;
        let at = |offset: usize| {
            let before = &text[..text.floor_char_boundary(offset.min(text.len()))];
            let line_start = before.rfind('\n').map_or(0, |i| i + 1);
            Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
        };
        (at(span.start as usize), at(span.end as usize))
    }
}

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Legal, but rarely meant.
    Warning,
    /// There is no network.
    Error,
}

/// Text at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The characters that are underlined.
    pub span: Span,
    /// What stands beside them: the arithmetic, or what was found. May be empty.
    pub text: String,
}

/// One thing that is wrong, or doubtful.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Its entry in the list of codes.
    pub code: Code,
    /// One sentence in lower case, the user's text in backticks, no full stop.
    pub message: String,
    /// The characters that are wrong.
    pub primary: Label,
    /// Other places that take part; a trace through blocks and presets comes here, innermost first.
    pub others: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            primary: Label { span, text: String::new() },
            others: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning at `span`.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// Sets the text beside the underlined characters.
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary.text = text.into();
        self
    }

    /// Adds another place.
    pub fn other(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.others.push(Label { span, text: text.into() });
        self
    }

    /// Adds advice.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(text.into());
        self
    }
}

/// Declares every code once, with the sentence that explains it.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal,)+) => {
        /// What kind of mistake a diagnostic reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// As printed: `E021`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)+ }
            }

            /// What it means.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

codes! {
    /// The file is not valid YAML or TOML.
    Syntax = "E001",
    /// A line of layer notation, or an expression, cannot be read.
    Notation = "E002",
    /// A value has the wrong type: a list where a number belongs, say.
    WrongType = "E003",
    /// A key that this place of the file does not have.
    UnknownKey = "E004",
    /// A key that must be given is not there.
    MissingKey = "E005",
    /// The same name, key or layer name occurs twice.
    Duplicate = "E006",
    /// The text, the nesting or the network is larger than the compiler accepts.
    Limit = "E007",
    /// No layer, block, preset, optimizer, schedule or transform has this name.
    UnknownName = "E010",
    /// The call does not take this argument.
    UnknownArgument = "E011",
    /// The call needs an argument that is not there.
    MissingArgument = "E012",
    /// An argument's value is out of range or of the wrong kind.
    InvalidArgument = "E013",
    /// An expression uses an unknown name, divides by zero or overflows.
    Expression = "E014",
    /// A layer got an input of the wrong rank: a convolution after `flatten`, say.
    WrongRank = "E020",
    /// A window is larger than the (padded) input that it slides over.
    WindowDoesNotFit = "E021",
    /// A size that was written down is not the one that arrives.
    SizeMismatch = "E022",
    /// The inputs of an addition, product or concatenation do not agree.
    InputsDisagree = "E023",
    /// An `expect` does not hold.
    ExpectationFailed = "E024",
    /// Channels cannot be split into this many groups.
    Groups = "E025",
    /// A size or count is too large to compute with.
    TooLarge = "E026",
    /// A reference to a layer that is not there, or not yet.
    UnknownReference = "E030",
    /// The network's output is not one score for each class.
    ClassesMismatch = "E031",
    /// A block or file calls itself.
    Recursion = "E032",
    /// The data section and the network do not fit together.
    DataMismatch = "E040",
    /// A stride that leaves out pixels at the right or bottom edge.
    DroppedPixels = "W001",
    /// A bias just before a batch norm, which removes it again.
    BiasBeforeNorm = "W002",
    /// A 1×1 map is pooled again.
    PooledAgain = "W003",
    /// One linear layer holds more parameters than all other layers together.
    HeavyLinear = "W004",
    /// Something that is declared and never used.
    Unused = "W005",
}

/// What a compilation has to say, with the texts it speaks of.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    /// The texts that spans refer to.
    pub sources: Arc<Sources>,
    /// In the order in which they were found.
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Draws all of them, `width` columns wide, with terminal colours if `colour` is set.
    pub fn render(&self, colour: bool, width: usize) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(width);
        let drawn: Vec<String> = self.list.iter().map(|d| self.draw(d, &renderer)).collect();
        drawn.join("\n\n")
    }

    fn draw(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let primary = (AnnotationKind::Primary, &diagnostic.primary);
        let others = diagnostic.others.iter().map(|label| (AnnotationKind::Context, label));
        let labels: Vec<_> = std::iter::once(primary).chain(others).collect();
        let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.id()));
        // One snippet a source, in the order in which the labels first mention it.
        let mut drawn: Vec<SourceId> = Vec::new();
        for (_, label) in &labels {
            let id = label.span.source;
            if drawn.contains(&id) {
                continue;
            }
            drawn.push(id);
            let source = self.sources.get(id);
            let mut snippet = Snippet::source(&source.text).path(&source.name).fold(true);
            for (kind, label) in labels.iter().filter(|(_, label)| label.span.source == id) {
                let range = clamp(label.span.range(), &source.text);
                let annotation = kind.span(range);
                snippet =
                    snippet.annotation(if label.text.is_empty() { annotation } else { annotation.label(&label.text) });
            }
            group = group.element(snippet);
        }
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

/// A range that the renderer can draw: inside the text, on character boundaries.
fn clamp(range: Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(range.start.min(text.len()));
    let end = text.ceil_char_boundary(range.end.min(text.len())).max(start);
    start..end
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false, 100))
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate nearest to `name`, if it is near enough to be what was meant.
///
/// Distance is Damerau–Levenshtein's (optimal string alignment); a third of the name's length may differ, and at least one character.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours between `a` and `b`, ignoring case.
pub fn edit_distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().take(64).collect();
    let b: Vec<char> = b.to_lowercase().chars().take(64).collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let best = substituted.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if swapped { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_near_names_only() {
        let names = ["conv", "maxpool", "linear"];
        for (name, expected) in
            [("cnov", Some("conv")), ("Linear", Some("linear")), ("maxpol", Some("maxpool")), ("lstm", None)]
        {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }

    #[test]
    fn positions_count_characters() {
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", "ü: 1\nß: 2");
        let (start, end) = sources.positions(Span::new(id, 10..11));
        assert_eq!((start.line, start.column, end.column), (2, 4, 5));
    }
}
