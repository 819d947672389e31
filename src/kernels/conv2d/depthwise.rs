//! Groups of one input channel: each output channel sees one input channel. The channels of a position are computed side by
//! side, a few registers at a time, tap by tap, without a product.
//!
//! Operations: 2 a tap and output. Bytes: input, output and nothing else, since the taps that share an input find it in the
//! cache; so for 3×3 the arithmetic and the memory are about even.

use rayon::prelude::*;

use super::geometry::Geometry;
use crate::kernels::Real;
use crate::kernels::lanes::add_all;
use crate::kernels::scratch::with_scratch;
use crate::kernels::simd::vectorised;
use crate::kernels::tap::Slide;

/// Channels whose sums are in registers at once.
const CHANNELS: usize = 32;

/// Output rows whose weight gradients are summed together: a constant, so that sums do not depend on the number of threads.
const ROWS: usize = 128;

/// A task takes an output row.
pub(super) fn forward<T: Real>(geometry: &Geometry, x: &[T], weight: &[T], bias: Option<&[T]>, output: &mut [T]) {
    let &Geometry { down, across, groups, outputs, .. } = geometry;
    let channels = geometry.all_outputs();
    with_scratch(weight.len(), |taps| {
        turn(weight, geometry.taps(), taps);
        output.par_chunks_exact_mut(across.output * channels).enumerate().for_each(|(line, y)| {
            let (image, row) = (line / down.output, line % down.output);
            vectorised(
                #[inline(always)]
                || {
                    for (column, y) in y.chunks_exact_mut(channels).enumerate() {
                        for (chunk, y) in y.chunks_mut(CHANNELS).enumerate() {
                            let first = chunk * CHANNELS;
                            let mut sums = [T::ZERO; CHANNELS];
                            if let Some(bias) = bias {
                                sums[..y.len()].copy_from_slice(&bias[first..][..y.len()]);
                            }
                            for_inputs(&down, &across, (row, column), |tap, input| {
                                let x = &x[(image * down.input * across.input + input) * groups..][..groups];
                                let weight = &taps[tap * channels + first..][..y.len()];
                                add_products(&mut sums, weight, x, first, outputs);
                            });
                            y.copy_from_slice(&sums[..y.len()]);
                        }
                    }
                },
            );
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
            vectorised(
                #[inline(always)]
                || {
                    for (column, dx) in dx.chunks_exact_mut(groups).enumerate() {
                        dx.fill(T::ZERO);
                        for_outputs(&down, &across, (row, column), |tap, output| {
                            let first = (image * down.output * across.output + output) * channels;
                            let (dy, weight) = (&dy[first..][..channels], &taps[tap * channels..][..channels]);
                            if outputs == 1 {
                                let terms = dy.iter().zip(weight);
                                dx.iter_mut().zip(terms).for_each(|(dx, (dy, weight))| *dx += *dy * *weight);
                            } else {
                                for (channel, (dy, weight)) in dy.iter().zip(weight).enumerate() {
                                    dx[channel / outputs] += *dy * *weight;
                                }
                            }
                        });
                    }
                },
            );
        });
    });
}

/// A task takes some output rows; their sums are added in order.
pub(super) fn weight_gradient<T: Real>(geometry: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let &Geometry { batch, down, across, groups, outputs, .. } = geometry;
    let (channels, length) = (geometry.all_outputs(), dw.len());
    let lines = batch * down.output;
    with_scratch(lines.div_ceil(ROWS) * length, |sums| {
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

/// sums ← sums + weight · x, where an input channel serves `outputs` output channels.
#[inline(always)]
fn add_products<T: Real>(sums: &mut [T; CHANNELS], weight: &[T], x: &[T], first: usize, outputs: usize) {
    match (<&[T; CHANNELS]>::try_from(weight), outputs) {
        // Of a known length, so that the sums stay in registers.
        (Ok(weight), 1) => {
            let x = &x[first..][..CHANNELS];
            for ((sum, weight), x) in sums.iter_mut().zip(weight).zip(x) {
                *sum += *weight * *x;
            }
        }
        _ => {
            for (index, (sum, weight)) in sums.iter_mut().zip(weight).enumerate() {
                *sum += *weight * x[(first + index) / outputs];
            }
        }
    }
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
