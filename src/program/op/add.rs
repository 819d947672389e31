//! A sum.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// The sum of all inputs, which have one shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Add;

impl OpInterface for Add {
    fn traits(&self) -> Traits {
        Traits {
            name: "add",
            window: None,
            reads: Reads::NOTHING,
            passes: Passes::All,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::BOUNDS,
            role: Role::Sum,
            pairwise: Some(|a, _| a),
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        operands.several()?;
        require(operands.inputs.iter().all(|input| *input == operands.output), || {
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
