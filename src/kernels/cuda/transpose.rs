//! Maps in another order: images as they come, outputs as they go, and maps that become vectors or are made of them.

use super::Kernel;
use super::convert::{to_float, to_real};
use super::shape::{Divisor, MOST_Y, grid_each, small};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, Grid, KernelSource, Result, View};
use crate::ir::Shape;
use crate::program::call::Order;
use crate::program::op::{Flatten, Unflatten};

pub(super) const SOURCE: KernelSource = KernelSource { name: "transpose.cu", text: include_str!("transpose.cu") };

#[repr(C)]
#[derive(Clone, Copy)]
struct Transpose {
    x: u64,
    y: u64,
    batch: u64,
    rows: u32,
    columns: u32,
    by_rows: Divisor,
}

// SAFETY: as in transpose.cu.
unsafe impl Call for Transpose {}

/// Sides of a tile, and rows of threads that turn it.
const TILE: usize = 32;
const THREAD_ROWS: u32 = 8;

/// Fewer rows or columns than these are transposed without tiles.
const FEW: usize = 8;

/// Kernels for matrices that are transposed in tiles, and for those with few rows or columns.
type Kernels = [&'static str; 2];

/// Turns matrices of so many rows and columns, one after the other.
fn transpose(
    gpu: &Gpu,
    [tiles, few]: Kernels,
    batch: usize,
    [rows, columns]: [usize; 2],
    from: View,
    to: View,
) -> Result<()> {
    let call = Transpose {
        x: from.pointer(),
        y: to.pointer(),
        batch: batch as u64,
        rows: small(rows),
        columns: small(columns),
        by_rows: Divisor::by(rows),
    };
    if rows.min(columns) < FEW {
        return gpu.launch(&SOURCE, few, grid_each(batch, rows * columns), &call);
    }
    let blocks = [small(rows.div_ceil(TILE) * columns.div_ceil(TILE)), batch.clamp(1, MOST_Y) as u32];
    gpu.launch(&SOURCE, tiles, Grid { blocks, threads: [TILE as u32, THREAD_ROWS] }, &call)
}

/// Images N×C×H×W of f32 in the run's order and storage type.
pub fn images(gpu: &Gpu, batch: usize, shape: Shape, from: View, to: View) -> Result<()> {
    if has_one_order(gpu, shape) {
        return to_real(gpu, from, to);
    }
    transpose(gpu, ["transpose_in_tiles", "transpose_in_few"], batch, [shape.channels(), shape.positions()], from, to)
}

/// Outputs in the run's order and storage type as N×C×H×W of f32.
pub fn outputs(gpu: &Gpu, batch: usize, shape: Shape, from: View, to: View) -> Result<()> {
    if has_one_order(gpu, shape) {
        return to_float(gpu, from, to);
    }
    transpose(gpu, ["transpose_out_tiles", "transpose_out_few"], batch, [shape.positions(), shape.channels()], from, to)
}

impl Kernel for Flatten {
    /// A map as a vector, channel after channel.
    fn forward(&self, call: Forward) -> Result<()> {
        let (x, shape) = call.inputs[0];
        flatten(call.device, call.batch, shape, [shape.positions(), shape.channels()], x, call.output)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let (Some(dx), shape) = (call.input_gradients[0], call.inputs[0].1) else { return Ok(()) };
        flatten(call.device, call.batch, shape, [shape.channels(), shape.positions()], call.output_gradient, dx)
    }
}

impl Kernel for Unflatten {
    fn forward(&self, call: Forward) -> Result<()> {
        let (x, shape) = (call.inputs[0].0, call.output_shape);
        flatten(call.device, call.batch, shape, [shape.channels(), shape.positions()], x, call.output)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let (Some(dx), shape) = (call.input_gradients[0], call.output_shape) else { return Ok(()) };
        flatten(call.device, call.batch, shape, [shape.positions(), shape.channels()], call.output_gradient, dx)
    }
}

/// Turns the channels of maps of a shape, or back.
fn flatten(gpu: &Gpu, batch: usize, shape: Shape, matrix: [usize; 2], from: View, to: View) -> Result<()> {
    if has_one_order(gpu, shape) {
        return gpu.copy(from, to);
    }
    transpose(gpu, ["transpose_tiles", "transpose_few"], batch, matrix, from, to)
}

/// Whether values of a shape lie as N×C×H×W anyway.
fn has_one_order(gpu: &Gpu, shape: Shape) -> bool {
    shape.has_one_order() || gpu.settings().order == Order::ChannelsFirst
}
