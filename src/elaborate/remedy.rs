//! What would fix sizes that do not fit. Each remedy is tried on the layers themselves before it is a choice, and on the whole text
//! before it is given.

use super::call;
use super::meet::meet;
use super::mismatch::Refused;
use super::origin::needs_map;
use super::scope::{Effort, Scope};
use super::too_small::too_small;
use super::written::{written, written_once};
use crate::arguments::{Arguments, FromValue, Positive, PositivePair, Value};
use crate::diagnostic::{Choice, Code, Diagnostic, Edit, SourceId, Span};
use crate::graph::Graph;
use crate::ir::{Pair, Shape};
use crate::layers::{Culprit, Definition, Layer, Layers};
use crate::syntax::ast::Document;
use crate::syntax::notation;
use crate::syntax::text::Text;

/// The most groups that are tried.
const MOST_GROUPS: usize = 1024;

/// How far back a way through the network is followed.
pub const LONGEST_WAY: usize = 10_000;

/// Advice for the layer that was refused, if there is any better than its own.
pub fn remedy(refused: &Refused, graph: &Graph, layers: &Layers, document: &Document) -> Vec<Choice> {
    let own = |edit: Option<Edit>| {
        let edits: Vec<Edit> = edit.into_iter().collect();
        refused.mismatch.help.iter().map(|text| Choice::new(text, edits.clone())).collect()
    };
    match (refused.mismatch.code, refused.inputs) {
        (Code::WindowDoesNotFit, [input]) => too_small(refused, *input, graph, document),
        (Code::SizeMismatch, [input]) if refused.mismatch.at == Culprit::Argument("in") => {
            let written = written(document, refused.span);
            own(written.and_then(|written| written.set("in", "in=", graph.shape(*input).channels())))
        }
        (Code::WrongRank, [input]) if matches!(graph.shape(*input), Shape::Map { .. }) => {
            own(written(document, refused.span).and_then(|written| written.before("flatten")))
        }
        (Code::WrongRank, [input]) => vec![needs_map(refused.definition.name, *input, graph)],
        (Code::InputsDisagree, _) => meet(refused, graph, layers, document),
        _ => Vec::new(),
    }
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
    let works = |groups: &usize| {
        let splits = input.is_none_or(|input| input.channels().is_multiple_of(*groups));
        splits && with(definition, text, "groups", Value::Int(*groups as i64)).is_some()
    };
    let Some(Positive(asked)) = argument(text, "groups") else { return error };
    let below = (1..asked.min(MOST_GROUPS)).rev().find(works);
    let above = (asked.saturating_add(1)..=MOST_GROUPS).find(works);
    let nearest = [below, above].into_iter().flatten().min_by_key(|groups| groups.abs_diff(asked));
    let all = match (below, above) {
        (Some(below), Some(above)) => format!("{below} or {above} groups"),
        (Some(1), None) | (None, Some(1)) => "only 1 group".to_string(),
        (Some(groups), None) | (None, Some(groups)) => format!("{groups} groups"),
        (None, None) => return error,
    };
    let place = error.primary.span;
    match nearest.filter(|_| input.is_some()) {
        // What arrives is not known: it must split too.
        None => error.help(format!("{all} may do")),
        Some(groups) if written_once(document, span).is_some() => {
            error.fix(format!("{all} would do"), place, groups.to_string())
        }
        Some(_) => error.help(format!("{all} would do")),
    }
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

/// The call in `text` with another kernel and another padding.
pub fn with_kernel(text: &str, has_out: bool, kernel: Pair, padding: Value) -> Option<String> {
    let given = arguments(text)?;
    let kernel = Value::Size(kernel.height as i64, kernel.width as i64);
    let given = given.with_nth(usize::from(has_out), "kernel", kernel);
    let unpadded = given.without_key("padding");
    Some(if padding == Value::Int(0) { unpadded } else { unpadded.with("padding", padding) }.notation())
}

/// The call in `text` with another value for one argument.
pub fn rewritten(text: &str, key: &'static str, value: Value) -> Option<String> {
    Some(arguments(text)?.with(key, value).notation())
}

/// The call in `text` without the argument `key`.
pub fn without_key(text: &str, key: &str) -> Option<String> {
    Some(arguments(text)?.without_key(key).notation())
}

/// The call of an `upsample` with a size in place of a scale.
pub fn with_size(text: &str, size: Value) -> Option<String> {
    Some(arguments(text)?.with_instead("scale", "size", size).notation())
}

/// The kernel and the padding of the call in `text`.
pub fn kernel_and_padding(text: &str, has_out: bool) -> Option<(Pair, Pair)> {
    let mut given = arguments(text)?;
    if has_out {
        given.required::<Positive>("out").ok()?;
    }
    let PositivePair(kernel) = given.required("kernel").ok()?;
    Some((kernel, given.optional("padding").ok()?.unwrap_or(Pair::square(0))))
}

/// What the call in `text` gives for the argument `key`, or without names.
fn argument<T: FromValue>(text: &str, key: &'static str) -> Option<T> {
    arguments(text)?.positional(key).ok()?
}

/// The arguments of the call in `text`.
fn arguments(text: &str) -> Option<Arguments> {
    // The text is in no file, and nobody will see what is said about it.
    let nowhere = Span { source: SourceId(0), start: 0, end: 0 };
    let call = notation::call(&Text::verbatim(text, nowhere)).ok()?;
    call::arguments(&call, &Scope::root(&[], &Effort::default())).ok()?
}

/// A warning whose advice is to write `bias=false`, with that as an edit where it can be made.
pub fn without_bias(mut warning: Diagnostic, document: &Document) -> Diagnostic {
    if let (Code::BiasBeforeNorm, Some(written), [help]) =
        (warning.code, written(document, warning.primary.span), warning.help.as_mut_slice())
    {
        help.edit = written.set("bias", "bias=", false);
    }
    warning
}
