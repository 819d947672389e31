//! The larger of two numbers.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// The larger of two inputs of one shape, at each place; where they are equal, each has half of the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maximum;

impl OpInterface for Maximum {
    fn traits(&self) -> Traits {
        Traits {
            name: "maximum",
            window: None,
            reads: Reads::INPUTS,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        require(operands.inputs == [operands.output; 2], || {
            format!("it makes {} of {:?}", operands.output, operands.inputs)
        })?;
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
