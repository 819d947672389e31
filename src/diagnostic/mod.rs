//! Places in source texts, and what is said about them.
//!
//! Every stage reports a user's mistake as a [`Diagnostic`]: what is wrong, the exact characters, the arithmetic, and
//! how to fix it. `render` draws them.
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

mod choice;
mod code;
mod mistakes;
mod position;
mod printable;
mod render;
mod settle;
mod suggest;
mod trace;

pub(crate) use choice::{Choice, Choices, Larger, ranked};
pub use code::Code;
pub(crate) use mistakes::{MOST_MISTAKES, Mistakes};
pub use printable::{printable, printable_lines};
pub(crate) use settle::{placed, settle};
pub use suggest::{edit_distance, nearest};
pub use trace::Frame;

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
    index: position::Index,
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
    /// Adds a text and says by which id spans refer to it. What a terminal would obey is taken out of the name.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let name = printable(&name.into());
        self.0.push(Source { name, text: text.into(), index: position::Index::default() });
        SourceId(self.0.len() as u32 - 1)
    }

    /// The text behind an id.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    /// What the texts are called, the first one first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|source| source.name.as_str())
    }

    /// The characters of a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).text.get(span.range()).unwrap_or("")
    }

    /// `span` without the quotes around it, if a quoted scalar stands there: what is written in its place is quoted
    /// too.
    pub fn inside_quotes(&self, span: Span) -> Span {
        let text = self.text(span);
        let quote = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|quote| text.len() >= 2 * quote.len() && text.starts_with(quote) && text.ends_with(quote));
        let width = quote.map_or(0, str::len) as u32;
        Span { start: span.start + width, end: span.end - width, ..span }
    }

    /// Whether braces can be written at `span`: inside quotes, or in an entry of a YAML list that is no `[…]`.
    pub fn takes_braces(&self, span: Span) -> bool {
        let text = self.get(span.source).text.get(..span.start as usize).unwrap_or_default();
        let line = text.rsplit('\n').next().unwrap_or_default();
        let is_open = |quote: &str| line.matches(quote).count() % 2 == 1;
        is_open("'") || is_open("\"") || line.trim_start().starts_with("- ") && !line.contains(['[', '{'])
    }

    /// Where a span starts and ends.
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let Source { text, index, .. } = self.get(span.source);
        (index.position(text, span.start as usize), index.position(text, span.end as usize))
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
    /// Whether it is a call on the way to the place of the diagnostic.
    pub is_call: bool,
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
    /// Other places that take part; the calls of blocks and presets that led there come here too, innermost first.
    pub others: Vec<Label>,
    /// What to do about it.
    pub help: Vec<Help>,
}

/// A piece of advice.
#[derive(Debug, Clone, PartialEq)]
pub struct Help {
    /// In words.
    pub text: String,
    /// What a program can do that follows it, if that is sure to fix the mistake.
    pub edit: Option<Edit>,
    /// Whether it is what was meant, so that a program may do it without asking: another name for the same, a sign that
    /// only looks like the right one. A name that is spelt nearly alike, or a size that would fit, is only likely.
    pub is_certain: bool,
}

impl Help {
    /// In words alone.
    pub fn words(text: impl Into<String>) -> Help {
        Help { text: text.into(), edit: None, is_certain: false }
    }

    /// With a change that is likely, if there is one.
    pub fn likely(text: impl Into<String>, edit: Option<Edit>) -> Help {
        Help { text: text.into(), edit, is_certain: false }
    }
}

/// A change of a source text.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The characters that go; none, where something is put in.
    pub span: Span,
    /// What comes in their place.
    pub text: String,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: shortened(message.into()),
            primary: Label { span, text: String::new(), is_call: false },
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
        self.primary.text = shortened(text.into());
        self
    }

    /// Adds another place.
    pub fn other(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.others.push(Label { span, text: shortened(text.into()), is_call: false });
        self
    }

    /// Adds the call that led there, or to the calls that there are already.
    pub fn called(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.others.push(Label { span, text: shortened(text.into()), is_call: true });
        self
    }

    /// Adds advice.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(Help::words(shortened(text.into())));
        self
    }

    /// Adds advice that can be followed by putting `replacement` in place of what stands at `span`.
    pub fn fix(mut self, text: impl Into<String>, span: Span, replacement: impl Into<String>) -> Diagnostic {
        let edit = Some(Edit { span, text: replacement.into() });
        self.help.push(Help::likely(shortened(text.into()), edit));
        self
    }

    /// As [`Diagnostic::fix`], where nothing else can be meant.
    pub fn certain(self, text: impl Into<String>, span: Span, replacement: impl Into<String>) -> Diagnostic {
        let mut diagnostic = self.fix(text, span, replacement);
        diagnostic.help.iter_mut().next_back().into_iter().for_each(|help| help.is_certain = true);
        diagnostic
    }

    /// Of a name that nothing has, and that is underlined: suggests the nearest of `candidates`, or gives the advice
    /// `otherwise` if none is near.
    pub fn did_you_mean<'a>(
        self,
        written: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        otherwise: impl FnOnce() -> String,
    ) -> Diagnostic {
        self.meant(nearest(written, candidates), otherwise)
    }

    /// Of a name that is spelt as `own` but for capitals and underscores.
    pub(crate) fn spelt(self, own: &str) -> Diagnostic {
        let span = self.primary.span;
        self.certain(format!("did you mean `{own}`?"), span, own)
    }

    /// As [`Diagnostic::did_you_mean`], where it is known already what was probably meant. An empty advice is none.
    pub fn meant(self, near: Option<&str>, otherwise: impl FnOnce() -> String) -> Diagnostic {
        let span = self.primary.span;
        if let Some(near) = near {
            return self.fix(format!("did you mean `{near}`?"), span, near);
        }
        let advice = otherwise();
        if advice.is_empty() { self } else { self.help(advice) }
    }
}

/// Without its middle, if it is longer than anyone reads: it quotes a name or a list that is.
fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_SENTENCE {
        let start = text.floor_char_boundary(LONGEST_SENTENCE / 2);
        let end = text.ceil_char_boundary(text.len() - LONGEST_SENTENCE / 2);
        text.replace_range(start..end, "…");
        text.shrink_to_fit();
    }
    text
}

/// Bytes of a sentence that are kept.
const LONGEST_SENTENCE: usize = 2000;

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
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false, 100))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", "ü: 1\nß: 2");
        let (start, end) = sources.positions(Span::new(id, 10..11));
        assert_eq!((start.line, start.column, end.column), (2, 4, 5));
    }
}
