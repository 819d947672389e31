//! The mean over bins: output i covers the inputs from ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html>).

use std::ops::Range;

use super::lanes::{for_each, sum_of};
use super::parts::Parts;
use super::{Backward, Forward, Real, size};

pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { inputs, output, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let ((height, width), (rows, columns)) = (size(shape), size(output_shape));
    let planes = x.len() / (height * width);
    let output = Parts::new(output);
    for_each(planes, height * width + rows * columns, |plane| {
        let x = &x[plane * height * width..][..height * width];
        // SAFETY: each plane belongs to one task.
        let y = unsafe { output.slice(plane * rows * columns..(plane + 1) * rows * columns) };
        for (index, y) in y.iter_mut().enumerate() {
            let (down, across) = (bin(index / columns, height, rows), bin(index % columns, width, columns));
            let count = T::of((down.len() * across.len()) as f64);
            let lines = down.map(|line| sum_of(&x[line * width..][across.clone()], |x| x));
            *y = lines.sum::<T>() / count;
        }
    });
}

pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
    let ((height, width), (rows, columns)) = (size(inputs[0].1), size(output_shape));
    let planes = dx.len() / (height * width);
    let dx = Parts::new(dx);
    for_each(planes, height * width + rows * columns, |plane| {
        // SAFETY: each plane belongs to one task.
        let dx = unsafe { dx.slice(plane * height * width..(plane + 1) * height * width) };
        dx.fill(T::ZERO);
        for (index, g) in output_gradient[plane * rows * columns..][..rows * columns].iter().enumerate() {
            let (down, across) = (bin(index / columns, height, rows), bin(index % columns, width, columns));
            let share = *g / T::of((down.len() * across.len()) as f64);
            for line in down {
                dx[line * width..][across.clone()].iter_mut().for_each(|dx| *dx += share);
            }
        }
    });
}

fn bin(index: usize, input: usize, output: usize) -> Range<usize> {
    index * input / output..((index + 1) * input).div_ceil(output)
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
