//! What each operation computes on the CPU, forward and backward, into buffers that the caller owns.
//!
//! Values are row-major, the batch first and the channels last: N×H×W×C for maps, N×features for vectors. So the channels
//! of a position lie side by side, and all loops run over them innermost. Shapes are still written C×H×W, and weights lie
//! as PyTorch has them. `layout` turns images and outputs, which are N×C×H×W for the rest of the world.
//!
//! [`forward`] and [`backward`] choose the file by the [`Op`]; the executor of the trainer and the Candle adaptors both
//! call only these two. All kernels are generic over [`Real`], so that tests can be exact in f64. A result does not depend
//! on the number of threads.
//!
//! The caller sees to it that sizes agree, which lowering guarantees, and that [`check`] has nothing against the batch.

#![allow(clippy::needless_range_loop, reason = "tiles of registers are indexed, so that nothing is left to be called")]

mod activation;
mod adaptive_avg_pool2d;
mod adaptive_max_pool2d;
mod add;
mod avg_pool2d;
mod batch_norm;
mod bins;
pub(crate) mod candle;
mod channel_shuffle;
mod clamp;
mod column_sums;
mod concat;
mod conv2d;
mod conv_transpose2d;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod drop_path;
mod dropout;
mod flatten;
mod group_norm;
mod identity;
mod lanes;
mod layer_norm;
pub(crate) mod layout;
mod linear;
mod local_response_norm;
mod loss;
mod max_pool2d;
mod moments;
mod mul;
mod pad;
mod parts;
#[cfg(test)]
mod pooling_tests;
mod prelu;
mod product;
mod rows;
mod scratch;
mod simd;
mod slice;
mod softmax;
mod tap;
#[cfg(test)]
mod testing;
mod upsample;

use crate::ir::{Shape, Window};
use crate::program::Op;
use crate::program::memory::Kept;

pub use self::clamp::cut_gradient;
pub(crate) use self::lanes::{add_all, copy_all};
pub use self::loss::{Objective, cross_entropy, cross_entropy_gradient};
pub use crate::program::call::{Algorithms, Backward, Forward, MaskKey, Prepared, Saved};
use crate::program::convolution::size;
pub use crate::program::{Buffer, Mode, Real};

/// Computes an operation's output, and in training mode what its gradients will need.
pub fn forward<T: Real>(op: &Op, call: Forward<T>) {
    let Kept { reals, indices, bytes } = op.kept(call.mode, call.batch, call.output_shape);
    call.saved.reals.resize(reals, T::ZERO);
    call.saved.indices.resize(indices, 0);
    call.saved.bytes.resize(bytes, 0);
    match *op {
        Op::Conv2d { kernel, stride, padding, dilation, groups } => {
            conv2d::forward(&Window { kernel, stride, padding, dilation, ceil: false }, groups, call);
        }
        Op::ConvTranspose2d { kernel, stride, padding, dilation, groups } => {
            let window = Window { kernel, stride, padding, dilation, ceil: false };
            conv_transpose2d::forward(&window, groups, call);
        }
        Op::Linear => linear::forward(call),
        Op::MaxPool2d(window) => max_pool2d::forward(&window, call),
        Op::AvgPool2d { window, count_include_pad } => avg_pool2d::forward(&window, count_include_pad, call),
        Op::AdaptiveAvgPool2d => adaptive_avg_pool2d::forward(call),
        Op::AdaptiveMaxPool2d => adaptive_max_pool2d::forward(call),
        Op::BatchNorm { eps, momentum } => batch_norm::forward(eps, momentum, call),
        Op::GroupNorm { groups, eps } => group_norm::forward(groups, eps, call),
        Op::LayerNorm { over, eps } => layer_norm::forward(over, eps, call),
        Op::LocalResponseNorm { size, alpha, beta, k } => {
            local_response_norm::forward(local_response_norm::Constants { size, alpha, beta, k }, call);
        }
        Op::Dropout { p } => dropout::forward(p, call),
        Op::DropPath { p } => drop_path::forward(p, call),
        Op::Activation(activation) => activation::forward(activation, call),
        Op::Prelu => prelu::forward(call),
        Op::Softmax => softmax::forward(call),
        Op::Flatten => flatten::forward(call),
        Op::Identity => identity::forward(call),
        Op::Upsample { resampling, step } => upsample::forward(resampling, step, call),
        Op::Pad { fill, top, left, front } => pad::forward(pad::Before { fill, top, left, front }, call),
        Op::Slice { start } => slice::forward(start, call),
        Op::ChannelShuffle { groups } => channel_shuffle::forward(groups, call),
        Op::Add => add::forward(call),
        Op::Concat => concat::forward(call),
        Op::Mul => mul::forward(call),
        Op::Outside(ref outside) => T::kernel(outside.operation()).forward(call),
    }
}

/// Computes the gradients that somebody needs, after [`forward`] in the same mode. Where the forward pass cut its result, and
/// the operation does not [cut the gradient](Op::gradient_bounds) itself, [`cut_gradient`] comes first.
pub fn backward<T: Real>(op: &Op, call: Backward<T>) {
    match *op {
        Op::Conv2d { kernel, stride, padding, dilation, groups } => {
            conv2d::backward(&Window { kernel, stride, padding, dilation, ceil: false }, groups, call);
        }
        Op::ConvTranspose2d { kernel, stride, padding, dilation, groups } => {
            let window = Window { kernel, stride, padding, dilation, ceil: false };
            conv_transpose2d::backward(&window, groups, call);
        }
        Op::Linear => linear::backward(call),
        Op::MaxPool2d(window) => max_pool2d::backward(&window, call),
        Op::AvgPool2d { window, count_include_pad } => avg_pool2d::backward(&window, count_include_pad, call),
        Op::AdaptiveAvgPool2d => adaptive_avg_pool2d::backward(call),
        Op::AdaptiveMaxPool2d => adaptive_max_pool2d::backward(call),
        Op::BatchNorm { .. } => batch_norm::backward(call),
        Op::GroupNorm { groups, .. } => group_norm::backward(groups, call),
        Op::LayerNorm { over, .. } => layer_norm::backward(over, call),
        Op::LocalResponseNorm { size, alpha, beta, k } => {
            local_response_norm::backward(local_response_norm::Constants { size, alpha, beta, k }, call);
        }
        Op::Dropout { p } => dropout::backward(p, call),
        Op::DropPath { p } => drop_path::backward(p, call),
        Op::Activation(activation) => activation::backward(activation, call),
        Op::Prelu => prelu::backward(call),
        Op::Softmax => softmax::backward(call),
        Op::Flatten => flatten::backward(call),
        Op::Identity => identity::backward(call),
        Op::Upsample { resampling, step } => upsample::backward(resampling, step, call),
        Op::Pad { fill, top, left, front } => pad::backward(pad::Before { fill, top, left, front }, call),
        Op::Slice { start } => slice::backward(start, call),
        Op::ChannelShuffle { groups } => channel_shuffle::backward(groups, call),
        Op::Add => add::backward(call),
        Op::Concat => concat::backward(call),
        Op::Mul => mul::backward(call),
        Op::Outside(ref outside) => T::kernel(outside.operation()).backward(call),
    }
}

/// What an operation has against a batch of this size; `input` is the shape of one example. Everything else was settled when
/// the network was checked.
pub fn check(op: &Op, mode: Mode, batch: usize, input: Shape) -> Result<(), String> {
    match (op, mode) {
        (Op::BatchNorm { .. }, Mode::Train) if batch * input.positions() < 2 => Err(format!(
            "batch norm cannot train on a single value per channel: the input is {input} and the batch {batch}"
        )),
        (Op::Outside(outside), mode) => outside.operation().check(mode, batch, input),
        _ => Ok(()),
    }
}
