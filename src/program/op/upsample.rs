//! A map of another height and width.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// Another height and width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Upsample {
    /// How values between pixels are found.
    pub resampling: Resampling,
    /// Input pixels from one output pixel to the next, down and across.
    pub step: [f64; 2],
}

/// How a map gets another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resampling {
    /// Output o is input ⌊o·step⌋.
    Nearest,
    /// Between the four pixels around (o + ½)·step − ½.
    Bilinear,
    /// Between the four pixels around o·step, so that corners fall on corners.
    BilinearAligned,
}

impl OpInterface for Upsample {
    fn traits(&self) -> Traits {
        Traits {
            name: "upsample",
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
        operands.planes()?;
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
            "resampling",
            match self.resampling {
                Resampling::Nearest => "nearest",
                Resampling::Bilinear => "bilinear",
                Resampling::BilinearAligned => "bilinear_aligned",
            },
        );
        arguments.real("down", self.step[0]);
        arguments.real("across", self.step[1]);
    }
}
