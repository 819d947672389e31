//! What each operation computes on the CPU, forward and backward, into buffers that the caller owns.
//!
//! Values are row-major, the batch first: N×C×H×W or N×features. [`forward`] and [`backward`] choose the file by
//! the [`Op`]; the executor of the trainer and the Candle adaptors both call only these two. All kernels are generic over
//! [`Real`], so that tests can be exact in f64. A result does not depend on the number of threads.
//!
//! The caller sees to it that sizes agree, which lowering guarantees, and that [`check`] has nothing against the batch.

mod activation;
mod adaptive_avg_pool2d;
mod add;
mod avg_pool2d;
mod batch_norm;
pub(crate) mod candle;
mod concat;
mod conv2d;
mod dropout;
mod flatten;
mod lanes;
mod linear;
mod local_response_norm;
mod loss;
mod matrix;
mod max_pool2d;
mod mul;
mod parts;
#[cfg(test)]
mod pooling_tests;
mod real;
mod scratch;
mod softmax;
mod tap;
#[cfg(test)]
mod testing;

use crate::graph::Shape;
use crate::layers::Window;
use crate::program::Op;
use crate::program::memory::Kept;

pub use self::loss::{cross_entropy, cross_entropy_gradient};
pub use self::real::Real;
pub use crate::program::Mode;

/// The key of a dropout mask: see [`crate::random`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskKey {
    /// The run's seed.
    pub seed: u64,
    /// The step.
    pub step: u64,
    /// The node's index.
    pub place: u64,
}

/// What a forward pass keeps for the backward pass: as much as [`Op::kept`] says.
#[derive(Debug, Clone, Default)]
pub struct Saved<T> {
    /// Numbers.
    pub reals: Vec<T>,
    /// Indices.
    pub indices: Vec<u32>,
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
    /// Filled with what the backward pass needs; its capacity is reused. [`forward`] gives it its sizes.
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

/// Computes an operation's output, and in training mode what its gradients will need.
pub fn forward<T: Real>(op: &Op, call: Forward<T>) {
    let Kept { reals, indices } = op.kept(call.mode, call.batch, call.output_shape);
    call.saved.reals.resize(reals, T::ZERO);
    call.saved.indices.resize(indices, 0);
    match *op {
        Op::Conv2d { kernel, stride, padding, dilation, groups } => {
            conv2d::forward(&Window { kernel, stride, padding, dilation, ceil: false }, groups, call);
        }
        Op::Linear => linear::forward(call),
        Op::MaxPool2d(window) => max_pool2d::forward(&window, call),
        Op::AvgPool2d { window, count_include_pad } => avg_pool2d::forward(&window, count_include_pad, call),
        Op::AdaptiveAvgPool2d => adaptive_avg_pool2d::forward(call),
        Op::BatchNorm { eps, momentum } => batch_norm::forward(eps, momentum, call),
        Op::LocalResponseNorm { size, alpha, beta, k } => {
            local_response_norm::forward(local_response_norm::Constants { size, alpha, beta, k }, call);
        }
        Op::Dropout { p } => dropout::forward(p, call),
        Op::Activation(activation) => activation::forward(activation, call),
        Op::Softmax => softmax::forward(call),
        Op::Flatten => flatten::forward(call),
        Op::Add => add::forward(call),
        Op::Concat => concat::forward(call),
        Op::Mul => mul::forward(call),
    }
}

/// Computes the gradients that somebody needs, after [`forward`] in the same mode.
pub fn backward<T: Real>(op: &Op, call: Backward<T>) {
    match *op {
        Op::Conv2d { kernel, stride, padding, dilation, groups } => {
            conv2d::backward(&Window { kernel, stride, padding, dilation, ceil: false }, groups, call);
        }
        Op::Linear => linear::backward(call),
        Op::MaxPool2d(_) => max_pool2d::backward(call),
        Op::AvgPool2d { window, count_include_pad } => avg_pool2d::backward(&window, count_include_pad, call),
        Op::AdaptiveAvgPool2d => adaptive_avg_pool2d::backward(call),
        Op::BatchNorm { .. } => batch_norm::backward(call),
        Op::LocalResponseNorm { size, alpha, beta, k } => {
            local_response_norm::backward(local_response_norm::Constants { size, alpha, beta, k }, call);
        }
        Op::Dropout { p } => dropout::backward(p, call),
        Op::Activation(activation) => activation::backward(activation, call),
        Op::Softmax => softmax::backward(call),
        Op::Flatten => flatten::backward(call),
        Op::Add => add::backward(call),
        Op::Concat => concat::backward(call),
        Op::Mul => mul::backward(call),
    }
}

/// What an operation has against a batch of this size; `input` is the shape of one example. Everything else was settled when
/// the network was checked.
pub fn check(op: &Op, mode: Mode, batch: usize, input: Shape) -> Result<(), String> {
    match (op, mode) {
        (Op::BatchNorm { .. }, Mode::Train) if batch * input.positions() < 2 => Err(format!(
            "batch norm cannot train on a single value per channel: the input is {input} and the batch {batch}"
        )),
        _ => Ok(()),
    }
}

/// Height and width of a map.
fn size(shape: Shape) -> (usize, usize) {
    match shape {
        Shape::Map { height, width, .. } => (height, width),
        Shape::Vector(_) => unreachable!("a window slides over maps only: the layer checked it"),
    }
}
