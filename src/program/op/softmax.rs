//! Softmax.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// exp(x)/Σ exp(x) over the features (a vector) or over the channels at each position (a map), or over each group of
/// those that lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax {
    /// How many groups there are.
    pub groups: usize,
}

impl OpInterface for Softmax {
    fn traits(&self) -> Traits {
        Traits {
            name: "softmax",
            window: None,
            reads: Reads::OUTPUT,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let channels = operands.unchanged()?.channels();
        require(channels.is_multiple_of(self.groups), || format!("{channels} channels are no {} groups", self.groups))?;
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

    fn encode(&self, arguments: &mut Encoding) {
        // Without groups it is encoded as before there were some.
        if self.groups > 1 {
            arguments.number("groups", self.groups);
        }
    }
}
