//! Products, element by element; sizes of 1 are stretched over those of the output.

use super::lanes::{add_scaled, for_each_row};
use super::scratch::with_scratch;
use super::{Backward, Forward, Kernel, Real};
use crate::ir::Shape;
use crate::program::op::Mul;

impl<T: Real> Kernel<T> for Mul {
    /// output ← Π inputs
    ///
    /// Operations: 1 an element for each input. Bytes: 4 an element of the output and of each input.
    fn forward(&self, call: Forward<T>) {
        let Forward { inputs, output, output_shape, .. } = call;
        let channels = output_shape.channels();
        for_each_row(output, channels, channels * inputs.len(), |row, output| {
            output.fill(T::ONE);
            inputs.iter().for_each(|input| multiply(output, row_of(*input, row, output_shape)));
        });
    }

    /// An input's gradient is the output's times all other inputs, summed over what it was stretched over.
    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, output_shape, output_gradient, input_gradients, .. } = call;
        let channels = output_shape.channels();
        for (index, gradient) in input_gradients.iter_mut().enumerate() {
            let Some(gradient) = gradient else { continue };
            let others = || inputs[..index].iter().chain(&inputs[index + 1..]);
            let product = |row: usize, product: &mut [T]| {
                product.copy_from_slice(&output_gradient[row * channels..][..channels]);
                others().for_each(|other| multiply(product, row_of(*other, row, output_shape)));
            };
            let shape = inputs[index].1;
            if shape == output_shape {
                for_each_row(gradient, channels, channels * inputs.len(), product);
                continue;
            }
            let stretch = Stretch::new(shape, output_shape);
            let cost = channels * stretch.rows() * inputs.len();
            for_each_row(gradient, shape.channels(), cost, |row, gradient| {
                let of_row = |index: usize, values: &mut [T]| product(stretch.row(row, index), values);
                if shape.channels() == channels {
                    sum_of_rows(gradient, stretch.rows(), of_row);
                } else {
                    with_scratch(channels, |sums| {
                        sum_of_rows(sums, stretch.rows(), of_row);
                        gradient[0] = T::of(sums.iter().map(|sum| sum.to_f64()).sum());
                    });
                }
            });
        }
    }
}

/// Rows of channels of a smaller map, and those of a larger one over which it is stretched.
struct Stretch {
    small: [usize; 2],
    large: [usize; 2],
}

impl Stretch {
    fn new(small: Shape, large: Shape) -> Stretch {
        let sides = |shape: Shape| shape.sides().map_or([1, 1], |(height, width)| [height, width]);
        Stretch { small: sides(small), large: sides(large) }
    }

    /// Over so many rows each.
    fn rows(&self) -> usize {
        self.large.iter().product::<usize>() / self.small.iter().product::<usize>()
    }

    /// The row, counted over all images, that is the one with this index of those over which `row` is stretched.
    fn row(&self, row: usize, index: usize) -> usize {
        let Stretch { small: [height, width], large: [rows, columns] } = *self;
        let (image, place) = (row / (height * width), row % (height * width));
        let across = columns / width;
        let (down, right) = (place / width + index / across, place % width + index % across);
        (image * rows + down) * columns + right
    }

    /// The row of the smaller map that is stretched over a row of the larger one.
    fn below(&self, row: usize) -> usize {
        let Stretch { small: [height, width], large: [rows, columns] } = *self;
        let (image, place) = (row / (rows * columns), row % (rows * columns));
        let (down, right) = (place / columns % height, place % columns % width);
        (image * height + down) * width + right
    }
}

/// sum ← Σ rows, some by some, so that an addend is not lost beside a long sum.
fn sum_of_rows<T: Real>(sum: &mut [T], rows: usize, of_row: impl Fn(usize, &mut [T])) {
    const SOME: usize = 64;
    sum.fill(T::ZERO);
    with_scratch(2 * sum.len(), |scratch| {
        let (part, row) = scratch.split_at_mut(sum.len());
        for start in (0..rows).step_by(SOME) {
            of_row(start, part);
            for index in start + 1..rows.min(start + SOME) {
                of_row(index, row);
                add_scaled(part, T::ONE, row);
            }
            add_scaled(sum, T::ONE, part);
        }
    });
}

/// The channels at one position of the output, counted over all images: all of them, or the only one.
fn row_of<T>((values, shape): (&[T], Shape), row: usize, output: Shape) -> &[T] {
    let row = if shape.positions() == output.positions() { row } else { Stretch::new(shape, output).below(row) };
    &values[row * shape.channels()..][..shape.channels()]
}

/// output ← output·x
fn multiply<T: Real>(output: &mut [T], x: &[T]) {
    match *x {
        [x] => output.iter_mut().for_each(|output| *output *= x),
        _ => output.iter_mut().zip(x).for_each(|(output, x)| *output *= *x),
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn stretches_sizes_of_one() {
        let (map, gate) = (Shape::map(2, 3, 5), Shape::map(2, 1, 1));
        let (mask, rows, columns) = (Shape::map(1, 3, 5), Shape::map(2, 3, 1), Shape::map(2, 1, 5));
        let (vector, one) = (Shape::Vector(4), Shape::map(3, 1, 1));
        for (inputs, output) in [
            (vec![map, map], map),
            (vec![map, gate], map),
            (vec![gate, map, map], map),
            (vec![gate, map, gate], map),
            (vec![map, mask], map),
            (vec![mask, gate], map),
            (vec![rows, map, columns], map),
            (vec![columns, rows], map),
            (vec![Shape::map(1, 3, 1), gate, map, Shape::map(1, 1, 5), Shape::map(1, 1, 1)], map),
            (vec![one, one], one),
            (vec![vector, vector, vector], vector),
        ] {
            let case = Case { inputs: inputs.clone(), ..Case::new(Op::Mul, 3, output, output) };
            check(&case, |numbers| {
                let sizes = |shape: &Shape| (shape.channels(), shape.sides().unwrap_or((1, 1)));
                let (channels, (height, width)) = sizes(&output);
                let factor = |(values, shape): (&Vec<f64>, &Shape), index: usize| {
                    let (own, (rows, columns)) = sizes(shape);
                    let [image, channel, row, column] = [
                        index / (channels * height * width),
                        index / (height * width) % channels % own,
                        index / width % height % rows,
                        index % width % columns,
                    ];
                    values[((image * own + channel) * rows + row) * columns + column]
                };
                let product = |index| numbers.inputs.iter().zip(&inputs).map(|input| factor(input, index)).product();
                (0..3 * output.elements()).map(product).collect()
            });
        }
    }
}
