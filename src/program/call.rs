//! One computation of an operation, as its kernel sees it: what it reads, and where it writes.
//!
//! Values are row-major, the batch first and the channels last: N×H×W×C or N×features. All memory is the caller's.

use super::{Bounds, Buffer, Epilogue, Mode};
use crate::ir::Shape;

/// The key of a dropout or drop path mask: see `archc::random`.
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

/// How the numbers of a map lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// N×C×H×W
    ChannelsFirst,
    /// N×H×W×C
    ChannelsLast,
}

/// Which ways of computing a kernel may choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithms {
    /// All. Those of Winograd round some ten times more coarsely: in f32 to about 10⁻⁵ of the largest number.
    #[default]
    Fastest,
    /// Sums of products as they are defined.
    Exact,
}

/// What an operation has made of its weights, kept as long as they stay the same.
#[derive(Debug, Default)]
pub struct Prepared<T> {
    /// Valid if `ready`.
    pub values: Buffer<T>,
    /// To be unset when a weight changes.
    pub ready: bool,
}

/// One forward computation.
#[derive(Debug)]
pub struct Forward<'a, T> {
    /// N
    pub batch: usize,
    /// Training or evaluation.
    pub mode: Mode,
    /// For dropout and drop path.
    pub key: MaskKey,
    /// How to compute.
    pub algorithms: Algorithms,
    /// Where to keep what is made of the weights; `None` if they change with every call.
    pub prepared: Option<&'a mut Prepared<T>>,
    /// What is done to the result; nothing, but for operations of [`Op::takes_bounds`](super::Op::takes_bounds).
    pub epilogue: Epilogue,
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
    /// How to compute.
    pub algorithms: Algorithms,
    /// What the output's gradient is still to be cut by: see [`Op::gradient_bounds`](super::Op::gradient_bounds).
    pub bounds: Bounds,
    /// Every input with one example's shape; without numbers, if [`Op::backward_reads`](super::Op::backward_reads) says
    /// so.
    pub inputs: &'a [(&'a [T], Shape)],
    /// Trainable weights, in the layer's order.
    pub weights: &'a [&'a [T]],
    /// What the forward pass made; without numbers, if the operation does not read it.
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
