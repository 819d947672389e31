//! What a layer objects to, with the places that the layer does not know.

use super::remedy::{LONGEST_WAY, regroup, remedy};
use crate::arguments::Places;
use crate::diagnostic::{Choice, Code, Diagnostic, Frame, Span, ranked};
use crate::graph::{Graph, Node};
use crate::ir::{Shape, ValueId};
use crate::layers::{Culprit, Definition, Layers, Mismatch};
use crate::syntax::ast::Document;

/// A layer that does not take its inputs.
pub struct Refused<'a> {
    /// What it says.
    pub mismatch: Mismatch,
    /// What arrives.
    pub inputs: &'a [ValueId],
    /// Where its arguments stand.
    pub places: &'a Places,
    /// The layer.
    pub definition: &'a Definition,
    /// Its call with every expression worked out.
    pub text: &'a str,
    /// Where it was called.
    pub span: Span,
    /// How that call was reached, outermost first.
    pub trace: &'a [Frame],
}

/// The place of what a layer objects to, if it is an argument that was given.
pub fn place_of(places: &Places, culprit: Culprit) -> Option<Span> {
    match culprit {
        Culprit::Argument(key) => places.get(key),
        Culprit::Layer | Culprit::Input(_) => None,
    }
}

/// The diagnostic for a refusal, and what could be done about it, with `advice` first if the caller has any.
pub fn diagnose(
    refused: Refused,
    advice: Vec<Choice>,
    graph: &Graph,
    layers: &Layers,
    document: &Document,
) -> (Diagnostic, Vec<Choice>) {
    let Refused { mismatch, inputs, places, span, .. } = &refused;
    let place = place_of(places, mismatch.at).unwrap_or(*span);
    let mut error = Diagnostic::error(mismatch.code, place, &mismatch.message).label(&mismatch.arithmetic);
    match (mismatch.code, *inputs) {
        (Code::SizeMismatch | Code::WrongRank, [input]) => {
            if let Some((flatten, sum)) = flattened(graph, *input) {
                error = error.other(flatten, sum);
            }
        }
        (Code::InputsDisagree, inputs) => error = sources(error, inputs, refused.trace, graph, document),
        (Code::Groups, [input]) => {
            let input = Some(graph.shape(*input));
            return (regroup(error, refused.definition, (refused.text, *span), input, document), Vec::new());
        }
        _ => {}
    }
    let choices = match advice.as_slice() {
        [] => remedy(&refused, graph, layers, document),
        _ => ranked([advice, remedy(&refused, graph, layers, document)]),
    };
    if choices.is_empty() {
        error = mismatch.help.iter().fold(error, |error, help| error.help(help));
    }
    (error, choices)
}

/// Where inputs that do not agree come from: all of them if they are few.
fn sources(
    mut error: Diagnostic,
    inputs: &[ValueId],
    trace: &[Frame],
    graph: &Graph,
    document: &Document,
) -> Diagnostic {
    let Some(first) = inputs.first() else { return error };
    let odd = inputs.iter().find(|input| graph.shape(**input) != graph.shape(*first));
    let shown: Vec<&ValueId> = match inputs.len() <= MOST_SOURCES {
        true => inputs.iter().collect(),
        false => [Some(first), odd].into_iter().flatten().collect(),
    };
    for input in shown {
        let shape = graph.shape(*input);
        error = match input.node().map(|index| &graph.nodes[index]) {
            Some(node) => error.other(seen_from(node, trace), format!("`{}` makes {shape}", node.name)),
            None => error.other(document.input.span, format!("the input is {shape}")),
        };
    }
    error
}

/// Where `node` was written, or the call of the block that it is in, if what was reached by `trace` stands outside of that.
fn seen_from(node: &Node, trace: &[Frame]) -> Span {
    let known = node.trace.iter().zip(trace).take_while(|(inner, outer)| inner == outer).count();
    node.trace.get(known).map_or(node.span, |frame| frame.span)
}

/// How many inputs are shown with their shapes.
const MOST_SOURCES: usize = 5;

/// Where the vector that arrives was flattened, and `512·4·4 = 8192`.
fn flattened(graph: &Graph, value: ValueId) -> Option<(Span, String)> {
    let mut at = value;
    for _ in 0..LONGEST_WAY {
        let node = &graph.nodes[at.node()?];
        let input = *node.inputs.first()?;
        if let (Shape::Map { channels, height, width }, Shape::Vector(features)) = (graph.shape(input), node.output) {
            return Some((node.span, format!("here {channels}·{height}·{width} = {features}")));
        }
        if node.output != graph.shape(input) {
            return None;
        }
        at = input;
    }
    None
}
