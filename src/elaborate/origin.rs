//! Where a shape comes from: back over the layers that keep every shape, such as `bn` and `relu`, to the one that made
//! it.

use super::view::{LONGEST_WAY, View};
use crate::diagnostic::{Choice, Diagnostic};
use crate::graph::Graph;
use crate::ir::{Shape, ValueId};

/// The value that first had the shape of `value`.
pub(super) fn made(graph: &Graph, value: ValueId) -> ValueId {
    let mut at = value;
    for _ in 0..LONGEST_WAY {
        let Some(node) = at.node().map(|index| &graph.nodes[index]) else { break };
        match node.inputs.as_slice() {
            [input] if node.layer.keeps_shape(graph.shape(*input)) => at = *input,
            _ => break,
        }
    }
    at
}

/// The diagnostic with the layer that made the shape of `value`, and its arithmetic.
pub(super) fn with_origin(error: Diagnostic, value: ValueId, view: &View) -> Diagnostic {
    let shape = view.shape(value);
    match view.node(made(view.graph, value)) {
        Some(node) => {
            let arithmetic = node.layer.arithmetic(&view.graph.input_shapes(&node));
            let how = arithmetic.map_or(String::new(), |arithmetic| format!(": {arithmetic}"));
            error.other(view.origin(node).span, format!("`{}` makes {shape}{how}", node.name))
        }
        None => error.other(view.document.input.span, format!("the input is {shape}")),
    }
}

/// What to do about a layer that needs a map, where the vector `value` arrives.
pub(super) fn needs_map(kind: &str, value: ValueId, view: &View) -> Choice {
    let made = made(view.graph, value);
    let flattens = |value: ValueId| view.node(value).is_some_and(|node| node.kind == "flatten");
    let text = match (view.node(made), view.way(made).any(flattens)) {
        (Some(maker), true) if maker.kind == "flatten" => format!("put `{kind}` before `flatten`"),
        (Some(maker), true) => {
            format!("`{}` makes a vector, which has no height and width: put `{kind}` before `flatten`", maker.call)
        }
        (Some(maker), false) => format!(
            "`{}` makes a vector: put `{kind}` before it, over an input of channels, height and width{}",
            maker.call,
            as_image(view.graph.input)
        ),
        (None, _) => format!("write the input as channels, height, width{}", as_image(view.graph.input)),
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
