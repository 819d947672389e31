//! What an operation needs besides its inputs, output and weights: numbers that it keeps for the backward pass, and
//! memory that it works in.
//!
//! The kernels allocate what [`Op::kept`] says; [`crate::network::Footprint`] adds it all up. So an estimate and what
//! training takes cannot drift apart.

use super::{Mode, Op, Over};
use crate::arguments::Pair;
use crate::graph::Shape;
use crate::layers::Window;

/// What a forward pass keeps for the backward pass besides inputs and output: statistics, the places of maxima, masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Numbers.
    pub reals: usize,
    /// Indices and bits, in words of 32 bits.
    pub indices: usize,
    /// Numbers that fit a byte.
    pub bytes: usize,
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
    /// for the output, and the output's gradient for the input's, without computing anything. `input` is the shape of one
    /// example; maps lie in memory with the channels last.
    pub fn is_view(&self, mode: Mode, input: Shape) -> bool {
        match self {
            Op::Flatten => input.has_one_order(),
            Op::Identity => true,
            Op::Dropout { .. } | Op::DropPath { .. } => mode == Mode::Eval,
            _ => false,
        }
    }

    /// What a forward pass over `batch` examples keeps; `output` is one example's shape.
    pub fn kept(&self, mode: Mode, batch: usize, output: Shape) -> Kept {
        let elements = batch.saturating_mul(output.elements());
        match self {
            // The place of each maximum in its window.
            Op::MaxPool2d(window) if fits_a_byte(window) => Kept { bytes: elements, ..Kept::default() },
            Op::MaxPool2d(_) | Op::AdaptiveMaxPool2d => Kept { indices: elements, ..Kept::default() },
            // Mean and scale of each channel.
            Op::BatchNorm { .. } => Kept { reals: 2 * output.channels(), ..Kept::default() },
            // Mean and scale of each group, example or position.
            Op::GroupNorm { groups, .. } => Kept { reals: (2 * groups).saturating_mul(batch), ..Kept::default() },
            Op::LayerNorm { over: Over::Example, .. } => Kept { reals: batch.saturating_mul(2), ..Kept::default() },
            Op::LayerNorm { over: Over::Channels, .. } => {
                Kept { reals: batch.saturating_mul(2 * output.positions()), ..Kept::default() }
            }
            // The denominators.
            Op::LocalResponseNorm { .. } => Kept { reals: elements, ..Kept::default() },
            // A bit for each element.
            Op::Dropout { .. } if mode == Mode::Train => Kept { indices: elements.div_ceil(32), ..Kept::default() },
            // Whether each example survives.
            Op::DropPath { .. } if mode == Mode::Train => Kept { indices: batch, ..Kept::default() },
            Op::Outside(outside) => outside.operation().kept(mode, batch, output),
            _ => Kept::default(),
        }
    }

    /// Numbers that forward and backward pass need while they run, on all threads together.
    pub fn workspace(&self, sizes: Sizes) -> usize {
        match self {
            Op::Conv2d { kernel, groups, .. } => convolution(*kernel, *groups, sizes),
            // The convolution whose way is gone back.
            Op::ConvTranspose2d { kernel, groups, .. } => {
                convolution(*kernel, *groups, Sizes { input: sizes.output, output: sizes.input, ..sizes })
            }
            // The gradient's sums over the neighbours, an example a thread.
            Op::LocalResponseNorm { .. } => sizes.threads * (sizes.output.elements() + sizes.output.positions()),
            Op::Outside(outside) => outside.operation().workspace(sizes),
            _ => 0,
        }
    }
}

/// Whether a byte tells a tap of this window from all others, and from none.
pub(crate) fn fits_a_byte(window: &Window) -> bool {
    window.kernel.height.saturating_mul(window.kernel.width) < usize::from(u8::MAX)
}

/// The transformed weights of Winograd's way, or the weights as panels, which all threads share, and a block of windows for
/// each thread. A few sums of the weight's size are negligible.
fn convolution(kernel: Pair, groups: usize, sizes: Sizes) -> usize {
    let Sizes { input, output, threads, .. } = sizes;
    let (inputs, outputs) = (input.channels() / groups, output.channels() / groups);
    let pairs = groups.saturating_mul(inputs).saturating_mul(outputs);
    let shared = pairs.saturating_mul((kernel.height * kernel.width).max(36));
    const BLOCK: usize = 1 << 18;
    shared.saturating_add(threads.saturating_mul(BLOCK))
}
