//! The matrices of a convolution as a product: output = weight · columns, where a column holds what one output position
//! sees. Its rows are the taps of each input channel.

use std::ops::Range;

use super::geometry::{Block, Geometry};
use crate::kernels::Real;
use crate::kernels::matrix::Matrix;
use crate::kernels::scratch::with_scratch;

/// Calls `work` with the columns of some of a group's input channels.
pub(super) fn with_columns<T: Real, R>(
    geometry: &Geometry,
    x: &[T],
    group: usize,
    channels: &Range<usize>,
    block: &Block,
    work: impl FnOnce(Matrix<T>) -> R,
) -> R {
    let rows = channels.len() * geometry.taps();
    let columns = block.columns(geometry);
    if geometry.is_pointwise() && block.images.len() == 1 {
        let start = geometry.input_start(block.images.start, group, channels.start) + block.first(geometry);
        return work(Matrix::strided(&x[start..], rows, columns, geometry.positions_in()));
    }
    with_scratch(rows * columns, |matrix| {
        gather(geometry, x, group, channels, block, matrix);
        work(Matrix::new(matrix, rows, columns))
    })
}

/// Calls `work` with a group's output gradients, a row a channel.
pub(super) fn with_output_gradients<T: Real, R>(
    geometry: &Geometry,
    dy: &[T],
    group: usize,
    block: &Block,
    work: impl FnOnce(Matrix<T>) -> R,
) -> R {
    let columns = block.columns(geometry);
    let positions = geometry.positions_out();
    if block.images.len() == 1 {
        let start = geometry.output_start(block.images.start, group) + block.first(geometry);
        return work(Matrix::strided(&dy[start..], geometry.outputs, columns, positions));
    }
    with_scratch(geometry.outputs * columns, |matrix| {
        for (place, image) in block.images.clone().enumerate() {
            let image = &dy[geometry.output_start(image, group)..];
            for (row, plane) in matrix.chunks_exact_mut(columns).zip(image.chunks_exact(positions)) {
                row[place * positions..][..positions].copy_from_slice(plane);
            }
        }
        work(Matrix::new(matrix, geometry.outputs, columns))
    })
}

impl Block {
    /// Columns of its matrices.
    pub(super) fn columns(&self, geometry: &Geometry) -> usize {
        self.images.len() * self.rows.len() * geometry.across.output
    }

    /// Its first position in each output plane.
    pub(super) fn first(&self, geometry: &Geometry) -> usize {
        self.rows.start * geometry.across.output
    }
}

/// Writes the columns: for each channel and tap a row, in it for each image and output row what the tap sees.
fn gather<T: Real>(
    geometry: &Geometry,
    x: &[T],
    group: usize,
    channels: &Range<usize>,
    block: &Block,
    matrix: &mut [T],
) {
    let Geometry { down, across, .. } = geometry;
    let mut lines = matrix.chunks_exact_mut(across.output);
    for channel in channels.clone() {
        for tap_down in down.taps() {
            for tap_across in across.taps() {
                for image in block.images.clone() {
                    let plane = &x[geometry.input_start(image, group, channel)..][..geometry.positions_in()];
                    for row in block.rows.clone() {
                        let line = lines.next().expect("the matrix has a line for every tap, image and row");
                        let Some(input) = tap_down.input(row) else {
                            line.fill(T::ZERO);
                            continue;
                        };
                        line[..tap_across.outputs.start].fill(T::ZERO);
                        line[tap_across.outputs.end..].fill(T::ZERO);
                        tap_across.gather(line, &plane[input * across.input..][..across.input], |to, x| *to = x);
                    }
                }
            }
        }
    }
}

/// Adds the columns' gradients to where the columns came from: `dx` are their channels in the image at `place` in the block.
pub(super) fn scatter<T: Real>(geometry: &Geometry, matrix: &[T], block: &Block, place: usize, dx: &mut [T]) {
    let Geometry { down, across, .. } = geometry;
    let columns = block.columns(geometry);
    let lines_each = block.rows.len() * across.output;
    let mut rows = matrix.chunks_exact(columns).map(|row| &row[place * lines_each..][..lines_each]);
    for plane in dx.chunks_exact_mut(geometry.positions_in()) {
        for tap_down in down.taps() {
            for tap_across in across.taps() {
                let lines = rows.next().expect("the matrix has a row for every channel and tap");
                for (row, line) in block.rows.clone().zip(lines.chunks_exact(across.output)) {
                    if let Some(input) = tap_down.input(row) {
                        let dx = &mut plane[input * across.input..][..across.input];
                        tap_across.scatter(dx, line, |dx, g| *dx += g);
                    }
                }
            }
        }
    }
}
