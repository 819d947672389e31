//! Transposed convolution.

use super::conv2d::Conv2d;
use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// What this convolution does to gradients: from its output's size to its input's. The weight is I×(O/groups)×H×W; a
/// second weight is a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvTranspose2d(pub Conv2d);

impl OpInterface for ConvTranspose2d {
    fn traits(&self) -> Traits {
        Traits {
            name: "conv_transpose2d",
            window: Some(self.0.window),
            reads: Reads::INPUTS,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::Kernel,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let Conv2d { window, groups } = self.0;
        let [[inputs, height, width], [outputs, rows, columns]] = operands.maps()?;
        require(inputs % groups == 0 && outputs % groups == 0, || {
            format!("{inputs} and {outputs} channels are no {groups} groups")
        })?;
        let [down, across] = window.axes();
        for (axis, input, output) in [(down, height, rows), (across, width, columns)] {
            // What is beyond the last pixel's kernel is no longer than a step.
            let beyond = (output + 2 * axis.padding).checked_sub((input - 1) * axis.stride + axis.span());
            require(beyond.is_some_and(|beyond| beyond < axis.stride.max(axis.dilation)), || {
                format!("it makes {output} of {input} rows or columns")
            })?;
        }
        let weight = self.0.weights(outputs, inputs);
        operands.weights_are(&[&[&weight], &[&weight, &[outputs]]])
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, _batch: usize, _output: Shape) -> Kept {
        Kept::NONE
    }

    fn workspace(&self, sizes: Sizes) -> Workspace {
        // The convolution whose way is gone back.
        self.0.geometry(Conv2d::examples(sizes.batch), sizes.output, sizes.input).workspace(sizes.threads)
    }

    fn encode(&self, arguments: &mut Encoding) {
        self.0.encode(arguments);
    }
}
