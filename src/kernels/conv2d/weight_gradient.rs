//! weight's gradient = Σ output's gradient · columnsᵀ over all blocks. A task takes some of a group's input channels; where
//! that makes few tasks, the sum over the blocks is cut into runs, whose results are added in order.

use rayon::prelude::*;

use super::columns::{with_columns, with_output_gradients};
use super::geometry::Geometry;
use crate::kernels::Real;
use crate::kernels::lanes::add_all;
use crate::kernels::matrix::{Threads, multiply, multiply_add};
use crate::kernels::parts::Parts;
use crate::kernels::scratch::with_scratch;

pub(super) fn weight_gradient<T: Real>(geometry: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let &Geometry { groups, inputs, outputs, .. } = geometry;
    let taps = geometry.taps();
    let channel_blocks = geometry.channel_blocks(groups);
    let blocks = geometry.blocks(channel_blocks[0].len());
    let runs = geometry.runs(blocks.count(), groups * channel_blocks.len());
    let tasks = runs.len() * groups * channel_blocks.len();
    let threads = Threads::of_task(tasks);
    let length = dw.len();
    with_scratch((runs.len() - 1) * length, |others| {
        let (first, rest) = (Parts::new(dw), Parts::new(others));
        (0..tasks).into_par_iter().for_each(|task| {
            let channels = &channel_blocks[task % channel_blocks.len()];
            let task = task / channel_blocks.len();
            let (run, group) = (task / groups, task % groups);
            let start = group * geometry.group_weight() + channels.start * taps;
            let (target, start) = if run == 0 { (&first, start) } else { (&rest, (run - 1) * length + start) };
            // SAFETY: some channels of a group, in a run, belong to one task.
            let mut dw = unsafe { target.matrix(start, outputs, channels.len() * taps, inputs * taps) };
            for index in runs[run].clone() {
                let block = blocks.get(index);
                with_columns(geometry, x, group, channels, &block, |columns| {
                    with_output_gradients(geometry, dy, group, &block, |dy| match index == runs[run].start {
                        true => multiply(&mut dw, dy, columns.transposed(), threads),
                        false => multiply_add(&mut dw, dy, columns.transposed(), threads),
                    });
                });
            }
        });
        others.chunks_exact(length).for_each(|other| add_all(dw, other));
    });
}
