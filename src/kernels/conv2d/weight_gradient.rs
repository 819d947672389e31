//! weight's gradient = Σ over positions of window · output's gradient: a product whose depth is the positions. Its rows are
//! the taps' input channels, read where they lie; its columns the output channels, packed block by block.
//!
//! A task takes some rows of a group; where that makes few tasks, the sum over the blocks is cut into stretches, whose
//! results are added in order. All cuts depend on sizes alone, so that sums do not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::reach::Reach;
use super::window::Windows;
use crate::kernels::Real;
use crate::kernels::lanes::add_all;
use crate::kernels::parts::Parts;
use crate::kernels::product::{Panels, Rows, Start, multiply, panel_width, panels_length};
use crate::kernels::scratch::{with_places, with_scratch};
use crate::program::convolution::Geometry;
use crate::program::convolution::direct::{Block, Division};

pub(super) fn weight_gradient<T: Real>(geometry: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let (down, across) = (Reach::forward(&geometry.down), Reach::forward(&geometry.across));
    let windows = Windows { source: x, channels: geometry.all_inputs(), down, across };
    let division = Division::new(geometry);
    let length = dw.len();
    let stretches = division.stretches();
    with_scratch(stretches * length, |sums| {
        let parts = Parts::new(sums);
        let row_parts = division.row_parts();
        (0..stretches * geometry.groups * row_parts).into_par_iter().for_each(|task| {
            let (part, task) = (task % row_parts, task / row_parts);
            let (group, stretch) = (task % geometry.groups, task / geometry.groups);
            let rows = part * division.rows_each..((part + 1) * division.rows_each).min(division.rows);
            let first = stretch * length + group * geometry.group_weight() + rows.start * geometry.outputs;
            let blocks =
                stretch * division.blocks_each..((stretch + 1) * division.blocks_each).min(division.blocks.count());
            for (index, block) in blocks.map(|block| division.blocks.get(block)).enumerate() {
                let start = if index == 0 { Start::Zero } else { Start::Output };
                // SAFETY: some rows of a group, in a stretch, belong to one task.
                unsafe { add_block(geometry, &windows, dy, group, &rows, &block, start, &parts, first) };
            }
        });
        let (sum, others) = sums.split_at_mut(length);
        others.chunks_exact(length).for_each(|other| add_all(sum, other));
        to_weight_order(geometry, sum, dw);
    });
}

/// Adds the products of one block's positions to rows × outputs of a group, which begin at `first`.
///
/// # Safety
/// Nobody else may use these rows.
#[allow(clippy::too_many_arguments, reason = "a task's coordinates, used once")]
unsafe fn add_block<T: Real>(
    geometry: &Geometry,
    windows: &Windows<T>,
    dy: &[T],
    group: usize,
    rows: &Range<usize>,
    block: &Block,
    start: Start<T>,
    output: &Parts<T>,
    first: usize,
) {
    let &Geometry { groups, inputs, outputs, .. } = geometry;
    let columns = windows.across.outputs;
    let positions = block.positions(columns);
    windows.lay(block, |laid| {
        with_scratch(panels_length::<T>(positions, outputs), |panels| {
            pack(geometry, dy, group, block, panels);
            // Lines of positions that follow each other as the numbers of a line do are one.
            let joined = laid.per_row == columns * laid.per_column && laid.per_image == block.rows.len() * laid.per_row;
            let lines = if joined { 1 } else { block.images.len() * block.rows.len() };
            let window_runs = windows.runs(groups == 1);
            with_places(lines + window_runs + 2 * rows.len(), |places| {
                let (lines, places) = places.split_at_mut(lines);
                let (window_runs, places) = places.split_at_mut(window_runs);
                let (starts, targets) = places.split_at_mut(rows.len());
                let mut line = lines.iter_mut();
                for image in 0..block.images.len() {
                    for row in 0..block.rows.len() {
                        if let Some(line) = line.next() {
                            *line = image * laid.per_image + row * laid.per_row;
                        }
                    }
                }
                laid.write_runs(windows, window_runs);
                let run = windows.down.taps.count * windows.across.taps.count * inputs / window_runs.len();
                for ((place, target), row) in starts.iter_mut().zip(targets.iter_mut()).zip(rows.clone()) {
                    *place = window_runs[row / run] + group * inputs + row % run;
                    *target = first + (row - rows.start) * outputs;
                }
                let left = Rows {
                    values: laid.values,
                    starts,
                    runs: lines,
                    depth: positions / lines.len(),
                    step: laid.per_column,
                };
                let right = Panels { values: panels, depth: positions, columns: outputs };
                // SAFETY: as the caller promises.
                unsafe { multiply(output, targets, left, right, start, None) };
            });
        });
    });
}

/// Packs the output's gradient at a block's positions: a column an output channel.
fn pack<T: Real>(geometry: &Geometry, dy: &[T], group: usize, block: &Block, panels: &mut [T]) {
    let width = panel_width::<T>();
    let (outputs, channels) = (geometry.outputs, geometry.all_outputs());
    let line = geometry.across.output;
    let positions = block.positions(line);
    for (index, panel) in panels.chunks_exact_mut(positions * width).enumerate() {
        let used = width.min(outputs - index * width);
        let mut to = panel.chunks_exact_mut(width);
        for image in block.images.clone() {
            let first = (image * geometry.down.output + block.rows.start) * line;
            let from = &dy[first * channels..][..block.rows.len() * line * channels];
            for (from, to) in from.chunks_exact(channels).zip(&mut to) {
                let from = &from[group * outputs + index * width..][..used];
                to[..used].copy_from_slice(from);
                to[used..].fill(T::ZERO);
            }
        }
    }
}

/// From taps × inputs × outputs of each group to outputs × inputs × taps.
fn to_weight_order<T: Real>(geometry: &Geometry, sums: &[T], dw: &mut [T]) {
    let &Geometry { inputs, outputs, .. } = geometry;
    let taps = geometry.taps();
    dw.par_chunks_exact_mut(inputs * taps).enumerate().with_min_len(4).for_each(|(output, dw)| {
        let sums = &sums[output / outputs * geometry.group_weight() + output % outputs..];
        for (input, dw) in dw.chunks_exact_mut(taps).enumerate() {
            for (tap, dw) in dw.iter_mut().enumerate() {
                *dw = sums[(tap * inputs + input) * outputs];
            }
        }
    });
}
