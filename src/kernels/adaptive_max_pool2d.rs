//! The maximum of bins: output i covers the inputs from ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html>).
//!
//! Operations: 3 an element of each bin. Bytes: 4 an element of the input, 8 of the output; backward the same. Two
//! threads of a Zen 3, where a copy moves 32 GB/s, move 14 to 16 of them, and 20 backward.
//!
//! Of equal numbers the first in row order takes the gradient; NaN is larger than anything.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::adaptive_avg_pool2d::bins;
use super::bins::Bins;
use super::lanes::{for_each_row, keep_larger, rows_each};
use super::simd::dispatch;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::AdaptiveMaxPool2d;

impl<T: Real> Kernel<T> for AdaptiveMaxPool2d {
    /// Keeps the position of each maximum in its input map.
    fn forward(&self, call: Forward<T>) {
        let Forward { inputs, output, output_shape, saved, .. } = call;
        let (x, shape) = inputs[0];
        let bins @ [down, across] = bins(shape, output_shape);
        let line = across.output() * shape.channels();
        let lines = output.par_chunks_exact_mut(line).zip(saved.indices.par_chunks_exact_mut(line)).enumerate();
        let cost = line.max(shape.elements() / down.output());
        lines.with_min_len(rows_each(cost)).for_each(|(row, (y, places))| {
            let x = &x[row / down.output() * shape.elements()..][..shape.elements()];
            dispatch(Maxima { bins, channels: shape.channels(), row: row % down.output(), x, y, places });
        });
    }

    /// Each gradient goes to its maximum.
    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, output_shape, saved, output_gradient, input_gradients: [Some(dx)], .. } = call else {
            return;
        };
        let (shape, elements) = (inputs[0].1, output_shape.elements());
        let channels = shape.channels();
        for_each_row(dx, shape.elements(), shape.elements() + elements, |image, dx| {
            dx.fill(T::ZERO);
            let image = image * elements..(image + 1) * elements;
            let outputs = output_gradient[image.clone()].iter().zip(&saved.indices[image]).enumerate();
            for (index, (g, place)) in outputs {
                dx[*place as usize * channels + index % channels] += *g;
            }
        });
    }
}

/// Channels that are compared side by side, in registers.
const TILE: usize = 16;

/// One row of the output.
struct Maxima<'a, T> {
    bins: [Bins; 2],
    channels: usize,
    row: usize,
    /// Of this image.
    x: &'a [T],
    y: &'a mut [T],
    places: &'a mut [u32],
}

impl<T: Real> WithSimd for Maxima<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        for column in 0..self.bins[1].output() {
            let mut channel = 0;
            while channel + TILE <= self.channels {
                self.tile::<TILE>(column, channel);
                channel += TILE;
            }
            (channel..self.channels).for_each(|channel| self.tile::<1>(column, channel));
        }
    }
}

impl<T: Real> Maxima<'_, T> {
    #[inline(always)]
    fn tile<const N: usize>(&mut self, column: usize, channel: usize) {
        let [down, across] = self.bins;
        let (lines, columns) = (down.inputs(self.row), across.inputs(column));
        let first = lines.start * across.input() + columns.start;
        let (mut best, mut places) = ([T::NEG_INFINITY; N], [first as u32; N]);
        for line in lines {
            for position in line * across.input() + columns.start..line * across.input() + columns.end {
                let x: &[T; N] =
                    self.x[position * self.channels + channel..].first_chunk().expect("channels lie within the input");
                keep_larger(&mut best, &mut places, x, position as u32);
            }
        }
        let start = column * self.channels + channel;
        self.y[start..start + N].copy_from_slice(&best);
        self.places[start..start + N].copy_from_slice(&places);
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn takes_the_largest_of_bins_that_may_overlap() {
        for ((height, width), (rows, columns)) in
            [((5, 7), (1, 1)), ((7, 7), (7, 7)), ((5, 7), (3, 2)), ((4, 3), (7, 5)), ((8, 10), (2, 5))]
        {
            let (input, output) = (Shape::map(2, height, width), Shape::map(2, rows, columns));
            let case = Case::new(Op::AdaptiveMaxPool2d, 3, input, output);
            check(&case, |numbers| {
                let inside = |at: usize, bin: usize, n: usize, m: usize| at * m + m > bin * n && at * m < (bin + 1) * n;
                let largest = |index: usize| {
                    let (i, j) = (index / columns % rows, index % columns);
                    let plane = &numbers.inputs[0][index / columns / rows * height * width..][..height * width];
                    let taken = plane
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| inside(at / width, i, height, rows) && inside(at % width, j, width, columns));
                    taken.map(|(_, x)| *x).fold(f64::NEG_INFINITY, f64::max)
                };
                (0..3 * output.elements()).map(largest).collect()
            });
        }
    }

    /// As PyTorch 2.15 has it: the first of equal numbers, the last NaN, and −∞ where there is nothing else.
    #[test]
    fn chooses_between_equals_as_pytorch_does() {
        const NAN: f64 = f64::NAN;
        for (x, maximum, place) in [
            ([3.0, 3.0, 3.0, 3.0], 3.0, 0),
            ([1.0, 2.0, 3.0, 3.0], 3.0, 2),
            ([f64::NEG_INFINITY; 4], f64::NEG_INFINITY, 0),
            ([1.0, NAN, NAN, 1.0], NAN, 2),
        ] {
            let case = Case::new(Op::AdaptiveMaxPool2d, 1, Shape::map(1, 2, 2), Shape::map(1, 1, 1));
            let outcome = case.run_on(&x, &[1.0]);
            let mut gradient = vec![0.0; 4];
            gradient[place] = 1.0;
            // As text, in which NaN equals NaN.
            assert_eq!(format!("{:?}", outcome.output), format!("{:?}", [maximum]), "{x:?}");
            assert_eq!(outcome.input_gradients[0], gradient, "{x:?}");
        }
    }
}
