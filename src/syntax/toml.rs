//! From TOML text to the spanned tree, through the toml crate.

use std::ops::Range;

use toml::Spanned as Located;
use toml::de::{DeTable, DeValue};

use super::ast::{Section, Setting};
use super::text::Text;
use super::value::too_long;
use super::{LONGEST_TEXT, MOST_PIECES};
use crate::diagnostic::{Code, Diagnostic, Mistakes, SourceId, Span, Spanned};

/// Longer texts are refused: the parser keeps some twenty bytes for each of theirs.
const LONGEST: usize = 8 << 20;

/// More values than this are refused, where a key, a line and whatever follows a comma count as one: the parser keeps some hundred bytes
/// for each. A hundred thousand items, a line each, are still read.
const MOST_VALUES: usize = 1 << 18;

/// No one mends more errors at a time.
const MOST_ERRORS: usize = 20;

/// What the parser says behind an array without an end, among others.
const MISSING_COMMA: &str = "missing comma between array elements, expected `,`";

/// Of a text of more bytes, one error is found; of a shorter one all.
const LONG: usize = 1 << 20;

/// Reads a TOML document. What is wrong with single values leaves `Null` in the tree.
pub(super) fn parse(text: &str, source: SourceId) -> (Option<Spanned<Setting>>, Vec<Diagnostic>) {
    let mut place = Place { text, source, pieces: 0, errors: Mistakes::default() };
    // Those inside texts and comments count too, but nobody writes so many. The parser keeps empty lines and comments.
    let values = text.bytes().filter(|byte| matches!(byte, b',' | b'=' | b'[' | b'\n')).count();
    let limit = match text.len() {
        LONGEST.. => Some(format!("a TOML text has at most {} MB", LONGEST >> 20)),
        _ => (values > MOST_VALUES).then(|| format!("the text holds more than {MOST_VALUES} values")),
    };
    if let Some(message) = limit {
        return (None, vec![Diagnostic::error(Code::Limit, Span::new(source, 0..0), message)]);
    }
    let (root, errors) = match text.len() {
        ..=LONG => DeTable::parse_recoverable(text),
        // All errors would take more room than the text.
        _ => match DeTable::parse(text) {
            Ok(root) => (root, Vec::new()),
            Err(error) => return (None, place.diagnostics(&[error])),
        },
    };
    if !errors.is_empty() {
        return (None, place.diagnostics(&errors));
    }
    let root = root.into_inner();
    let span = Span::new(source, 0..text.len());
    let section = place.section(span, root);
    (Some(Spanned::new(Setting::Map(section), span)), place.errors.into_list())
}

/// The text, and what has been found in it.
struct Place<'a> {
    text: &'a str,
    source: SourceId,
    /// Of how many pieces its strings are made.
    pieces: usize,
    errors: Mistakes,
}

impl Place<'_> {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.source, range)
    }

    fn section(&mut self, span: Span, table: DeTable<'_>) -> Section {
        let entries = table.into_iter().map(|(key, value)| {
            let span = self.span(key.span());
            (Spanned::new(key.into_inner().into_owned(), span), self.setting(value))
        });
        Section { span, entries: entries.collect() }
    }

    fn setting(&mut self, value: Located<DeValue<'_>>) -> Spanned<Setting> {
        let range = value.span();
        let span = self.span(range.clone());
        let setting = match value.into_inner() {
            DeValue::String(text) if text.len() > LONGEST_TEXT => {
                self.errors.push(too_long(span, text.len()));
                Setting::Null
            }
            DeValue::String(text) if self.pieces > MOST_PIECES => Setting::Text(Text::generated(text, span)),
            DeValue::String(text) => {
                let text = Text::decoded(text.into_owned(), &self.text[range], span);
                self.pieces += text.origin.len();
                Setting::Text(text)
            }
            DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
                Ok(value) => Setting::Int(value),
                Err(_) => self.too_large(range, span),
            },
            DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() => Setting::Float(value),
                _ => self.too_large(range, span),
            },
            DeValue::Boolean(value) => Setting::Bool(value),
            DeValue::Datetime(_) => {
                self.errors.push(Diagnostic::error(Code::WrongType, span, "a date has no meaning here"));
                Setting::Null
            }
            DeValue::Array(values) => Setting::List(values.into_iter().map(|value| self.setting(value)).collect()),
            DeValue::Table(table) => Setting::Map(self.section(span, table)),
        };
        Spanned::new(setting, span)
    }

    fn too_large(&mut self, range: Range<usize>, span: Span) -> Setting {
        let message = format!("`{}` is not a number that can be computed with", &self.text[range]);
        self.errors.push(Diagnostic::error(Code::TooLarge, span, message));
        Setting::Null
    }

    /// The first error of each line, up to an array without an end; others are consequences.
    fn diagnostics(&self, errors: &[toml::de::Error]) -> Vec<Diagnostic> {
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
        if message != "duplicate key" {
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
