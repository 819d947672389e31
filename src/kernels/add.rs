//! Sums of values of one shape, and copies.

use super::lanes::{add_all, map_all, map_pairs_all};
use super::{Backward, Forward, Real};

/// output = Σ inputs
///
/// Operations: 1 an element for each input but the first. Bytes: 12 an element with two inputs, 12 more for each further one.
pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { inputs, output, .. } = call;
    let [(first, _), (second, _), rest @ ..] = inputs else {
        unreachable!("an addition has at least two inputs");
    };
    map_pairs_all(output, first, second, |a, b| a + b);
    for (input, _) in rest {
        add_all(output, input);
    }
}

/// Each input's gradient is the output's.
pub(super) fn backward<T: Real>(call: Backward<T>) {
    for gradient in call.input_gradients.iter_mut().flatten() {
        map_all(gradient, call.output_gradient, |g| g);
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
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
