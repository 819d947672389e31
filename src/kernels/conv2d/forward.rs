//! output = weight · columns + bias. A task takes a group and a block of output positions.

use rayon::prelude::*;

use super::columns::with_columns;
use super::geometry::Geometry;
use crate::kernels::Real;
use crate::kernels::lanes::map;
use crate::kernels::matrix::{Matrix, MatrixMut, Threads, multiply};
use crate::kernels::parts::Parts;
use crate::kernels::scratch::with_scratch;

pub(super) fn forward<T: Real>(geometry: &Geometry, x: &[T], weight: &[T], bias: Option<&[T]>, output: &mut [T]) {
    let &Geometry { groups, inputs, outputs, .. } = geometry;
    let blocks = geometry.blocks(inputs);
    let tasks = blocks.count() * groups;
    let threads = Threads::of_task(tasks);
    let positions = geometry.positions_out();
    let output = Parts::new(output);
    (0..tasks).into_par_iter().for_each(|task| {
        let (block, group) = (blocks.get(task / groups), task % groups);
        let weight = &weight[group * geometry.group_weight()..][..geometry.group_weight()];
        let weight = Matrix::new(weight, outputs, inputs * geometry.taps());
        let bias = |channel| bias.map_or(T::ZERO, |bias| bias[group * outputs + channel]);
        let width = block.columns(geometry);
        with_columns(geometry, x, group, &(0..inputs), &block, |columns| {
            if block.images.len() == 1 {
                let start = geometry.output_start(block.images.start, group) + block.first(geometry);
                // SAFETY: the positions of a block, in the channels of a group, belong to one task.
                let mut y = unsafe { output.matrix(start, outputs, width, positions) };
                multiply(&mut y, weight, columns, threads);
                for channel in 0..outputs {
                    let bias = bias(channel);
                    y.row(channel).iter_mut().for_each(|y| *y += bias);
                }
                return;
            }
            with_scratch(outputs * width, |product| {
                multiply(&mut MatrixMut::new(product, outputs, width), weight, columns, threads);
                for (channel, row) in product.chunks_exact(width).enumerate() {
                    let bias = bias(channel);
                    for (image, plane) in block.images.clone().zip(row.chunks_exact(positions)) {
                        let start = geometry.output_start(image, group) + channel * positions;
                        // SAFETY: as above.
                        let y = unsafe { output.slice(start..start + positions) };
                        map(y, plane, |y| y + bias);
                    }
                }
            });
        });
    });
}
