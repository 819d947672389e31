//! x·Wᵀ + b (<https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>): one product for the whole batch.

use super::lanes::add_scaled;
use super::matrix::{Matrix, MatrixMut, Threads, multiply};
use super::{Backward, Forward, Real};

pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { batch, inputs, weights, output, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let (features_in, features_out) = (shape.elements(), output_shape.elements());
    let x = Matrix::new(x, batch, features_in);
    let weight = Matrix::new(weights[0], features_out, features_in);
    multiply(&mut MatrixMut::new(output, batch, features_out), x, weight.transposed(), Threads::All);
    if let [_, bias] = weights {
        output.chunks_exact_mut(features_out).for_each(|row| add_scaled(row, T::ONE, bias));
    }
}

pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { batch, inputs, weights, output_gradient, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let (features_in, features_out) = (shape.elements(), output_shape.elements());
    let gradient = Matrix::new(output_gradient, batch, features_out);
    if let Some(dx) = &mut call.input_gradients[0] {
        let weight = Matrix::new(weights[0], features_out, features_in);
        multiply(&mut MatrixMut::new(dx, batch, features_in), gradient, weight, Threads::All);
    }
    if let Some(dw) = &mut call.weight_gradients[0] {
        let x = Matrix::new(x, batch, features_in);
        multiply(&mut MatrixMut::new(dw, features_out, features_in), gradient.transposed(), x, Threads::All);
    }
    if let [_, Some(db)] = call.weight_gradients {
        db.fill(T::ZERO);
        output_gradient.chunks_exact(features_out).for_each(|row| add_scaled(db, T::ONE, row));
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn multiplies_by_the_transposed_weight() {
        for (batch, features_in, features_out) in [(1, 1, 1), (1, 7, 5), (3, 5, 1), (3, 33, 18), (17, 4, 3)] {
            for weights in [vec![features_out * features_in], vec![features_out * features_in, features_out]] {
                let (input, output) = (Shape::Vector(features_in), Shape::Vector(features_out));
                let case = Case { weights, ..Case::new(Op::Linear, batch, input, output) };
                check(&case, |numbers| {
                    let outputs = numbers.inputs[0].chunks_exact(features_in).flat_map(|x| {
                        let rows = numbers.weights[0].chunks_exact(features_in).enumerate();
                        rows.map(move |(out, row)| {
                            let bias = numbers.weights.get(1).map_or(0.0, |bias| bias[out]);
                            row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias
                        })
                    });
                    outputs.collect()
                });
            }
        }
    }
}
