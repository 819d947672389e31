//! What each operation computes on the CPU, forward and backward, into buffers that the caller owns.
//!
//! Values are row-major, the batch first and the channels last: N×H×W×C for maps, N×features for vectors. So the
//! channels of a position lie side by side, and all loops run over them innermost. Shapes are still written C×H×W, and
//! weights lie as PyTorch has them. `layout` turns images and outputs, which are N×C×H×W for the rest of the world.
//!
//! Each file is an operation's [`Kernel`], which [`forward`] and [`backward`] choose by the [`Op`]; the executor of the
//! trainer and the Candle adaptors both call only these two. All kernels are generic over [`Real`], so that tests can
//! be exact in f64. A result does not depend on the number of threads.
//!
//! The caller sees to it that sizes agree, which lowering guarantees, and that [`Op::check`] has nothing against the
//! batch.

#![allow(clippy::needless_range_loop, reason = "tiles of registers are indexed, so that nothing is left to be called")]

mod activation;
mod adaptive_avg_pool2d;
mod adaptive_max_pool2d;
mod add;
mod avg_pool2d;
mod batch_norm;
mod binary;
mod bins;
pub(crate) mod candle;
mod channel_pool;
mod channel_shuffle;
mod clamp;
pub(crate) mod coefficients;
mod column_sums;
mod concat;
mod conv2d;
mod conv_transpose2d;
mod criterion;
mod crop;
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
mod maximum;
mod moments;
mod mul;
mod pad;
mod parts;
mod pixel_shuffle;
mod pixels;
#[cfg(test)]
mod pooling_tests;
mod prelu;
mod product;
mod regression;
mod rows;
mod scale;
mod scratch;
mod simd;
mod slice;
mod softmax;
mod tap;
#[cfg(test)]
mod testing;
mod unflatten;
mod upsample;

use crate::program::memory::Kept;
use crate::program::{Kernel, Op, op};

pub(crate) use self::binary::sigmoid;
pub use self::binary::{BinaryObjective, BinaryRule};
pub use self::clamp::clamp_gradient;
pub use self::criterion::Criterion;
pub(crate) use self::lanes::{add_all, copy_all};
pub use self::loss::{Objective, cross_entropy, cross_entropy_gradient};
pub use self::pixels::{IGNORED, PixelEntropy, PixelsObjective};
pub use self::regression::{Distance, NumbersObjective};
pub use crate::program::call::{Algorithms, Backward, Cpu, Forward, MaskKey, Prepared, Saved};
use crate::program::convolution::size;
pub use crate::program::{Buffer, Mode, Real};

/// What computes an operation.
fn kernel<T: Real>(op: &Op) -> &dyn Kernel<T> {
    match op {
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
        Op::Custom(outside) => T::kernel(outside.operation()),
    }
}

/// Computes an operation's output, and in training mode what its gradients will need.
pub fn forward<T: Real>(op: &Op, call: Forward<T>) {
    let Kept { reals, indices, bytes } = op.kept(call.mode, call.batch, call.output_shape);
    call.saved.reals.resize(reals, T::ZERO);
    call.saved.indices.resize(indices, 0);
    call.saved.bytes.resize(bytes, 0);
    kernel(op).forward(call);
}

/// Computes the gradients that somebody needs, after [`forward`] in the same mode. Where the forward pass cut its
/// result, and the operation does not [cut the gradient](Op::gradient_bounds) itself, [`clamp_gradient`] comes first.
pub fn backward<T: Real>(op: &Op, call: Backward<T>) {
    kernel(op).backward(call);
}
