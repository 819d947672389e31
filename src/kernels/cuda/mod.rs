//! What each operation computes on a GPU: the counterparts of [`crate::kernels`], in the run's order and storage type.
//!
//! ```text
//! conv2d · conv_transpose2d · linear     by cuDNN and cuBLAS
//! all others                             NAME.cu, in CUDA C++, with what calls it in NAME.rs
//! shape                                  how batches are laid out for threads: the structures of prelude.cuh
//! sums                                   moments and sums of each channel, which norms and gradients of weights come from
//! ```
//!
//! Convolutions, products and all kernels here are queued in one stream. A kernel takes one structure, which its source and its launch
//! code both declare. Results do not depend on how many threads a device has.

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
pub mod turn;

mod batch_norm;
mod channels;
mod conv2d;
mod conv_transpose2d;
mod group_norm;
mod linear;
mod local_response_norm;
mod masks;
mod pools;
mod prelu;
mod resample;
mod rows;
mod shape;
mod sums;
#[cfg(test)]
pub(super) mod tests;

use self::local_response_norm::Constants;
use self::masks::Dropped;
use self::pools::Pooling;
use self::resample::Before;
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Error, Result};
use crate::ir::{Shape, Window};
use crate::program::Op;

/// Queues an operation's output, and in training mode what its gradients will need.
pub fn forward(op: &Op, call: Forward) -> Result<()> {
    match *op {
        Op::Conv2d { kernel, stride, padding, dilation, groups } => {
            conv2d::forward(&Window { kernel, stride, padding, dilation, ceil: false }, groups, call)
        }
        Op::ConvTranspose2d { kernel, stride, padding, dilation, groups } => {
            conv_transpose2d::forward(&Window { kernel, stride, padding, dilation, ceil: false }, groups, call)
        }
        Op::Linear => linear::forward(call),
        Op::MaxPool2d(window) => pools::forward(Pooling::Max(window), call),
        Op::AvgPool2d { window, count_include_pad } => {
            pools::forward(Pooling::Mean { window, count_include_pad }, call)
        }
        Op::AdaptiveAvgPool2d => pools::forward(Pooling::AdaptiveMean, call),
        Op::AdaptiveMaxPool2d => pools::forward(Pooling::AdaptiveMax, call),
        Op::BatchNorm { eps, momentum } => batch_norm::forward(eps, momentum, call),
        Op::GroupNorm { groups, eps } => group_norm::forward(groups, eps, call),
        Op::LayerNorm { over, eps } => rows::layer_norm_forward(over, eps, call),
        Op::LocalResponseNorm { size, alpha, beta, k } => {
            local_response_norm::forward(Constants { size, alpha, beta, k }, call)
        }
        Op::Dropout { p } => masks::forward(Dropped::Numbers, p, call),
        Op::DropPath { p } => masks::forward(Dropped::Examples, p, call),
        Op::Activation(activation) => elementwise::forward(activation, call),
        Op::Prelu => prelu::forward(call),
        Op::Softmax => rows::softmax_forward(call),
        Op::Flatten => turn::forward(call),
        Op::Identity => call.gpu.copy(call.inputs[0].0, call.output),
        Op::Upsample { resampling, step } => resample::upsample_forward(resampling, step, call),
        Op::Pad { fill, top, left, front } => resample::pad_forward(Before { fill, top, left, front }, call),
        Op::Slice { start } => channels::slice_forward(start, call),
        Op::ChannelShuffle { groups } => channels::shuffle_forward(groups, call),
        Op::Add => {
            let inputs: Vec<_> = call.inputs.iter().map(|(values, _)| *values).collect();
            elementwise::add(call.gpu, &inputs, call.epilogue.bounds, call.output)
        }
        Op::Concat => channels::concat_forward(call),
        Op::Mul => channels::mul_forward(call),
        Op::Outside(ref outside) => Err(no_kernel(outside.operation().name())),
    }
}

/// Queues the gradients that somebody needs, after [`forward`] in the same mode. Where the forward pass cut its result, and the
/// operation does not [cut the gradient](Op::gradient_bounds) itself, [`clamp::cut_gradient`] comes first.
pub fn backward(op: &Op, call: Backward) -> Result<()> {
    match *op {
        Op::Conv2d { kernel, stride, padding, dilation, groups } => {
            conv2d::backward(&Window { kernel, stride, padding, dilation, ceil: false }, groups, call)
        }
        Op::ConvTranspose2d { kernel, stride, padding, dilation, groups } => {
            conv_transpose2d::backward(&Window { kernel, stride, padding, dilation, ceil: false }, groups, call)
        }
        Op::Linear => linear::backward(call),
        Op::MaxPool2d(window) => pools::backward(Pooling::Max(window), call),
        Op::AvgPool2d { window, count_include_pad } => {
            pools::backward(Pooling::Mean { window, count_include_pad }, call)
        }
        Op::AdaptiveAvgPool2d => pools::backward(Pooling::AdaptiveMean, call),
        Op::AdaptiveMaxPool2d => pools::backward(Pooling::AdaptiveMax, call),
        Op::BatchNorm { .. } => batch_norm::backward(call),
        Op::GroupNorm { groups, .. } => group_norm::backward(groups, call),
        Op::LayerNorm { over, .. } => rows::layer_norm_backward(over, call),
        Op::LocalResponseNorm { size, alpha, beta, k } => {
            local_response_norm::backward(Constants { size, alpha, beta, k }, call)
        }
        Op::Dropout { p } => masks::backward(Dropped::Numbers, p, call),
        Op::DropPath { p } => masks::backward(Dropped::Examples, p, call),
        Op::Activation(activation) => elementwise::backward(activation, call),
        Op::Prelu => prelu::backward(call),
        Op::Softmax => rows::softmax_backward(call),
        Op::Flatten => turn::backward(call),
        Op::Upsample { resampling, step } => resample::upsample_backward(resampling, step, call),
        Op::Pad { fill, top, left, front } => resample::pad_backward(Before { fill, top, left, front }, call),
        Op::Slice { start } => channels::slice_backward(start, call),
        Op::ChannelShuffle { groups } => channels::shuffle_backward(groups, call),
        Op::Identity | Op::Add => {
            call.input_gradients.iter().flatten().try_for_each(|dx| call.gpu.copy(call.output_gradient, *dx))
        }
        Op::Concat => channels::concat_backward(call),
        Op::Mul => channels::mul_backward(call),
        Op::Outside(ref outside) => Err(no_kernel(outside.operation().name())),
    }
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
    match op {
        Op::MaxPool2d(window) | Op::AvgPool2d { window, .. } if !pools::counts(window) => {
            Err(Error::new("a window of 2³⁰ positions or more is too large for a GPU"))
        }
        Op::Outside(outside) => Err(no_kernel(outside.operation().name())),
        _ => Ok(()),
    }
}

/// Within an example kernels count in 32 bits, and divide below this.
const COUNTED: usize = 1 << 31;

fn no_kernel(name: &str) -> Error {
    Error::new(format!("`{name}` has no kernel for a GPU"))
}
