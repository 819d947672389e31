//! Values one after the other along the channels, which lie together in memory: copies, image by image.

use rayon::prelude::*;

use super::{Backward, Forward, Real};

/// output ← the inputs of each image, one after the other
pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { inputs, output, output_shape, .. } = call;
    output.par_chunks_mut(output_shape.elements()).enumerate().for_each(|(image, mut output)| {
        for (input, shape) in inputs {
            let elements = shape.elements();
            let (part, rest) = output.split_at_mut(elements);
            part.copy_from_slice(&input[image * elements..][..elements]);
            output = rest;
        }
    });
}

/// Each input's gradient is its part of the output's.
pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { inputs, output_shape, output_gradient, input_gradients, .. } = call;
    let mut start = 0;
    for ((_, shape), gradient) in inputs.iter().zip(input_gradients) {
        let elements = shape.elements();
        if let Some(gradient) = gradient {
            let images = output_gradient.par_chunks(output_shape.elements());
            gradient.par_chunks_mut(elements).zip(images).for_each(|(gradient, image)| {
                gradient.copy_from_slice(&image[start..][..elements]);
            });
        }
        start += elements;
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
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
