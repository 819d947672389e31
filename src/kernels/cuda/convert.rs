//! Numbers of another type.

use super::shape::wide;
use super::transpose::SOURCE;
use crate::cuda::{Call, DType, Gpu, Grid, Result, View};

#[repr(C)]
#[derive(Clone, Copy)]
struct Convert {
    x: u64,
    y: u64,
    count: u64,
}

// SAFETY: as in transpose.cu.
unsafe impl Call for Convert {}

fn convert(gpu: &Gpu, kernel: &'static str, count: usize, from: View, to: View) -> Result<()> {
    let call = Convert { x: from.pointer(), y: to.pointer(), count: count as u64 };
    gpu.launch(&SOURCE, kernel, Grid::over(count.div_ceil(wide(gpu.settings()))), &call)
}

/// f32 in the storage type.
pub fn to_real(gpu: &Gpu, from: View, to: View) -> Result<()> {
    match gpu.settings().storage {
        DType::F32 => gpu.copy(from, to),
        DType::Bf16 => convert(gpu, "convert_in", from.elements(size_of::<f32>()), from, to),
    }
}

/// The storage type as f32.
pub fn to_float(gpu: &Gpu, from: View, to: View) -> Result<()> {
    match gpu.settings().storage {
        DType::F32 => gpu.copy(from, to),
        DType::Bf16 => convert(gpu, "convert_out", to.elements(size_of::<f32>()), from, to),
    }
}
