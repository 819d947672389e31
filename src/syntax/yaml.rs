//! From YAML text to the spanned tree, through serde-saphyr.
//!
//! Scalars follow YAML 1.2's core schema: `no` is text, `1e-4` a number. Nesting, aliases and the number of values are
//! limited while the text is read, so neither a million brackets nor a bomb of aliases costs anything.

mod indentation;
mod mistake;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};

use super::ast::{Section, Setting};
use super::text::Text;
use super::value::too_long;
use super::{LONGEST_TEXT, MOST_PIECES};
use crate::diagnostic::{Code, Diagnostic, Mistakes, SourceId, Span, Spanned};

/// Lists and mappings nested deeper than this are refused.
const DEEPEST: usize = 64;

/// More values than this are refused: they take the parser about a second. A million items, one string each, are still
/// read, and a hundred thousand with three arguments in mapping form.
const MOST_VALUES: usize = 1 << 20;

/// Values that may come from repeating anchors.
const MOST_REPEATED: usize = 100_000;

/// Reads the YAML text `text`, which stands in `source` from byte `offset` on. What is wrong with single values leaves
/// `Null` in the tree.
pub(super) fn parse(text: &str, source: SourceId, offset: usize) -> (Option<Spanned<Setting>>, Vec<Diagnostic>) {
    let mut place = Reader { text, source, offset, pieces: 0, errors: Mistakes::default() };
    if least_values(text) > MOST_VALUES {
        return (None, vec![Diagnostic::error(Code::Limit, place.span(0, 0), too_many())]);
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEEPEST,
            max_nodes: MOST_VALUES,
            max_events: 3 * MOST_VALUES,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MOST_REPEATED },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    let node: Node = match serde_saphyr::from_str_with_options(text, options) {
        Ok(node) => node,
        Err(error) => return (None, vec![place.diagnostic(&error)]),
    };
    let root = place.setting(node);
    (Some(root), place.errors.into_list())
}

/// A line holds one value or more, and a comma ends one. Those inside texts count too, but nobody writes so many.
fn least_values(text: &str) -> usize {
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| 1 + line.bytes().filter(|byte| *byte == b',').count()).sum()
}

/// A value as it comes from the parser, with the bytes of its token; for a list or mapping, only where it starts.
struct Node {
    value: Raw,
    start: u32,
    end: u32,
}

enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = serde_saphyr::Spanned::<Raw>::deserialize(deserializer)?;
        let span = spanned.defined.span();
        let start = span.byte_offset().unwrap_or(0) as u32;
        Ok(Node { value: spanned.value, start, end: start + span.byte_len().unwrap_or(0) as u32 })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }

    /// What does not fit is infinite, and so refused later, where its place is known.
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        Ok(i64::try_from(value).map_or(Raw::Float(f64::INFINITY), Raw::Int))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_string()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = sequence.next_element()? {
            list.push(node);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

/// Where the YAML text stands, and what has been found in it.
struct Reader<'a> {
    text: &'a str,
    source: SourceId,
    offset: usize,
    /// Of how many pieces its strings are made.
    pieces: usize,
    errors: Mistakes,
}

impl Reader<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, self.offset + start..self.offset + end)
    }

    fn setting(&mut self, node: Node) -> Spanned<Setting> {
        let (start, end) = (node.start as usize, node.end as usize);
        let text = self.text;
        let written = &text[start..end];
        let span = self.span(start, start + written.trim_end().len());
        let value = match node.value {
            Raw::Null => Setting::Null,
            Raw::Bool(value) => Setting::Bool(value),
            Raw::Int(value) => Setting::Int(value),
            Raw::Float(value) => self.float(written, value).unwrap_or_else(|| {
                let message = format!("`{written}` is not a number that can be computed with");
                self.errors.push(Diagnostic::error(Code::TooLarge, span, message));
                Setting::Null
            }),
            Raw::Text(text) if text.len() > LONGEST_TEXT => {
                self.errors.push(too_long(span, text.len()));
                Setting::Null
            }
            Raw::Text(text) if self.pieces > MOST_PIECES => Setting::Text(Text::generated(text, span)),
            Raw::Text(text) => {
                let text = Text::decoded(text, &written[..span.range().len()], span);
                self.pieces += text.origin.len();
                Setting::Text(text)
            }
            Raw::List(nodes) => {
                let list: Vec<_> = nodes.into_iter().map(|node| self.setting(node)).collect();
                let span = self.enclosing(start, list.last().map(|last| last.span));
                return Spanned::new(Setting::List(list), span);
            }
            Raw::Map(nodes) => {
                let section = self.section(start, nodes);
                let span = section.span;
                return Spanned::new(Setting::Map(section), span);
            }
        };
        Spanned::new(value, span)
    }

    /// A number that the parser gave as a float; `None` if it is none that can be computed with.
    fn float(&self, written: &str, value: f64) -> Option<Setting> {
        // Digits alone became a float because they start with a zero, or do not fit.
        if written.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit()) {
            return written.parse().ok().map(Setting::Int);
        }
        value.is_finite().then_some(Setting::Float(value))
    }

    fn section(&mut self, start: usize, nodes: Vec<(Node, Node)>) -> Section {
        let mut entries = Vec::with_capacity(nodes.len());
        let mut last = None;
        for (key, value) in nodes {
            let (key_start, key_end) = (key.start as usize, key.end as usize);
            let span = self.span(key_start, key_end);
            if &self.text[key_start..key_end] == MERGE {
                self.errors.push(merged(span));
                entries.push((Spanned::new(MERGE.to_string(), span), Spanned::new(Setting::Null, span)));
                last = Some(span);
                continue;
            }
            let value = self.setting(value);
            last = Some(if value.span.range().is_empty() { span } else { value.span });
            let key = match key.value {
                Raw::Text(text) if text.len() > LONGEST_TEXT => {
                    self.errors.push(too_long(span, text.len()));
                    continue;
                }
                Raw::Text(text) => text,
                Raw::List(_) | Raw::Map(_) => {
                    self.errors.push(Diagnostic::error(Code::WrongType, span, "a key must be text"));
                    continue;
                }
                _ => self.text[key_start..key_end].to_string(),
            };
            entries.push((Spanned::new(key, span), value));
        }
        Section { span: self.enclosing(start, last), entries: without_repeated(entries, &mut self.errors) }
    }

    /// The span of a list or mapping from `start` to its last entry, and on to the bracket that closes it.
    fn enclosing(&self, start: usize, last: Option<Span>) -> Span {
        // What an alias repeats may stand anywhere.
        let last = last.map_or(start, |last| last.range().end - self.offset).max(start);
        let open = self.text[start..].chars().next().filter(|open| matches!(open, '[' | '{'));
        let Some(open) = open else { return self.span(start, last) };
        let mut end = last.max(start + 1);
        loop {
            let rest = self.text[end..].trim_start_matches([' ', '\t', '\r', '\n', ',', ':']);
            end = self.text.len() - rest.len();
            match rest.chars().next() {
                Some('#') => end += rest.find('\n').unwrap_or(rest.len()),
                Some(close @ (']' | '}')) if (open == '[') == (close == ']') => return self.span(start, end + 1),
                _ => return self.span(start, last),
            }
        }
    }
}

/// The first entry of each key.
fn without_repeated(
    mut entries: Vec<(Spanned<String>, Spanned<Setting>)>,
    errors: &mut Mistakes,
) -> Vec<(Spanned<String>, Spanned<Setting>)> {
    if entries.len() < 2 {
        return entries;
    }
    let mut first_places: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
    let mut repeated = HashSet::new();
    for (index, (Spanned { value: key, span }, _)) in entries.iter().enumerate() {
        let first = match first_places.entry(key) {
            Entry::Occupied(first) => *first.get(),
            Entry::Vacant(place) => {
                place.insert(*span);
                continue;
            }
        };
        repeated.insert(index);
        if !errors.is_full() {
            let message = format!("the key `{key}` occurs twice");
            errors.push(Diagnostic::error(Code::Duplicate, *span, message).other(first, "first here"));
        }
    }
    let mut index = 0..;
    entries.retain(|_| index.next().is_none_or(|index| !repeated.contains(&index)));
    entries
}

/// The key with which YAML 1.1 puts another mapping's entries into one.
const MERGE: &str = "<<";

fn merged(key: Span) -> Diagnostic {
    Diagnostic::error(Code::Syntax, key, "merge keys are not part of YAML 1.2, and are not supported")
        .help("write the entries out; a value that several of them share can have a name under `let:`")
}

fn too_many() -> String {
    format!("the text holds more than {MOST_VALUES} values")
}
