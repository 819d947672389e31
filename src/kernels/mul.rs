//! Products, element by element; an input of one position a channel is stretched over all positions.

use rayon::prelude::*;

use super::lanes::sum_of;
use super::{Backward, Forward, Real};
use crate::graph::Shape;

/// output ← Π inputs
pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { inputs, output, output_shape, .. } = call;
    let positions = output_shape.positions();
    output.par_chunks_mut(positions).enumerate().for_each(|(channel, output)| {
        output.fill(T::ONE);
        for input in inputs {
            multiply(output, channel_of(*input, channel));
        }
    });
}

/// An input's gradient is the output's times all other inputs, summed over the positions that it was stretched over.
pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { inputs, output_shape, output_gradient, input_gradients, .. } = call;
    let positions = output_shape.positions();
    for (index, gradient) in input_gradients.iter_mut().enumerate() {
        let Some(gradient) = gradient else { continue };
        let others: Vec<(&[T], Shape)> = inputs[..index].iter().chain(&inputs[index + 1..]).copied().collect();
        let own = inputs[index].1.positions();
        gradient.par_chunks_mut(own).enumerate().for_each_init(
            || vec![T::ZERO; positions],
            |product, (channel, gradient)| {
                product.copy_from_slice(&output_gradient[channel * positions..][..positions]);
                for other in &others {
                    multiply(product, channel_of(*other, channel));
                }
                match gradient {
                    [sum] => *sum = sum_of(product, |p| p),
                    gradient => gradient.copy_from_slice(product),
                }
            },
        );
    }
}

/// The positions of one channel, counted over all images.
fn channel_of<T>((values, shape): (&[T], Shape), channel: usize) -> &[T] {
    &values[channel * shape.positions()..][..shape.positions()]
}

/// output ← output · x, with a single x for all.
fn multiply<T: Real>(output: &mut [T], x: &[T]) {
    match x {
        [factor] => output.iter_mut().for_each(|output| *output *= *factor),
        x => output.iter_mut().zip(x).for_each(|(output, x)| *output *= *x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
