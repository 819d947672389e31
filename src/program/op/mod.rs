//! The operations that programs consist of: one file each, with everything that the compiler asks of it.
//!
//! A new operation is a file here that implements `OpInterface`, its variant of [`Op`] with its line in
//! `Op::interface`, and its kernels: a file in `kernels/` and one in `kernels/cuda/`. Whatever is forgotten does not
//! compile.

mod activation;
mod adaptive_avg_pool2d;
mod adaptive_max_pool2d;
mod add;
mod avg_pool2d;
mod batch_norm;
mod channel_pool;
mod channel_shuffle;
mod concat;
mod conv2d;
mod conv_transpose2d;
mod crop;
mod drop_path;
mod dropout;
mod flatten;
mod group_norm;
mod identity;
pub(crate) mod interface;
mod layer_norm;
pub(crate) mod linear;
mod local_response_norm;
mod max_pool2d;
mod maximum;
mod mul;
mod operands;
mod outside;
mod pad;
mod pixel_shuffle;
mod prelu;
mod scale;
mod slice;
mod softmax;
mod unflatten;
mod upsample;

use self::interface::{Cut, OpInterface, Passes};
use super::call::Order;
use super::encoding::Encoding;
use super::memory::{Kept, Sizes, Workspace};
use super::{Bounds, Mode};
use crate::ir::Shape;

pub use self::activation::Activation;
pub use self::adaptive_avg_pool2d::AdaptiveAvgPool2d;
pub use self::adaptive_max_pool2d::AdaptiveMaxPool2d;
pub use self::add::Add;
pub use self::avg_pool2d::AvgPool2d;
pub use self::batch_norm::BatchNorm;
pub use self::channel_pool::ChannelPool;
pub use self::channel_shuffle::ChannelShuffle;
pub use self::concat::Concat;
pub use self::conv_transpose2d::ConvTranspose2d;
pub use self::conv2d::Conv2d;
pub use self::crop::Crop;
pub use self::drop_path::DropPath;
pub use self::dropout::Dropout;
pub use self::flatten::Flatten;
pub use self::group_norm::GroupNorm;
pub use self::identity::Identity;
pub use self::interface::Reads;
#[cfg(feature = "train")]
pub(crate) use self::interface::Weights;
pub(crate) use self::interface::{Role, Traits};
pub use self::layer_norm::{LayerNorm, Over};
pub use self::linear::Linear;
pub use self::local_response_norm::LocalResponseNorm;
pub use self::max_pool2d::MaxPool2d;
pub use self::maximum::Maximum;
pub use self::mul::Mul;
pub(crate) use self::operands::Operands;
pub use self::outside::{CustomOp, Kernel, Operation};
pub use self::pad::{Fill, Pad};
pub use self::pixel_shuffle::{PixelShuffle, PixelUnshuffle};
pub use self::prelu::Prelu;
pub use self::scale::Scale;
pub use self::slice::Slice;
pub use self::softmax::Softmax;
pub use self::unflatten::Unflatten;
pub use self::upsample::{Resampling, Upsample};

/// What a step computes. Sizes come from the shapes of its inputs, output and weights.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Cross-correlation.
    Conv2d(Conv2d),
    /// What a convolution does to gradients.
    ConvTranspose2d(ConvTranspose2d),
    /// x·Wᵀ (+ b).
    Linear,
    /// The largest value under each window.
    MaxPool2d(MaxPool2d),
    /// The mean under each window.
    AvgPool2d(AvgPool2d),
    /// The mean over ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉ for each output position.
    AdaptiveAvgPool2d,
    /// The largest value in ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉ for each output position.
    AdaptiveMaxPool2d,
    /// Normalises each channel.
    BatchNorm(BatchNorm),
    /// Normalises each group of channels of each example.
    GroupNorm(GroupNorm),
    /// Normalises each example, or each position.
    LayerNorm(LayerNorm),
    /// Normalises by neighbouring channels.
    LocalResponseNorm(LocalResponseNorm),
    /// In training, zero for some numbers.
    Dropout(Dropout),
    /// In training, zero for some examples.
    DropPath(DropPath),
    /// A function of each element.
    Activation(Activation),
    /// A rectifier with slopes that are learned.
    Prelu,
    /// Learned factors, and perhaps summands, of the channels.
    Scale,
    /// exp(x)/Σ exp(x) over the channels at each position.
    Softmax(Softmax),
    /// C×H×W to C·H·W; the numbers stay where they are.
    Flatten,
    /// C·H·W to C×H×W.
    Unflatten,
    /// Nothing.
    Identity,
    /// Another height and width.
    Upsample(Upsample),
    /// More rows, columns and channels.
    Pad(Pad),
    /// A window of each map.
    Crop(Crop),
    /// Some of the channels.
    Slice(Slice),
    /// Channels in other places.
    ChannelShuffle(ChannelShuffle),
    /// All channels as one.
    ChannelPool(ChannelPool),
    /// Channels as pixels.
    PixelShuffle(PixelShuffle),
    /// Pixels as channels.
    PixelUnshuffle(PixelUnshuffle),
    /// The sum of all inputs.
    Add,
    /// The larger of two inputs.
    Maximum,
    /// All inputs, one after the other along the channels.
    Concat,
    /// The product of all inputs.
    Mul,
    /// What another crate brought along, with its kernel.
    Custom(CustomOp),
}

impl Op {
    /// Who answers for it.
    fn interface(&self) -> &dyn OpInterface {
        match self {
            Op::Conv2d(op) => op,
            Op::ConvTranspose2d(op) => op,
            Op::Linear => &Linear,
            Op::MaxPool2d(op) => op,
            Op::AvgPool2d(op) => op,
            Op::AdaptiveAvgPool2d => &AdaptiveAvgPool2d,
            Op::AdaptiveMaxPool2d => &AdaptiveMaxPool2d,
            Op::BatchNorm(op) => op,
            Op::GroupNorm(op) => op,
            Op::LayerNorm(op) => op,
            Op::LocalResponseNorm(op) => op,
            Op::Dropout(op) => op,
            Op::DropPath(op) => op,
            Op::Activation(op) => op,
            Op::Prelu => &Prelu,
            Op::Scale => &Scale,
            Op::Softmax(op) => op,
            Op::Flatten => &Flatten,
            Op::Unflatten => &Unflatten,
            Op::Identity => &Identity,
            Op::Upsample(op) => op,
            Op::Pad(op) => op,
            Op::Crop(op) => op,
            Op::Slice(op) => op,
            Op::ChannelShuffle(op) => op,
            Op::ChannelPool(op) => op,
            Op::PixelShuffle(op) => op,
            Op::PixelUnshuffle(op) => op,
            Op::Add => &Add,
            Op::Maximum => &Maximum,
            Op::Concat => &Concat,
            Op::Mul => &Mul,
            Op::Custom(op) => op,
        }
    }

    /// What holds for it at any size.
    pub(crate) fn traits(&self) -> Traits {
        self.interface().traits()
    }

    /// What it is called in messages: as PyTorch's function, in most cases.
    pub fn name(&self) -> &'static str {
        self.traits().name
    }

    /// What the operation's backward pass reads, besides the output's gradient and what was kept.
    pub fn backward_reads(&self) -> Reads {
        self.traits().reads
    }

    /// Whether the gradient of this input is the output's as it is, so that nothing needs to be computed.
    pub fn passes_gradient(&self, input: usize) -> bool {
        match self.traits().passes {
            Passes::Nothing => false,
            Passes::All => true,
            Passes::Addend => input == 1,
        }
    }

    /// Whether the output holds the same numbers in the same order as the only input, so that a caller may take the
    /// input for the output, and the output's gradient for the input's, without computing anything. `input` is the
    /// shape of one example, `order` that of maps; flattened they have the channels first.
    pub fn is_view(&self, mode: Mode, order: Order, input: Shape) -> bool {
        self.traits().view.holds(mode, order, input)
    }

    /// Whether it can apply [`Epilogue::bounds`](super::Epilogue::bounds).
    pub fn takes_bounds(&self) -> bool {
        self.traits().epilogue.bounds.is_some()
    }

    /// What the output's gradient is to be cut by before the backward pass of an operation of so many inputs, for which
    /// its output is read; and what the backward pass cuts it by itself, since it works out again what was cut.
    pub fn gradient_bounds(&self, bounds: Bounds, inputs: usize) -> [Bounds; 2] {
        match self.traits().epilogue.bounds {
            Some(Cut::Within) if inputs == 1 => [Bounds::NONE, bounds],
            _ => [bounds, Bounds::NONE],
        }
    }

    /// What is wrong with the shapes that it is handed.
    pub(crate) fn verify(&self, operands: &Operands) -> Result<(), String> {
        self.interface().verify(operands)
    }

    /// What speaks against a batch of this size; `input` is the shape of one example. All else was settled when the
    /// network was checked.
    pub fn check(&self, mode: Mode, batch: usize, input: Shape) -> Result<(), String> {
        self.interface().check(mode, batch, input)
    }

    /// What a forward pass over `batch` examples keeps; `output` is one example's shape.
    pub fn kept(&self, mode: Mode, batch: usize, output: Shape) -> Kept {
        self.interface().kept(mode, batch, output)
    }

    /// What forward and backward pass work in. Tables that are a hundredth of the values or less are left out.
    pub fn workspace(&self, sizes: Sizes) -> Workspace {
        self.interface().workspace(sizes)
    }

    /// Adds its name and arguments.
    pub(crate) fn encode(&self, encoding: &mut Encoding) {
        encoding.begin(self.name());
        self.interface().encode(encoding);
    }
}
