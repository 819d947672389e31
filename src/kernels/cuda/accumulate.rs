//! Sums of gradients over several batches.

use super::average::{Blend, blend};
use crate::cuda::{Gpu, Result, View};

/// sums ← sums + factor·gradients, at `first` factor·gradients: `count` numbers, f32.
pub fn add(gpu: &Gpu, sums: View, gradients: View, count: usize, factor: f32, first: bool) -> Result<()> {
    let [values, others] = [sums, gradients].map(View::pointer);
    let (count, first) = (count as u64, u32::from(first));
    blend(gpu, "accumulate", &Blend { values, others, result: 0, count, part: factor, first })
}
