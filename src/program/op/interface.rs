//! What the compiler asks of every operation. Nothing has a default, so that a new operation cannot forget a question.

use super::super::call::Order;
use super::super::encoding::Encoding;
use super::super::memory::{Kept, Sizes, Workspace};
use super::super::{Bounds, Mode};
use super::operands::Operands;
use crate::ir::{Shape, Window};

/// The duties of an operation: each one's file implements them, and [`Op`](super::Op) asks.
pub(crate) trait OpInterface {
    /// What follows from the operation alone.
    fn traits(&self) -> Traits;

    /// What is wrong with the shapes of its inputs, output and weights. A program from [`lower`](crate::lower::lower)
    /// has nothing of the kind: see [`Program::validate`](crate::program::Program::validate).
    fn verify(&self, operands: &Operands) -> Result<(), String>;

    /// What speaks against a batch of this size; `input` is one example's shape. All else was settled when the network
    /// was checked.
    fn check(&self, mode: Mode, batch: usize, input: Shape) -> Result<(), String>;

    /// What a forward pass over `batch` examples keeps; `output` is one example's shape.
    fn kept(&self, mode: Mode, batch: usize, output: Shape) -> Kept;

    /// What forward and backward pass work in. Tables that are a hundredth of the values or less are left out.
    fn workspace(&self, sizes: Sizes) -> Workspace;

    /// Its arguments, all that tell it from others of its name.
    fn encode(&self, arguments: &mut Encoding);
}

/// What holds for an operation at any size.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "some of it only executors ask, and GPUs all of it"))]
pub(crate) struct Traits {
    /// What it is called in messages and encodings.
    pub(crate) name: &'static str,
    /// The window that it slides over its input, or, going a convolution's way back, over its output.
    pub(crate) window: Option<Window>,
    /// What its backward pass reads, besides the output's gradient and what was kept.
    pub(crate) reads: Reads,
    /// Which inputs' gradients are the output's.
    pub(crate) passes: Passes,
    /// Where its output is its input under another name.
    pub(crate) view: ViewRule,
    /// What its weights are.
    pub(crate) weights: Weights,
    /// What it can do to its result.
    pub(crate) epilogue: Takes,
    /// What it is to operations that it might be joined to.
    pub(crate) role: Role,
    /// The shape of two inputs put together, where many can be put together two at a time; `None` if they cannot.
    pub(crate) pairwise: Option<fn(Shape, Shape) -> Shape>,
}

/// Which values a backward pass reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reads {
    /// The numbers of all inputs; otherwise their shapes only.
    pub inputs: bool,
    /// The output.
    pub output: bool,
}

impl Reads {
    pub(super) const NOTHING: Reads = Reads { inputs: false, output: false };
    pub(super) const INPUTS: Reads = Reads { inputs: true, output: false };
    pub(super) const OUTPUT: Reads = Reads { inputs: false, output: true };
    pub(super) const BOTH: Reads = Reads { inputs: true, output: true };
}

/// Which inputs' gradients are the output's as it is, so that nothing needs to be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passes {
    /// No input's.
    Nothing,
    /// Every input's.
    All,
    /// That of the second input, which is added to what is made of the first.
    Addend,
}

/// Where the output holds the same numbers in the same order as the only input, so that a caller may take the input for
/// the output, and the output's gradient for the input's, without computing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ViewRule {
    /// Nowhere.
    Never,
    /// Everywhere.
    Always,
    /// In evaluation.
    InEvaluation,
    /// Where maps have the channels first, as vectors made of them have.
    ChannelsFirst,
}

impl ViewRule {
    pub(super) fn holds(self, mode: Mode, order: Order, input: Shape) -> bool {
        match self {
            ViewRule::Never => false,
            ViewRule::Always => true,
            ViewRule::InEvaluation => mode == Mode::Eval,
            ViewRule::ChannelsFirst => order == Order::ChannelsFirst || input.has_one_order(),
        }
    }
}

/// What the weights of an operation are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weights {
    /// There are none.
    None,
    /// A convolution's A×B×H×W, which lies in the order of maps on a device, and a bias.
    Kernel,
    /// A matrix and a bias.
    Matrix,
    /// Factors and summands of channels or of normalised numbers, whatever their shape; and running statistics.
    Norm,
    /// Any others: those of more than one dimension are matrices.
    Plain,
}

/// Which epilogues an operation can apply to its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Takes {
    /// [`Epilogue::norm`](crate::program::Epilogue::norm).
    pub(crate) norm: bool,
    /// [`Epilogue::bounds`](crate::program::Epilogue::bounds): how its backward pass learns what was cut.
    pub(crate) bounds: Option<Cut>,
}

impl Takes {
    pub(super) const NOTHING: Takes = Takes { norm: false, bounds: None };
    pub(super) const BOUNDS: Takes = Takes { norm: false, bounds: Some(Cut::Before) };
}

/// How the gradient of an output that was cut is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before the backward pass, by the output, which is read for it.
    Before,
    /// By the backward pass of a single input, which works out again what was cut; of several as [`Cut::Before`].
    Within,
}

/// What [`fuse`](crate::program::fuse) may make of an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// Nothing.
    Other,
    /// Normalises channels: in evaluation a scale and a shift, which what comes before can apply; takes an addend.
    Norm {
        /// Added to the variance.
        eps: f64,
    },
    /// Adds its inputs.
    Sum,
    /// Cuts numbers to this range.
    Clamp(Bounds),
    /// Takes maxima, which commute with cutting.
    Maximum,
}
