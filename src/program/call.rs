//! One computation of an operation, as its kernel sees it: what it reads, and where it writes.
//!
//! Values are row-major, the batch first and the channels last: N×H×W×C or N×features. All memory is the caller's.

use super::Mode;
use crate::graph::Shape;

/// The key of a dropout mask: see `archc::random`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskKey {
    /// The run's seed.
    pub seed: u64,
    /// The step.
    pub step: u64,
    /// The node's index.
    pub place: u64,
}

/// What a forward pass keeps for the backward pass: as much as [`Op::kept`](super::Op::kept) says.
#[derive(Debug, Clone, Default)]
pub struct Saved<T> {
    /// Numbers.
    pub reals: Vec<T>,
    /// Indices.
    pub indices: Vec<u32>,
    /// Small numbers.
    pub bytes: Vec<u8>,
}

/// One forward computation.
#[derive(Debug)]
pub struct Forward<'a, T> {
    /// N
    pub batch: usize,
    /// Training or evaluation.
    pub mode: Mode,
    /// For dropout.
    pub key: MaskKey,
    /// Every input with one example's shape.
    pub inputs: &'a [(&'a [T], Shape)],
    /// Trainable weights, in the layer's order.
    pub weights: &'a [&'a [T]],
    /// Running statistics, in the layer's order; changed in training.
    pub buffers: &'a mut [&'a mut [T]],
    /// Filled completely.
    pub output: &'a mut [T],
    /// One example's shape of the output.
    pub output_shape: Shape,
    /// Filled with what the backward pass needs; its capacity is reused. Whoever calls gives it its sizes.
    pub saved: &'a mut Saved<T>,
}

/// One backward computation, after the forward one with the same inputs.
#[derive(Debug)]
pub struct Backward<'a, T> {
    /// N
    pub batch: usize,
    /// The mode of the forward pass.
    pub mode: Mode,
    /// Every input with one example's shape.
    pub inputs: &'a [(&'a [T], Shape)],
    /// Trainable weights, in the layer's order.
    pub weights: &'a [&'a [T]],
    /// What the forward pass made.
    pub output: &'a [T],
    /// One example's shape of the output.
    pub output_shape: Shape,
    /// What the forward pass kept.
    pub saved: &'a Saved<T>,
    /// The loss's gradient with respect to the output.
    pub output_gradient: &'a [T],
    /// For each input, where its gradient goes (overwritten); `None` if nobody needs it.
    pub input_gradients: &'a mut [Option<&'a mut [T]>],
    /// For each trainable weight, where its gradient goes (overwritten); `None` if nobody needs it.
    pub weight_gradients: &'a mut [Option<&'a mut [T]>],
}
