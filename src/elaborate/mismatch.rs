//! What a layer objects to, with the places that the layer does not know.

use super::remedy::{regroup, remedy};
use super::residual::Unprojected;
use super::view::{LONGEST_WAY, Placed, View};
use crate::arguments::{Places, ResolvedCall};
use crate::diagnostic::{Choice, Code, Diagnostic, Frame, Span, ranked};
use crate::ir::{Shape, ValueId};
use crate::layers::{Culprit, Mismatch};
use crate::syntax::Origin;

/// A layer that does not take its inputs.
#[derive(Debug)]
pub(super) struct Refused {
    /// What it says.
    pub mismatch: Mismatch,
    /// What arrives.
    pub inputs: Vec<ValueId>,
    /// Where its arguments stand.
    pub places: Places,
    /// Its call.
    pub call: ResolvedCall,
    /// Where that was written.
    pub origin: Origin,
    /// The shortcut that it adds, if it is one of a residual connection that has no projection.
    pub shortcut: Option<Unprojected>,
}

/// The place of what a layer objects to: an argument, if that was given.
pub(super) fn place_of(places: &Places, culprit: Culprit, call: Span) -> Span {
    let given = match culprit {
        Culprit::Argument(key) => places.get(key),
        Culprit::Layer | Culprit::Input(_) => None,
    };
    given.unwrap_or(call)
}

impl Refused {
    /// Where it is reported.
    pub fn place(&self) -> Span {
        place_of(&self.places, self.mismatch.at, self.origin.span)
    }

    /// What is said if nobody reads more.
    pub fn briefly(&self) -> Diagnostic {
        Diagnostic::error(self.mismatch.code, self.origin.span, &self.mismatch.message)
    }

    /// The diagnostic, and what could be done about it.
    pub fn diagnose(&self, view: &View) -> (Diagnostic, Vec<Choice>) {
        let Refused { mismatch, inputs, origin, .. } = self;
        let mut error = Diagnostic::error(mismatch.code, self.place(), &mismatch.message).label(&mismatch.arithmetic);
        match (mismatch.code, inputs.as_slice()) {
            (Code::SizeMismatch | Code::WrongRank, [input]) => {
                if let Some((flatten, sum)) = flattened(*input, view) {
                    error = error.other(flatten, sum);
                }
            }
            (Code::InputsDisagree, inputs) => error = sources(error, inputs, &origin.trace, view),
            (Code::Groups, [input]) => {
                let input = Some(view.shape(*input));
                return (regroup(error, &self.call.arguments(), origin.call, input, view), Vec::new());
            }
            _ => {}
        }
        let projection = self.shortcut.as_ref().and_then(|shortcut| shortcut.projection(view.graph));
        let choices = match projection {
            None => remedy(self, view),
            Some(projection) => ranked([vec![projection], remedy(self, view)]),
        };
        if choices.is_empty() {
            error = mismatch.help.iter().fold(error, |error, help| error.help(help));
        }
        (error, choices)
    }
}

/// Where inputs that do not agree come from: all of them if they are few.
fn sources(mut error: Diagnostic, inputs: &[ValueId], trace: &[Frame], view: &View) -> Diagnostic {
    let Some(first) = inputs.first() else { return error };
    let odd = inputs.iter().find(|input| view.shape(**input) != view.shape(*first));
    let shown: Vec<&ValueId> = match inputs.len() <= MOST_SOURCES {
        true => inputs.iter().collect(),
        false => [Some(first), odd].into_iter().flatten().collect(),
    };
    for input in shown {
        let shape = view.shape(*input);
        error = match view.node(*input) {
            Some(node) => error.other(seen_from(node, trace, view), format!("`{}` makes {shape}", node.name)),
            None => error.other(view.document.input.span, format!("the input is {shape}")),
        };
    }
    error
}

/// Where `node` was written, or the call of the block that it is in, if what was reached by `trace` stands outside of
/// that.
fn seen_from(node: Placed, trace: &[Frame], view: &View) -> Span {
    let origin = view.origin(node);
    let known = origin.trace.iter().zip(trace).take_while(|(inner, outer)| inner == outer).count();
    origin.trace.get(known).map_or(origin.span, |frame| frame.span)
}

/// How many inputs are shown with their shapes.
const MOST_SOURCES: usize = 5;

/// Where the vector that arrives was flattened, and `512·4·4 = 8192`.
fn flattened(value: ValueId, view: &View) -> Option<(Span, String)> {
    let mut at = value;
    for _ in 0..LONGEST_WAY {
        let node = view.node(at)?;
        let input = *node.inputs.first()?;
        if let (Shape::Map { channels, height, width }, Shape::Vector(features)) = (view.shape(input), node.output) {
            return Some((view.origin(node).span, format!("here {channels}·{height}·{width} = {features}")));
        }
        if node.output != view.shape(input) {
            return None;
        }
        at = input;
    }
    None
}
