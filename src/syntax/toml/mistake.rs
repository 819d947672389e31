//! What TOML's parser found wrong, in the form that users see.

use std::ops::Range;

use toml::Spanned as Located;
use toml::de::{DeTable, DeValue};

use super::{LONG, Reader};
use crate::diagnostic::{Code, Diagnostic, Span};

/// No one fixes more errors at a time.
const MOST_ERRORS: usize = 20;

/// Longer texts are not repeated in advice.
const LONGEST_QUOTED: usize = 1000;

/// What the parser says behind an array without an end, among others.
const MISSING_COMMA: &str = "missing comma between array elements, expected `,`";

impl Reader<'_> {
    /// The first error of each line, up to an array without an end; others are consequences.
    pub(super) fn diagnostics(&self, errors: &[toml::de::Error]) -> Vec<Diagnostic> {
        let mut found: Vec<(Range<usize>, &str)> =
            errors.iter().map(|error| (error.span().unwrap_or(0..0), error.message())).collect();
        found.sort_by_key(|(range, _)| range.start);
        let mut line_end = None;
        found.retain(|(range, _)| {
            let is_first = line_end.is_none_or(|end| range.start > end);
            if is_first {
                line_end =
                    self.text[range.start..].find('\n').map(|length| range.start + length).or(Some(self.text.len()));
            }
            is_first
        });
        let end = found.iter().position(|(range, message)| self.lacks_end(range, message));
        found.truncate(end.map_or(MOST_ERRORS, |end| MOST_ERRORS.min(end + 1)));
        if found.first().is_some_and(|(range, _)| looks_like_yaml(self.line(range.start))) {
            // The rest is no TOML either.
            found.truncate(1);
        }
        found.into_iter().map(|(range, message)| self.diagnostic(range, message)).collect()
    }

    /// Whether it is a key or the name of a table that was taken for a part of an array.
    fn lacks_end(&self, range: &Range<usize>, message: &str) -> bool {
        let line = self.text.get(range.start..).and_then(|rest| rest.lines().next()).unwrap_or_default().trim_end();
        let is_key = after_key(line).starts_with('=');
        let is_table = line.strip_prefix('[').is_some_and(|name| after_key(name) == "]");
        message == MISSING_COMMA && (is_key || is_table)
    }

    fn diagnostic(&self, range: Range<usize>, message: &str) -> Diagnostic {
        let span = self.span(range.clone());
        if message.contains("recurs") {
            return Diagnostic::error(Code::Limit, span, "arrays and tables are nested too deep");
        }
        if message.starts_with("string values must be quoted") || self.is_bare_text(&range, message) {
            let text = &self.text[range];
            if text.is_empty() {
                return Diagnostic::error(Code::Syntax, span, "a value is missing");
            }
            if text.len() > LONGEST_QUOTED {
                return Diagnostic::error(Code::Syntax, span, "text needs quotes");
            }
            let error = Diagnostic::error(Code::Syntax, span, format!("text needs quotes: `{text}`"));
            return error.certain(format!("write `\"{text}\"`"), span, format!("\"{text}\""));
        }
        if message != "duplicate key" {
            let line = self.line(range.start);
            if looks_like_yaml(line) {
                let error = Diagnostic::error(Code::Syntax, span, message);
                return error.help("this looks like YAML, which is read from files that end in `.yaml`");
            }
            if message.starts_with("invalid unquoted key")
                && let Some((key, place)) = self.key_with_parameters(line, range.start)
            {
                let error = Diagnostic::error(Code::Syntax, place, format!("the key `{key}` needs quotes"));
                return error.certain(format!("write `\"{key}\" = …`"), place, format!("\"{key}\""));
            }
            let error = Diagnostic::error(Code::Syntax, span, message);
            return if self.lacks_end(&range, message) {
                error.help("or is the array before it without its `]`?")
            } else {
                error
            };
        }
        let message = format!("the key `{}` occurs twice", &self.text[range.clone()]);
        let diagnostic = Diagnostic::error(Code::Duplicate, span, message);
        match (self.text.len() <= LONG).then(|| self.first_place(range)).flatten() {
            Some(first) => diagnostic.other(first, "first here"),
            None => diagnostic,
        }
    }

    /// Where the key that stands for the second time at `second` stands for the first time.
    ///
    /// The parser does not say. But with another name the second one is kept, and then the first is in the same table.
    fn first_place(&self, second: Range<usize>) -> Option<Span> {
        let key = self.text[second.clone()].trim_matches(['"', '\'']);
        let line_end = self.text[second.end..].find('\n').map_or(self.text.len(), |length| second.end + length);
        let renamed = format!("{}\"{key}~\"{}", &self.text[..second.start], &self.text[second.end..line_end]);
        let (root, _) = DeTable::parse_recoverable(&renamed);
        sibling(root.get_ref(), second.start, key).map(|range| self.span(range))
    }

    /// The line that byte `at` stands on.
    fn line(&self, at: usize) -> &str {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[start..].lines().next().unwrap_or_default()
    }

    /// Whether it is a word that begins as a number of TOML's does: `identity` as `inf`.
    fn is_bare_text(&self, range: &Range<usize>, message: &str) -> bool {
        let text = &self.text[range.clone()];
        (message.starts_with("invalid float") || message.starts_with("invalid boolean"))
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && !text.contains(['"', '\\', '\n'])
    }

    /// `basic(width, stride=1)`, with its place, if that is the key of the line on which byte `at` stands.
    fn key_with_parameters(&self, line: &str, at: usize) -> Option<(String, Span)> {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1) + line.len() - line.trim_start().len();
        let (head, rest) = line.trim_start().split_once('(')?;
        let (parameters, behind) = rest.split_once(')')?;
        let is_key = head.chars().all(|c| c.is_alphanumeric() || c == '_') && behind.trim_start().starts_with('=');
        let key = format!("{head}({parameters})");
        let place = self.span(start..start + key.len());
        (is_key && !key.contains('"')).then_some((key, place))
    }
}

/// Whether a line is `key: …` or `- …`.
fn looks_like_yaml(line: &str) -> bool {
    let line = line.trim_start();
    let key = line.split_once(':').filter(|(_, rest)| rest.is_empty() || rest.starts_with(' ')).map(|(key, _)| key);
    line.starts_with("- ")
        || key.is_some_and(|key| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// What follows the key at the start of a line.
fn after_key(line: &str) -> &str {
    line.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')).trim_start()
}

/// The place of the key `name` in the table that has a key at byte `start`.
fn sibling(table: &DeTable<'_>, start: usize, name: &str) -> Option<Range<usize>> {
    if table.keys().any(|key| key.span().start == start) {
        return table.keys().find(|key| key.get_ref() == name).map(Located::span);
    }
    table.values().find_map(|value| sibling_within(value.get_ref(), start, name))
}

fn sibling_within(value: &DeValue<'_>, start: usize, name: &str) -> Option<Range<usize>> {
    match value {
        DeValue::Table(table) => sibling(table, start, name),
        DeValue::Array(values) => values.iter().find_map(|value| sibling_within(value.get_ref(), start, name)),
        _ => None,
    }
}
