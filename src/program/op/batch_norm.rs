//! Batch norm.

use super::interface::{Cut, OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// Normalises each channel; weights are γ and β, if it is affine, running mean and running variance. A second input, if
/// there is one, is added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNorm {
    /// Added to the variance.
    pub eps: f64,
    /// How far the running statistics move towards the batch's.
    pub momentum: f64,
    /// Whether each channel has γ and β; otherwise they are 1 and 0.
    pub affine: bool,
}

impl OpInterface for BatchNorm {
    fn traits(&self) -> Traits {
        Traits {
            name: "batch_norm",
            window: None,
            reads: Reads::INPUTS,
            passes: Passes::Addend,
            view: ViewRule::Never,
            weights: Weights::Norm,
            epilogue: Takes { norm: false, bounds: Some(Cut::Within) },
            // An epilogue has γ and β.
            role: if self.affine { Role::Norm { eps: self.eps } } else { Role::Other },
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        require(
            matches!(operands.inputs.len(), 1 | 2) && operands.inputs.iter().all(|input| *input == operands.output),
            || format!("it makes {} of {:?}", operands.output, operands.inputs),
        )?;
        let channels: &[usize] = &[operands.output.channels()];
        match self.affine {
            true => operands.weights_are(&[&[channels; 4]]),
            false => operands.weights_are(&[&[channels; 2]]),
        }
    }

    fn check(&self, mode: Mode, batch: usize, input: Shape) -> Result<(), String> {
        match mode {
            Mode::Train if batch * input.positions() < 2 => Err(format!(
                "batch norm cannot train on a single value per channel: the input is {input} and the batch {batch}"
            )),
            _ => Ok(()),
        }
    }

    fn kept(&self, _mode: Mode, _batch: usize, output: Shape) -> Kept {
        // Mean and scale of each channel.
        Kept { reals: 2 * output.channels(), ..Kept::NONE }
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, arguments: &mut Encoding) {
        arguments.real("eps", self.eps);
        arguments.real("momentum", self.momentum);
        // Older encodings have no word of it.
        if !self.affine {
            arguments.flag("affine", false);
        }
    }
}
