//! weight's gradient = Σ over positions of window · output's gradient: a product whose depth is the positions. Its rows
//! are the taps' input channels, read where they lie; its columns the output channels, packed block by block.
//!
//! A task takes some rows of a group; where that makes few tasks, the sum over the blocks is cut into stretches, whose
//! results are added in order. All cuts depend on sizes alone, so that sums do not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::joined;
use super::reach::Reach;
use super::window::Windows;
use crate::kernels::Real;
use crate::kernels::lanes::add_all;
use crate::kernels::parts::Parts;
use crate::kernels::product::{Panels, Rows, SumStart, multiply, panel_width, panels_length};
use crate::kernels::scratch::{with_places, with_scratch};
use crate::program::convolution::Geometry;
use crate::program::convolution::direct::{Block, Division};

pub(super) fn weight_gradient<T: Real>(geometry: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
    joined::with_gradient(geometry, dw, |dw| of_joined(&geometry.joined(), x, dy, dw));
}

fn of_joined<T: Real>(geometry: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
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
                let start = if index == 0 { SumStart::Zero } else { SumStart::Output };
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
    start: SumStart<T>,
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

/// A block of the weight that is transposed at once: outputs × inputs.
const TRANSPOSED: (usize, usize) = (16, 16);

/// From taps × inputs × outputs of each group to outputs × inputs × taps. A block is copied before it is transposed,
/// since its lines, as far apart as the sums have outputs, may all want the same place in the cache.
fn to_weight_order<T: Real>(geometry: &Geometry, sums: &[T], dw: &mut [T]) {
    let &Geometry { inputs, outputs, .. } = geometry;
    let taps = geometry.taps();
    let line = inputs * taps;
    let (height, width) = TRANSPOSED;
    // Some outputs of a group each.
    dw.par_chunks_mut(outputs * line).zip(sums.par_chunks(outputs * line)).for_each(|(dw, sums)| {
        dw.par_chunks_mut(height * line).enumerate().for_each(|(some, dw)| {
            let first = some * height;
            let used = height.min(outputs - first);
            let mut block = [T::ZERO; TRANSPOSED.0 * TRANSPOSED.1];
            for input in (0..inputs).step_by(width) {
                let count = width.min(inputs - input);
                for tap in 0..taps {
                    for (row, block) in block.chunks_exact_mut(height).take(count).enumerate() {
                        let from = &sums[(tap * inputs + input + row) * outputs + first..][..used];
                        block[..used].copy_from_slice(from);
                    }
                    for (output, dw) in dw.chunks_exact_mut(line).enumerate() {
                        let from = block[output..].iter().step_by(height).take(count);
                        let to = dw[input * taps + tap..].iter_mut().step_by(taps);
                        to.zip(from).for_each(|(to, from)| *to = *from);
                    }
                }
            }
        });
    });
}
