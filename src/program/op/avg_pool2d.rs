//! The mean under each window.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, slides};
use crate::ir::{Shape, Window};
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// The mean under each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvgPool2d {
    /// The window.
    pub window: Window,
    /// Whether padding counts as zeros; otherwise only what lies inside the input is counted.
    pub count_include_pad: bool,
}

impl OpInterface for AvgPool2d {
    fn traits(&self) -> Traits {
        Traits {
            name: "avg_pool2d",
            window: Some(self.window),
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
        let [input, output] = operands.planes()?;
        slides(&self.window, input, output)?;
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
        arguments.window(&self.window);
        arguments.flag("count_include_pad", self.count_include_pad);
    }
}
