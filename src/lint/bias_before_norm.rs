//! W002: a bias that the batch norm after it subtracts again.

use crate::diagnostic::{Code, Diagnostic, Frame};
use crate::graph::Node;
use crate::program::Op;
use crate::syntax::Origin;

/// A bias that the batch norm after it subtracts again with the mean. In a preset it is as the network was published.
pub(super) fn bias_before_norm(
    node: &Node,
    origin: &Origin,
    index: usize,
    readers: &[usize],
    operations: &[Op],
) -> Option<Diagnostic> {
    let biased = node.weights.iter().any(|weight| weight.name == "bias");
    let weighs = biased && matches!(operations[index], Op::Conv2d { .. } | Op::ConvTranspose2d { .. } | Op::Linear);
    let normalises = |reader: &usize| matches!(operations[*reader], Op::BatchNorm { .. });
    let normalised = || !readers.is_empty() && readers.iter().all(normalises);
    (weighs && normalised() && !origin.trace.iter().any(Frame::is_preset)).then(|| {
        Diagnostic::warning(
            Code::BiasBeforeNorm,
            origin.span,
            format!("the bias of this `{}` has no effect", node.kind),
        )
        .label("the batch norm after it subtracts the mean")
        .help("write `bias=false`")
    })
}
