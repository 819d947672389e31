//! Local response normalisation.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// x / (k + α/n · Σ x²)^β over n neighbouring channels (Krizhevsky et al. 2012).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponseNorm {
    /// n
    pub size: usize,
    /// α
    pub alpha: f64,
    /// β
    pub beta: f64,
    /// k
    pub k: f64,
}

impl OpInterface for LocalResponseNorm {
    fn traits(&self) -> Traits {
        Traits {
            name: "local_response_norm",
            window: None,
            reads: Reads::BOTH,
            passes: Passes::Nothing,
            view: ViewRule::Never,
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

    fn kept(&self, _mode: Mode, batch: usize, output: Shape) -> Kept {
        // The denominators.
        Kept { reals: batch.saturating_mul(output.elements()), ..Kept::NONE }
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, arguments: &mut Encoding) {
        arguments.number("size", self.size);
        arguments.real("alpha", self.alpha);
        arguments.real("beta", self.beta);
        arguments.real("k", self.k);
    }
}
