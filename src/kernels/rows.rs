//! A batch as rows whose columns belong to channels.
//!
//! Where there are few channels, a few positions make one row, so that loops over a row are worth starting.

use pulp::{Simd, WithSimd};

use super::Real;
use super::scratch::with_scratch;
use super::simd::dispatch;

/// A row is at least this long, if the number of positions allows it.
const WIDTH: usize = 64;

/// Elements of a task, about. A constant, so that sums do not depend on the number of threads.
const TASK: usize = 1 << 15;

/// Elements that are summed in their own type, about: they stay in the first-level cache.
const BLOCK: usize = 1 << 12;

/// The most rows of a block, so that an addend is not lost beside a long sum.
const BLOCK_ROWS: usize = 256;

/// How a batch is divided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub(super) channels: usize,
    /// Columns: a multiple of the channels.
    pub(super) width: usize,
    pub(super) count: usize,
}

impl Rows {
    pub(super) fn new(elements: usize, channels: usize) -> Rows {
        let positions = elements / channels;
        let mut side_by_side = 1;
        while side_by_side * channels < WIDTH && positions.is_multiple_of(2 * side_by_side) {
            side_by_side *= 2;
        }
        Rows { channels, width: side_by_side * channels, count: positions / side_by_side }
    }

    /// Elements of a task: whole rows.
    pub(super) fn task(&self) -> usize {
        (TASK / self.width).max(1) * self.width
    }

    pub(super) fn tasks(&self) -> usize {
        (self.count * self.width).div_ceil(self.task())
    }

    /// Elements of a block: whole rows.
    pub(super) fn block(&self) -> usize {
        (BLOCK / self.width).clamp(1, BLOCK_ROWS) * self.width
    }

    /// The channel's columns, the first of them first.
    pub(super) fn columns(&self, channel: usize) -> impl Iterator<Item = usize> + Clone + use<> {
        (channel..self.width).step_by(self.channels)
    }

    /// A table of K numbers for each column: all first ones, then all second ones.
    pub(super) fn fill<T: Real, const K: usize>(&self, table: &mut [T], numbers: impl Fn(usize) -> [T; K]) {
        for channel in 0..self.channels {
            let numbers = numbers(channel);
            for column in self.columns(channel) {
                for (part, number) in numbers.into_iter().enumerate() {
                    table[part * self.width + column] = number;
                }
            }
        }
    }

    /// The S sums of each column, all first ones first. The numbers may be as many as you like: blocks of them are
    /// summed in their own type.
    pub(super) fn sum_columns<T: Real, const K: usize, const S: usize>(
        &self,
        inputs: [&[T]; 2],
        table: &[T],
        totals: &mut [f64],
        f: impl Fn([T; K], T, T) -> [T; S] + Copy,
    ) {
        let (width, block) = (self.width, self.block());
        totals.fill(0.0);
        with_scratch(S * width, |scratch: &mut [T]| {
            for (a, b) in inputs[0].chunks(block).zip(inputs[1].chunks(block)) {
                scratch.fill(T::ZERO);
                let mut parts = scratch.chunks_exact_mut(width);
                let sums: [&mut [T]; S] = std::array::from_fn(|_| parts.next().unwrap_or_default());
                sum_rows(sums, [a, b], table, f);
                totals.iter_mut().zip(&*scratch).for_each(|(total, sum)| *total += sum.to_f64());
            }
        });
    }

    /// The same for each channel: S times the channels come first.
    pub(super) fn totals<T: Real, const K: usize, const S: usize>(
        &self,
        inputs: [&[T]; 2],
        table: &[T],
        totals: &mut [f64],
        f: impl Fn([T; K], T, T) -> [T; S] + Copy,
    ) {
        let width = self.width;
        self.sum_columns(inputs, table, totals, f);
        for part in 0..S {
            for channel in 0..self.channels {
                totals[part * self.channels + channel] =
                    self.columns(channel).map(|column| totals[part * width + column]).sum();
            }
        }
    }
}

/// Columns that are summed side by side: arrays of a known length, which the compiler keeps in registers.
const TILE: usize = 16;

/// output ← f(numbers of the column, a, b), row by row.
pub(super) fn map_rows<T: Real, const K: usize>(
    output: &mut [T],
    inputs: [&[T]; 2],
    table: &[T],
    f: impl Fn([T; K], T, T) -> T,
) {
    struct Map<'a, T, F, const K: usize> {
        output: &'a mut [T],
        inputs: [&'a [T]; 2],
        table: &'a [T],
        f: F,
    }
    impl<T: Real, F: Fn([T; K], T, T) -> T, const K: usize> WithSimd for Map<'_, T, F, K> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Map { output, inputs: [a, b], table, f } = self;
            let width = table.len() / K;
            let rows = a.chunks_exact(width).zip(b.chunks_exact(width));
            for (output, (a, b)) in output.chunks_exact_mut(width).zip(rows) {
                map_row::<T, F, K>(output, a, b, table, &f);
            }
        }
    }
    dispatch(Map { output, inputs, table, f });
}

/// Slices are parameters of their own, so that the compiler knows them apart. Loops are plain, so that nothing is left
/// to be called: a function of its own would not be compiled for this processor.
#[inline(always)]
fn map_row<T: Real, F: Fn([T; K], T, T) -> T, const K: usize>(output: &mut [T], a: &[T], b: &[T], table: &[T], f: &F) {
    let width = output.len();
    let (a, b) = (&a[..width], &b[..width]);
    // Each as long as the row, so that no index has to be checked.
    let mut parts = [a; K];
    for part in 0..K {
        parts[part] = &table[part * width..][..width];
    }
    for column in 0..width {
        let mut numbers = [T::ZERO; K];
        for part in 0..K {
            numbers[part] = parts[part][column];
        }
        output[column] = f(numbers, a[column], b[column]);
    }
}

/// sums ← sums + Σ f(numbers of the column, a, b), for every column. The rows are to stay in the cache meanwhile.
pub(super) fn sum_rows<T: Real, const K: usize, const S: usize>(
    sums: [&mut [T]; S],
    inputs: [&[T]; 2],
    table: &[T],
    f: impl Fn([T; K], T, T) -> [T; S],
) {
    struct Sum<'a, T, F, const K: usize, const S: usize> {
        sums: [&'a mut [T]; S],
        inputs: [&'a [T]; 2],
        table: &'a [T],
        f: F,
    }
    impl<T: Real, F: Fn([T; K], T, T) -> [T; S], const K: usize, const S: usize> WithSimd for Sum<'_, T, F, K, S> {
        type Output = ();
        #[inline(always)]
        fn with_simd<V: Simd>(mut self, _: V) {
            let width = self.table.len() / K;
            let mut start = 0;
            while start + TILE <= width {
                sum_tile::<T, F, K, S, TILE>(&mut self.sums, self.inputs, self.table, start, &self.f);
                start += TILE;
            }
            for column in start..width {
                sum_tile::<T, F, K, S, 1>(&mut self.sums, self.inputs, self.table, column, &self.f);
            }
        }
    }
    dispatch(Sum { sums, inputs, table, f });
}

#[inline(always)]
fn sum_tile<T: Real, F: Fn([T; K], T, T) -> [T; S], const K: usize, const S: usize, const N: usize>(
    sums: &mut [&mut [T]; S],
    [a, b]: [&[T]; 2],
    table: &[T],
    start: usize,
    f: &F,
) {
    let width = table.len() / K;
    let mut columns = [[T::ZERO; N]; K];
    for part in 0..K {
        columns[part] = tile(table, part * width + start);
    }
    let mut totals = [[T::ZERO; N]; S];
    for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
        let (a, b): ([T; N], [T; N]) = (tile(a, start), tile(b, start));
        for column in 0..N {
            let mut numbers = [T::ZERO; K];
            for part in 0..K {
                numbers[part] = columns[part][column];
            }
            let terms = f(numbers, a[column], b[column]);
            for sum in 0..S {
                totals[sum][column] += terms[sum];
            }
        }
    }
    for sum in 0..S {
        for column in 0..N {
            sums[sum][start + column] += totals[sum][column];
        }
    }
}

/// N numbers from `start` on.
#[inline(always)]
fn tile<T: Copy, const N: usize>(values: &[T], start: usize) -> [T; N] {
    *values[start..].first_chunk().expect("a tile lies within its row")
}
