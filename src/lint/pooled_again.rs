//! W003: pooling where there is nothing left to pool.

use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Node;
use crate::ir::{Pair, Shape};
use crate::network::Network;
use crate::program::Op;
use crate::syntax::Origin;

/// Pooling where there is nothing left to pool.
pub(super) fn pooled_again(network: &Network, node: &Node, origin: &Origin, operation: &Op) -> Option<Diagnostic> {
    let input = network.graph.shape(node.inputs[0]);
    let pools =
        matches!(operation, Op::MaxPool2d(_) | Op::AvgPool2d { .. } | Op::AdaptiveAvgPool2d | Op::AdaptiveMaxPool2d);
    let Shape::Map { height: 1, width: 1, .. } = input else { return None };
    // An average over padding is another number.
    if matches!(operation, Op::AvgPool2d(pool) if pool.count_include_pad && pool.window.padding != Pair::square(0)) {
        return None;
    }
    pools.then(|| {
        let effect = match node.output == input {
            true => "it changes nothing".to_string(),
            false => format!("it only repeats values: {input} → {}", node.output),
        };
        Diagnostic::warning(Code::PooledAgain, origin.span, format!("`{}` pools a map that is 1×1 already", node.kind))
            .label(effect)
            .help("leave it out, or give the network a larger input")
    })
}
