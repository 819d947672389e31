//! How much memory training takes, worked out from shapes alone.
//!
//! In single precision, for N examples a step:
//!
//! - every weight and running statistic once, and a gradient for each weight;
//! - what the optimizer remembers: nothing for plain SGD, one number a weight with momentum, two for Adam and AdamW;
//! - for the backward pass, the input and every layer's output; `flatten` makes none of its own. Max pooling also keeps the
//!   place of each maximum, dropout its mask, local response normalisation its denominators;
//! - the largest workspace: at some layer, gradients of its output and its inputs exist at once, and a convolution unfolds one
//!   example into a matrix.
//!
//! A program needs some more for itself and its data, and may need less where it computes in place.

use super::Network;
use crate::graph::{Node, Shape};
use crate::program::Op;
use crate::recipe::{Optimizer, Train};

/// Bytes of a number in single precision.
const NUMBER: u64 = 4;

/// Bytes that training takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainingMemory {
    /// Weights and running statistics.
    pub weights: u64,
    /// Gradients of the weights.
    pub gradients: u64,
    /// What the optimizer remembers.
    pub optimizer: u64,
    /// What the backward pass needs of the forward pass.
    pub activations: u64,
    /// Gradients of values and unfolded convolutions, at the layer where they are largest.
    pub workspace: u64,
}

impl TrainingMemory {
    /// All of it.
    pub fn total(&self) -> u64 {
        let TrainingMemory { weights, gradients, optimizer, activations, workspace } = *self;
        [weights, gradients, optimizer, activations, workspace].into_iter().fold(0, u64::saturating_add)
    }
}

impl Network {
    /// The memory to train with `batch` examples a step and the optimizer of the `train:` section; without one, SGD with momentum.
    pub fn training_memory(&self, batch: usize) -> TrainingMemory {
        let totals = self.totals();
        let bytes = |numbers: u64| numbers.saturating_mul(NUMBER);
        let batch = batch as u64;
        let kept = self.graph.nodes.iter().map(|node| self.kept(node)).fold(0, u64::saturating_add);
        let workspace = self.graph.nodes.iter().map(|node| self.workspace(node, batch)).max();
        TrainingMemory {
            weights: bytes(totals.params.saturating_add(totals.statistics)),
            gradients: bytes(totals.trainable),
            optimizer: bytes(totals.trainable.saturating_mul(optimizer_state(self.train.as_ref()))),
            activations: bytes(batch.saturating_mul(kept.saturating_add(self.graph.input.elements() as u64))),
            workspace: bytes(workspace.unwrap_or(0)),
        }
    }

    /// Numbers that a layer keeps of one example.
    fn kept(&self, node: &Node) -> u64 {
        let output = node.output.elements() as u64;
        match node.layer.lower(&self.graph.input_shapes(node)) {
            Op::Flatten => 0,
            Op::MaxPool2d(_) | Op::Dropout { .. } | Op::LocalResponseNorm { .. } => 2 * output,
            _ => output,
        }
    }

    /// Numbers that exist only while the backward pass is at this layer.
    fn workspace(&self, node: &Node, batch: u64) -> u64 {
        let inputs = self.graph.input_shapes(node);
        let values: u64 = inputs.iter().chain([&node.output]).map(|shape| shape.elements() as u64).sum();
        let unfolded = match (node.layer.lower(&inputs), node.weights.first()) {
            (Op::Conv2d { .. }, Some(weight)) => unfolded(&weight.shape, node.output),
            _ => 0,
        };
        batch.saturating_mul(values).saturating_add(unfolded)
    }
}

/// Numbers that the optimizer remembers for each weight.
fn optimizer_state(train: Option<&Train>) -> u64 {
    match train.map(|train| train.optimizer) {
        Some(Optimizer::Sgd { momentum: 0.0, .. }) => 0,
        Some(Optimizer::Sgd { .. }) | None => 1,
        Some(Optimizer::Adam(_) | Optimizer::AdamW(_)) => 2,
    }
}

/// The matrix of a convolution over one example: for each output position the numbers under the kernel.
fn unfolded(weight: &[usize], output: Shape) -> u64 {
    let taps = weight[1..].iter().fold(1, |product: u64, size| product.saturating_mul(*size as u64));
    taps.saturating_mul(output.positions() as u64)
}

#[cfg(test)]
mod tests {
    use super::TrainingMemory;
    use crate::compile;

    #[test]
    fn counts_every_buffer() {
        let layers = "input: [2, 4, 4]\nlayers: [conv 3 3x3 p1 -> bn -> relu -> maxpool 2 -> flatten -> linear 5]";
        let params = 3 * 2 * 9 + 3 + 6 + 12 * 5 + 5;
        for (train, optimizer) in [
            ("", 1),
            ("train: {epochs: 1, batch: 7, optimizer: sgd lr=0.1}", 0),
            ("train: {epochs: 1, batch: 7, optimizer: sgd lr=0.1 momentum=0.9}", 1),
            ("train: {epochs: 1, batch: 7, optimizer: adam}", 2),
            ("train: {epochs: 1, batch: 7, optimizer: adamw}", 2),
        ] {
            let network = compile(&format!("{layers}\n{train}\n")).expect("a sound network");
            let expected = TrainingMemory {
                weights: 4 * (params + 6),
                gradients: 4 * params,
                optimizer: 4 * params * optimizer,
                // The input, three maps, the pool with its places, and the scores.
                activations: 4 * 10 * (32 + 3 * 48 + 2 * 12 + 5),
                // At the convolution: gradients of its output and input, and one example with 2·3·3 numbers a position.
                workspace: 4 * (10 * (48 + 32) + 18 * 16),
            };
            assert_eq!(network.training_memory(10), expected, "{train}");
        }
    }

    #[test]
    fn works_where_it_takes_most() {
        let network = compile("input: [4, 8, 8]\nlayers: [conv 8 1x1 -> relu -> conv 2 1x1]").expect("a sound network");
        assert_eq!(network.training_memory(100).workspace, 4 * 100 * (8 * 64 + 8 * 64));
    }
}
