//! What an operation needs besides its inputs, output and weights: numbers that it keeps for the backward pass, and
//! memory that it works in.
//!
//! The kernels allocate what [`Op::kept`] says; [`crate::network::Footprint`] adds it all up. So an estimate and what
//! training takes cannot drift apart.

use super::{Mode, Op};
use crate::arguments::Pair;
use crate::graph::Shape;

/// What a forward pass keeps for the backward pass besides inputs and output: statistics, the places of maxima, masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Numbers.
    pub reals: usize,
    /// Indices and bits, in words of 32 bits.
    pub indices: usize,
}

/// One operation's sizes, for [`Op::workspace`].
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// N
    pub batch: usize,
    /// One example's shape of its first input.
    pub input: Shape,
    /// One example's shape of its output.
    pub output: Shape,
    /// How many threads compute.
    pub threads: usize,
}

impl Op {
    /// Whether the output holds the same numbers in the same order as the only input, so that a caller may take the input
    /// for the output, and the output's gradient for the input's, without computing anything. `input` is the shape of one example; maps lie in memory with the channels last.
    pub fn is_view(&self, mode: Mode, input: Shape) -> bool {
        match self {
            Op::Flatten => input.has_one_order(),
            Op::Dropout { .. } => mode == Mode::Eval,
            _ => false,
        }
    }

    /// What a forward pass over `batch` examples keeps; `output` is one example's shape.
    pub fn kept(&self, mode: Mode, batch: usize, output: Shape) -> Kept {
        let elements = batch.saturating_mul(output.elements());
        match self {
            // The place of each maximum.
            Op::MaxPool2d(_) => Kept { indices: elements, ..Kept::default() },
            // Mean and scale of each channel.
            Op::BatchNorm { .. } => Kept { reals: 2 * output.channels(), ..Kept::default() },
            // The denominators.
            Op::LocalResponseNorm { .. } => Kept { reals: elements, ..Kept::default() },
            // A bit for each element.
            Op::Dropout { .. } if mode == Mode::Train => Kept { indices: elements.div_ceil(32), ..Kept::default() },
            Op::Outside(outside) => outside.operation().kept(mode, batch, output),
            _ => Kept::default(),
        }
    }

    /// Numbers that forward and backward pass need while they run, on all threads together.
    pub fn workspace(&self, sizes: Sizes) -> usize {
        match self {
            Op::Conv2d { kernel, groups, .. } => convolution(*kernel, *groups, sizes),
            // The gradient's sums over the neighbours, an example a thread.
            Op::LocalResponseNorm { .. } => sizes.threads * (sizes.output.elements() + sizes.output.positions()),
            Op::Outside(outside) => outside.operation().workspace(sizes),
            _ => 0,
        }
    }
}

/// Numbers in a convolution's column matrix, about; so many that the product runs at full speed, so few that they stay in
/// the cache.
const COLUMN_MATRIX: usize = 1 << 18;

/// Columns of one product: fewer than this keep the product from its full speed, more than that gain nothing.
const COLUMNS: (usize, usize) = (256, 4096);

/// How many output positions one column matrix of a convolution holds, if there are that many, so that the columns of
/// `rows` numbers fit the cache.
pub fn columns(rows: usize) -> usize {
    (COLUMN_MATRIX / rows).clamp(COLUMNS.0, COLUMNS.1)
}

/// Each thread has columns and, beside them, output gradients. A few sums of the weight's size are negligible.
fn convolution(kernel: Pair, groups: usize, sizes: Sizes) -> usize {
    let Sizes { batch, input, output, threads, .. } = sizes;
    let (inputs, outputs) = (input.channels() / groups, output.channels() / groups);
    let rows = inputs * kernel.height * kernel.width;
    // Whole images, or whole rows of one.
    let columns = columns(rows).min(batch.saturating_mul(output.positions()));
    threads.saturating_mul(columns.saturating_mul(rows + outputs))
}
