//! What an operation needs besides its inputs, output and weights: numbers that it keeps for the backward pass, and
//! memory that it works in.
//!
//! The kernels allocate what [`Op::kept`] says and divide their work as [`Op::workspace`] supposes, by the same functions;
//! [`crate::network::Footprint`] adds it all up. So an estimate and what training takes cannot drift apart.

use super::call::Order;
use super::convolution::Geometry;
use super::{Mode, Op, Over};
use crate::ir::{Shape, Window};

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

/// Numbers that the kernels of an operation work in, forward or backward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Workspace {
    /// For all threads together.
    pub shared: usize,
    /// For each thread besides.
    pub each: usize,
}

impl Workspace {
    /// What serves one operation after the other: threads keep what they once allocated.
    pub fn or(self, other: Workspace) -> Workspace {
        Workspace { shared: self.shared.max(other.shared), each: self.each.max(other.each) }
    }
}

/// Columns to which the right factor of a product is filled up, of numbers in single precision: two registers of this processor,
/// or a few more.
pub(crate) fn panel() -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return 32;
    }
    16
}

/// Output features that a task of a linear layer computes together.
pub(crate) const LINEAR_FEATURES: usize = 48;

/// So few images that a panel of them would mostly be empty.
pub(crate) const LINEAR_FEW: usize = 4;

/// Numbers of a linear layer's weight that are packed at a time: they stay in the second-level cache.
pub(crate) const LINEAR_PACKED: usize = 1 << 16;

impl Op {
    /// Whether the output holds the same numbers in the same order as the only input, so that a caller may take the input
    /// for the output, and the output's gradient for the input's, without computing anything. `input` is the shape of one
    /// example, `order` that of maps; flattened they have the channels first.
    pub fn is_view(&self, mode: Mode, order: Order, input: Shape) -> bool {
        match self {
            Op::Flatten => order == Order::ChannelsFirst || input.has_one_order(),
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

    /// What forward and backward pass work in. Tables that are a hundredth of the values or less are left out.
    pub fn workspace(&self, sizes: Sizes) -> Workspace {
        let Sizes { batch, input, output, threads } = sizes;
        // More examples than these make no block of a product larger.
        let examples = batch.min(1 << 20);
        match *self {
            Op::Conv2d { kernel, stride, padding, dilation, groups } => {
                let window = Window { kernel, stride, padding, dilation, ceil: false };
                Geometry::new(&window, groups, examples, input, output).workspace(threads)
            }
            // The convolution whose way is gone back.
            Op::ConvTranspose2d { kernel, stride, padding, dilation, groups } => {
                let window = Window { kernel, stride, padding, dilation, ceil: false };
                Geometry::new(&window, groups, examples, output, input).workspace(threads)
            }
            // The examples as panels; of the weight some at a time.
            Op::Linear => Workspace {
                shared: input.elements().saturating_mul(if batch > LINEAR_FEW {
                    batch.next_multiple_of(panel())
                } else {
                    batch
                }),
                each: LINEAR_PACKED.max(batch.saturating_mul(LINEAR_FEATURES)),
            },
            Op::Outside(ref outside) => outside.operation().workspace(sizes),
            _ => Workspace::default(),
        }
    }
}

/// Whether a byte tells a tap of this window from all others, and from none.
pub(crate) fn fits_a_byte(window: &Window) -> bool {
    window.kernel.height.saturating_mul(window.kernel.width) < usize::from(u8::MAX)
}
