//! W008: probabilities where cross-entropy wants scores.

use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Node;
use crate::ir::ValueId;
use crate::network::Network;
use crate::program::{Activation, Op};
use crate::syntax::Origin;

/// What cross-entropy takes the softmax of are scores, not probabilities.
pub(super) fn activated_scores(
    network: &Network,
    node: &Node,
    origin: &Origin,
    index: usize,
    operation: &Op,
) -> Option<Diagnostic> {
    let bounded = matches!(operation, Op::Softmax(_) | Op::Activation(Activation::Sigmoid | Activation::HardSigmoid));
    (bounded && network.classes.is_some() && network.output == ValueId::of_node(index)).then(|| {
        let message = format!("the classifier ends in `{}`, but the loss applies a softmax itself", node.kind);
        Diagnostic::warning(Code::ActivatedScores, origin.span, message)
            .label("cross-entropy expects the scores before it")
            .help("leave it out: training works better, and `archc predict` shows probabilities in any case")
    })
}
