//! One computation of an operation on a device: the counterparts of [`crate::program::call`].
//!
//! Numbers of values and their gradients have the run's storage type and lie in its order, the batch first. Running
//! statistics, gradients of weights and what is saved are f32; a weight is f32 and, for a run in bf16, a copy besides.

use super::{Gpu, View};
use crate::ir::Shape;
use crate::program::call::MaskKey;
use crate::program::{Bounds, Epilogue, Mode};

/// A trainable weight. Those of convolutions O×I×H×W lie in the run's order: O×H×W×I where channels come last. All
/// others lie as PyTorch has them.
#[derive(Debug, Clone, Copy)]
pub struct Weight<'a> {
    /// f32
    pub values: View<'a>,
    /// In the storage type: the same memory, unless that is bf16.
    pub stored: View<'a>,
}

/// What a forward pass keeps for the backward pass: as much as [`Op::kept`](crate::program::Op::kept) says.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a> {
    /// f32
    pub reals: View<'a>,
    /// u32
    pub indices: View<'a>,
    /// u8
    pub bytes: View<'a>,
}

/// One forward computation.
#[derive(Debug, Clone, Copy)]
pub struct Forward<'a> {
    /// Where.
    pub gpu: &'a Gpu,
    /// N
    pub batch: usize,
    /// Training or evaluation.
    pub mode: Mode,
    /// For dropout and drop path.
    pub key: MaskKey,
    /// What is done to the result.
    pub epilogue: Epilogue,
    /// Every input with one example's shape.
    pub inputs: &'a [(View<'a>, Shape)],
    /// Trainable weights, in the layer's order; γ and β of [`Epilogue::norm`] come last.
    pub weights: &'a [Weight<'a>],
    /// Running statistics, in the layer's order; changed in training.
    pub statistics: &'a [View<'a>],
    /// Filled completely.
    pub output: View<'a>,
    /// One example's shape of the output.
    pub output_shape: Shape,
    /// Filled with what the backward pass needs.
    pub saved: Saved<'a>,
}

/// One backward computation, after the forward one with the same inputs.
#[derive(Debug, Clone, Copy)]
pub struct Backward<'a> {
    /// Where.
    pub gpu: &'a Gpu,
    /// N
    pub batch: usize,
    /// The mode of the forward pass.
    pub mode: Mode,
    /// What the output's gradient is still to be cut by: see [`Op::gradient_bounds`](crate::program::Op::gradient_bounds).
    pub bounds: Bounds,
    /// Every input with one example's shape; no memory, if [`Op::backward_reads`](crate::program::Op::backward_reads) says so.
    pub inputs: &'a [(View<'a>, Shape)],
    /// Trainable weights, in the layer's order.
    pub weights: &'a [Weight<'a>],
    /// What the forward pass made; no memory, if the operation does not read it.
    pub output: View<'a>,
    /// One example's shape of the output.
    pub output_shape: Shape,
    /// What the forward pass kept.
    pub saved: Saved<'a>,
    /// The loss's gradient with respect to the output.
    pub output_gradient: View<'a>,
    /// For each input, where its gradient goes (overwritten); `None` if nobody needs it.
    pub input_gradients: &'a [Option<View<'a>>],
    /// For each trainable weight, where its gradient goes, f32 (overwritten); `None` if nobody needs it.
    pub weight_gradients: &'a [Option<View<'a>>],
}
