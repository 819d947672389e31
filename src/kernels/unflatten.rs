//! A vector as a map: into the order channels last.
//!
//! Bytes: 8 an element.

use super::layout::{channels_first, channels_last};
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::Unflatten;

impl<T: Real> Kernel<T> for Unflatten {
    fn forward(&self, call: Forward<T>) {
        channels_last(call.output_shape, call.inputs[0].0, call.output);
    }

    fn backward(&self, call: Backward<T>) {
        if let Some(gradient) = &mut call.input_gradients[0] {
            channels_first(call.output_shape, call.output_gradient, gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn takes_channel_after_channel() {
        for shape in [Shape::map(2, 3, 5), Shape::map(1, 3, 5), Shape::map(30, 1, 1)] {
            let case = Case::new(Op::Unflatten, 3, Shape::Vector(shape.elements()), shape);
            check(&case, |numbers| numbers.inputs[0].clone());
        }
    }
}
