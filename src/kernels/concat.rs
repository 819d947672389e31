//! Values one after the other along the channels: copies, position by position, at the speed of a copy where there are
//! some 32 channels each.

use super::lanes::for_each_row;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::Concat;

impl<T: Real> Kernel<T> for Concat {
    /// output ← the inputs of each position, one after the other
    ///
    /// Bytes: 8 an element, here and in the backward pass.
    fn forward(&self, call: Forward<T>) {
        let Forward { inputs, output, output_shape, .. } = call;
        let channels = output_shape.channels();
        for_each_row(output, channels, channels, |row, mut output| {
            for (input, shape) in inputs {
                let channels = shape.channels();
                let (part, rest) = output.split_at_mut(channels);
                part.copy_from_slice(&input[row * channels..][..channels]);
                output = rest;
            }
        });
    }

    /// Each input's gradient is its part of the output's.
    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, output_shape, output_gradient, input_gradients, .. } = call;
        let mut start = 0;
        for ((_, shape), gradient) in inputs.iter().zip(input_gradients) {
            let channels = shape.channels();
            if let Some(gradient) = gradient {
                for_each_row(gradient, channels, channels, |row, gradient| {
                    gradient.copy_from_slice(&output_gradient[row * output_shape.channels() + start..][..channels]);
                });
            }
            start += channels;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn puts_channels_after_each_other() {
        for channels in [vec![2, 3], vec![1, 4, 2]] {
            let total = channels.iter().sum();
            let inputs = channels.iter().map(|channels| Shape::map(*channels, 3, 5)).collect();
            let output = Shape::map(total, 3, 5);
            let case = Case { inputs, ..Case::new(Op::Concat, 3, output, output) };
            check(&case, |numbers| {
                let image = |image: usize| {
                    let inputs = numbers.inputs.iter().zip(&channels);
                    inputs.flat_map(move |(input, channels)| input[image * channels * 15..][..channels * 15].to_vec())
                };
                (0..3).flat_map(image).collect()
            });
        }
    }
}
