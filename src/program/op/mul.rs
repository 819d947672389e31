//! A product.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// The product of all inputs; those of 1×1 are stretched over all positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mul;

impl OpInterface for Mul {
    fn traits(&self) -> Traits {
        Traits {
            name: "mul",
            window: None,
            reads: Reads::INPUTS,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: Some(|a, b| if a.positions() < b.positions() { b } else { a }),
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        operands.several()?;
        let fits = |input: &Shape| {
            input.channels() == operands.output.channels()
                && (input.sides() == operands.output.sides() || input.positions() == 1)
        };
        require(operands.inputs.iter().all(fits), || format!("it makes {} of {:?}", operands.output, operands.inputs))?;
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
