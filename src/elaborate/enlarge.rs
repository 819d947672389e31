//! Advice for a map that was made smaller and larger again, and did not come out as it was: 31, 15, 30.

use super::meet::{MOST_TRIED, Meeting, Odd};
use super::remedy::{LONGEST_WAY, kernel_and_padding, layer, rewritten, with_kernel, with_size, without_key};
use super::written::{size, written};
use crate::arguments::Value;
use crate::diagnostic::Choice;
use crate::graph::Node;
use crate::ir::{Pair, Shape, ValueId};

/// So much larger or smaller kernels, and so many pixels of padding, are tried in a transposed convolution.
const MOST_STEPS: usize = 4;

/// What makes the layer that enlarges reach the other's size.
pub(super) fn enlarged(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    let mut found = Vec::new();
    for odd in all {
        let Some((height, width)) = odd.target.sides() else { continue };
        for (place, node) in odd.branch.iter().enumerate() {
            if found.len() >= MOST_TRIED {
                break;
            }
            let calls = enlarged_to(node, meeting, (height, width));
            let call = calls.into_iter().find(|call| {
                meeting.layer(node, call).is_some_and(|layer| meeting.works(odd, place, layer.as_ref()).is_some())
            });
            let Some(call) = call else { continue };
            let why = shrunk(meeting, odd.end, (height, width)).map(|shrunk| {
                let side =
                    |shape: Shape| shape.sides().map_or(String::new(), |(height, width)| format!("{height}×{width}"));
                let [small, whole, back] = [shrunk.output, odd.target, meeting.graph.shape(odd.end)].map(side);
                format!("`{}` makes {small} of {whole}, and `{}` {back} of that: ", shrunk.call, node.call)
            });
            let text = format!("{}write `{call}`", why.unwrap_or_default());
            let edit = written(meeting.document, node.span).and_then(|written| written.instead(&call));
            found.push(Choice::new(text, edit.into_iter().collect()));
        }
    }
    found
}

/// The layer with a stride, on the way to `end`, that made a smaller map of one of this size.
fn shrunk<'a>(meeting: &Meeting<'a>, end: ValueId, size: (usize, usize)) -> Option<&'a Node> {
    let graph = meeting.graph;
    let before = |value: &ValueId| value.node().and_then(|index| graph.nodes[index].inputs.first().copied());
    std::iter::successors(Some(end), before).take(LONGEST_WAY).find_map(|value| {
        let node = &graph.nodes[value.node()?];
        node.layer.window().filter(|window| window.stride != Pair::square(1))?;
        (graph.shape(*node.inputs.first()?).sides() == Some(size)).then_some(node)
    })
}

/// Calls of a layer that enlarges, so that it may make a map of this size; those that change least first.
fn enlarged_to(node: &Node, meeting: &Meeting, (height, width): (usize, usize)) -> Vec<String> {
    match node.kind {
        "upsample" => with_size(&node.call, size(Pair { height, width })).into_iter().collect(),
        "conv_transpose" => transposed(node, meeting),
        _ => Vec::new(),
    }
}

/// Another output padding, then another padding or kernel too.
fn transposed(node: &Node, meeting: &Meeting) -> Vec<String> {
    let (Some(definition), Some((kernel, padding))) =
        (meeting.layers.find(node.kind), kernel_and_padding(&node.call, true))
    else {
        return Vec::new();
    };
    let added = |call: &str, rows: usize| match rows {
        0 => without_key(call, "output_padding"),
        rows => rewritten(call, "output_padding", Value::Int(rows as i64)),
    };
    let around = |side: usize, step: usize| [side.checked_sub(step), Some(side + step)].into_iter().flatten();
    let mut calls: Vec<String> = (0..MOST_STEPS).filter_map(|rows| added(&node.call, rows)).collect();
    for step in 0..MOST_STEPS {
        for height in around(kernel.height, step).filter(|height| *height > 0) {
            let larger = Pair { height, width: (kernel.width + height).saturating_sub(kernel.height).max(1) };
            for pixels in (0..MOST_STEPS).flat_map(|more| around(padding.height, more)) {
                let call = with_kernel(&node.call, true, larger, size(Pair::square(pixels)));
                calls.extend(call.into_iter().flat_map(|call| (0..2).filter_map(move |rows| added(&call, rows))));
            }
        }
    }
    calls.retain(|call| *call != node.call && layer(definition, call).is_some());
    calls
}
