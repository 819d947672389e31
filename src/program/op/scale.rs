//! A factor, and perhaps a summand, for each channel.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// weight·x (+ bias), of each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale;

impl OpInterface for Scale {
    fn traits(&self) -> Traits {
        Traits {
            name: "scale",
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
        let (flat, map): (&[usize], &[usize]) = (&[channels], &[channels, 1, 1]);
        operands.weights_are(&[&[flat], &[map], &[flat, flat], &[map, map]])
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
