//! Convolutions as products: blocks of output positions, and stretches of a weight's gradient.

use std::ops::Range;

use super::{Geometry, Slide};
use crate::program::memory::{Workspace, panel};

/// Tasks that a product is divided into, if it can be.
pub(crate) const TASKS: usize = 8;

/// Numbers of the source that a task reads, about: they stay in a core's second-level cache.
const SOURCE: usize = 1 << 16;

/// Columns that a task takes at least, if it does not take all.
const COLUMNS: usize = 128;

/// Positions of a task: with fewer a panel is not read often enough, more gain nothing.
const POSITIONS: (usize, usize) = (96, 1024);

/// Positions of a block in a weight's gradient.
const DEPTH: usize = 320;

/// Rows of a weight's gradient that a task takes at least: for fewer, packing the output's gradient is not worth it.
const ROWS: usize = 256;

/// Some outputs: rows of some images, whole rows.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) images: Range<usize>,
    pub(crate) rows: Range<usize>,
}

/// All output positions of a batch, cut into [`Block`]s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks {
    batch: usize,
    rows: usize,
    images_each: usize,
    rows_each: usize,
}

impl Blocks {
    /// Those of a sliding product over a source with so many channels, into so many for each group; an image has
    /// rows × columns outputs.
    pub(crate) fn sliding(batch: usize, (rows, columns): (usize, usize), (from, to): (usize, usize)) -> Blocks {
        let wanted = (SOURCE / from).clamp(POSITIONS.0, POSITIONS.1);
        // Tasks may share a block's columns, each of which is then read less often.
        let least = TASKS.div_ceil((to / COLUMNS).max(1)).min(batch * rows * columns / 24 + 1);
        Blocks::new(batch, (rows, columns), wanted, least)
    }

    /// Of about `positions` each, and not fewer than `least` of them if that can be.
    fn new(batch: usize, (rows, columns): (usize, usize), positions: usize, least: usize) -> Blocks {
        let positions = positions.min((batch * rows * columns).div_ceil(least)).max(1);
        let image = (rows * columns).max(1);
        let images_each = ((positions + image / 2) / image).clamp(1, batch.max(1));
        let rows_each = if images_each > 1 { rows } else { positions.div_ceil(columns.max(1)).clamp(1, rows.max(1)) };
        Blocks { batch, rows, images_each, rows_each }
    }

    pub(crate) fn count(&self) -> usize {
        self.batch.div_ceil(self.images_each) * self.rows.div_ceil(self.rows_each)
    }

    pub(crate) fn get(&self, index: usize) -> Block {
        let per_images = self.rows.div_ceil(self.rows_each);
        let part = |index: usize, each: usize, all: usize| index * each..((index + 1) * each).min(all);
        Block {
            images: part(index / per_images, self.images_each, self.batch),
            rows: part(index % per_images, self.rows_each, self.rows),
        }
    }

    /// Numbers of the windows of a block, with zeros around them. Each side: outputs, the stride between their windows,
    /// and from a window's first number to its last.
    fn copied(&self, channels: usize, columns: usize, [down, across]: [(usize, usize); 2]) -> usize {
        let read = |outputs: usize, (stride, reach): (usize, usize)| {
            (outputs - 1).saturating_mul(stride).saturating_add(reach).saturating_add(1)
        };
        let factors = [self.images_each, read(self.rows_each, down), read(columns, across), channels];
        factors.into_iter().fold(1, usize::saturating_mul)
    }
}

/// How the work of a weight's gradient is divided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Division {
    /// Rows of a group: taps × input channels.
    pub(crate) rows: usize,
    pub(crate) rows_each: usize,
    pub(crate) blocks: Blocks,
    pub(crate) blocks_each: usize,
}

impl Division {
    pub(crate) fn new(geometry: &Geometry) -> Division {
        let rows = geometry.taps() * geometry.inputs;
        let parts = (rows / ROWS).clamp(1, TASKS.div_ceil(geometry.groups));
        let rows_each = rows.div_ceil(parts);
        let blocks = Blocks::new(geometry.batch, (geometry.down.output, geometry.across.output), DEPTH, 1);
        let tasks = geometry.groups * rows.div_ceil(rows_each);
        let blocks_each = blocks.count().div_ceil(TASKS.div_ceil(tasks));
        Division { rows, rows_each, blocks, blocks_each }
    }

    pub(crate) fn row_parts(&self) -> usize {
        self.rows.div_ceil(self.rows_each)
    }

    /// Sums of the whole weight that are added in the end.
    pub(crate) fn stretches(&self) -> usize {
        self.blocks.count().div_ceil(self.blocks_each)
    }
}

/// Shared: the weight as panels, once for each direction, and the sums of its gradient. Each: the windows of a block
/// where they reach beyond the map, and the output's gradient beside them.
pub(super) fn workspace(geometry: &Geometry) -> Workspace {
    let geometry = &geometry.joined();
    let &Geometry { batch, groups, inputs, outputs, down, across } = geometry;
    let panels = |rows: usize, columns: usize| groups * rows * columns.next_multiple_of(panel());
    let padded = down.padding.max(across.padding) > 0;

    let windows =
        [down, across].map(|Slide { kernel, stride, dilation, .. }| (stride, (kernel - 1).saturating_mul(dilation)));
    let blocks = Blocks::sliding(batch, (down.output, across.output), (geometry.all_inputs(), outputs));
    let copied = if padded { blocks.copied(geometry.all_inputs(), across.output, windows) } else { 0 };
    let forward = Workspace { shared: panels(geometry.taps() * inputs, outputs), each: copied };

    // For each remainder of the stride a product with its own part of the taps.
    let kinds = [down, across].map(|side| (side.kernel.div_ceil(side.stride), side.input.div_ceil(side.stride)));
    let [(taps_down, rows), (taps_across, columns)] = kinds;
    let blocks = Blocks::sliding(batch, (rows, columns), (geometry.all_outputs(), inputs));
    let reaches =
        [(1, (taps_down - 1).saturating_mul(down.dilation)), (1, (taps_across - 1).saturating_mul(across.dilation))];
    let copied = if geometry.taps() > 1 { blocks.copied(geometry.all_outputs(), columns, reaches) } else { 0 };
    let backward = Workspace { shared: panels(taps_down * taps_across * outputs, inputs), each: copied };

    let division = Division::new(geometry);
    let copied = if padded { division.blocks.copied(geometry.all_inputs(), across.output, windows) } else { 0 };
    let positions = division.blocks.images_each * division.blocks.rows_each * across.output;
    let gradient = Workspace {
        shared: division.stretches() * groups * geometry.group_weight(),
        each: copied.saturating_add(positions * outputs.next_multiple_of(panel())),
    };
    forward.or(backward).or(gradient)
}
