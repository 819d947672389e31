//! Convolution and both gradients: cuDNN's, with the bias and what follows in one pass over the output.

use super::{Kernel, bias, convert};
use crate::cuda::call::{Backward, Forward, Weight};
use crate::cuda::dnn::Tensors;
use crate::cuda::dnn::problem::{Convolution, ConvolutionPass};
use crate::cuda::{DType, Gpu, Result, View};
use crate::program::op::Conv2d;
use crate::program::{Bounds, Epilogue};

impl Kernel for Conv2d {
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, epilogue, inputs, weights, statistics, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let convolution = Convolution { op: self, batch, x: shape, y: output_shape };
        let tensors = Tensors { x, w: weights[0].stored, y: output };
        gpu.convolve(&convolution.problem(ConvolutionPass::Forward, gpu.settings()), tensors)?;
        let (own, norm) = split_norm(epilogue, &weights[1..], statistics);
        let own = own.first().map(|bias| bias.values);
        if own.is_none() && norm.is_none() && epilogue.bounds == Bounds::NONE {
            return Ok(());
        }
        bias::finish(gpu, batch, output_shape, output, own, norm, epilogue.bounds)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, weights, output_gradient: dy, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let convolution = Convolution { op: self, batch, x: shape, y: output_shape };
        if let Some(dx) = call.input_gradients[0] {
            let tensors = Tensors { x: dx, w: weights[0].stored, y: dy };
            gpu.convolve(&convolution.problem(ConvolutionPass::Data, gpu.settings()), tensors)?;
        }
        if let Some(dw) = call.weight_gradients[0] {
            weight_gradient(gpu, &convolution, x, dy, dw)?;
        }
        match *call.weight_gradients {
            [_, Some(db)] => bias::gradient(gpu, batch, output_shape, dy, db),
            _ => Ok(()),
        }
    }
}

/// The weights of a batch norm come after the operation's own: its γ and β, and its statistics.
fn split_norm<'a>(
    epilogue: Epilogue,
    weights: &'a [Weight<'a>],
    statistics: &[View<'a>],
) -> (&'a [Weight<'a>], Option<(f64, [View<'a>; 4])>) {
    match (epilogue.norm, weights, statistics) {
        (Some(eps), [own @ .., gamma, beta], &[mean, variance]) => {
            (own, Some((eps, [gamma.values, beta.values, mean, variance])))
        }
        _ => (weights, None),
    }
}

/// ∂w in f32. cuDNN gives it the type of x and ∂y, so that in bf16 it is made aside.
pub(super) fn weight_gradient(gpu: &Gpu, convolution: &Convolution, x: View, dy: View, dw: View) -> Result<()> {
    let problem = convolution.problem(ConvolutionPass::Filter, gpu.settings());
    match gpu.settings().storage {
        DType::F32 => gpu.convolve(&problem, Tensors { x, w: dw, y: dy }),
        DType::Bf16 => gpu.with_aside(dw.bytes() / size_of::<f32>() * DType::Bf16.width(), |aside| {
            gpu.convolve(&problem, Tensors { x, w: aside, y: dy })?;
            convert::to_float(gpu, aside, dw)
        }),
    }
}
