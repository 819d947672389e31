//! A sliding product: every output position is a window of the source times a matrix. The convolution is one, and its
//! input's gradient is one for each remainder of the stride. Tasks take blocks of positions, or, where those are few,
//! also blocks of columns.

use rayon::prelude::*;

use super::window::{Windows, positions};
use crate::kernels::Real;
use crate::kernels::clamp::Clamp;
use crate::kernels::parts::Parts;
use crate::kernels::product::{Panels, Rows, SumStart, multiply, panel_width, panels_length};
use crate::kernels::scratch::with_places;
use crate::program::convolution::direct::{Block, Blocks, TASKS};

/// Everything but the numbers of the target.
pub(super) struct Sliding<'a, T> {
    pub(super) batch: usize,
    pub(super) groups: usize,
    pub(super) windows: Windows<'a, T>,
    /// For each group its matrix: rows are taps, then the group's source channels; columns its target channels.
    pub(super) panels: &'a [T],
    /// Target channels of all groups.
    pub(super) columns: usize,
    pub(super) bias: Option<&'a [T]>,
    pub(super) clamp: Option<Clamp<T>>,
    /// Height and width of the target.
    pub(super) target: (usize, usize),
}

impl<T: Real> Sliding<'_, T> {
    /// # Safety
    /// While this runs, nobody else may use the positions of the target that the reaches name.
    pub(super) unsafe fn run(&self, target: &Parts<T>) {
        let &Sliding { batch, groups, windows: Windows { down, across, channels, .. }, columns, .. } = self;
        let blocks = Blocks::sliding(batch, (down.outputs, across.outputs), (channels, columns / groups));
        let (width, group_columns) = (panel_width::<T>(), columns / groups);
        let panels = group_columns.div_ceil(width);
        let parts = TASKS.div_ceil(blocks.count() * groups).min(panels);
        let panels_each = panels.div_ceil(parts);
        let parts = panels.div_ceil(panels_each);
        (0..blocks.count() * parts).into_par_iter().for_each(|task| {
            let (block, part) = (blocks.get(task / parts), task % parts);
            let first = part * panels_each * width;
            let last = ((part + 1) * panels_each * width).min(group_columns);
            // SAFETY: each task has columns or positions of its own.
            unsafe { self.block(&block, first..last, target) };
        });
    }

    /// # Safety
    /// Nobody else may use these columns at these positions.
    unsafe fn block(&self, block: &Block, some: std::ops::Range<usize>, target: &Parts<T>) {
        let &Sliding { groups, windows, columns, .. } = self;
        let (down, across) = (windows.down, windows.across);
        let count = block.positions(across.outputs);
        let (height, width) = self.target;
        windows.lay(block, |laid| {
            let runs = windows.runs(groups == 1);
            let depth = down.taps.count * across.taps.count * (windows.channels / groups);
            with_places(2 * count + runs, |places| {
                let (starts, places) = places.split_at_mut(count);
                let (targets, runs) = places.split_at_mut(count);
                laid.write_starts(block, across.outputs, starts);
                laid.write_runs(&windows, runs);
                positions(block, across.outputs, targets, |image, row, column| {
                    let y = down.first + (block.rows.start + row) * down.apart;
                    let x = across.first + column * across.apart;
                    (((block.images.start + image) * height + y) * width + x) * columns
                });
                let (sources, group_columns) = (windows.channels / groups, columns / groups);
                let group_panels = panels_length::<T>(depth, group_columns);
                for group in 0..groups {
                    let from = if group == 0 { 0 } else { sources };
                    starts.iter_mut().for_each(|start| *start += from);
                    let step = if group == 0 { some.start } else { group_columns };
                    targets.iter_mut().for_each(|target| *target += step);
                    let left = Rows { values: laid.values, starts, runs, depth: depth / runs.len().max(1), step: 1 };
                    let panels = &self.panels[group * group_panels + some.start * depth..];
                    let right = Panels { values: panels, depth, columns: some.len() };
                    let start = self.bias.map_or(SumStart::Zero, |bias| {
                        SumStart::Bias(&bias[group * group_columns + some.start..][..some.len()])
                    });
                    // SAFETY: as the caller promises.
                    unsafe { multiply(target, targets, left, right, start, self.clamp) };
                }
            });
        });
    }
}
