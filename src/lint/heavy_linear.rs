//! W004: one linear layer outweighs everything else.

use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Node;
use crate::network::Network;
use crate::program::Op;
use crate::syntax::Origin;

/// A linear layer smaller than this is never called heavy: in a small network the classifier may well hold most
/// parameters.
const HEAVY: u64 = 1_000_000;

/// One linear layer outweighs everything else.
pub(super) fn heavy_linear(
    network: &Network,
    node: &Node,
    origin: &Origin,
    operation: &Op,
    total: u64,
) -> Option<Diagnostic> {
    let linear = matches!(operation, Op::Linear);
    let params = network.params(node);
    if !linear || params < HEAVY || params <= total - params {
        return None;
    }
    let features = network.graph.shape(node.inputs[0]);
    let warning = Diagnostic::warning(
        Code::HeavyLinear,
        origin.span,
        format!("one `linear` holds {}% of the network's parameters", (params as f64 / total as f64 * 100.0).floor()),
    );
    let warning = warning.label(format!("{}·{features} weights: {params} of {total} parameters", node.output));
    Some(warning.help("a smaller map before `flatten` makes it smaller; `allow: [W004]` if this is intended"))
}
