//! The average of the weights, and what it shares with sums of gradients: one array taken into another.

use super::optimizer::SOURCE;
use crate::cuda::{Call, Gpu, Grid, Result, View};

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Blend {
    pub(super) values: u64,
    pub(super) others: u64,
    pub(super) result: u64,
    pub(super) count: u64,
    pub(super) part: f32,
    pub(super) first: u32,
}

// SAFETY: as in update.cu.
unsafe impl Call for Blend {}

pub(super) fn blend(gpu: &Gpu, kernel: &'static str, call: &Blend) -> Result<()> {
    gpu.launch(&SOURCE, kernel, Grid::over(call.count as usize), call)
}

/// values ← values + part·(weights − values), at `first` the weights: `count` numbers, f32. `result` are the loss's
/// three f64: if the last one is not 0, nothing changes.
pub fn update(
    gpu: &Gpu,
    values: View,
    weights: View,
    count: usize,
    part: f32,
    first: bool,
    result: View,
) -> Result<()> {
    let [values, others, result] = [values, weights, result].map(View::pointer);
    blend(gpu, "average", &Blend { values, others, result, count: count as u64, part, first: u32::from(first) })
}
