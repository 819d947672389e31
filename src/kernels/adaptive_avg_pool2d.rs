//! The mean over bins: output i covers the inputs from ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html>).

use super::bins::{Bins, means, spread};
use super::{Backward, Forward, Kernel, Real, size};
use crate::ir::Shape;
use crate::program::op::AdaptiveAvgPool2d;

impl<T: Real> Kernel<T> for AdaptiveAvgPool2d {
    fn forward(&self, call: Forward<T>) {
        let (x, shape) = call.inputs[0];
        means(bins(shape, call.output_shape), shape.channels(), x, call.output);
    }

    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
        let shape = inputs[0].1;
        spread(bins(shape, output_shape), shape.channels(), output_gradient, dx);
    }
}

/// Down and across.
pub(super) fn bins(input: Shape, output: Shape) -> [Bins; 2] {
    let ((height, width), (rows, columns)) = (size(input), size(output));
    [(height, rows), (width, columns)].map(|(input, output)| Bins::Adaptive { input, output })
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
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
