//! Loops over plain slices, written so that the compiler vectorises them: within
//! [`vectorised`](super::simd::vectorised) for the registers that the processor has.

use rayon::prelude::*;

use super::Real;

/// As many sums run side by side as the widest vectors hold, a few times over, since additions have to wait for each
/// other.
const LANES: usize = 16;

/// Elements that one task handles: enough that starting it costs nothing in comparison.
pub(super) const CHUNK: usize = 1 << 15;

/// Σ f(x)
#[inline(always)]
pub(super) fn sum_of<T: Real>(values: &[T], f: impl Fn(T) -> T) -> T {
    let mut lanes = [T::ZERO; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += f(*value);
        }
    }
    lanes.into_iter().sum::<T>() + rest.iter().map(|value| f(*value)).sum()
}

/// Σ f(a, b)
#[inline(always)]
pub(super) fn sum_of_pairs<T: Real>(a: &[T], b: &[T], f: impl Fn(T, T) -> T) -> T {
    let mut lanes = [T::ZERO; LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f(*a, *b);
        }
    }
    lanes.into_iter().sum::<T>() + rest_a.iter().zip(rest_b).map(|(a, b)| f(*a, *b)).sum()
}

/// output ← f(x)
#[inline(always)]
pub(super) fn map<T: Real>(output: &mut [T], x: &[T], f: impl Fn(T) -> T) {
    for (output, x) in output.iter_mut().zip(x) {
        *output = f(*x);
    }
}

/// output ← f(a, b)
#[inline(always)]
pub(super) fn map_pairs<T: Real>(output: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
    for ((output, a), b) in output.iter_mut().zip(a).zip(b) {
        *output = f(*a, *b);
    }
}

/// output ← output + factor·x
#[inline(always)]
pub(super) fn add_scaled<T: Real>(output: &mut [T], factor: T, x: &[T]) {
    for (output, x) in output.iter_mut().zip(x) {
        *output += factor * *x;
    }
}

/// Puts numbers that are larger, or NaN, in place of the best so far, and beside them where they are.
#[inline(always)]
pub(super) fn keep_larger<T: Real, const N: usize>(best: &mut [T; N], places: &mut [u32; N], x: &[T; N], place: u32) {
    for lane in 0..N {
        // Written without branches, so that all of them are compared at once.
        let wins = (x[lane] > best[lane]) | x[lane].is_nan();
        best[lane] = if wins { x[lane] } else { best[lane] };
        places[lane] = if wins { place } else { places[lane] };
    }
}

/// output ← x, by all threads if there is enough to do.
pub(crate) fn copy_all<T: Real>(output: &mut [T], x: &[T]) {
    if output.len() <= CHUNK {
        return output.copy_from_slice(x);
    }
    output.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(output, x)| output.copy_from_slice(x));
}

/// output ← output + x, by all threads if there is enough to do.
pub(crate) fn add_all<T: Real>(output: &mut [T], x: &[T]) {
    if output.len() <= CHUNK {
        return add_scaled(output, T::ONE, x);
    }
    output.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(output, x)| add_scaled(output, T::ONE, x));
}

/// Rows of `elements_each` elements that one task handles.
pub(super) fn rows_each(elements_each: usize) -> usize {
    (CHUNK / 4).div_ceil(elements_each.max(1))
}

/// Runs `task` for each row of `width` elements, with its index, by all threads if there is enough to do. A row costs
/// as much as about `elements_each` elements.
pub(super) fn for_each_row<T: Real>(
    values: &mut [T],
    width: usize,
    elements_each: usize,
    task: impl Fn(usize, &mut [T]) + Sync,
) {
    let count = values.len() / width;
    if count < 2 || count * elements_each <= CHUNK {
        return values.chunks_exact_mut(width).enumerate().for_each(|(index, row)| task(index, row));
    }
    let rows = values.par_chunks_exact_mut(width).enumerate().with_min_len(rows_each(elements_each));
    rows.for_each(|(index, row)| task(index, row));
}
