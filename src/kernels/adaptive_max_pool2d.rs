//! The maximum of bins: output i covers the inputs from ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html>).
//!
//! Operations: 3 an element of each bin. Bytes: 4 an element of the input, 8 of the output; backward the same. Two threads of a Zen 3,
//! where a copy moves 32 GB/s, move 5 of them, and 37 backward.
//!
//! Of equal numbers the first in row order takes the gradient; NaN is larger than anything.

use rayon::prelude::*;

use super::adaptive_avg_pool2d::bins;
use super::lanes::{for_each_row, rows_each};
use super::simd::vectorised;
use super::{Backward, Forward, Real, size};

/// Keeps the position of each maximum in its input map.
pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { inputs, output, output_shape, saved, .. } = call;
    let (x, shape) = inputs[0];
    let (channels, [down, across]) = (shape.channels(), bins(shape, output_shape));
    let (width, columns) = (size(shape).1, size(output_shape).1);
    let rows = output.par_chunks_exact_mut(channels).zip(saved.indices.par_chunks_exact_mut(channels)).enumerate();
    let elements = (shape.elements() / output_shape.positions()).max(channels);
    rows.with_min_len(rows_each(elements)).for_each(|(row, (y, places))| {
        let image = &x[row / output_shape.positions() * shape.elements()..][..shape.elements()];
        let position = row % output_shape.positions();
        let (lines, across) = (down.inputs(position / columns), across.inputs(position % columns));
        let mut first = true;
        for position in lines.flat_map(|line| line * width + across.start..line * width + across.end) {
            let x = &image[position * channels..][..channels];
            vectorised(
                #[inline(always)]
                || {
                    for ((best, place), x) in y.iter_mut().zip(&mut *places).zip(x) {
                        // Written without branches, so that many channels are compared at a time.
                        let wins = first | (*x > *best) | x.is_nan();
                        *best = if wins { *x } else { *best };
                        *place = if wins { position as u32 } else { *place };
                    }
                },
            );
            first = false;
        }
    });
}

/// Each gradient goes to its maximum.
pub(super) fn backward<T: Real>(call: Backward<T>) {
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

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
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
