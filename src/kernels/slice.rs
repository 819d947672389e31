//! Some of the channels: copies, position by position.
//!
//! Bytes: 8 an element that is taken, and backward 4 for every other one, at the speed of a copy.

use super::lanes::for_each_row;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::Slice;

impl<T: Real> Kernel<T> for Slice {
    /// output ← the channels from `start` on
    fn forward(&self, call: Forward<T>) {
        let Slice { start } = *self;
        let Forward { inputs, output, output_shape, .. } = call;
        let ((x, shape), channels) = (inputs[0], output_shape.channels());
        for_each_row(output, channels, channels, |row, y| {
            y.copy_from_slice(&x[row * shape.channels() + start..][..channels]);
        });
    }

    /// All other channels have no gradient.
    fn backward(&self, call: Backward<T>) {
        let Slice { start } = *self;
        let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
        let (all, channels) = (inputs[0].1.channels(), output_shape.channels());
        for_each_row(dx, all, all, |row, dx| {
            dx.fill(T::ZERO);
            dx[start..][..channels].copy_from_slice(&output_gradient[row * channels..][..channels]);
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;
    use crate::program::op::Slice;

    #[test]
    fn takes_channels() {
        let map = |channels| Shape::map(channels, 2, 3);
        for (input, start, output) in [
            (map(4), 0, map(2)),
            (map(4), 2, map(2)),
            (map(5), 1, map(3)),
            (map(3), 0, map(3)),
            (Shape::Vector(7), 3, Shape::Vector(2)),
        ] {
            check(&Case::new(Op::Slice(Slice { start }), 3, input, output), |numbers| {
                let taken = start * input.positions()..(start + output.channels()) * input.positions();
                numbers.inputs[0]
                    .chunks_exact(input.elements())
                    .flat_map(|image| image[taken.clone()].to_vec())
                    .collect()
            });
        }
    }
}
