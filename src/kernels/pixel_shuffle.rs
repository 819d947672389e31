//! Channels as pixels (Shi et al. 2016) and back, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html>: copies, in which each one's gradient
//! goes the other's way.
//!
//! Bytes: 8 an element.

use super::lanes::for_each_row;
use super::{Backward, Forward, Kernel, Real};
use crate::ir::Shape;
use crate::program::op::{PixelShuffle, PixelUnshuffle};

impl<T: Real> Kernel<T> for PixelShuffle {
    fn forward(&self, call: Forward<T>) {
        shuffle(self.factor, call.output_shape, call.inputs[0].0, call.output);
    }

    fn backward(&self, call: Backward<T>) {
        if let Some(dx) = &mut call.input_gradients[0] {
            unshuffle(self.factor, call.output_shape, call.output_gradient, dx);
        }
    }
}

impl<T: Real> Kernel<T> for PixelUnshuffle {
    fn forward(&self, call: Forward<T>) {
        let (x, shape) = call.inputs[0];
        unshuffle(self.factor, shape, x, call.output);
    }

    fn backward(&self, call: Backward<T>) {
        if let Some(dx) = &mut call.input_gradients[0] {
            shuffle(self.factor, call.inputs[0].1, call.output_gradient, dx);
        }
    }
}

/// Fills maps of the shape `large`, whose pixels are the channels of smaller maps.
fn shuffle<T: Real>(factor: usize, large: Shape, small: &[T], output: &mut [T]) {
    let (channels, columns) = (large.channels(), large.sides().map_or(1, |(_, columns)| columns));
    let square = factor * factor;
    for_each_row(output, channels, channels, |position, y| {
        // Rows of all images, one after the other, since whole images are as many small rows.
        let (row, column) = (position / columns, position % columns);
        let pixel = row / factor * (columns / factor) + column / factor;
        let x = &small[pixel * channels * square + row % factor * factor + column % factor..];
        y.iter_mut().zip(x.iter().step_by(square)).for_each(|(y, x)| *y = *x);
    });
}

/// The way back: maps of the shape `large` are read.
fn unshuffle<T: Real>(factor: usize, large: Shape, from: &[T], output: &mut [T]) {
    let (channels, columns) = (large.channels(), large.sides().map_or(1, |(_, columns)| columns));
    let (square, small_columns) = (factor * factor, columns / factor);
    for_each_row(output, channels * square, channels * square, |pixel, y| {
        let (row, column) = (pixel / small_columns * factor, pixel % small_columns * factor);
        for part in 0..square {
            let position = (row + part / factor) * columns + column + part % factor;
            let x = &from[position * channels..][..channels];
            y[part..].iter_mut().step_by(square).zip(x).for_each(|(y, x)| *y = *x);
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;
    use crate::program::op::{PixelShuffle, PixelUnshuffle};

    const BATCH: usize = 3;

    /// For each number of small maps, where it is among those of large ones: the definition.
    fn places(factor: usize, channels: usize, height: usize, width: usize) -> Vec<usize> {
        let (square, rows, columns) = (factor * factor, height * factor, width * factor);
        let of = |index: usize| {
            let (w, h) = (index % width, index / width % height);
            let (plane, image) =
                (index / width / height % (channels * square), index / width / height / channels / square);
            let (c, i, j) = (plane / square, plane % square / factor, plane % factor);
            ((image * channels + c) * rows + h * factor + i) * columns + w * factor + j
        };
        (0..BATCH * channels * square * height * width).map(of).collect()
    }

    #[test]
    fn pixels_are_channels_and_channels_pixels() {
        for (factor, channels, height, width) in [(2, 3, 2, 5), (3, 1, 4, 2), (1, 4, 2, 3), (2, 16, 3, 3), (5, 2, 1, 1)]
        {
            let small = Shape::map(channels * factor * factor, height, width);
            let large = Shape::map(channels, height * factor, width * factor);
            let places = places(factor, channels, height, width);
            check(&Case::new(Op::PixelShuffle(PixelShuffle { factor }), BATCH, small, large), |numbers| {
                let mut expected = vec![f64::NAN; numbers.inputs[0].len()];
                places.iter().zip(&numbers.inputs[0]).for_each(|(place, x)| expected[*place] = *x);
                expected
            });
            check(&Case::new(Op::PixelUnshuffle(PixelUnshuffle { factor }), BATCH, large, small), |numbers| {
                places.iter().map(|place| numbers.inputs[0][*place]).collect()
            });
        }
    }
}
