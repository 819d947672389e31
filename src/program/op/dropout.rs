//! Dropout.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// In training, zero with probability p and scaled by 1/(1−p) otherwise; else the identity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// p
    pub p: f64,
}

impl OpInterface for Dropout {
    fn traits(&self) -> Traits {
        Traits {
            name: "dropout",
            window: None,
            reads: Reads::NOTHING,
            passes: Passes::Nothing,
            view: ViewRule::InEvaluation,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        operands.unchanged()?;
        operands.no_weights()
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, mode: Mode, batch: usize, output: Shape) -> Kept {
        match mode {
            // A bit for each element.
            Mode::Train => Kept { indices: batch.saturating_mul(output.elements()).div_ceil(32), ..Kept::NONE },
            Mode::Eval => Kept::NONE,
        }
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, arguments: &mut Encoding) {
        arguments.real("p", self.p);
    }
}
