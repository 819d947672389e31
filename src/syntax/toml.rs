//! From TOML text to the spanned tree, through the toml crate.

mod mistake;

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

/// More values than this are refused, where a key, a line and whatever follows a comma count as one: the parser keeps
/// some hundred bytes for each. A hundred thousand items, a line each, are still read.
const MOST_VALUES: usize = 1 << 18;

/// Of a text of more bytes, one error is found; of a shorter one all.
const LONG: usize = 1 << 20;

/// Reads a TOML document. What is wrong with single values leaves `Null` in the tree.
pub(super) fn parse(text: &str, source: SourceId) -> (Option<Spanned<Setting>>, Vec<Diagnostic>) {
    let mut place = Reader { text, source, pieces: 0, errors: Mistakes::default() };
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
struct Reader<'a> {
    text: &'a str,
    source: SourceId,
    /// Of how many pieces its strings are made.
    pieces: usize,
    errors: Mistakes,
}

impl Reader<'_> {
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
}
