//! Where a shape comes from: back over the layers that keep every shape, such as `bn` and `relu`, to the one that made it.

use super::remedy::LONGEST_WAY;
use crate::diagnostic::{Choice, Diagnostic};
use crate::graph::{Graph, Node};
use crate::ir::{Shape, ValueId};
use crate::syntax::ast::Document;

/// The value that first had the shape of `value`.
pub(super) fn made(graph: &Graph, value: ValueId) -> ValueId {
    let mut at = value;
    for _ in 0..LONGEST_WAY {
        match at.node().map(|index| &graph.nodes[index]) {
            Some(node) if keeps_shape(node, graph) => at = node.inputs[0],
            _ => break,
        }
    }
    at
}

/// Whether a layer with one input would keep any shape that it takes: it keeps one that is twice as large too.
fn keeps_shape(node: &Node, graph: &Graph) -> bool {
    let [input] = node.inputs.as_slice() else { return false };
    let twice = match node.output {
        Shape::Map { channels, height, width } => Shape::map(2 * channels, 2 * height, 2 * width),
        Shape::Vector(features) => Shape::Vector(2 * features),
    };
    let keeps = |shape| node.layer.output(&[shape]) == Ok(shape);
    graph.shape(*input) == node.output && keeps(twice)
}

/// The diagnostic with the layer that made the shape of `value`, and its arithmetic.
pub(super) fn with_origin(error: Diagnostic, value: ValueId, graph: &Graph, document: &Document) -> Diagnostic {
    let shape = graph.shape(value);
    match made(graph, value).node().map(|index| &graph.nodes[index]) {
        Some(node) => {
            let arithmetic = node.layer.arithmetic(&graph.input_shapes(node));
            let how = arithmetic.map_or(String::new(), |arithmetic| format!(": {arithmetic}"));
            error.other(node.span, format!("`{}` makes {shape}{how}", node.name))
        }
        None => error.other(document.input.span, format!("the input is {shape}")),
    }
}

/// What to do about a layer that needs a map, where the vector `value` arrives.
pub(super) fn needs_map(kind: &str, value: ValueId, graph: &Graph) -> Choice {
    let made = made(graph, value);
    let maker = made.node().map(|index| &graph.nodes[index]);
    let before = |value: &ValueId| value.node().and_then(|index| graph.nodes[index].inputs.first().copied());
    let way = std::iter::successors(Some(made), before).take(LONGEST_WAY);
    let flattens = |value: ValueId| value.node().is_some_and(|index| graph.nodes[index].kind == "flatten");
    let text = match (maker, way.into_iter().any(flattens)) {
        (Some(maker), true) if maker.kind == "flatten" => format!("put `{kind}` before `flatten`"),
        (Some(maker), true) => {
            format!("`{}` makes a vector, which has no height and width: put `{kind}` before `flatten`", maker.call)
        }
        (Some(maker), false) => format!(
            "`{}` makes a vector: put `{kind}` before it, over an input of channels, height and width{}",
            maker.call,
            as_image(graph.input)
        ),
        (None, _) => format!("write the input as channels, height, width{}", as_image(graph.input)),
    };
    Choice::untried(text)
}

/// `: `[1, 28, 28]``, if the vector has as many numbers as a square image of one or three channels.
fn as_image(input: Shape) -> String {
    let square = |channels: usize| {
        let side = (input.elements() / channels).isqrt();
        (side * side * channels == input.elements()).then(|| format!(", such as `[{channels}, {side}, {side}]`"))
    };
    square(1).or_else(|| square(3)).unwrap_or_default()
}
