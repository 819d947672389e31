//! The largest number under each window.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, slides};
use crate::ir::{Shape, Window};
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// The largest value under each window; padding never wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool2d {
    /// The window.
    pub window: Window,
}

impl MaxPool2d {
    /// Whether a byte tells a tap of the window from all others, and from none.
    pub(crate) fn fits_a_byte(&self) -> bool {
        self.window.kernel.height.saturating_mul(self.window.kernel.width) < usize::from(u8::MAX)
    }
}

impl OpInterface for MaxPool2d {
    fn traits(&self) -> Traits {
        Traits {
            name: "max_pool2d",
            window: Some(self.window),
            reads: Reads::NOTHING,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::BOUNDS,
            role: Role::Maximum,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let [input, output] = operands.planes()?;
        slides(&self.window, input, output)?;
        operands.no_weights()
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, batch: usize, output: Shape) -> Kept {
        // The place of each maximum in its window.
        let elements = batch.saturating_mul(output.elements());
        match self.fits_a_byte() {
            true => Kept { bytes: elements, ..Kept::NONE },
            false => Kept { indices: elements, ..Kept::NONE },
        }
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, arguments: &mut Encoding) {
        arguments.window(&self.window);
    }
}
