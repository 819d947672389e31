//! The larger of two numbers, as <https://docs.pytorch.org/docs/stable/generated/torch.maximum.html>.

use rayon::prelude::*;

use super::lanes::{CHUNK, map_pairs};
use super::simd::vectorised;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::Maximum;

impl<T: Real> Kernel<T> for Maximum {
    /// NaN if one of them is.
    ///
    /// Operations: 1 an element. Bytes: 12 an element.
    fn forward(&self, call: Forward<T>) {
        let &[(a, _), (b, _)] = call.inputs else { unreachable!("it has two inputs") };
        call.output.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK))).for_each(|(y, (a, b))| {
            vectorised(
                #[inline(always)]
                || map_pairs(y, a, b, |a, b| larger(a, b)),
            );
        });
    }

    /// The gradient goes to the larger one; half of it to each where they are equal.
    fn backward(&self, call: Backward<T>) {
        let &[(a, _), (b, _)] = call.inputs else { unreachable!("it has two inputs") };
        for (dx, (own, other)) in call.input_gradients.iter_mut().zip([(a, b), (b, a)]) {
            let Some(dx) = dx else { continue };
            let values = own.par_chunks(CHUNK).zip(other.par_chunks(CHUNK));
            let chunks = dx.par_chunks_mut(CHUNK).zip(call.output_gradient.par_chunks(CHUNK).zip(values));
            chunks.for_each(|(dx, (g, (own, other)))| {
                for (dx, (g, (own, other))) in dx.iter_mut().zip(g.iter().zip(own.iter().zip(other))) {
                    let share = if own == other { T::of(0.5) * *g } else { *g };
                    *dx = if own < other { T::ZERO } else { share };
                }
            });
        }
    }
}

/// The larger number; NaN if one of them is.
#[inline(always)]
pub(super) fn larger<T: Real>(a: T, b: T) -> T {
    let larger = if a > b { a } else { b };
    // Where one is NaN neither comparison is true, and the sum is NaN.
    if (a > b) | (a <= b) { larger } else { a + b }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, Numbers, Wanted, check};
    use crate::program::Op;

    #[test]
    fn takes_the_larger_one() {
        for shape in [Shape::map(2, 3, 5), Shape::Vector(7)] {
            let case = Case { inputs: vec![shape; 2], ..Case::new(Op::Maximum, 3, shape, shape) };
            check(&case, |numbers| numbers.inputs[0].iter().zip(&numbers.inputs[1]).map(|(a, b)| a.max(*b)).collect());
        }
    }

    /// As PyTorch 2.15 does.
    #[test]
    fn shares_the_gradient_where_both_are_equal() {
        let shape = Shape::Vector(4);
        let case = Case { inputs: vec![shape; 2], ..Case::new(Op::Maximum, 1, shape, shape) };
        let inputs = vec![vec![1.0, 2.0, f64::NAN, 3.0], vec![1.0, 3.0, 1.0, f64::NAN]];
        let numbers = Numbers { inputs, weights: vec![], buffers: vec![] };
        let outcome = case.run(&numbers, &[4.0; 4], Wanted::All);
        // As text, in which NaN equals NaN.
        assert_eq!(format!("{:?}", outcome.output), "[1.0, 3.0, NaN, NaN]");
        assert_eq!(outcome.input_gradients, [[2.0, 0.0, 4.0, 4.0], [2.0, 4.0, 4.0, 4.0]]);
    }
}
