//! Stochastic depth.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// In training, zero for a whole example with probability p and scaled by 1/(1−p) otherwise; else the identity
/// (Huang et al. 2016).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropPath {
    /// p
    pub p: f64,
}

impl OpInterface for DropPath {
    fn traits(&self) -> Traits {
        Traits {
            name: "drop_path",
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

    fn kept(&self, mode: Mode, batch: usize, _output: Shape) -> Kept {
        match mode {
            // Whether each example survives.
            Mode::Train => Kept { indices: batch, ..Kept::NONE },
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
