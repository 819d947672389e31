//! Convolution.

use super::interface::{Cut, OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require, slides};
use crate::ir::{Pair, Shape, Window};
use crate::program::Mode;
use crate::program::convolution::Geometry;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// Cross-correlation with a weight O×(I/groups)×H×W, or O×(I/groups) where H and W are 1, and, if there is a second
/// weight, a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// F, S, P (zeros on all sides) and D; incomplete windows do not count.
    pub window: Window,
    /// Input and output channels fall into this many independent groups.
    pub groups: usize,
}

impl Conv2d {
    /// All its sizes over `batch` examples of these shapes.
    pub(crate) fn geometry(&self, batch: usize, input: Shape, output: Shape) -> Geometry {
        Geometry::new(&self.window, self.groups, batch, input, output)
    }

    /// Its weights, and those of a transposed convolution that goes this one's way back, over so many channels.
    pub(super) fn weights(&self, inputs: usize, outputs: usize) -> [usize; 4] {
        [outputs, inputs / self.groups, self.window.kernel.height, self.window.kernel.width]
    }

    /// Examples of a batch; more make no block of a product larger.
    pub(super) fn examples(batch: usize) -> usize {
        batch.min(1 << 20)
    }
}

impl OpInterface for Conv2d {
    fn traits(&self) -> Traits {
        Traits {
            name: "conv2d",
            window: Some(self.window),
            reads: Reads::INPUTS,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::Kernel,
            epilogue: Takes { norm: true, bounds: Some(Cut::Before) },
            role: Role::Other,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        let [input @ [inputs, ..], output @ [outputs, ..]] = operands.maps()?;
        require(!self.window.ceil && inputs % self.groups == 0 && outputs % self.groups == 0, || {
            format!("{inputs} and {outputs} channels are no {} groups, or windows are incomplete", self.groups)
        })?;
        slides(&self.window, input, output)?;
        let weight = self.weights(inputs, outputs);
        // A matrix over the channels of each position may go without the sizes of its window.
        let matrix = if self.window.kernel == Pair::square(1) { &weight[..2] } else { &weight };
        operands.weights_are(&[&[&weight], &[&weight, &[outputs]], &[matrix], &[matrix, &[outputs]]])
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, _batch: usize, _output: Shape) -> Kept {
        Kept::NONE
    }

    fn workspace(&self, sizes: Sizes) -> Workspace {
        self.geometry(Conv2d::examples(sizes.batch), sizes.input, sizes.output).workspace(sizes.threads)
    }

    fn encode(&self, arguments: &mut Encoding) {
        arguments.window(&self.window);
        arguments.number("groups", self.groups);
    }
}
