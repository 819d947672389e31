//! A copy, for callers that do not see that the output may be the input itself
//! ([`Op::is_view`](crate::program::Op::is_view)).

use super::lanes::copy_all;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::Identity;

impl<T: Real> Kernel<T> for Identity {
    fn forward(&self, call: Forward<T>) {
        copy_all(call.output, call.inputs[0].0);
    }

    fn backward(&self, call: Backward<T>) {
        if let Some(gradient) = &mut call.input_gradients[0] {
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
    fn copies() {
        for shape in [Shape::map(2, 3, 5), Shape::Vector(7)] {
            check(&Case::new(Op::Identity, 3, shape, shape), |numbers| numbers.inputs[0].clone());
        }
    }
}
