//! The gradient of a bias: the sum over all positions, for each channel.
//!
//! Operations: 1 an element. Bytes: 4 an element, at the speed of memory.

use rayon::prelude::*;

use crate::kernels::Real;
use crate::kernels::scratch::with_scratch;
use crate::kernels::simd::vectorised;
use crate::program::convolution::BIAS_POSITIONS as POSITIONS;

pub(in crate::kernels) fn gradient<T: Real>(dy: &[T], db: &mut [T]) {
    let channels = db.len();
    let parts = (dy.len() / channels).div_ceil(POSITIONS);
    with_scratch(parts * channels, |sums| {
        let tasks = sums.par_chunks_exact_mut(channels).zip(dy.par_chunks(POSITIONS * channels));
        tasks.for_each(|(sums, dy)| {
            sums.fill(T::ZERO);
            vectorised(
                #[inline(always)]
                || {
                    for dy in dy.chunks_exact(channels) {
                        sums.iter_mut().zip(dy).for_each(|(sum, g)| *sum += *g);
                    }
                },
            );
        });
        for (channel, db) in db.iter_mut().enumerate() {
            *db = T::of(sums[channel..].iter().step_by(channels).map(|sum| sum.to_f64()).sum());
        }
    });
}
