//! weight·x + bias, with numbers for each channel.

use super::Kernel;
use super::batch_norm::SOURCE;
use super::shape::{Cut, Table, widths};
use super::sums::{self, Terms, Totals};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, Result, View};
use crate::ir::Shape;
use crate::program::op::Scale;

#[repr(C)]
#[derive(Clone, Copy)]
struct Affine {
    table: Table,
    x: u64,
    y: u64,
    weight: u64,
    bias: u64,
}

// SAFETY: as in channels.cu.
unsafe impl Call for Affine {}

impl Kernel for Scale {
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, weights, output, output_shape, .. } = call;
        let bias = weights.get(1).map_or(View::NONE, |bias| bias.values);
        apply(gpu, batch, output_shape, [weights[0].values, bias], [inputs[0].0, output])
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, weights, output_shape, output_gradient: g, .. } = call;
        if let Some(dx) = call.input_gradients[0] {
            apply(gpu, batch, output_shape, [weights[0].values, View::NONE], [g, dx])?;
        }
        let cut = Cut::new(gpu.settings(), batch, output_shape);
        let total = |terms, gradient: Option<View>| match gradient {
            None => Ok(()),
            first => sums::totals(gpu, cut, terms, Totals { first, second: None, of_maps: None }),
        };
        total(Terms::Products { g, x: inputs[0].0 }, call.weight_gradients[0])?;
        total(Terms::Plain { x: g }, call.weight_gradients.get(1).copied().flatten())
    }
}

/// y ← weight·x + bias, which is none at all where the view is.
fn apply(gpu: &Gpu, batch: usize, shape: Shape, [weight, bias]: [View; 2], [x, y]: [View; 2]) -> Result<()> {
    let cut = Cut::new(gpu.settings(), batch, shape);
    let width = cut.width(gpu.settings());
    let table = cut.table(width);
    let call = Affine { table, x: x.pointer(), y: y.pointer(), weight: weight.pointer(), bias: bias.pointer() };
    gpu.launch(&SOURCE, widths!("affine").of(width), table.grid(), &call)
}
