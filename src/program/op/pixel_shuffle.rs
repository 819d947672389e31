//! Channels as pixels, and pixels as channels.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{self, Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// Channel c·r² + i·r + j at row h and column w becomes channel c at row h·r + i and column w·r + j (Shi et al. 2016).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelShuffle {
    /// r
    pub factor: usize,
}

/// The way back of [`PixelShuffle`] by the same factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelUnshuffle {
    /// r
    pub factor: usize,
}

fn fits(factor: usize, [many, height, width]: operands::Sizes, large: operands::Sizes) -> Result<(), String> {
    require([many, height * factor, width * factor] == [large[0] * factor * factor, large[1], large[2]], || {
        format!("{many}×{height}×{width} and {large:?} do not differ by {factor}")
    })
}

impl OpInterface for PixelShuffle {
    fn traits(&self) -> Traits {
        Traits {
            name: "pixel_shuffle",
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
        let [small, large] = operands.maps()?;
        fits(self.factor, small, large)?;
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
        arguments.number("factor", self.factor);
    }
}

impl OpInterface for PixelUnshuffle {
    fn traits(&self) -> Traits {
        Traits {
            name: "pixel_unshuffle",
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
        let [large, small] = operands.maps()?;
        fits(self.factor, small, large)?;
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
        arguments.number("factor", self.factor);
    }
}
