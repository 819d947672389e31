//! Groups of one input channel: each output channel sees one input channel. The channels of a position are computed
//! side by side, a few registers at a time, tap by tap, without a product.
//!
//! Operations: 2 a tap and output. Bytes: input, output and nothing else, since the taps that share an input find it in
//! the cache; so for 3×3 the arithmetic and the memory are about even.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::filter::Filter;
use crate::kernels::Real;
use crate::kernels::clamp::Clamp;
use crate::kernels::lanes::add_all;
use crate::kernels::scratch::{with_places, with_scratch};
use crate::kernels::simd::{dispatch, load, vectorised};
use crate::kernels::tap::Slide;
use crate::program::convolution::{DEPTHWISE_ROWS as ROWS, Geometry, depthwise_tasks};

/// Columns whose sums are in registers at once, and registers of channels of each.
const COLUMNS: usize = 4;
const REGISTERS: usize = 2;

/// A task takes an output row.
pub(super) fn forward<T: Real>(geometry: &Geometry, x: &[T], filter: &Filter<T>, output: &mut [T]) {
    let &Geometry { down, across, groups, outputs, .. } = geometry;
    let channels = geometry.all_outputs();
    // Columns whose windows lie inside.
    let whole = whole(across.output, |column| across.taps(column).len() == across.kernel);
    with_scratch(geometry.taps() * channels, |taps| {
        filter.with_weight(|weight| transpose(weight, geometry.taps(), taps));
        output.par_chunks_exact_mut(across.output * channels).enumerate().for_each(|(line, y)| {
            let (image, row) = (line / down.output, line % down.output);
            let meet = |column: usize, met: &mut Met| {
                for_inputs(&down, &across, (row, column), |tap, input| {
                    met.add(tap * channels, (image * down.input * across.input + input) * groups);
                });
            };
            with_places(2 * geometry.taps(), |places| match outputs {
                1 => {
                    let sums =
                        Sums { start: filter.bias, taps, values: x, step: across.stride * groups, clamp: filter.clamp };
                    sums.line(y, channels, &whole, Met { places, count: 0 }, meet);
                }
                _ => {
                    for (column, y) in y.chunks_exact_mut(channels).enumerate() {
                        match filter.bias {
                            Some(bias) => y.copy_from_slice(bias),
                            None => y.fill(T::ZERO),
                        }
                        let mut met = Met { places, count: 0 };
                        meet(column, &mut met);
                        for (tap, place) in met.pairs() {
                            for (channel, (y, weight)) in y.iter_mut().zip(&taps[tap..]).enumerate() {
                                *y += *weight * x[place + channel / outputs];
                            }
                        }
                    }
                    if let Some(clamp) = filter.clamp {
                        clamp.apply(y);
                    }
                }
            });
        });
    });
}

/// A task takes an input row.
pub(super) fn input_gradient<T: Real>(geometry: &Geometry, weight: &[T], dy: &[T], dx: &mut [T]) {
    let &Geometry { down, across, groups, outputs, .. } = geometry;
    let channels = geometry.all_outputs();
    // Columns that every tap read, if neighbours were read under the same taps.
    let readers = |column: usize| (0..across.kernel).filter(|tap| across.reader(column, *tap).is_some()).count();
    let whole = whole(across.input, |column| across.stride == 1 && readers(column) == across.kernel);
    with_scratch(weight.len(), |taps| {
        transpose(weight, geometry.taps(), taps);
        dx.par_chunks_exact_mut(across.input * groups).enumerate().for_each(|(line, dx)| {
            let (image, row) = (line / down.input, line % down.input);
            let meet = |column: usize, met: &mut Met| {
                for_outputs(&down, &across, (row, column), |tap, output| {
                    met.add(tap * channels, (image * down.output * across.output + output) * channels);
                });
            };
            with_places(2 * geometry.taps(), |places| match outputs {
                1 => {
                    let sums = Sums { start: None, taps, values: dy, step: channels, clamp: None };
                    sums.line(dx, groups, &whole, Met { places, count: 0 }, meet);
                }
                _ => {
                    dx.fill(T::ZERO);
                    for (column, dx) in dx.chunks_exact_mut(groups).enumerate() {
                        let mut met = Met { places, count: 0 };
                        meet(column, &mut met);
                        for (tap, place) in met.pairs() {
                            for (channel, (weight, dy)) in taps[tap..][..channels].iter().zip(&dy[place..]).enumerate()
                            {
                                dx[channel / outputs] += *weight * *dy;
                            }
                        }
                    }
                }
            });
        });
    });
}

/// The columns that are whole; they lie side by side.
fn whole(columns: usize, is_whole: impl Fn(usize) -> bool) -> Range<usize> {
    let mut columns = (0..columns).filter(|column| is_whole(*column));
    let first = columns.next().unwrap_or(0);
    first..columns.last().map_or(first, |last| last + 1)
}

/// Where the weights of a tap begin, and where what the tap reads.
struct Met<'a> {
    places: &'a mut [usize],
    count: usize,
}

impl Met<'_> {
    fn add(&mut self, tap: usize, place: usize) {
        self.places[2 * self.count..][..2].copy_from_slice(&[tap, place]);
        self.count += 1;
    }

    /// The same taps, that much further.
    fn advance(&mut self, by: usize) {
        self.places[..2 * self.count].iter_mut().skip(1).step_by(2).for_each(|place| *place += by);
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + Clone {
        self.places[..2 * self.count].chunks_exact(2).map(|pair| (pair[0], pair[1]))
    }
}

/// Sums of taps times values, channel by channel.
#[derive(Clone, Copy)]
struct Sums<'a, T> {
    /// What the sums of a column begin with; zeros unless given.
    start: Option<&'a [T]>,
    taps: &'a [T],
    values: &'a [T],
    /// From what a column meets to what the next one meets.
    step: usize,
    clamp: Option<Clamp<T>>,
}

impl<T: Real> Sums<'_, T> {
    /// The columns of a line: several at once where their windows are `whole`, since what one of these meets is what
    /// its neighbour meets, a step further.
    fn line(self, line: &mut [T], channels: usize, whole: &Range<usize>, mut met: Met, meet: impl Fn(usize, &mut Met)) {
        let mut rest = line;
        let (mut column, mut before) = (0, None);
        while !rest.is_empty() {
            let is_whole = whole.contains(&column);
            match before {
                Some(before) if is_whole => met.advance((column - before) * self.step),
                _ => {
                    met.count = 0;
                    meet(column, &mut met);
                }
            }
            before = is_whole.then_some(column);
            let some = if is_whole && column + COLUMNS <= whole.end { COLUMNS } else { 1 };
            let columns;
            (columns, rest) = rest.split_at_mut(some * channels);
            match some {
                COLUMNS => dispatch(Columns::<_, _, COLUMNS> { sums: self, pairs: met.pairs(), columns }),
                _ => dispatch(Columns::<_, _, 1> { sums: self, pairs: met.pairs(), columns }),
            }
            column += some;
        }
    }
}

/// N columns; a few registers of channels at a time take up all taps.
struct Columns<'a, T, I, const N: usize> {
    sums: Sums<'a, T>,
    pairs: I,
    columns: &'a mut [T],
}

impl<T: Real, I: Iterator<Item = (usize, usize)> + Clone, const N: usize> WithSimd for Columns<'_, T, I, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Columns { sums: Sums { start, taps, values, step, clamp }, pairs, columns } = self;
        let (channels, lanes) = (columns.len() / N, T::lanes::<S>());
        let tile = REGISTERS * lanes;
        let whole = channels / tile * tile;
        for first in (0..whole).step_by(tile) {
            let mut local = [[T::splat(simd, T::ZERO); REGISTERS]; N];
            if let Some(start) = start {
                let start = &start[first..][..tile];
                for register in 0..REGISTERS {
                    // SAFETY: the tile has so many registers.
                    let start = unsafe { load::<T, S>(start.as_ptr().add(register * lanes)) };
                    for column in 0..N {
                        local[column][register] = start;
                    }
                }
            }
            for (tap, place) in pairs.clone() {
                let weights = &taps[tap + first..][..tile];
                let values = &values[place + first..][..(N - 1) * step + tile];
                for register in 0..REGISTERS {
                    // SAFETY: a tile lies at the beginning of the weights, and at N places of the values.
                    unsafe {
                        let weight = load::<T, S>(weights.as_ptr().add(register * lanes));
                        for column in 0..N {
                            let value = load::<T, S>(values.as_ptr().add(column * step + register * lanes));
                            local[column][register] = T::mul_add(simd, weight, value, local[column][register]);
                        }
                    }
                }
            }
            for column in 0..N {
                let to = &mut columns[column * channels + first..][..tile];
                for register in 0..REGISTERS {
                    let sum = match clamp {
                        Some(clamp) => clamp.of_register::<S>(simd, local[column][register]),
                        None => local[column][register],
                    };
                    let place = to[register * lanes..].as_mut_ptr().cast::<T::Vector<S>>();
                    // SAFETY: the tile has so many registers.
                    unsafe { place.write_unaligned(sum) };
                }
            }
        }
        if whole == channels {
            return;
        }
        for column in 0..N {
            let rest = &mut columns[column * channels + whole..][..channels - whole];
            match start {
                Some(start) => rest.copy_from_slice(&start[whole..]),
                None => rest.fill(T::ZERO),
            }
            for (tap, place) in pairs.clone() {
                let terms = taps[tap + whole..].iter().zip(&values[place + column * step + whole..]);
                rest.iter_mut().zip(terms).for_each(|(sum, (weight, value))| *sum += *weight * *value);
            }
            if let Some(clamp) = clamp {
                rest.iter_mut().for_each(|sum| *sum = clamp.of(*sum));
            }
        }
    }
}

/// A task takes some output rows; their sums are added in order.
pub(super) fn weight_gradient<T: Real>(geometry: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let &Geometry { batch, down, across, groups, outputs, .. } = geometry;
    let (channels, length) = (geometry.all_outputs(), dw.len());
    let lines = batch * down.output;
    with_scratch(depthwise_tasks(geometry) * length, |sums| {
        sums.par_chunks_exact_mut(length).enumerate().for_each(|(task, sums)| {
            sums.fill(T::ZERO);
            vectorised(
                #[inline(always)]
                || {
                    for line in task * ROWS..((task + 1) * ROWS).min(lines) {
                        let (image, row) = (line / down.output, line % down.output);
                        for column in 0..across.output {
                            let dy = &dy[(line * across.output + column) * channels..][..channels];
                            for_inputs(&down, &across, (row, column), |tap, input| {
                                let x = &x[(image * down.input * across.input + input) * groups..][..groups];
                                let sums = &mut sums[tap * channels..][..channels];
                                if outputs == 1 {
                                    let terms = dy.iter().zip(x);
                                    sums.iter_mut().zip(terms).for_each(|(sum, (dy, x))| *sum += *dy * *x);
                                } else {
                                    for (channel, (sum, dy)) in sums.iter_mut().zip(dy).enumerate() {
                                        *sum += *dy * x[channel / outputs];
                                    }
                                }
                            });
                        }
                    }
                },
            );
        });
        let (sum, others) = sums.split_at_mut(length);
        others.chunks_exact(length).for_each(|other| add_all(sum, other));
        transpose(sum, channels, dw);
    });
}

/// Calls `work` with each tap that lies inside the input, and the input position that it reads.
#[inline(always)]
fn for_inputs(down: &Slide, across: &Slide, (row, column): (usize, usize), mut work: impl FnMut(usize, usize)) {
    for y in 0..down.kernel {
        let Some(input_row) = down.read(row, y) else { continue };
        for x in 0..across.kernel {
            if let Some(input_column) = across.read(column, x) {
                work(y * across.kernel + x, input_row * across.input + input_column);
            }
        }
    }
}

/// Calls `work` with each tap under which an output position read this input, and that position.
#[inline(always)]
fn for_outputs(down: &Slide, across: &Slide, (row, column): (usize, usize), mut work: impl FnMut(usize, usize)) {
    for y in 0..down.kernel {
        let Some(output_row) = down.reader(row, y) else { continue };
        for x in 0..across.kernel {
            if let Some(output_column) = across.reader(column, x) {
                work(y * across.kernel + x, output_row * across.output + output_column);
            }
        }
    }
}

/// rows × columns to columns × rows
fn transpose<T: Real>(values: &[T], columns: usize, transposed: &mut [T]) {
    let rows = values.len() / columns;
    for (row, values) in values.chunks_exact(columns).enumerate() {
        for (column, value) in values.iter().enumerate() {
            transposed[column * rows + row] = *value;
        }
    }
}
