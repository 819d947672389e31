//! A vector as a map.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// C·H·W to C×H×W: the way back of [`Flatten`](super::Flatten).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unflatten;

impl OpInterface for Unflatten {
    fn traits(&self) -> Traits {
        Traits {
            name: "unflatten",
            window: None,
            reads: Reads::NOTHING,
            passes: Passes::Nothing,
            // Whether the order is one depends on the map, which is the output.
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        operands.rearranged()?;
        let input = operands.input()?;
        require(input.sides().is_none(), || format!("{input} is no vector"))?;
        require(operands.output.sides().is_some(), || format!("{} is no map", operands.output))?;
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
