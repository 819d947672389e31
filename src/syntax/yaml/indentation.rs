//! Mistakes in how YAML is indented, which its parser notices late and puts into its own words.

use super::Reader;
use crate::diagnostic::{Code, Diagnostic, Span};

/// What the parser says where a line is in no column that it expects.
const IN_NO_COLUMN: [&str; 3] = ["did not find expected key", "did not find expected `-`", "simple key expected"];

/// So many lines back, what a line can belong to is looked for.
const FARTHEST: usize = 100;

/// A line that is not empty, and no comment.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// Its first byte.
    start: usize,
    /// Bytes before its content.
    indent: usize,
    content: &'t str,
}

impl<'t> Line<'t> {
    /// What stands at `start`, without the line break.
    fn new(start: usize, line: &'t str) -> Option<Line<'t>> {
        let content = line.trim_start_matches([' ', '\t']);
        let is_code = !content.trim_end().is_empty() && !content.starts_with('#');
        is_code.then(|| Line { start, indent: line.len() - content.len(), content: content.trim_end() })
    }

    fn is_item(&self) -> bool {
        self.content == "-" || self.content.starts_with("- ")
    }

    /// In which column the content of the item stands, or of the line if it is none.
    fn inner(&self) -> usize {
        let rest = self.content.strip_prefix('-').filter(|_| self.is_item());
        self.indent + rest.map_or(0, |rest| 1 + rest.len() - rest.trim_start().len())
    }
}

impl Reader<'_> {
    /// What is wrong with the indentation of the line of `span`, where the parser has said this.
    pub(super) fn indentation(&self, message: &str, span: Span) -> Option<Diagnostic> {
        let at = span.range().start - self.offset;
        if message.contains("tab") {
            return self.tab(at);
        }
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        let line = Line::new(start, &self.text[start..end])?;
        // It is the line's own place if nothing but a dash stands before it.
        let before = self.text.get(start + line.indent..at).unwrap_or_default();
        let is_own =
            before.trim_matches(['-', ' ']).is_empty() && IN_NO_COLUMN.iter().any(|said| message.contains(said));
        if is_own { self.in_no_column(line) } else { None }
    }

    /// The first tab from the line of `at` on that a line is indented with. The parser may still be in the text before
    /// it.
    fn tab(&self, at: usize) -> Option<Diagnostic> {
        let mut start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        for line in self.text[start..].split_inclusive('\n') {
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line[..indentation].find('\t').filter(|_| Line::new(start, line).is_some()) {
                let span = self.span(start + tab, start + indentation);
                let error = Diagnostic::error(Code::Syntax, span, "this line is indented with a tab");
                return Some(error.help("YAML is indented with spaces, not tabs"));
            }
            start += line.len();
        }
        None
    }

    fn in_no_column(&self, line: Line) -> Option<Diagnostic> {
        let place = |line: Line, width: usize| {
            let start = line.start + line.indent;
            self.span(start, start + width)
        };
        if line.is_item() {
            let first = self.lines_above(line).find(|above| above.is_item() && above.indent != line.indent)?;
            let message = "this dash stands in another column than those of its list";
            let error = Diagnostic::error(Code::Syntax, place(line, 1), message);
            return Some(
                error
                    .other(place(first, 1), "an item before it")
                    .help("the dashes of a list must be in the same column"),
            );
        }
        if line.content.starts_with('-') {
            return None;
        }
        let word = line.content.split([' ', ':']).next().unwrap_or_default().len().max(1);
        let error = |message: &str| Diagnostic::error(Code::Syntax, place(line, word), message);
        let above = self.lines_above(line).find(|above| above.indent <= line.indent || above.inner() == line.indent)?;
        if above.is_item() && above.indent == line.indent {
            let error = error("this line stands in the column of a list's dashes, and has none");
            return Some(
                error.other(place(above, 1), "an item of the list").help(
                    "an item begins with a dash and a space; what belongs to the item above stands further right",
                ),
            );
        }
        (above.inner() != line.indent).then(|| {
            error("nothing above this line has the same indentation")
                .help("lines that belong together have the same indentation")
        })
    }

    /// The lines before `line`, nearest first.
    fn lines_above(&self, line: Line) -> impl Iterator<Item = Line<'_>> {
        let mut end = line.start;
        let all = std::iter::from_fn(move || {
            let before = self.text[..end].strip_suffix('\n')?;
            end = before.rfind('\n').map_or(0, |newline| newline + 1);
            Some((end, &before[end..]))
        });
        all.take(FARTHEST).filter_map(|(start, line)| Line::new(start, line))
    }
}
