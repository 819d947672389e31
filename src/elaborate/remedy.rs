//! What would fix sizes that do not fit. Each remedy is tried on the layers themselves before it is a choice, and on
//! the whole text before it is given.

use super::meet::meet;
use super::mismatch::Refused;
use super::origin::needs_map;
use super::too_small::too_small;
use super::view::{View, parsed};
use crate::arguments::{Arguments, Positive, Value};
use crate::diagnostic::{Choice, Code, Diagnostic, Edit};
use crate::ir::Shape;
use crate::layers::Culprit;
use crate::syntax::CallId;

/// The most groups that are tried.
const MOST_GROUPS: usize = 1024;

/// Advice for the layer that was refused, if there is any better than its own.
pub(super) fn remedy(refused: &Refused, view: &View) -> Vec<Choice> {
    let own = |edit: Option<Edit>| {
        let edits: Vec<Edit> = edit.into_iter().collect();
        refused.mismatch.help.iter().map(|text| Choice::new(text, edits.clone())).collect()
    };
    let written = || view.written_as(&refused.origin, &refused.call);
    match (refused.mismatch.code, refused.inputs.as_slice()) {
        (Code::WindowDoesNotFit, [input]) => too_small(refused, *input, view),
        (Code::SizeMismatch, [input]) if refused.mismatch.at == Culprit::Argument("in") => {
            let arrives = Value::Int(view.shape(*input).channels() as i64);
            own(written().and_then(|written| written.set("in", &arrives)))
        }
        (Code::WrongRank, [input]) if matches!(view.shape(*input), Shape::Map { .. }) => {
            own(written().and_then(|written| written.before("flatten")))
        }
        (Code::WrongRank, [input]) => vec![needs_map(refused.call.callee(), *input, view)],
        (Code::InputsDisagree, _) => meet(refused, view),
        _ => Vec::new(),
    }
}

/// The diagnostic for channels that do not split into groups, with the numbers of groups next to the one that was asked
/// for into which they do. `given` are the arguments of the call `id`; `input` is what arrives, if that is known.
pub(super) fn regroup(
    error: Diagnostic,
    given: &Arguments,
    id: Option<CallId>,
    input: Option<Shape>,
    view: &View,
) -> Diagnostic {
    let Some(definition) = view.layers.find(&given.callee().value) else { return error };
    let works = |groups: &usize| {
        let splits = input.is_none_or(|input| input.channels().is_multiple_of(*groups));
        splits && parsed(definition, given.clone().with("groups", Value::Int(*groups as i64))).is_some()
    };
    let Ok(Some(Positive(asked))) = given.clone().positional("groups") else { return error };
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
        Some(groups) if id.and_then(|id| view.call(id)).is_some_and(|written| written.once) => {
            error.fix(format!("{all} would do"), place, groups.to_string())
        }
        Some(_) => error.help(format!("{all} would do")),
    }
}
