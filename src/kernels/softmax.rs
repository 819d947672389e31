//! exp(x)/Σ exp(x) over the features of a vector, or over the channels at each position of a map.

use rayon::prelude::*;

use super::{Backward, Forward, Real};

/// Subtracts the maximum first, so that nothing overflows.
pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { inputs, output, output_shape, .. } = call;
    let positions = output_shape.positions();
    let examples = inputs[0].0.par_chunks_exact(output_shape.elements());
    output.par_chunks_exact_mut(output_shape.elements()).zip(examples).for_each(|(y, x)| {
        for position in 0..positions {
            let channels = || x[position..].iter().step_by(positions).copied();
            let largest = channels().fold(T::NEG_INFINITY, |largest, x| if x > largest { x } else { largest });
            let mut total = T::ZERO;
            for (y, x) in y[position..].iter_mut().step_by(positions).zip(channels()) {
                *y = (x - largest).exp();
                total += *y;
            }
            y[position..].iter_mut().step_by(positions).for_each(|y| *y = *y / total);
        }
    });
}

/// dx = y·(g − Σ g·y)
pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { output, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
    let (elements, positions) = (output_shape.elements(), output_shape.positions());
    let examples = output.par_chunks_exact(elements).zip(output_gradient.par_chunks_exact(elements));
    dx.par_chunks_exact_mut(elements).zip(examples).for_each(|(dx, (y, g))| {
        for position in 0..positions {
            let channels = || (position..elements).step_by(positions);
            let inner: T = channels().map(|index| g[index] * y[index]).sum();
            channels().for_each(|index| dx[index] = y[index] * (g[index] - inner));
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn sums_to_one_over_features_or_channels() {
        for shape in [Shape::Vector(7), Shape::Vector(1), Shape::map(5, 2, 3)] {
            let case = Case::new(Op::Softmax, 3, shape, shape);
            check(&case, |numbers| {
                let x = &numbers.inputs[0];
                let share = |index: usize| {
                    let (positions, elements) = (shape.positions(), shape.elements());
                    let first = index / elements * elements + index % positions;
                    let total: f64 = (0..shape.channels()).map(|channel| x[first + channel * positions].exp()).sum();
                    x[index].exp() / total
                };
                (0..x.len()).map(share).collect()
            });
        }
    }
}
