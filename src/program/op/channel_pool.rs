//! All channels of a position as one.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// One number of all channels at each position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelPool {
    /// Their mean.
    Mean,
    /// The largest; several that are share the gradient.
    Max,
}

impl OpInterface for ChannelPool {
    fn traits(&self) -> Traits {
        let (name, reads) = match self {
            ChannelPool::Mean => ("channel_mean", Reads::NOTHING),
            ChannelPool::Max => ("channel_max", Reads::BOTH),
        };
        Traits {
            name,
            window: None,
            reads,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let [[_, height, width], output] = operands.maps()?;
        require(output == [1, height, width], || format!("it makes {output:?} of {height}×{width}"))?;
        operands.no_weights()
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, _batch: usize, _output: Shape) -> Kept {
        Kept::NONE
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, _arguments: &mut Encoding) {}
}
