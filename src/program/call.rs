//! One computation of an operation, as its kernel sees it: what it reads, and where it writes.
//!
//! A call is the same on every device; what differs are the types of what it reads and writes. On the processor these
//! are slices, and values are row-major, the batch first and the channels last: N×H×W×C or N×features. All memory is
//! the caller's.

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

/// What kernels of the processor are told besides.
#[derive(Debug)]
pub struct Cpu<'a, T> {
    /// How to compute.
    pub algorithms: Algorithms,
    /// Where to keep what is made of the weights; `None` if they change with every call.
    pub prepared: Option<&'a mut Prepared<T>>,
    /// Where the means and variances that running statistics follow are put, and these stay as they are; `None` if they
    /// are to follow at once.
    pub observed: Option<&'a mut Vec<f64>>,
}

/// What an operation has made of its weights, kept as long as they stay the same.
#[derive(Debug, Default)]
pub struct Prepared<T> {
    /// Valid if `ready`.
    pub values: Buffer<T>,
    /// To be unset when a weight changes.
    pub ready: bool,
}

/// One forward computation on a device, of which `D` is what kernels are told besides. What is read has the type `R`, a
/// trainable weight
/// `P`; what is written `W`, all running statistics `S`, and what is kept `K`.
#[derive(Debug, Clone, Copy)]
pub struct ForwardCall<'a, D, R, W, P, S, K> {
    /// Where, or how.
    pub device: D,
    /// N
    pub batch: usize,
    /// Training or evaluation.
    pub mode: Mode,
    /// For dropout and drop path.
    pub key: MaskKey,
    /// What is done to the result; nothing, but for operations of [`Op::takes_bounds`](super::Op::takes_bounds).
    pub epilogue: Epilogue,
    /// Every input with one example's shape.
    pub inputs: &'a [(R, Shape)],
    /// Trainable weights, in the layer's order; γ and β of [`Epilogue::norm`] come last.
    pub weights: &'a [P],
    /// Running statistics, in the layer's order; changed in training.
    pub statistics: S,
    /// Filled completely.
    pub output: W,
    /// One example's shape of the output.
    pub output_shape: Shape,
    /// Filled with what the backward pass needs. Whoever calls has given it its sizes.
    pub saved: K,
}

/// One backward computation, after the forward one with the same inputs. `G` is where the gradients of inputs and of
/// weights go.
#[derive(Debug, Clone, Copy)]
pub struct BackwardCall<'a, D, R, P, K, G> {
    /// Where, or how.
    pub device: D,
    /// N
    pub batch: usize,
    /// The mode of the forward pass.
    pub mode: Mode,
    /// What the output's gradient is still to be cut by: see [`Op::gradient_bounds`](super::Op::gradient_bounds).
    pub bounds: Bounds,
    /// Every input with one example's shape; without numbers, if [`Op::backward_reads`](super::Op::backward_reads) says
    /// so.
    pub inputs: &'a [(R, Shape)],
    /// Trainable weights, in the layer's order.
    pub weights: &'a [P],
    /// What the forward pass made; without numbers, if the operation does not read it.
    pub output: R,
    /// One example's shape of the output.
    pub output_shape: Shape,
    /// What the forward pass kept.
    pub saved: K,
    /// The loss's gradient with respect to the output.
    pub output_gradient: R,
    /// For each input, where its gradient goes (overwritten); `None` if nobody needs it.
    pub input_gradients: G,
    /// For each trainable weight, where its gradient goes (overwritten); `None` if nobody needs it.
    pub weight_gradients: G,
}

/// One forward computation on the processor.
pub type Forward<'a, T> =
    ForwardCall<'a, Cpu<'a, T>, &'a [T], &'a mut [T], &'a [T], &'a mut [&'a mut [T]], &'a mut Saved<T>>;

/// One backward computation on the processor.
pub type Backward<'a, T> = BackwardCall<'a, Algorithms, &'a [T], &'a [T], &'a Saved<T>, &'a mut [Option<&'a mut [T]>]>;
