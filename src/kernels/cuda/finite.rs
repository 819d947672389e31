//! Whether all numbers are finite.

use super::optimizer::SOURCE;
use crate::cuda::{Call, DType, Gpu, Grid, Result, View};

#[repr(C)]
#[derive(Clone, Copy)]
struct Finite {
    values: u64,
    count: u64,
    result: u64,
    narrow: u32,
}

// SAFETY: as in update.cu.
unsafe impl Call for Finite {}

/// result, u32, ← 1 if a number is not finite, else 0.
pub fn all(gpu: &Gpu, values: View, storage: DType, result: View) -> Result<()> {
    gpu.clear(result)?;
    let count = values.elements(storage.width());
    let narrow = u32::from(storage == DType::Bf16);
    let call = Finite { values: values.pointer(), count: count as u64, result: result.pointer(), narrow };
    gpu.launch(&SOURCE, "not_finite", Grid::over(count), &call)
}
