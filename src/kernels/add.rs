//! Sums of values of one shape.

use rayon::prelude::*;

use super::clamp::Clamp;
use super::lanes::{CHUNK, add_scaled, copy_all, map_pairs};
use super::simd::vectorised;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::Add;

impl<T: Real> Kernel<T> for Add {
    /// output = Σ inputs
    ///
    /// Operations: 1 an element for each input but the first. Bytes: 12 an element with two inputs, 4 more for each
    /// further one.
    fn forward(&self, call: Forward<T>) {
        let Forward { epilogue, inputs, output, .. } = call;
        let [(first, _), (second, _), rest @ ..] = inputs else {
            unreachable!("an addition has at least two inputs");
        };
        let clamp = Clamp::needed(epilogue.bounds);
        output.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, output)| {
            let some = chunk * CHUNK..chunk * CHUNK + output.len();
            vectorised(
                #[inline(always)]
                || {
                    map_pairs(output, &first[some.clone()], &second[some.clone()], |a, b| a + b);
                    for (input, _) in rest {
                        add_scaled(output, T::ONE, &input[some.clone()]);
                    }
                },
            );
            if let Some(clamp) = clamp {
                clamp.apply(output);
            }
        });
    }

    /// Each input's gradient is the output's.
    fn backward(&self, call: Backward<T>) {
        for gradient in call.input_gradients.iter_mut().flatten() {
            copy_all(gradient, call.output_gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn adds_any_number_of_inputs() {
        for count in 2..5 {
            let shape = Shape::map(2, 3, 5);
            let case = Case { inputs: vec![shape; count], ..Case::new(Op::Add, 3, shape, shape) };
            check(&case, |numbers| {
                (0..90).map(|index| numbers.inputs.iter().map(|input| input[index]).sum()).collect()
            });
        }
    }
}
