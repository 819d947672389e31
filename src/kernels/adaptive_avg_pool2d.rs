//! The mean over bins: output i covers the inputs from ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html>).

use std::ops::Range;

use super::lanes::{add_scaled, for_each_row};
use super::scratch::with_scratch;
use super::{Backward, Forward, Real, size};
use crate::graph::Shape;

pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { inputs, output, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let (channels, bins) = (shape.channels(), Bins::new(shape, output_shape));
    let elements = (shape.elements() / output_shape.positions()).max(channels);
    for_each_row(output, channels, elements, |row, y| {
        let image = &x[row / output_shape.positions() * shape.elements()..][..shape.elements()];
        let (down, across) = bins.of(row % output_shape.positions());
        let share = share(&down, &across);
        y.fill(T::ZERO);
        with_scratch(channels, |sum| {
            for line in down {
                sum.fill(T::ZERO);
                let line = &image[(line * bins.input.1 + across.start) * channels..][..across.len() * channels];
                line.chunks_exact(channels).for_each(|x| add_scaled(sum, T::ONE, x));
                add_scaled(y, share, sum);
            }
        });
    });
}

pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
    let shape = inputs[0].1;
    let (channels, bins) = (shape.channels(), Bins::new(shape, output_shape));
    for_each_row(dx, shape.elements(), shape.elements() + output_shape.elements(), |image, dx| {
        dx.fill(T::ZERO);
        let g = &output_gradient[image * output_shape.elements()..][..output_shape.elements()];
        for (position, g) in g.chunks_exact(channels).enumerate() {
            let (down, across) = bins.of(position);
            let share = share(&down, &across);
            for line in down {
                let line = &mut dx[(line * bins.input.1 + across.start) * channels..][..across.len() * channels];
                line.chunks_exact_mut(channels).for_each(|dx| add_scaled(dx, share, g));
            }
        }
    });
}

/// Height and width of input and output.
struct Bins {
    input: (usize, usize),
    output: (usize, usize),
}

impl Bins {
    fn new(input: Shape, output: Shape) -> Bins {
        Bins { input: size(input), output: size(output) }
    }

    /// What an output position covers, down and across.
    fn of(&self, position: usize) -> (Range<usize>, Range<usize>) {
        let (rows, columns) = self.output;
        (bin(position / columns, self.input.0, rows), bin(position % columns, self.input.1, columns))
    }
}

fn bin(index: usize, input: usize, output: usize) -> Range<usize> {
    index * input / output..((index + 1) * input).div_ceil(output)
}

/// What each position of a bin counts.
fn share<T: Real>(down: &Range<usize>, across: &Range<usize>) -> T {
    T::of(1.0 / (down.len() * across.len()) as f64)
}

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn averages_bins_that_may_overlap() {
        for ((height, width), (rows, columns)) in
            [((5, 7), (1, 1)), ((7, 7), (7, 7)), ((5, 7), (3, 2)), ((4, 3), (7, 5)), ((8, 10), (2, 5))]
        {
            let (input, output) = (Shape::map(2, height, width), Shape::map(2, rows, columns));
            let case = Case::new(Op::AdaptiveAvgPool2d, 3, input, output);
            check(&case, |numbers| {
                let mean = |index: usize| {
                    let (i, j) = (index / columns % rows, index % columns);
                    let plane = &numbers.inputs[0][index / columns / rows * height * width..][..height * width];
                    let floor = |i: usize, n: usize, m: usize| (i as f64 * n as f64 / m as f64).floor() as usize;
                    let ceil = |i: usize, n: usize, m: usize| ((i + 1) as f64 * n as f64 / m as f64).ceil() as usize;
                    let mut taken = Vec::new();
                    for y in floor(i, height, rows)..ceil(i, height, rows) {
                        for x in floor(j, width, columns)..ceil(j, width, columns) {
                            taken.push(plane[y * width + x]);
                        }
                    }
                    taken.iter().sum::<f64>() / taken.len() as f64
                };
                (0..3 * output.elements()).map(mean).collect()
            });
        }
    }
}
