//! From a notation string to items, calls and expressions, with pest.
//!
//! `conv 64 3x3 s2 -> bn as bn1` becomes two calls; `s2` the argument `stride=2`. Every part has the place in the file
//! where it was written, however the string was quoted. Nothing here knows which names exist.
//!
//! The grammar is grammar/notation.pest. What a mistake is called is said in mistake.rs, arithmetic is read in
//! expression.rs, and the rest in items.rs.

mod expression;
mod items;
mod mistake;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

use pest::Parser;
use pest::iterators::Pair;

use super::ast::{Argument, Call, Expr, Item, Parameter, Source, Template, TemplatePart, Term};

use super::text::Text;
use crate::budget::Budget;
use crate::diagnostic::{Code, Diagnostic, Spanned};

/// The parser that pest makes of the grammar. The items that it generates carry no documentation.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/notation.pest"]
    pub(super) struct Notation;
}

use grammar::{Notation, Rule};

/// Notation longer than this is refused; the longest chain that anyone writes is a few hundred characters.
const LONGEST: usize = 1 << 18;

/// Brackets nested deeper than this are refused before pest, which recurses, sees them.
const DEEPEST: usize = 64;

/// Names and numbers of more bytes are refused: they are quoted wherever something is wrong with them.
const LONGEST_WORD: usize = 1000;

/// A chain: `conv 64 3x3 p1 -> bn -> (conv 128 3x3 -> relu) x 3 as tail`.
pub fn chain(text: &Text) -> Result<Vec<Item>, Diagnostic> {
    items::chain(text, parse(text, Rule::whole_chain)?)
}

/// Parts of chains that have been read: a generated network has many layers and few different ones, and each is read
/// once.
pub(crate) struct Lines<'t> {
    read: HashMap<&'t str, Pair<'t, Rule>>,
    /// Bytes in all of them.
    length: Budget,
    /// Bytes of those that could not be read.
    unreadable: Budget,
    /// Items that were found.
    items: Budget,
}

/// After so many bytes of mistakes, and behind so many items, nothing more is read: long mistakes take long to find,
/// and a network has no more layers.
const MOST_UNREADABLE: usize = 1 << 20;
const MOST_ITEMS: usize = 1 << 20;

/// So many bytes of notation are remembered.
const MOST_REMEMBERED: usize = 1 << 17;

impl Default for Lines<'_> {
    fn default() -> Self {
        let [length, unreadable, items] = [MOST_REMEMBERED, MOST_UNREADABLE, MOST_ITEMS].map(Budget::new);
        Lines { read: HashMap::new(), length, unreadable, items }
    }
}

impl<'t> Lines<'t> {
    /// As [`chain`].
    pub(crate) fn chain(&mut self, text: &'t Text) -> Result<Vec<Item>, Diagnostic> {
        let items = match self.parts(text) {
            Some(parts) => {
                let mut items = Vec::with_capacity(parts.len());
                for (part, pair) in parts {
                    items.extend(items::chain(&part, pair)?);
                }
                items
            }
            // As a whole, and so with all that can be said about it.
            None => chain(text).inspect_err(|_| {
                self.unreadable.spend(text.text.len());
            })?,
        };
        if !self.items.spend(items.len()) {
            return Err(Diagnostic::error(Code::Limit, text.span, format!("there are more than {MOST_ITEMS} layers")));
        }
        Ok(items)
    }

    /// The parts between the arrows of a chain that stands in the file as it is; `None` if it does not, or one cannot
    /// be read. Where a line is like no other, most of its parts are.
    fn parts(&mut self, text: &'t Text) -> Option<Vec<(Text, Pair<'t, Rule>)>> {
        if !text.origin.is_empty() || check_limits(text).is_err() {
            return None;
        }
        let mut parts = Vec::new();
        for range in between_arrows(&text.text) {
            let part = &text.text[range.clone()];
            let pair = self.part(part)?;
            parts.push((Text::verbatim(part, text.place(range)), pair));
        }
        Some(parts)
    }

    /// An item, which is a chain of its own.
    fn part(&mut self, part: &'t str) -> Option<Pair<'t, Rule>> {
        if let Some(read) = self.read.get(part) {
            return Some(read.clone());
        }
        let read = Notation::parse(Rule::whole_chain, part).ok()?.next()?.into_inner().next()?;
        if self.length.spend(part.len()) {
            self.read.insert(part, read.clone());
        }
        Some(read)
    }

    /// Whether nothing more is to be read; the reason has been given.
    pub(crate) fn are_enough(&self) -> bool {
        self.unreadable.is_overspent() || self.items.is_overspent()
    }
}

/// What stands between the arrows that are in no brackets, without the blanks around it.
fn between_arrows(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let (mut start, mut depth) = (0, 0usize);
    let mut ends = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'-' if depth == 0 && bytes.get(at + 1) == Some(&b'>') => {
                ends.push(start..at);
                start = at + 2;
            }
            _ => {}
        }
    }
    ends.push(start..text.len());
    ends.into_iter().map(|part| {
        let written = &text[part.clone()];
        let start = part.start + (written.len() - written.trim_ascii_start().len());
        start..start.max(part.start + written.trim_ascii_end().len())
    })
}

/// One call and nothing else: `sgd lr=0.1 momentum=0.9 nesterov`.
pub fn call(text: &Text) -> Result<Call, Diagnostic> {
    items::call(text, parse(text, Rule::whole_call)?)
}

/// The arguments of a call whose name stands elsewhere: `64 3x3 p1` under the key `conv`.
pub fn arguments(text: &Text) -> Result<Vec<Argument>, Diagnostic> {
    items::arguments(text, parse(text, Rule::whole_arguments)?)
}

/// Arithmetic, with or without the braces around it: `4*width`.
pub fn expression(text: &Text) -> Result<Spanned<Expr>, Diagnostic> {
    expression::expression(text, parse(text, Rule::whole_expression)?)
}

/// A string in place of an argument's value in mapping form: `3x3`, `nearest`, `4*width`.
pub fn term(text: &Text) -> Result<Spanned<Term>, Diagnostic> {
    items::lone_term(text, parse(text, Rule::whole_term)?)
}

/// A naming key: `stage{i}.conv-1`.
pub fn template(text: &Text) -> Result<Spanned<Template>, Diagnostic> {
    // Generated networks name each of their layers, and such names hold no expression.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if !text.text.is_empty() && text.text.bytes().all(is_plain) {
        check_limits(text)?;
        let name = Template(vec![TemplatePart::Text(text.text.clone())]);
        return Ok(Spanned::new(name, text.place(0..text.text.len())));
    }
    items::template(text, parse(text, Rule::whole_template)?)
}

/// What `from:` names: `stage{i}`, `late x {deep}`.
pub fn source(text: &Text) -> Result<Source, Diagnostic> {
    items::source(text, parse(text, Rule::whole_source)?)
}

/// The sizes of a shape: `3x32x32`.
pub fn shape(text: &Text) -> Result<Vec<Spanned<Expr>>, Diagnostic> {
    let sides = parse(text, Rule::whole_shape)?.into_inner();
    sides
        .filter(|side| !matches!(side.as_rule(), Rule::times_sign | Rule::EOI))
        .map(|side| expression::expression(text, side))
        .collect()
}

/// A block's name and its parameters with their defaults.
pub type Signature = (Spanned<String>, Vec<Parameter>);

/// The key of a block: `bottleneck(width, stride=1)`.
pub fn signature(text: &Text) -> Result<Signature, Diagnostic> {
    items::signature(text, parse(text, Rule::whole_signature)?)
}

/// What stands inside a rule that wraps a whole text.
fn parse(text: &Text, rule: Rule) -> Result<Pair<'_, Rule>, Diagnostic> {
    check_limits(text)?;
    let mut pairs = Notation::parse(rule, &text.text).map_err(|error| mistake::diagnostic(text, rule, &error))?;
    let whole = pairs.next().expect("a rule that matched gives one pair");
    match rule {
        Rule::whole_shape | Rule::whole_signature | Rule::whole_arguments | Rule::whole_source => Ok(whole),
        _ => Ok(whole.into_inner().next().expect("these rules hold one other rule")),
    }
}

/// Refuses what would cost pest too much memory or stack.
fn check_limits(text: &Text) -> Result<(), Diagnostic> {
    if text.text.len() > LONGEST {
        let message = format!("this notation is {} bytes long; at most {LONGEST} are read", text.text.len());
        return Err(Diagnostic::error(Code::Limit, text.span, message).help("split it over several items of a list"));
    }
    let (mut depth, mut word) = (0usize, 0);
    for (at, byte) in text.text.bytes().enumerate() {
        word = if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') { word + 1 } else { 0 };
        if word > LONGEST_WORD {
            let message = format!("a word of more than {LONGEST_WORD} bytes");
            return Err(Diagnostic::error(Code::Limit, text.place(at + 1 - word..at + 1), message));
        }
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            let message = format!("brackets are nested more than {DEEPEST} deep");
            return Err(Diagnostic::error(Code::Limit, text.place(at..at + 1), message));
        }
    }
    Ok(())
}

/// Where a pair stands in the file, without the blanks that pest counts to it.
fn place(text: &Text, pair: &Pair<'_, Rule>) -> crate::diagnostic::Span {
    let start = pair.as_span().start();
    text.place(start..start + pair.as_str().trim_ascii_end().len())
}
