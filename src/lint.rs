//! Warnings: what is legal, but rarely meant.

use std::collections::HashSet;

use crate::arguments::Pair;
use crate::diagnostic::{Code, Diagnostic};
use crate::elaborate::traced;
use crate::graph::{Frame, Node, Shape, ValueId};
use crate::layers::Window;
use crate::network::Network;
use crate::program::Op;

/// A linear layer smaller than this is never called heavy: in a small network the classifier may well hold most parameters.
const HEAVY: u64 = 1_000_000;

/// Everything doubtful about a network, in its order. What a repeated block says, it says once.
pub fn lint(network: &Network) -> Vec<Diagnostic> {
    let readers = readers(network);
    let params = network.totals().params;
    let mut warnings = Vec::new();
    let mut said = HashSet::new();
    for (index, node) in network.graph.nodes.iter().enumerate() {
        let found = [
            dropped_pixels(network, node),
            bias_before_norm(network, node, &readers[ValueId::of_node(index).index()]),
            pooled_again(network, node),
            heavy_linear(network, node, params),
        ];
        for warning in found.into_iter().flatten() {
            if said.insert((warning.code, warning.primary.span)) {
                warnings.push(traced(warning, &node.trace));
            }
        }
    }
    warnings
}

/// The nodes that read each value, by [`ValueId::index`].
fn readers(network: &Network) -> Vec<Vec<&Node>> {
    let mut readers = vec![Vec::new(); network.graph.nodes.len() + 1];
    for node in &network.graph.nodes {
        for input in &node.inputs {
            readers[input.index()].push(node);
        }
    }
    readers
}

/// W001: rows or columns at the edge that no window reads.
fn dropped_pixels(network: &Network, node: &Node) -> Option<Diagnostic> {
    let window = node.layer.window()?;
    let Shape::Map { height, width, .. } = network.graph.input_shapes(node)[0] else { return None };
    let (rows, columns) = window.dropped(height, width);
    let Pair { height: span_down, width: span_across } = window.reach().span;
    // A stride wider than the window leaves gaps everywhere, as in ResNet's 1×1 shortcut; one at the edge is nothing special.
    let rows = if rows > window.stride.height.saturating_sub(span_down) { rows } else { 0 };
    let columns = if columns > window.stride.width.saturating_sub(span_across) { columns } else { 0 };
    let lost = match (count(rows, "row"), count(columns, "column")) {
        (None, None) => return None,
        (Some(rows), None) => rows,
        (None, Some(columns)) => columns,
        (Some(rows), Some(columns)) => format!("{rows} and {columns}"),
    };
    let warning = Diagnostic::warning(
        Code::DroppedPixels,
        node.span,
        format!("the stride leaves out the last {lost} of the {height}×{width} input"),
    );
    Some(warning.label(network.arithmetic(node)?).help(remedy(node, window)))
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

/// W002: a bias that the batch norm after it subtracts again with the mean. In a preset it is as the network was published.
fn bias_before_norm(network: &Network, node: &Node, readers: &[&Node]) -> Option<Diagnostic> {
    let op = |node: &Node| node.layer.lower(&network.graph.input_shapes(node));
    let biased = node.weights.iter().any(|weight| weight.name == "bias");
    let weighs = biased && matches!(op(node), Op::Conv2d { .. } | Op::Linear);
    let normalised = !readers.is_empty() && readers.iter().all(|reader| matches!(op(reader), Op::BatchNorm { .. }));
    (weighs && normalised && !node.trace.iter().any(Frame::is_preset)).then(|| {
        Diagnostic::warning(Code::BiasBeforeNorm, node.span, format!("the bias of this `{}` has no effect", node.kind))
            .label("the batch norm after it subtracts the mean")
            .help("write `bias=false`")
    })
}

/// W003: pooling where there is nothing left to pool.
fn pooled_again(network: &Network, node: &Node) -> Option<Diagnostic> {
    let input = network.graph.input_shapes(node)[0];
    let pools = matches!(node.layer.lower(&[input]), Op::MaxPool2d(_) | Op::AvgPool2d { .. } | Op::AdaptiveAvgPool2d);
    let Shape::Map { height: 1, width: 1, .. } = input else { return None };
    pools.then(|| {
        let effect = match node.output == input {
            true => "it changes nothing".to_string(),
            false => format!("it only repeats values: {input} → {}", node.output),
        };
        Diagnostic::warning(Code::PooledAgain, node.span, format!("`{}` pools a map that is 1×1 already", node.kind))
            .label(effect)
            .help("leave it out, or give the network a larger input")
    })
}

/// W004: one linear layer outweighs everything else.
fn heavy_linear(network: &Network, node: &Node, total: u64) -> Option<Diagnostic> {
    let linear = matches!(node.layer.lower(&network.graph.input_shapes(node)), Op::Linear);
    let params = network.params(node);
    if !linear || params < HEAVY || params <= total - params {
        return None;
    }
    let features = network.graph.shape(node.inputs[0]);
    let warning = Diagnostic::warning(
        Code::HeavyLinear,
        node.span,
        format!("one `linear` holds {}% of the network's parameters", (params as f64 / total as f64 * 100.0).round()),
    );
    let warning = warning.label(format!("{}·{features} weights: {params} of {total} parameters", node.output));
    Some(warning.help("a smaller map before `flatten` makes it smaller; `allow: [W004]` if it is meant"))
}
