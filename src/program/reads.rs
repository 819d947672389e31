//! What a backward pass needs of the forward pass's values, from which [`plan`](super::plan) knows how long they live.

use super::{Activation, Op};

/// Which values a backward pass reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reads {
    /// The numbers of all inputs; otherwise their shapes only.
    pub inputs: bool,
    /// The output.
    pub output: bool,
}

impl Reads {
    const NOTHING: Reads = Reads { inputs: false, output: false };
    const INPUTS: Reads = Reads { inputs: true, output: false };
    const OUTPUT: Reads = Reads { inputs: false, output: true };
    const BOTH: Reads = Reads { inputs: true, output: true };
}

impl Op {
    /// What the operation's backward pass reads, besides the output's gradient and what was kept.
    pub fn backward_reads(&self) -> Reads {
        match self {
            Op::Conv2d { .. } | Op::ConvTranspose2d { .. } | Op::Linear => Reads::INPUTS,
            Op::BatchNorm { .. } | Op::GroupNorm { .. } | Op::LayerNorm { .. } | Op::Prelu | Op::Mul => Reads::INPUTS,
            Op::LocalResponseNorm { .. } | Op::Outside(_) => Reads::BOTH,
            Op::Softmax => Reads::OUTPUT,
            Op::Activation(Activation::Relu | Activation::Sigmoid | Activation::Tanh) => Reads::OUTPUT,
            Op::Activation(_) => Reads::INPUTS,
            Op::MaxPool2d(_) | Op::AvgPool2d { .. } | Op::AdaptiveAvgPool2d | Op::AdaptiveMaxPool2d => Reads::NOTHING,
            Op::Dropout { .. } | Op::DropPath { .. } | Op::Flatten | Op::Identity | Op::Upsample { .. } => {
                Reads::NOTHING
            }
            Op::Pad { .. } | Op::Slice { .. } | Op::ChannelShuffle { .. } | Op::Add | Op::Concat => Reads::NOTHING,
        }
    }

    /// Whether the gradient of this input is the output's as it is, so that nothing needs to be computed.
    pub fn passes_gradient(&self, input: usize) -> bool {
        match self {
            Op::Add => true,
            // What is added to the normalised numbers.
            Op::BatchNorm { .. } => input == 1,
            _ => false,
        }
    }
}
