//! weight·x + bias, with numbers for each channel.

use rayon::prelude::*;

use super::column_sums::column_sums;
use super::rows::{Rows, map_rows};
use super::scratch::with_scratch;
use super::{Backward, Forward, Kernel, Real};
use crate::ir::Shape;
use crate::program::op::Scale;

impl<T: Real> Kernel<T> for Scale {
    /// Operations: 2 an element. Bytes: 8 an element.
    fn forward(&self, call: Forward<T>) {
        let Forward { inputs, weights, output, output_shape, .. } = call;
        with_factors(weights, output_shape, |factors, task| {
            output.par_chunks_mut(task).zip(inputs[0].0.par_chunks(task)).for_each(|(y, x)| {
                map_rows(y, [x; 2], factors, |[weight, bias], x, _| weight * x + bias);
            });
        });
    }

    /// Operations: 1 an element, and 3 for the weights' gradients. Bytes: 8 an element, and 8 for the weights'.
    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, weights, output_shape, output_gradient: g, .. } = call;
        let (x, channels) = (inputs[0].0, output_shape.channels());
        if let Some(dx) = &mut call.input_gradients[0] {
            with_factors(weights, output_shape, |factors, task| {
                dx.par_chunks_mut(task).zip(g.par_chunks(task)).for_each(|(dx, g)| {
                    map_rows(dx, [g; 2], factors, |[weight, _], g, _| weight * g);
                });
            });
        }
        if call.weight_gradients.iter().all(Option::is_none) {
            return;
        }
        // Σ g·x and Σ g of each channel.
        let sums = column_sums(
            x.len() / channels,
            channels,
            #[inline(always)]
            |row, products: &mut [T], sums: &mut [T]| {
                let numbers = x[row * channels..][..channels].iter().zip(&g[row * channels..][..channels]);
                for ((product, sum), (x, g)) in products.iter_mut().zip(sums).zip(numbers) {
                    *product += *g * *x;
                    *sum += *g;
                }
            },
        );
        for (gradient, sums) in call.weight_gradients.iter_mut().zip(&sums) {
            let Some(gradient) = gradient else { continue };
            gradient.iter_mut().zip(sums).for_each(|(gradient, sum)| *gradient = T::of(*sum));
        }
    }
}

/// Calls `work` with a weight and a bias for each column of a row, and the elements of a task.
fn with_factors<T: Real>(weights: &[&[T]], shape: Shape, work: impl FnOnce(&[T], usize)) {
    let rows = Rows::new(shape.elements(), shape.channels());
    with_scratch(2 * rows.width, |table| {
        rows.fill(table, |channel| [weights[0][channel], weights.get(1).map_or(T::ZERO, |bias| bias[channel])]);
        work(table, rows.task());
    });
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn has_a_factor_a_channel_and_perhaps_a_summand() {
        for shape in [Shape::map(3, 2, 5), Shape::map(1, 4, 4), Shape::map(70, 3, 1), Shape::Vector(7)] {
            for weights in [vec![shape.channels()], vec![shape.channels(); 2]] {
                let case = Case { weights: weights.clone(), ..Case::new(Op::Scale, 3, shape, shape) };
                check(&case, |numbers| {
                    let channel = |index: usize| index / shape.positions() % shape.channels();
                    let bias = |index| numbers.weights.get(1).map_or(0.0, |bias| bias[channel(index)]);
                    let x = numbers.inputs[0].iter().enumerate();
                    x.map(|(index, x)| numbers.weights[0][channel(index)] * x + bias(index)).collect()
                });
            }
        }
    }
}
