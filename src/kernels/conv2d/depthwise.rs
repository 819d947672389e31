//! Groups of one input channel: each output channel sees one input channel. The channels of a position are computed side by
//! side, a few registers at a time, tap by tap, without a product.
//!
//! Operations: 2 a tap and output. Bytes: input, output and nothing else, since the taps that share an input find it in the
//! cache; so for 3×3 the arithmetic and the memory are about even.

use rayon::prelude::*;

use super::filter::Filter;
use crate::kernels::Real;
use crate::kernels::lanes::add_all;
use crate::kernels::scratch::{with_places, with_scratch};
use crate::kernels::simd::vectorised;
use crate::kernels::tap::Slide;
use crate::program::convolution::{DEPTHWISE_ROWS as ROWS, Geometry, depthwise_tasks};

/// Channels whose sums are in registers at once.
const CHANNELS: usize = 32;

/// A task takes an output row.
pub(super) fn forward<T: Real>(geometry: &Geometry, x: &[T], filter: &Filter<T>, output: &mut [T]) {
    let &Geometry { down, across, groups, outputs, .. } = geometry;
    let channels = geometry.all_outputs();
    with_scratch(geometry.taps() * channels, |taps| {
        filter.with_weight(|weight| turn(weight, geometry.taps(), taps));
        output.par_chunks_exact_mut(across.output * channels).enumerate().for_each(|(line, y)| {
            let (image, row) = (line / down.output, line % down.output);
            with_places(2 * geometry.taps(), |places| {
                for (column, y) in y.chunks_exact_mut(channels).enumerate() {
                    match filter.bias {
                        Some(bias) => y.copy_from_slice(bias),
                        None => y.fill(T::ZERO),
                    }
                    let mut met = Met { places, count: 0 };
                    for_inputs(&down, &across, (row, column), |tap, input| {
                        met.add(tap * channels, (image * down.input * across.input + input) * groups);
                    });
                    match outputs {
                        1 => add_products(y, met.pairs(), taps, x),
                        _ => met.pairs().for_each(|(tap, place)| {
                            for (channel, (y, weight)) in y.iter_mut().zip(&taps[tap..]).enumerate() {
                                *y += *weight * x[place + channel / outputs];
                            }
                        }),
                    }
                }
            });
            if let Some(clamp) = filter.clamp {
                clamp.cut(y);
            }
        });
    });
}

/// A task takes an input row.
pub(super) fn input_gradient<T: Real>(geometry: &Geometry, weight: &[T], dy: &[T], dx: &mut [T]) {
    let &Geometry { down, across, groups, outputs, .. } = geometry;
    let channels = geometry.all_outputs();
    with_scratch(weight.len(), |taps| {
        turn(weight, geometry.taps(), taps);
        dx.par_chunks_exact_mut(across.input * groups).enumerate().for_each(|(line, dx)| {
            let (image, row) = (line / down.input, line % down.input);
            with_places(2 * geometry.taps(), |places| {
                for (column, dx) in dx.chunks_exact_mut(groups).enumerate() {
                    dx.fill(T::ZERO);
                    let mut met = Met { places, count: 0 };
                    for_outputs(&down, &across, (row, column), |tap, output| {
                        met.add(tap * channels, (image * down.output * across.output + output) * channels);
                    });
                    match outputs {
                        1 => add_products(dx, met.pairs(), taps, dy),
                        _ => met.pairs().for_each(|(tap, place)| {
                            for (channel, (weight, dy)) in taps[tap..][..channels].iter().zip(&dy[place..]).enumerate()
                            {
                                dx[channel / outputs] += *weight * *dy;
                            }
                        }),
                    }
                }
            });
        });
    });
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

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + Clone {
        self.places[..2 * self.count].chunks_exact(2).map(|pair| (pair[0], pair[1]))
    }
}

/// sums ← sums + Σ taps · values, channel by channel; a few registers of channels at a time take up all taps.
fn add_products<T: Real>(
    sums: &mut [T],
    pairs: impl Iterator<Item = (usize, usize)> + Clone,
    taps: &[T],
    values: &[T],
) {
    vectorised(
        #[inline(always)]
        || {
            let whole = sums.len() / CHANNELS * CHANNELS;
            let (blocks, rest) = sums.as_chunks_mut::<CHANNELS>();
            for (block, sums) in blocks.iter_mut().enumerate() {
                let first = block * CHANNELS;
                let mut local = *sums;
                for (tap, place) in pairs.clone() {
                    let (weights, values) = (&taps[tap + first..][..CHANNELS], &values[place + first..][..CHANNELS]);
                    for channel in 0..CHANNELS {
                        local[channel] += weights[channel] * values[channel];
                    }
                }
                *sums = local;
            }
            for (tap, place) in pairs {
                let terms = taps[tap + whole..].iter().zip(&values[place + whole..]);
                rest.iter_mut().zip(terms).for_each(|(sum, (weight, value))| *sum += *weight * *value);
            }
        },
    );
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
        turn(sum, channels, dw);
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
fn turn<T: Real>(values: &[T], columns: usize, turned: &mut [T]) {
    let rows = values.len() / columns;
    for (row, values) in values.chunks_exact(columns).enumerate() {
        for (column, value) in values.iter().enumerate() {
            turned[column * rows + row] = *value;
        }
    }
}
