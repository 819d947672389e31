//! Mean and variance, in one pass over memory.
//!
//! A block's numbers and squares are summed relative to its first row, so that a large mean costs no digits. Where that
//! row is so far from the others that the squares would lose more than [`LOST`], they are summed again around the mean.
//! Blocks are put together as in Chan, Golub and LeVeque 1979.

use rayon::prelude::*;

use super::Real;
use super::rows::{Rows, sum_rows};
use super::scratch::with_scratch;

/// By how much the squares of a block may be larger than those around the mean: the factor by which their rounding
/// grows.
const LOST: f64 = 50.0;

/// Calls `each` with every channel, its mean and its biased variance. Blocks of a task are put together in the numbers'
/// own type, tasks in f64.
pub(super) fn moments<T: Real>(rows: Rows, x: &[T], mut each: impl FnMut(usize, f64, f64)) {
    let width = rows.width;
    with_scratch(rows.tasks() * 2 * width, |partial: &mut [T]| {
        let tasks = partial.par_chunks_exact_mut(2 * width).zip(x.par_chunks(rows.task()));
        tasks.for_each(|(partial, x)| of_columns(rows, x, partial));
        with_scratch(2 * width, |totals: &mut [f64]| {
            totals.fill(0.0);
            let mut count = 0.0;
            for (partial, x) in partial.chunks_exact(2 * width).zip(x.chunks(rows.task())) {
                let size = (x.len() / width) as f64;
                merge(totals, count, partial, size);
                count += size;
            }
            let (means, squares) = totals.split_at(width);
            for channel in 0..rows.channels {
                let (mean, variance) = together(rows.columns(channel), means, squares, count);
                each(channel, mean, variance);
            }
        });
    });
}

/// The mean and the biased variance of some columns of `count` numbers each, from each one's mean and sum of squared
/// differences.
pub(super) fn together<T: Real>(
    columns: impl Iterator<Item = usize> + Clone,
    means: &[T],
    squares: &[T],
    count: f64,
) -> (f64, f64) {
    let size = columns.clone().count() as f64;
    let mean = columns.clone().map(|column| means[column].to_f64()).sum::<f64>() / size;
    let around = |column: usize| squares[column].to_f64() / count + (means[column].to_f64() - mean).powi(2);
    (mean, columns.map(around).sum::<f64>() / size)
}

/// Means, then sums of squared differences from them, of all columns.
pub(super) fn of_columns<T: Real>(rows: Rows, x: &[T], totals: &mut [T]) {
    let width = rows.width;
    totals.fill(T::ZERO);
    let mut count = 0.0;
    with_scratch(3 * width, |scratch: &mut [T]| {
        let (origin, moments) = scratch.split_at_mut(width);
        for x in x.chunks(rows.block()) {
            let size = (x.len() / width) as f64;
            origin.copy_from_slice(&x[..width]);
            of_block(x, origin, moments);
            merge(totals, count, moments, size);
            count += size;
        }
    });
}

/// The same of rows that stay in the cache meanwhile; `origin` is one of them.
fn of_block<T: Real>(x: &[T], origin: &[T], moments: &mut [T]) {
    let width = origin.len();
    moments.fill(T::ZERO);
    let (sums, squares) = moments.split_at_mut(width);
    sum_rows([&mut *sums, &mut *squares], [x; 2], origin, |[origin], x, _| {
        let difference = x - origin;
        [difference, difference * difference]
    });
    let share = T::of(width as f64 / x.len() as f64);
    let mut far = false;
    for ((sum, squares), origin) in sums.iter_mut().zip(&mut *squares).zip(origin) {
        let mean = *sum * share;
        let around_mean = *squares - *sum * mean;
        far |= around_mean * T::of(LOST) < *squares;
        *squares = around_mean;
        *sum = *origin + mean;
    }
    if far {
        squares.fill(T::ZERO);
        sum_rows([squares], [x; 2], sums, |[mean], x, _| [(x - mean) * (x - mean)]);
    }
}

/// Puts the moments of `size` numbers in each column to those of `count`.
fn merge<A: Real, B: Real>(total: &mut [A], count: f64, moments: &[B], size: f64) {
    let width = total.len() / 2;
    let share = A::of(size / (count + size));
    let weight = A::of(count * size / (count + size));
    let (means, squares) = total.split_at_mut(width);
    let (other_means, other_squares) = moments.split_at(width);
    let others = other_means.iter().zip(other_squares);
    for ((mean, squares), (other_mean, other_squares)) in means.iter_mut().zip(squares).zip(others) {
        let difference = A::of(other_mean.to_f64()) - *mean;
        *mean += difference * share;
        *squares += A::of(other_squares.to_f64()) + difference * difference * weight;
    }
}
