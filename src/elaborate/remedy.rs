//! What would mend sizes that do not fit. Each remedy is tried on the layers themselves before it is advised.
//!
//! Advice comes with an edit only where it is sure to help: where the call is written once, not in a block or a repeat.

use super::call;
use super::meet::meet;
use super::mismatch::Refused;
use super::origin::needs_map;
use super::scope::{Effort, Scope};
use crate::arguments::{Arguments, FromValue, Positive, Value};
use crate::diagnostic::{Code, Diagnostic, Edit, Help, SourceId, Span};
use crate::graph::Graph;
use crate::ir::{Shape, ValueId};
use crate::layers::{Culprit, Definition, Layer, Layers};
use crate::syntax::ast::{Call, Document, DocumentBody, Item, ItemBody, Shortcut};
use crate::syntax::notation;
use crate::syntax::text::Text;

/// The largest padding that is tried.
const LARGEST: i64 = 16;

/// The most groups that are tried.
const MOST_GROUPS: i64 = 1024;

/// How far back a way through the network is followed.
pub const LONGEST_WAY: usize = 10_000;

/// Advice for the layer that was refused, if there is any better than its own.
pub fn remedy(refused: &Refused, graph: &Graph, layers: &Layers, document: &Document) -> Option<Help> {
    let own = || refused.mismatch.help.clone();
    match (refused.mismatch.code, refused.inputs) {
        (Code::WindowDoesNotFit, [input]) => Some(padding(refused, *input, graph, document)),
        (Code::SizeMismatch, [input]) if refused.mismatch.at == Culprit::Argument("in") => {
            let (_, call) = written_once(document, refused.span)?;
            let edit = set(call, "in", "in=", graph.shape(*input).channels());
            own().map(|text| Help { text, edit })
        }
        (Code::WrongRank, [input]) if matches!(graph.shape(*input), Shape::Map { .. }) => {
            let (item, call) = written_once(document, refused.span)?;
            // In front of a call of its own name, `flatten` would get the name.
            let room = call.room.filter(|_| item.name.is_none())?;
            let span = Span { start: call.span.start, end: call.span.start, ..room };
            own().map(|text| Help { text, edit: Some(Edit { span, text: "flatten -> ".to_string() }) })
        }
        (Code::WrongRank, [input]) => Some(needs_map(refused.definition.name, *input, graph)),
        (Code::InputsDisagree, _) => meet(refused, graph, layers, document),
        _ => None,
    }
}

/// `the map has shrunk 32 → 16 → 8 → 4 → 2; leave out a pool or a stride, or pad by 1`.
fn padding(refused: &Refused, input: ValueId, graph: &Graph, document: &Document) -> Help {
    let shape = graph.shape(input);
    let fits = |padding: &i64| {
        let layer = with(refused.definition, refused.text, "padding", Value::Int(*padding));
        layer.is_some_and(|layer| layer.output(&[shape]).is_ok())
    };
    let found = (1..=LARGEST).find(fits);
    let or_pad = found.map_or(String::new(), |padding| format!(", or pad by {padding}"));
    let sides = shrinking(graph, input);
    let text = match sides.as_slice() {
        [side] => format!("the map is only {side}; use a smaller kernel{or_pad}"),
        sides => format!("the map has shrunk {}; leave out a pool or a stride{or_pad}", sides.join(" → ")),
    };
    let call = written_once(document, refused.span).map(|(_, call)| call);
    let edit = found.zip(call).and_then(|(padding, call)| set(call, "padding", "p", padding));
    Help { text, edit }
}

/// The diagnostic for channels that do not split into groups, with the numbers of groups next to the one that was asked for
/// into which they do. `text` is the call with every expression worked out; `input` what arrives, if that is known.
pub fn regroup(
    error: Diagnostic,
    definition: &Definition,
    (text, span): (&str, Span),
    input: Option<Shape>,
    document: &Document,
) -> Diagnostic {
    let channels = input.map_or_else(|| argument(text, "out").map(|Positive(out)| out), |input| Some(input.channels()));
    let works = |groups: &i64| {
        if channels.is_some_and(|channels| !channels.is_multiple_of(*groups as usize)) {
            return false;
        }
        let layer = with(definition, text, "groups", Value::Int(*groups));
        layer.is_some_and(|layer| input.is_none_or(|input| layer.output(&[input]).is_ok()))
    };
    let Some(asked) = argument::<Positive>(text, "groups").and_then(|Positive(asked)| i64::try_from(asked).ok()) else {
        return error;
    };
    let below = (1..asked.min(MOST_GROUPS)).rev().find(works);
    let above = (asked.saturating_add(1)..=MOST_GROUPS).find(works);
    let advice = match (below, above) {
        (Some(below), Some(above)) => format!("{below} or {above} groups would do"),
        (Some(1), None) | (None, Some(1)) => "only 1 group would do".to_string(),
        (Some(groups), None) | (None, Some(groups)) => format!("{groups} groups would do"),
        (None, None) => return error,
    };
    let nearest = [below, above].into_iter().flatten().min_by_key(|groups| groups.abs_diff(asked));
    let place = error.primary.span;
    match nearest.filter(|_| written_once(document, span).is_some()) {
        Some(groups) => error.fix(advice, place, groups.to_string()),
        None => error.help(advice),
    }
}

/// The sides that the map has had on its way, the longest ways shortened.
fn shrinking(graph: &Graph, value: ValueId) -> Vec<String> {
    let first = |value: &ValueId| value.node().and_then(|index| graph.nodes[index].inputs.first().copied());
    let values = std::iter::successors(Some(value), first).take(LONGEST_WAY);
    let mut sides: Vec<(usize, usize)> = values.map(|value| graph.shape(value).sides().unwrap_or((1, 1))).collect();
    sides.dedup();
    sides.reverse();
    let side = |(height, width): (usize, usize)| {
        if height == width { height.to_string() } else { format!("{height}×{width}") }
    };
    let mut sides: Vec<String> = sides.into_iter().map(side).collect();
    if sides.len() > 12 {
        sides.splice(2..sides.len() - 8, ["…".to_string()]);
    }
    sides
}

/// The layer that `text` calls.
pub fn layer(definition: &Definition, text: &str) -> Option<Box<dyn Layer>> {
    parsed(definition, arguments(text)?)
}

/// The layer that `text` calls, with another value for one argument.
pub fn with(definition: &Definition, text: &str, key: &'static str, value: Value) -> Option<Box<dyn Layer>> {
    parsed(definition, arguments(text)?.with(key, value))
}

/// The layer of a call in which no argument is left over.
fn parsed(definition: &Definition, mut arguments: Arguments) -> Option<Box<dyn Layer>> {
    let layer = (definition.parse)(&mut arguments).ok()?;
    arguments.finish().ok()?;
    Some(layer)
}

/// The call in `text` with other output channels.
pub fn with_channels(text: &str, channels: usize) -> Option<String> {
    let channels = Value::Int(i64::try_from(channels).ok()?);
    Some(arguments(text)?.with_first("out", channels).notation())
}

/// The call in `text` with another value for one argument.
pub fn rewritten(text: &str, key: &'static str, value: Value) -> Option<String> {
    Some(arguments(text)?.with(key, value).notation())
}

/// What the call in `text` gives for the argument `key`, or without names.
fn argument<T: FromValue>(text: &str, key: &'static str) -> Option<T> {
    arguments(text)?.positional(key).ok()?
}

/// The arguments of the call in `text`.
fn arguments(text: &str) -> Option<Arguments> {
    // The text is in no file, and nobody will see what is said of it.
    let nowhere = Span { source: SourceId(0), start: 0, end: 0 };
    let call = notation::call(&Text::verbatim(text, nowhere)).ok()?;
    call::arguments(&call, &Scope::root(&[], &Effort::default())).ok()?
}

/// What gives the argument `key` of `call` another value: in the place of the one that it has, or, with `prefix`, behind the others.
pub fn set(call: &Call, key: &str, prefix: &str, value: impl ToString) -> Option<Edit> {
    let given = call.arguments.iter().find(|argument| argument.key.as_ref().is_some_and(|given| given.value == key));
    match given {
        Some(argument) => Some(Edit { span: argument.value.span, text: value.to_string() }),
        None => call.room.map(|span| Edit { span, text: format!(" {prefix}{}", value.to_string()) }),
    }
}

/// A warning whose advice is to write `bias=false`, with that as an edit where it can be made.
pub fn without_bias(mut warning: Diagnostic, document: &Document) -> Diagnostic {
    if let (Code::BiasBeforeNorm, Some((_, call)), [help]) =
        (warning.code, written_once(document, warning.primary.span), warning.help.as_mut_slice())
    {
        help.edit = set(call, "bias", "bias=", false);
    }
    warning
}

/// The call at `span` with its item, if a change there changes nothing but one layer.
pub fn written_once(document: &Document, span: Span) -> Option<(&Item, &Call)> {
    match &document.body {
        DocumentBody::Layers(items) => find(items, span),
        DocumentBody::Preset { .. } | DocumentBody::Unreadable => None,
    }
}

fn find(items: &[Item], span: Span) -> Option<(&Item, &Call)> {
    items.iter().find_map(|item| match &item.body {
        ItemBody::Call(call) => (call.span == span).then_some((item, call)),
        ItemBody::Sequence(items) | ItemBody::Branches { branches: items, .. } | ItemBody::From { then: items, .. } => {
            find(items, span)
        }
        ItemBody::Residual { body, shortcut, after } => {
            let own: &[Item] = match &shortcut.value {
                Shortcut::Items(items) => items,
                _ => &[],
            };
            find(body, span).or_else(|| find(own, span)).or_else(|| find(after, span))
        }
        ItemBody::Repeat { .. } | ItemBody::Expect(_) | ItemBody::Unreadable => None,
    })
}
