//! x·Wᵀ + b and both gradients: products of cuBLAS. The weight's gradient is f32 at once, whatever x is.

use super::Kernel;
use super::bias;
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{DType, Extent, Matrix, Result, View};
use crate::program::Bounds;
use crate::program::op::Linear;

impl Kernel for Linear {
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, epilogue, inputs, weights, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let (features_in, features_out) = (shape.elements(), output_shape.elements());
        let storage = gpu.settings().storage;
        let extent = Extent { rows: batch, columns: features_out, depth: features_in };
        gpu.multiply(extent, plain(x, storage), transposed(plain(weights[0].stored, storage)), plain(output, storage))?;
        let bias = weights.get(1).map(|bias| bias.values);
        if bias.is_none() && epilogue.bounds == Bounds::NONE {
            return Ok(());
        }
        bias::finish(gpu, batch, output_shape, output, bias, None, epilogue.bounds)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, weights, output_gradient: dy, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let (features_in, features_out) = (shape.elements(), output_shape.elements());
        let storage = gpu.settings().storage;
        if let Some(dx) = call.input_gradients[0] {
            let extent = Extent { rows: batch, columns: features_in, depth: features_out };
            gpu.multiply(extent, plain(dy, storage), plain(weights[0].stored, storage), plain(dx, storage))?;
        }
        if let Some(dw) = call.weight_gradients[0] {
            let extent = Extent { rows: features_out, columns: features_in, depth: batch };
            let dw = plain(dw, DType::F32);
            gpu.multiply(extent, transposed(plain(dy, storage)), plain(x, storage), dw)?;
        }
        match *call.weight_gradients {
            [_, Some(db)] => bias::gradient(gpu, batch, output_shape, dy, db),
            _ => Ok(()),
        }
    }
}

fn plain(values: View, storage: DType) -> Matrix {
    Matrix { values, storage, transposed: false }
}

fn transposed(matrix: Matrix) -> Matrix {
    Matrix { transposed: true, ..matrix }
}
