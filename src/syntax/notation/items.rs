//! Chains, groups, repeats, calls and their arguments.

use pest::iterators::Pair;

use super::expression::expression;
use super::{Rule, Signature, place};
use crate::arguments::long_form;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::syntax::ast::{Argument, Call, Expr, Item, ItemBody, Source, Template, TemplatePart, Term};
use crate::syntax::text::Text;

pub(super) fn chain(text: &Text, pair: Pair<'_, Rule>) -> Result<Vec<Item>, Diagnostic> {
    let inner = pair.into_inner();
    // Generated networks have millions of items; each list of them is made as long as it will be.
    let mut items = Vec::with_capacity(inner.len() / 2 + 1);
    for inner in inner.filter(|inner| inner.as_rule() == Rule::item) {
        items.push(item(text, inner)?);
    }
    Ok(items)
}

/// A call or group, then what names and repeats it, from the inside out.
fn item(text: &Text, pair: Pair<'_, Rule>) -> Result<Item, Diagnostic> {
    let mut inner = pair.into_inner();
    let first = inner.next().expect("an item is a call or a group");
    let span = place(text, &first);
    let body = match first.as_rule() {
        Rule::call | Rule::chosen => ItemBody::Call(call(text, first)?),
        _ => {
            let inside = first.into_inner().find(|inner| inner.as_rule() == Rule::chain);
            ItemBody::Sequence(chain(text, inside.expect("a group holds a chain"))?)
        }
    };
    inner.try_fold(Item { name: None, body, span }, |item, suffix| {
        let span = item.span.to(place(text, &suffix));
        let last = suffix.clone().into_inner().last().expect("a suffix has a keyword and a value");
        match suffix.as_rule() {
            Rule::naming => Ok(Item { name: Some(template(text, last)?), span, ..item }),
            _ => {
                let count = count(text, last)?;
                Ok(Item { name: None, body: ItemBody::Repeat { body: Box::new(item), count }, span })
            }
        }
    })
}

/// Behind the keyword of a repeat.
fn count(text: &Text, pair: Pair<'_, Rule>) -> Result<Spanned<Expr>, Diagnostic> {
    expression(text, pair.into_inner().next().expect("a count is an expression"))
}

pub(super) fn source(text: &Text, pair: Pair<'_, Rule>) -> Result<Source, Diagnostic> {
    let mut inner = pair.into_inner();
    let name = template(text, inner.next().expect("a source has a name"))?;
    let repeat = inner.find(|inner| inner.as_rule() == Rule::repeat);
    let condition = repeat.and_then(|repeat| repeat.into_inner().last()).map(|condition| count(text, condition));
    Ok(Source { name, condition: condition.transpose()? })
}

pub(super) fn call(text: &Text, pair: Pair<'_, Rule>) -> Result<Call, Diagnostic> {
    let span = place(text, &pair);
    let mut inner = pair.into_inner();
    let callee = inner.next().expect("a call has a name");
    let name = word(text, &callee);
    let chosen = (callee.as_rule() == Rule::braces).then(|| expression(text, callee)).transpose()?;
    let mut arguments = Vec::with_capacity(inner.len());
    for inner in inner {
        arguments.push(argument(text, inner)?);
    }
    let room = (!text.is_generated()).then_some(Span { start: span.end, ..span });
    Ok(Call { id: None, name, chosen: chosen.map(Box::new), arguments, span, room })
}

/// As in mapping form, a bare word may be a name in scope.
pub(super) fn arguments(text: &Text, pair: Pair<'_, Rule>) -> Result<Vec<Argument>, Diagnostic> {
    let inner = pair.into_inner().filter(|inner| inner.as_rule() == Rule::argument);
    inner
        .map(|inner| argument(text, inner))
        .map(|found| found.map(|argument| Argument { value: in_mapping(argument.value), ..argument }))
        .collect()
}

fn argument(text: &Text, pair: Pair<'_, Rule>) -> Result<Argument, Diagnostic> {
    let inner = pair.into_inner().next().expect("an argument has a value");
    let span = place(text, &inner);
    if inner.as_rule() == Rule::quantity {
        return Ok(Argument { key: None, value: term(text, inner)?, span });
    }
    let mut parts = inner.into_inner();
    let first = parts.next().expect("such an argument starts with a word or letter");
    let Some(value) = parts.next() else { return Ok(Argument { key: None, value: term(text, first)?, span }) };
    let key = Spanned::new(long_form(first.as_str()).to_string(), place(text, &first));
    Ok(Argument { key: Some(key), value: term(text, value)?, span })
}

fn term(text: &Text, pair: Pair<'_, Rule>) -> Result<Spanned<Term>, Diagnostic> {
    let span = place(text, &pair);
    let value = match (pair.as_rule(), pair.as_str()) {
        (Rule::word, truth @ ("true" | "false")) => Term::Expr(Spanned::new(Expr::Bool(truth == "true"), span)),
        (Rule::word | Rule::reference, word) => Term::Word(word.to_string()),
        (Rule::quantity, _) => {
            let mut sides = pair.into_inner().map(|side| expression(text, side));
            let first = sides.next().expect("a quantity has a side")?;
            match sides.next() {
                None => Term::Expr(first),
                Some(second) => Term::Size(Box::new(first), Box::new(second?)),
            }
        }
        _ => Term::Expr(expression(text, pair)?),
    };
    Ok(Spanned::new(value, span))
}

/// A value in mapping form, where a bare word may also be a name in scope.
pub(super) fn lone_term(text: &Text, pair: Pair<'_, Rule>) -> Result<Spanned<Term>, Diagnostic> {
    let pair = match pair.as_rule() {
        Rule::lone_quantity | Rule::lone_word => pair.into_inner().next().expect("a lone value is a value"),
        _ => pair,
    };
    Ok(in_mapping(term(text, pair)?))
}

fn in_mapping(term: Spanned<Term>) -> Spanned<Term> {
    match term.value {
        Term::Word(word) => Spanned::new(Term::NameOrWord(word), term.span),
        _ => term,
    }
}

pub(super) fn template(text: &Text, pair: Pair<'_, Rule>) -> Result<Spanned<Template>, Diagnostic> {
    let span = place(text, &pair);
    let written = pair.into_inner();
    let mut parts = Vec::with_capacity(written.len() - 1);
    for part in written.filter(|part| part.as_rule() != Rule::boundary) {
        parts.push(match part.as_rule() {
            Rule::characters => TemplatePart::Text(part.as_str().to_string()),
            _ => TemplatePart::Expr(expression(text, part)?),
        });
    }
    Ok(Spanned::new(Template(parts), span))
}

pub(super) fn signature(text: &Text, pair: Pair<'_, Rule>) -> Result<Signature, Diagnostic> {
    let mut inner = pair.into_inner();
    let name = word(text, &inner.next().expect("a block has a name"));
    let parameters = inner.filter(|inner| inner.as_rule() == Rule::parameter).map(|parameter| {
        let mut parts = parameter.into_inner();
        let name = word(text, &parts.next().expect("a parameter has a name"));
        let default = parts.find(|part| part.as_rule() == Rule::expression);
        Ok((name, default.map(|default| expression(text, default)).transpose()?))
    });
    Ok((name, parameters.collect::<Result<_, Diagnostic>>()?))
}

fn word(text: &Text, pair: &Pair<'_, Rule>) -> Spanned<String> {
    Spanned::new(pair.as_str().to_string(), place(text, pair))
}
