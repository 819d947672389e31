//! One computation of an operation on a GPU: what [`crate::program::call`] is made of there.
//!
//! Numbers of values and their gradients have the run's storage type and lie in its order, the batch first. Running
//! statistics, gradients of weights and what is saved are f32; a weight is f32 and, for a run in bf16, a copy besides.

use super::{Gpu, View};
use crate::program::call::{BackwardCall, ForwardCall};

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

/// One forward computation on a GPU.
pub type Forward<'a> = ForwardCall<'a, &'a Gpu, View<'a>, View<'a>, Weight<'a>, &'a [View<'a>], Saved<'a>>;

/// One backward computation on a GPU.
pub type Backward<'a> = BackwardCall<'a, &'a Gpu, View<'a>, Weight<'a>, Saved<'a>, &'a [Option<View<'a>>]>;
