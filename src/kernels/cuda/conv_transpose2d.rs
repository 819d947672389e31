//! Transposed convolution: the way of a convolution's gradients, with input and output exchanged.

use super::conv2d::weight_gradient;
use super::{Kernel, bias};
use crate::cuda::Result;
use crate::cuda::call::{Backward, Forward};
use crate::cuda::dnn::Tensors;
use crate::cuda::dnn::problem::{Convolution, ConvolutionPass};
use crate::program::Bounds;
use crate::program::op::ConvTranspose2d;

impl Kernel for ConvTranspose2d {
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, weights, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let convolution = Convolution { op: &self.0, batch, x: output_shape, y: shape };
        let tensors = Tensors { x: output, w: weights[0].stored, y: x };
        gpu.convolve(&convolution.problem(ConvolutionPass::Data, gpu.settings()), tensors)?;
        match weights.get(1) {
            Some(bias) => bias::finish(gpu, batch, output_shape, output, Some(bias.values), None, Bounds::NONE),
            None => Ok(()),
        }
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, weights, output_gradient: dy, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let convolution = Convolution { op: &self.0, batch, x: output_shape, y: shape };
        if let Some(dx) = call.input_gradients[0] {
            let tensors = Tensors { x: dy, w: weights[0].stored, y: dx };
            gpu.convolve(&convolution.problem(ConvolutionPass::Forward, gpu.settings()), tensors)?;
        }
        if let Some(dw) = call.weight_gradients[0] {
            weight_gradient(gpu, &convolution, dy, x, dw)?;
        }
        match *call.weight_gradients {
            [_, Some(db)] => bias::gradient(gpu, batch, output_shape, dy, db),
            _ => Ok(()),
        }
    }
}
