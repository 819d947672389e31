//! Products, element by element; an input of one position is stretched over all positions.

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
        let (channels, positions) = (output_shape.channels(), output_shape.positions());
        for_each_row(output, channels, channels * inputs.len(), |row, output| {
            output.fill(T::ONE);
            inputs.iter().for_each(|input| multiply(output, row_of(*input, row, positions)));
        });
    }

    /// An input's gradient is the output's times all other inputs, summed over the positions that it was stretched
    /// over.
    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, output_shape, output_gradient, input_gradients, .. } = call;
        let (channels, positions) = (output_shape.channels(), output_shape.positions());
        for (index, gradient) in input_gradients.iter_mut().enumerate() {
            let Some(gradient) = gradient else { continue };
            let others = || inputs[..index].iter().chain(&inputs[index + 1..]);
            let product = |row: usize, product: &mut [T]| {
                product.copy_from_slice(&output_gradient[row * channels..][..channels]);
                others().for_each(|other| multiply(product, row_of(*other, row, positions)));
            };
            if inputs[index].1.positions() == positions {
                for_each_row(gradient, channels, channels * inputs.len(), product);
            } else {
                for_each_row(gradient, channels, channels * positions * inputs.len(), |image, gradient| {
                    sum_of_rows(gradient, positions, |position, row| product(image * positions + position, row));
                });
            }
        }
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

/// The channels at one position of the output, counted over all images.
fn row_of<T>((values, shape): (&[T], Shape), row: usize, positions: usize) -> &[T] {
    let row = if shape.positions() == positions { row } else { row / positions };
    &values[row * shape.channels()..][..shape.channels()]
}

/// output ← output·x
fn multiply<T: Real>(output: &mut [T], x: &[T]) {
    output.iter_mut().zip(x).for_each(|(output, x)| *output *= *x);
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn stretches_what_has_one_position() {
        let (map, gate) = (Shape::map(2, 3, 5), Shape::map(2, 1, 1));
        let (vector, one) = (Shape::Vector(4), Shape::map(3, 1, 1));
        for (inputs, output) in [
            (vec![map, map], map),
            (vec![map, gate], map),
            (vec![gate, map, map], map),
            (vec![gate, map, gate], map),
            (vec![one, one], one),
            (vec![vector, vector, vector], vector),
        ] {
            let case = Case { inputs: inputs.clone(), ..Case::new(Op::Mul, 3, output, output) };
            check(&case, |numbers| {
                let factor = |(values, shape): (&Vec<f64>, &Shape), index: usize| match shape.positions() {
                    1 => values[index / output.positions()],
                    _ => values[index],
                };
                let product = |index| numbers.inputs.iter().zip(&inputs).map(|input| factor(input, index)).product();
                (0..3 * output.elements()).map(product).collect()
            });
        }
    }
}
