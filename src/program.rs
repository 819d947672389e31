//! A network as a list of plain operations, in the order in which they run.
//!
//! [`lower`](crate::lower::lower) makes it from a checked network and cannot fail. Executors, memory planning and
//! exports all read this one list; none of them sees a layer. [`fuse`] joins operations that can run in one pass over
//! memory, and [`plan`] lays out the memory that they run in.

mod buffer;
pub mod call;
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "the kernels need more of it than the memory estimate"))]
pub(crate) mod convolution;
mod elementary;
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "only checkpoints need it"))]
pub(crate) mod encoding;
pub mod fuse;
pub mod memory;
#[cfg(test)]
pub(crate) mod networks;
pub mod op;
pub mod plan;
pub(crate) mod real;
mod validate;

use crate::ir::{Init, Shape, ValueId};

pub use buffer::Buffer;
pub use op::{Activation, ChannelPool, CustomOp, Fill, Kernel, Op, Operation, Over, Reads, Resampling};
pub use real::Real;

/// Whether statistics are the batch's and dropout drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Training.
    Train,
    /// Evaluation.
    Eval,
}

/// The range that numbers are cut to at the end of an operation: what a ReLU after it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Smaller numbers become this one.
    pub low: f64,
    /// Larger numbers become this one.
    pub high: f64,
}

impl Bounds {
    /// Nothing is cut.
    pub const NONE: Bounds = Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY };
    /// max(x, 0)
    pub const RELU: Bounds = Bounds { low: 0.0, high: f64::INFINITY };
    /// min(max(x, 0), 6)
    pub const RELU6: Bounds = Bounds { low: 0.0, high: 6.0 };
}

/// What an operation does to its numbers on their way out, in this order. [`fuse`] puts it there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epilogue {
    /// In evaluation: normalises each channel by running statistics, with this number added to the variance. The four
    /// weights of the batch norm come after the operation's own.
    pub norm: Option<f64>,
    /// What the numbers are cut to.
    pub bounds: Bounds,
}

impl Epilogue {
    /// Nothing.
    pub const NONE: Epilogue = Epilogue { norm: None, bounds: Bounds::NONE };
}

/// One operation in its place.
#[derive(Debug, Clone)]
pub struct Step {
    /// The node that it came from, for profiles and error messages.
    pub name: String,
    /// What is computed.
    pub op: Op,
    /// And done to the result.
    pub epilogue: Epilogue,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// What it makes.
    pub output: ValueId,
    /// Its weights, as indices into [`Program::weights`], in the order of [`crate::layers::Layer::weights`].
    pub weights: Vec<usize>,
}

/// A parameter or running statistic of the whole network.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramWeight {
    /// Full name: `layer1.0.conv1.weight`.
    pub name: String,
    /// Sizes, in PyTorch's order.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    /// Whether the optimizer changes it.
    pub trainable: bool,
    /// Whether the optimizer leaves it alone all the same.
    pub frozen: bool,
}

impl ProgramWeight {
    /// Whether the optimizer changes it.
    pub fn learns(&self) -> bool {
        self.trainable && !self.frozen
    }

    /// How many numbers it holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A network, lowered.
#[derive(Debug, Clone)]
pub struct Program {
    /// The shape of every value, by [`ValueId::index`]: the network's input first.
    pub shapes: Vec<Shape>,
    /// In the order in which they run.
    pub steps: Vec<Step>,
    /// Every weight, in the order of the network.
    pub weights: Vec<ProgramWeight>,
    /// The network's output: the logits.
    pub output: ValueId,
}

impl Program {
    /// The shape of a value.
    pub fn shape(&self, value: ValueId) -> Shape {
        self.shapes[value.index()]
    }
}
