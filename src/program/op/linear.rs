//! A layer of a matrix.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::panel;
use crate::program::memory::{Kept, Sizes, Workspace};

/// x·Wᵀ (+ b), with a weight O×I.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linear;

/// Output features that a task computes together.
pub(crate) const FEATURES: usize = 48;

/// So few images that a panel of them would mostly be empty.
pub(crate) const FEW: usize = 4;

/// Numbers of the weight that are packed at a time: they stay in the second-level cache.
pub(crate) const PACKED: usize = 1 << 16;

impl OpInterface for Linear {
    fn traits(&self) -> Traits {
        Traits {
            name: "linear",
            window: None,
            reads: Reads::INPUTS,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::Matrix,
            epilogue: Takes::BOUNDS,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let (inputs, outputs) = (operands.input()?.elements(), operands.output.elements());
        operands.weights_are(&[&[&[outputs, inputs]], &[&[outputs, inputs], &[outputs]]])
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, _batch: usize, _output: Shape) -> Kept {
        Kept::NONE
    }

    fn workspace(&self, sizes: Sizes) -> Workspace {
        let Sizes { batch, input, .. } = sizes;
        // The examples as panels; of the weight some at a time.
        let examples = if batch > FEW { batch.next_multiple_of(panel()) } else { batch };
        Workspace {
            shared: input.elements().saturating_mul(examples),
            each: PACKED.max(batch.saturating_mul(FEATURES)),
        }
    }

    fn encode(&self, _arguments: &mut Encoding) {}
}
