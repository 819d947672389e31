//! Group norm.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// Normalises each group of channels of each example; weights, if there are any, are γ and β of each channel (Wu and He
/// 2018).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupNorm {
    /// How many groups.
    pub groups: usize,
    /// Added to the variance.
    pub eps: f64,
}

impl OpInterface for GroupNorm {
    fn traits(&self) -> Traits {
        Traits {
            name: "group_norm",
            window: None,
            reads: Reads::INPUTS,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::Norm,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let channels = operands.unchanged()?.channels();
        require(channels % self.groups == 0, || format!("{channels} channels are no {} groups", self.groups))?;
        operands.weights_are(&[&[], &[&[channels][..]; 2]])
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, batch: usize, _output: Shape) -> Kept {
        // Mean and scale of each group.
        Kept { reals: (2 * self.groups).saturating_mul(batch), ..Kept::NONE }
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, arguments: &mut Encoding) {
        arguments.number("groups", self.groups);
        arguments.real("eps", self.eps);
    }
}
