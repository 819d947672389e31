//! What each operation computes on a GPU: the counterparts of [`crate::kernels`], in the run's order and storage type.
//!
//! ```text
//! conv2d · conv_transpose2d · linear     by cuDNN and cuBLAS
//! all others                             NAME.cu, in CUDA C++, with what calls it in NAME.rs
//! shape                                  how batches are laid out for threads: the structures of prelude.cuh
//! sums                                   each channel's moments and sums, for norms and gradients of weights
//! ```
//!
//! Convolutions, products and all kernels here are queued in one stream. A kernel takes one structure, which its source
//! and its launch code both declare. Results do not depend on how many threads a device has.

pub mod accumulate;
pub mod average;
pub mod bias;
pub mod clamp;
pub mod convert;
pub mod elementwise;
pub mod finite;
pub mod loss;
pub mod norm;
pub mod optimizer;
pub mod transpose;

mod batch_norm;
mod channels;
mod conv2d;
mod conv_transpose2d;
mod group_norm;
mod linear;
mod local_response_norm;
mod masks;
mod mul;
mod pixel_shuffle;
mod pools;
mod prelu;
mod resample;
mod rows;
mod scale;
mod shape;
mod sums;
#[cfg(test)]
pub(super) mod tests;

use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Error, Result};
use crate::ir::Shape;
use crate::program::{Op, op};

/// Computes an operation on a GPU.
pub trait Kernel: Send + Sync {
    /// Queues what fills the output, and in training what the backward pass needs of it.
    fn forward(&self, call: Forward) -> Result<()>;

    /// Queues what fills the gradients that somebody needs, after [`Kernel::forward`] in the same mode.
    fn backward(&self, call: Backward) -> Result<()>;
}

/// What computes an operation; an error if nothing does.
fn kernel(op: &Op) -> Result<&dyn Kernel> {
    Ok(match op {
        Op::Conv2d(op) => op,
        Op::ConvTranspose2d(op) => op,
        Op::Linear => &op::Linear,
        Op::MaxPool2d(op) => op,
        Op::AvgPool2d(op) => op,
        Op::AdaptiveAvgPool2d => &op::AdaptiveAvgPool2d,
        Op::AdaptiveMaxPool2d => &op::AdaptiveMaxPool2d,
        Op::BatchNorm(op) => op,
        Op::GroupNorm(op) => op,
        Op::LayerNorm(op) => op,
        Op::LocalResponseNorm(op) => op,
        Op::Dropout(op) => op,
        Op::DropPath(op) => op,
        Op::Activation(op) => op,
        Op::Prelu => &op::Prelu,
        Op::Scale => &op::Scale,
        Op::Softmax(op) => op,
        Op::Flatten => &op::Flatten,
        Op::Unflatten => &op::Unflatten,
        Op::Identity => &op::Identity,
        Op::Upsample(op) => op,
        Op::Pad(op) => op,
        Op::Crop(op) => op,
        Op::Slice(op) => op,
        Op::ChannelShuffle(op) => op,
        Op::ChannelPool(op) => op,
        Op::PixelShuffle(op) => op,
        Op::PixelUnshuffle(op) => op,
        Op::Add => &op::Add,
        Op::Maximum => &op::Maximum,
        Op::Concat => &op::Concat,
        Op::Mul => &op::Mul,
        Op::Custom(outside) => {
            let none = || Error::new(format!("`{}` has no kernel for a GPU", outside.operation().name()));
            outside.kernel::<dyn Kernel>().ok_or_else(none)?
        }
    })
}

/// Queues an operation's output, and in training mode what its gradients will need.
pub fn forward(op: &Op, call: Forward) -> Result<()> {
    kernel(op)?.forward(call)
}

/// Queues the gradients that somebody needs, after [`forward`] in the same mode. Where the forward pass cut its result,
/// and the operation does not [cut the gradient](Op::gradient_bounds) itself, [`clamp::clamp_gradient`] comes first.
pub fn backward(op: &Op, call: Backward) -> Result<()> {
    kernel(op)?.backward(call)
}

/// Whether an operation can be computed here. `shapes` are those of one example of its inputs and its output.
///
/// # Errors
/// If it has no kernel for a GPU, or kernels cannot count its numbers.
pub fn check(op: &Op, mut shapes: impl Iterator<Item = Shape>) -> Result<()> {
    if let Some(shape) = shapes.find(|shape| shape.elements() >= COUNTED) {
        return Err(Error::new(format!(
            "a value of {shape} is too large for a GPU: 2³¹ numbers an example are too many"
        )));
    }
    // A stride may be of any length.
    let sides = op.traits().window.map(|window| [window.kernel, window.padding, window.dilation]);
    if sides.is_some_and(|sides| sides.iter().any(|pair| pair.height.max(pair.width) >= pools::FAR)) {
        return Err(Error::new("a window of 2³⁰ positions or more is too large for a GPU"));
    }
    kernel(op).map(|_| ())
}

/// Within an example kernels count in 32 bits, and divide below this.
const COUNTED: usize = 1 << 31;
