//! Rows, columns and channels around a map.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// More rows, columns and channels. Sizes at the end come from the shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pad {
    /// What the new pixels are; new channels are zero.
    pub fill: Fill,
    /// Rows above.
    pub top: usize,
    /// Columns to the left.
    pub left: usize,
    /// Channels before the first.
    pub front: usize,
}

/// What a padding consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Zeros.
    Zero,
    /// The map mirrored at its edge pixels, which are not repeated.
    Reflect,
    /// The edge pixels, repeated.
    Replicate,
}

impl OpInterface for Pad {
    fn traits(&self) -> Traits {
        Traits {
            name: "pad",
            window: None,
            reads: Reads::NOTHING,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let [[channels, height, width], [outputs, rows, columns]] = operands.maps()?;
        let holds = channels + self.front <= outputs && height + self.top <= rows && width + self.left <= columns;
        require(holds, || format!("it makes {} of {:?}", operands.output, operands.inputs))?;
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

    fn encode(&self, arguments: &mut Encoding) {
        arguments.word(
            "fill",
            match self.fill {
                Fill::Zero => "zero",
                Fill::Reflect => "reflect",
                Fill::Replicate => "replicate",
            },
        );
        arguments.number("top", self.top);
        arguments.number("left", self.left);
        arguments.number("front", self.front);
    }
}
