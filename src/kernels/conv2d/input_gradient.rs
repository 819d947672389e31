//! columns' gradient = weightᵀ · output's gradient, added up where the columns came from. A task takes some of a group's
//! input channels, and all blocks of some images, since these overlap in the input.

use rayon::prelude::*;

use super::columns::{scatter, with_output_gradients};
use super::geometry::Geometry;
use crate::kernels::Real;
use crate::kernels::matrix::{Matrix, MatrixMut, Threads, multiply};
use crate::kernels::parts::Parts;
use crate::kernels::scratch::with_scratch;

pub(super) fn input_gradient<T: Real>(geometry: &Geometry, weight: &[T], dy: &[T], dx: &mut [T]) {
    let &Geometry { groups, inputs, outputs, .. } = geometry;
    let (taps, positions) = (geometry.taps(), geometry.positions_in());
    let blocks = geometry.blocks(inputs);
    let handfuls = blocks.count() / blocks.per_images();
    let channel_blocks = geometry.channel_blocks(handfuls * groups);
    let tasks = handfuls * groups * channel_blocks.len();
    let threads = Threads::of_task(tasks);
    let dx = Parts::new(dx);
    (0..tasks).into_par_iter().for_each(|task| {
        let channels = &channel_blocks[task % channel_blocks.len()];
        let task = task / channel_blocks.len();
        let (handful, group) = (task / groups, task % groups);
        let weight = &weight[group * geometry.group_weight() + channels.start * taps..];
        let weight = Matrix::strided(weight, outputs, channels.len() * taps, inputs * taps).transposed();
        for (index, block) in blocks.of_images(handful).enumerate() {
            let columns = block.columns(geometry);
            with_output_gradients(geometry, dy, group, &block, |dy| {
                if geometry.is_pointwise() && block.images.len() == 1 {
                    let start = geometry.input_start(block.images.start, group, channels.start) + block.first(geometry);
                    // SAFETY: some channels of some images belong to one task.
                    let mut dx = unsafe { dx.matrix(start, channels.len(), columns, positions) };
                    return multiply(&mut dx, weight, dy, threads);
                }
                with_scratch(channels.len() * taps * columns, |matrix| {
                    multiply(&mut MatrixMut::new(matrix, channels.len() * taps, columns), weight, dy, threads);
                    for (place, image) in block.images.clone().enumerate() {
                        let start = geometry.input_start(image, group, channels.start);
                        // SAFETY: as above.
                        let dx = unsafe { dx.slice(start..start + channels.len() * positions) };
                        if index == 0 {
                            dx.fill(T::ZERO);
                        }
                        scatter(geometry, matrix, &block, place, dx);
                    }
                });
            });
        }
    });
}
