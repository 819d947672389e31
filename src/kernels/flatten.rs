//! A map as a vector, channel after channel, as weights from PyTorch expect it: out of the order channels last. Where
//! both orders are one ([`Op::is_view`](crate::program::Op::is_view)), callers may take the input itself.
//!
//! Bytes: 8 an element.

use super::layout::{channels_first, channels_last};
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::Flatten;

impl<T: Real> Kernel<T> for Flatten {
    fn forward(&self, call: Forward<T>) {
        let (x, shape) = call.inputs[0];
        channels_first(shape, x, call.output);
    }

    fn backward(&self, call: Backward<T>) {
        if let Some(gradient) = &mut call.input_gradients[0] {
            channels_last(call.inputs[0].1, call.output_gradient, gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn puts_channel_after_channel() {
        for shape in [Shape::map(2, 3, 5), Shape::map(1, 3, 5), Shape::map(30, 1, 1), Shape::Vector(30)] {
            let case = Case::new(Op::Flatten, 3, shape, Shape::Vector(shape.elements()));
            check(&case, |numbers| numbers.inputs[0].clone());
        }
    }
}
