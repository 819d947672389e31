//! The two orders of a batch of maps: N×C×H×W, as images come and PyTorch counts, and N×H×W×C, as the kernels work.
//! A vector has one order.

use rayon::prelude::*;

use super::Real;
use crate::ir::Shape;

/// Rows and columns of a block whose lines all stay in the cache.
const BLOCK: usize = 16;

/// Turns N×C×H×W into N×H×W×C; `shape` is one example's.
pub(crate) fn channels_last<T: Real>(shape: Shape, input: &[T], output: &mut [T]) {
    transpose_each(shape.channels(), shape.positions(), input, output);
}

/// Turns N×H×W×C into N×C×H×W; `shape` is one example's.
pub(crate) fn channels_first<T: Real>(shape: Shape, input: &[T], output: &mut [T]) {
    transpose_each(shape.positions(), shape.channels(), input, output);
}

/// The sizes of a whole batch, channels last.
pub(crate) fn sizes(batch: usize, shape: Shape) -> Vec<usize> {
    match shape {
        Shape::Map { channels, height, width } => vec![batch, height, width, channels],
        Shape::Vector(features) => vec![batch, features],
    }
}

/// Transposes matrices that lie one after the other.
fn transpose_each<T: Real>(rows: usize, columns: usize, input: &[T], output: &mut [T]) {
    let elements = rows * columns;
    let matrices = output.par_chunks_exact_mut(elements).zip(input.par_chunks_exact(elements));
    matrices.for_each(|(output, input)| transpose(rows, columns, input, output));
}

fn transpose<T: Real>(rows: usize, columns: usize, input: &[T], output: &mut [T]) {
    for row in (0..rows).step_by(BLOCK) {
        let height = BLOCK.min(rows - row);
        for first in (0..columns).step_by(BLOCK) {
            for column in first..columns.min(first + BLOCK) {
                let target = &mut output[column * rows + row..][..height];
                let source = input[row * columns + column..].iter().step_by(columns);
                target.iter_mut().zip(source).for_each(|(target, source)| *target = *source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposes_there_and_back() {
        for (batch, shape) in [
            (1, Shape::map(1, 1, 1)),
            (2, Shape::map(3, 5, 7)),
            (3, Shape::map(40, 2, 9)),
            (2, Shape::map(16, 8, 4)),
            (3, Shape::map(1, 4, 5)),
            (2, Shape::Vector(20)),
        ] {
            let (channels, positions, elements) = (shape.channels(), shape.positions(), shape.elements());
            let first: Vec<f32> = (0..batch * elements).map(|index| index as f32).collect();
            let from = |index: usize| {
                let (image, position, channel) = (index / elements, index / channels % positions, index % channels);
                first[image * elements + channel * positions + position]
            };
            let expected: Vec<f32> = (0..first.len()).map(from).collect();
            let (mut last, mut back) = (vec![f32::NAN; first.len()], vec![f32::NAN; first.len()]);
            channels_last(shape, &first, &mut last);
            channels_first(shape, &last, &mut back);
            assert_eq!((&last, &back), (&expected, &first), "{batch}×{shape}");
            assert_eq!(shape.has_one_order(), first == expected, "{shape}");
        }
    }
}
