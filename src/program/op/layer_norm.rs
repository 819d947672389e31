//! Layer norm.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// Normalises each example; weights, if there are any, are γ and β (Ba et al. 2016).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNorm {
    /// What is normalised together.
    pub over: Over,
    /// Added to the variance.
    pub eps: f64,
}

/// What a layer norm normalises together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// All numbers of an example, each of which has its own γ and β.
    Example,
    /// The channels at each position; γ and β are one number a channel.
    Channels,
}

impl OpInterface for LayerNorm {
    fn traits(&self) -> Traits {
        Traits {
            name: "layer_norm",
            window: None,
            reads: Reads::INPUTS,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::Norm,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let shape = operands.unchanged()?;
        let weight = match self.over {
            Over::Example => shape.dims(),
            Over::Channels => vec![shape.channels()],
        };
        operands.weights_are(&[&[], &[&weight[..]; 2]])
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, batch: usize, output: Shape) -> Kept {
        // Mean and scale of each example or position.
        let rows = match self.over {
            Over::Example => 2,
            Over::Channels => 2 * output.positions(),
        };
        Kept { reals: batch.saturating_mul(rows), ..Kept::NONE }
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, arguments: &mut Encoding) {
        arguments.word(
            "over",
            match self.over {
                Over::Example => "example",
                Over::Channels => "channels",
            },
        );
        arguments.real("eps", self.eps);
    }
}
