//! W001: rows or columns at the edge that no window reads.

use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Node;
use crate::ir::{Pair, Reach, Shape, Window};
use crate::network::Network;
use crate::program::Op;
use crate::syntax::Origin;

/// Rows or columns at the edge that no window reads.
pub(super) fn dropped_pixels(network: &Network, node: &Node, origin: &Origin) -> Option<Diagnostic> {
    let window = node.layer.window()?;
    let Shape::Map { height, width, .. } = network.graph.shape(node.inputs[0]) else { return None };
    let (rows, columns) = window.dropped(height, width);
    let Pair { height: span_down, width: span_across } = window.reach().span;
    // A stride wider than the window leaves gaps everywhere, as in ResNet's 1×1 shortcut; one at the edge is nothing
    // special.
    let rows = if rows > window.stride.height.saturating_sub(span_down) { rows } else { 0 };
    let columns = if columns > window.stride.width.saturating_sub(span_across) { columns } else { 0 };
    // What a `pad` before it has added may be left out again.
    let (padded_down, padded_across) = padded_at_end(network, node);
    let (rows, columns) = (rows.saturating_sub(padded_down), columns.saturating_sub(padded_across));
    let lost = match (count(rows, "row"), count(columns, "column")) {
        (None, None) => return None,
        (Some(rows), None) => rows,
        (None, Some(columns)) => columns,
        (Some(rows), Some(columns)) => format!("{rows} and {columns}"),
    };
    let warning = Diagnostic::warning(
        Code::DroppedPixels,
        origin.span,
        format!("the stride leaves out the last {lost} of the {height}×{width} input"),
    );
    Some(warning.label(network.arithmetic(node)?).help(remedy(node, window)))
}

/// Rows and columns of zeros at the bottom and at the right that a `pad` has put there, perhaps with layers behind it
/// that work on each position by itself.
fn padded_at_end(network: &Network, node: &Node) -> (usize, usize) {
    let graph = &network.graph;
    let mut at = node.inputs[0];
    while let Some(index) = at.node() {
        let node = &graph.nodes[index];
        let [input] = node.inputs.as_slice() else { break };
        let before = graph.shape(*input);
        if let (Op::Pad(pad), Some((height, width)), Some((rows, columns))) =
            (node.layer.lower(&[before]), before.sides(), node.output.sides())
        {
            return (rows - height - pad.top, columns - width - pad.left);
        }
        if node.output.sides() != before.sides() || node.layer.reach(&[before]) != Reach::POINT {
            break;
        }
        at = *input;
    }
    (0, 0)
}

/// `row`, `2 rows`; `None` for none.
fn count(number: usize, what: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(what.to_string()),
        _ => Some(format!("{number} {what}s")),
    }
}

fn remedy(node: &Node, window: Window) -> String {
    let pools = matches!(node.kind, "maxpool" | "avgpool");
    match (pools && !window.ceil, window.padding) {
        (true, _) => "add `ceil` to keep a last, smaller window, or choose another input size".to_string(),
        (false, Pair { height: 0, width: 0 }) => "pad, or choose another input size".to_string(),
        (false, _) => "change the padding, or choose another input size".to_string(),
    }
}
