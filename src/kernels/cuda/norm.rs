//! The length of all gradients as one vector.

use super::optimizer::SOURCE;
use crate::cuda::{Call, Gpu, Grid, Result, THREADS, View};

/// Numbers of a block at least, and the most blocks: constants, so that a sum is the same on every device.
const EACH: usize = 1 << 13;
const MOST: usize = 1 << 12;

#[repr(C)]
#[derive(Clone, Copy)]
struct Norm {
    values: u64,
    count: u64,
    each: u64,
    parts: u64,
    blocks: u64,
    result: u64,
}

// SAFETY: as in update.cu.
unsafe impl Call for Norm {}

/// result, f64, ← Σ x² of `count` numbers, f32.
pub fn square_sum(gpu: &Gpu, values: View, count: usize, result: View) -> Result<()> {
    let each = count.div_ceil(MOST).max(EACH);
    let blocks = count.div_ceil(each).max(1);
    gpu.with_scratch(blocks * size_of::<f64>(), |parts| {
        let call = Norm {
            values: values.pointer(),
            count: count as u64,
            each: each as u64,
            parts: parts.pointer(),
            blocks: blocks as u64,
            result: result.pointer(),
        };
        let grid = |blocks| Grid { blocks: [blocks, 1], threads: [THREADS, 1] };
        gpu.launch(&SOURCE, "square_sums", grid(blocks as u32), &call)?;
        gpu.launch(&SOURCE, "square_sum", grid(1), &call)
    })
}
