//! What convolutions and linear layers do to their results: a bias, a batch norm in evaluation, bounds.

use super::batch_norm::SOURCE;
use super::shape::{Cut, Limits, Table, widths};
use super::sums::{self, Terms, Totals};
use crate::cuda::{Call, Gpu, Result, View};
use crate::ir::Shape;
use crate::program::Bounds;

#[repr(C)]
#[derive(Clone, Copy)]
struct Finish {
    table: Table,
    y: u64,
    bias: u64,
    gamma: u64,
    beta: u64,
    means: u64,
    variances: u64,
    eps: f64,
    bounds: Limits,
}

// SAFETY: as in channels.cu.
unsafe impl Call for Finish {}

/// values ← cut((values + bias − mean)·γ/√(variance + eps) + β), in place; the norm is eps, γ, β, mean and variance.
/// `shape` is one example's.
pub fn finish(
    gpu: &Gpu,
    batch: usize,
    shape: Shape,
    values: View,
    bias: Option<View>,
    norm: Option<(f64, [View; 4])>,
    bounds: Bounds,
) -> Result<()> {
    let cut = Cut::new(gpu.settings(), batch, shape);
    let width = cut.width(gpu.settings());
    let table = cut.table(width);
    let (eps, norm) = norm.unwrap_or((0.0, [View::NONE; 4]));
    let [gamma, beta, means, variances] = norm.map(View::pointer);
    let (y, bias, bounds) = (values.pointer(), bias.map_or(0, View::pointer), bounds.into());
    let call = Finish { table, y, bias, gamma, beta, means, variances, eps, bounds };
    gpu.launch(&SOURCE, widths!("finish").of(width), table.grid(), &call)
}

/// The gradient of a bias: the sum over all positions, for each channel.
pub fn gradient(gpu: &Gpu, batch: usize, shape: Shape, output_gradient: View, bias_gradient: View) -> Result<()> {
    let cut = Cut::new(gpu.settings(), batch, shape);
    let totals = Totals { first: Some(bias_gradient), second: None, of_maps: None };
    sums::totals(gpu, cut, Terms::Plain { x: output_gradient }, totals)
}
