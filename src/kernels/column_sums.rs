//! Sums over all rows of a batch, for each column: gradients of weights that every row shares.

use rayon::prelude::*;

use super::Real;
use super::scratch::with_scratch;
use super::simd::vectorised;

/// Rows whose sum is taken in the numbers' own type: a constant, so that sums do not depend on the number of threads.
const ROWS: usize = 256;

/// Two sums for each of `columns`. `of_row`, which is to be inlined, adds what a row contributes to both.
pub(super) fn column_sums<T: Real>(
    rows: usize,
    columns: usize,
    of_row: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) -> [Vec<f64>; 2] {
    let mut sums = [vec![0.0; columns], vec![0.0; columns]];
    with_scratch(rows.div_ceil(ROWS) * 2 * columns, |parts: &mut [T]| {
        parts.par_chunks_exact_mut(2 * columns).enumerate().for_each(|(block, part)| {
            part.fill(T::ZERO);
            let (first, second) = part.split_at_mut(columns);
            vectorised(
                #[inline(always)]
                || {
                    for row in block * ROWS..rows.min((block + 1) * ROWS) {
                        of_row(row, &mut *first, &mut *second);
                    }
                },
            );
        });
        for part in parts.chunks_exact(2 * columns) {
            for (sums, part) in sums.iter_mut().zip(part.chunks_exact(columns)) {
                sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part.to_f64());
            }
        }
    });
    sums
}
