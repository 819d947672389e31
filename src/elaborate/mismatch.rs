//! What a layer objects to, with the places that the layer does not know.

use crate::arguments::Places;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Culprit, Frame, Graph, Mismatch, Shape, ValueId};

/// The diagnostic for a layer called at `span` that refused `inputs`.
pub fn diagnose(mismatch: Mismatch, graph: &Graph, inputs: &[ValueId], places: &Places, span: Span) -> Diagnostic {
    let place = match mismatch.at {
        Culprit::Argument(key) => places.get(key).unwrap_or(span),
        Culprit::Layer | Culprit::Input(_) => span,
    };
    let mut error = Diagnostic::error(mismatch.code, place, mismatch.message).label(mismatch.arithmetic);
    match (mismatch.code, inputs) {
        (Code::WindowDoesNotFit, [input]) => error = error.help(shrinking(graph, *input)),
        (Code::SizeMismatch, [input]) => {
            if let Some((flatten, sum)) = flattened(graph, *input) {
                error = error.other(flatten, sum);
            }
        }
        (Code::InputsDisagree, _) => {
            for input in inputs {
                if let Some(node) = input.node().map(|index| &graph.nodes[index]) {
                    error = error.other(node.span, format!("`{}` makes {}", node.name, node.output));
                }
            }
        }
        _ => {}
    }
    if let Some(help) = mismatch.help {
        error = error.help(help);
    }
    error
}

/// The diagnostic with the calls that led to it, innermost first.
pub fn traced(mut error: Diagnostic, trace: &[Frame]) -> Diagnostic {
    for frame in trace.iter().rev() {
        let known = error.primary.span == frame.span || error.others.iter().any(|other| other.span == frame.span);
        if !known {
            error = error.other(frame.span, &*frame.what);
        }
    }
    error
}

/// `the map has shrunk 32 → 16 → 8 → 4 → 2; drop a pool, or pad by 1`.
fn shrinking(graph: &Graph, value: ValueId) -> String {
    let side = |shape: Shape| match shape {
        Shape::Map { height, width, .. } if height == width => height.to_string(),
        Shape::Map { height, width, .. } => format!("{height}×{width}"),
        Shape::Vector(_) => "1".to_string(),
    };
    let mut sides = Vec::new();
    let mut at = Some(value);
    while let Some(value) = at {
        let side = side(graph.shape(value));
        if sides.last() != Some(&side) {
            sides.push(side);
        }
        at = value.node().and_then(|index| graph.nodes[index].inputs.first().copied());
    }
    sides.reverse();
    if sides.len() < 2 {
        return format!("the map is only {}; use a smaller kernel, or pad", sides.concat());
    }
    if sides.len() > 12 {
        sides.splice(2..sides.len() - 8, ["…".to_string()]);
    }
    format!("the map has shrunk {}; leave out a pool or a stride, or pad by 1", sides.join(" → "))
}

/// Where the vector that arrives was flattened, and `512·4·4 = 8192`.
fn flattened(graph: &Graph, value: ValueId) -> Option<(Span, String)> {
    let mut at = value;
    loop {
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
}
