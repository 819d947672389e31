//! x above zero, slope·x below, with a slope for all or one a channel.

use super::Kernel;
use super::batch_norm::SOURCE;
use super::shape::{Cut, Table, widths};
use super::sums::{self, Terms, Totals};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, Result, View};
use crate::ir::Shape;
use crate::program::op::Prelu;

#[repr(C)]
#[derive(Clone, Copy)]
struct Rectifier {
    table: Table,
    x: u64,
    g: u64,
    y: u64,
    slopes: u64,
    shared: u32,
}

// SAFETY: as in channels.cu.
unsafe impl Call for Rectifier {}

impl Kernel for Prelu {
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, weights, output, output_shape, .. } = call;
        apply(gpu, batch, output_shape, weights[0].values, [inputs[0].0, View::NONE, output])
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, weights, output_shape, output_gradient: g, .. } = call;
        let (x, slopes) = (inputs[0].0, weights[0].values);
        if let Some(dx) = call.input_gradients[0] {
            apply(gpu, batch, output_shape, slopes, [x, g, dx])?;
        }
        let Some(gradient) = call.weight_gradients[0] else { return Ok(()) };
        let cut = if is_shared(slopes) {
            // Everything is one channel.
            Cut { rows: batch, channels: 1, run: output_shape.elements() }
        } else {
            Cut::new(gpu.settings(), batch, output_shape)
        };
        let totals = Totals { first: Some(gradient), second: None, of_maps: None };
        sums::totals(gpu, cut, Terms::Below { g, x }, totals)
    }
}

fn is_shared(slopes: View) -> bool {
    slopes.elements(size_of::<f32>()) == 1
}

fn apply(gpu: &Gpu, batch: usize, shape: Shape, slopes: View, [x, g, y]: [View; 3]) -> Result<()> {
    let cut = Cut::new(gpu.settings(), batch, shape);
    let width = cut.width(gpu.settings());
    let table = cut.table(width);
    let shared = u32::from(is_shared(slopes));
    let call = Rectifier { table, x: x.pointer(), g: g.pointer(), y: y.pointer(), slopes: slopes.pointer(), shared };
    gpu.launch(&SOURCE, widths!("prelu").of(width), table.grid(), &call)
}
