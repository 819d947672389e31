//! Convolution 3×3 with stride 1 by Winograd's F(4×4, 3×3): tiles of 4×4 outputs, which are made from 6×6 inputs. What
//! a transform makes are 36 matrices, tiles × channels.

use super::Geometry;
use crate::program::memory::{Workspace, panel};

/// Outputs of a tile, along each side.
pub(crate) const OUTPUTS: usize = 4;

/// Inputs of a tile, along each side; the number of matrices is its square.
pub(crate) const INPUTS: usize = 6;

pub(crate) const MATRICES: usize = INPUTS * INPUTS;

/// Numbers between one of the 36 matrices and the next, or between one tile and the next, beyond those that are used:
/// powers of two would fall upon each other in the cache; and a register may be stored whole.
pub(crate) const GAP: usize = 16;

/// Tiles of a block in a weight's gradient.
pub(crate) const DEPTH: usize = 128;

/// Transformed numbers of a task, about, and the fewest tiles that it takes if there are so many: with fewer the
/// weights are read too often.
const NUMBERS: usize = 1 << 18;
const TILES: usize = 48;

/// Tasks of a weight's gradient, if it can be, and the fewest input channels of one.
const TASKS: usize = 8;
const CHANNELS: usize = 64;

/// Whether it is the faster way for this convolution. Costs are in cycles of a core with AVX2, as measured from 64 to
/// 512 channels: for each tile or position, and, for packing the weights and reading them back, for each pair of
/// channels.
pub(super) fn suits(geometry: &Geometry) -> bool {
    let sides = [geometry.down, geometry.across];
    let fits = |side: &super::Slide| (side.kernel, side.stride, side.dilation) == (3, 1, 1) && side.padding <= 2;
    if geometry.groups > 1 || !sides.iter().all(fits) {
        return false;
    }
    let (inputs, outputs) = (geometry.inputs as f64, geometry.outputs as f64);
    let tiles: usize = geometry.batch * sides.iter().map(|side| side.output.div_ceil(OUTPUTS)).product::<usize>();
    let positions: usize = geometry.batch * sides.iter().map(|side| side.output).product::<usize>();
    let (pairs, channels) = (inputs * outputs, inputs + outputs);
    let ours = tiles as f64 * (2.5 * pairs + 30.0 * channels) + 150.0 * pairs;
    let direct = positions as f64 * 0.7 * pairs + 35.0 * pairs;
    ours < direct
}

/// Tiles that a task takes through all steps of a convolution. The sums are the same however the tiles are divided.
pub(crate) fn tiles_each(count: usize, channels: usize, threads: usize) -> usize {
    let most = (NUMBERS / (MATRICES * channels)).max(TILES);
    let tasks = count.div_ceil(most).next_multiple_of(threads).min(count);
    count.div_ceil(tasks)
}

/// How a weight's gradient is divided. All cuts follow from the sizes alone, so that sums do not depend on the number
/// of threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Division {
    /// Input channels of a task.
    pub(crate) channels_each: usize,
    pub(crate) channel_parts: usize,
    /// Blocks of [`DEPTH`] tiles whose products a task adds up.
    pub(crate) blocks_each: usize,
    /// Sums of the whole weight that are added in the end.
    pub(crate) stretches: usize,
}

impl Division {
    pub(crate) fn new(inputs: usize, tiles: usize) -> Division {
        let channels_each = inputs.div_ceil(TASKS).max(CHANNELS).min(inputs);
        let channel_parts = inputs.div_ceil(channels_each);
        let blocks = tiles.div_ceil(DEPTH);
        let blocks_each = blocks.div_ceil(TASKS.div_ceil(channel_parts));
        Division { channels_each, channel_parts, blocks_each, stretches: blocks.div_ceil(blocks_each) }
    }
}

/// Where transformed tiles are: matrix m, tile t, channel c at m·matrix + t·tile + (c / width)·panel + c % width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileLayout {
    pub(crate) matrix: usize,
    pub(crate) tile: usize,
    pub(crate) panel: usize,
    pub(crate) width: usize,
}

impl TileLayout {
    /// Tile after tile, all channels of each together.
    pub(crate) fn rows(tiles: usize, channels: usize) -> TileLayout {
        let tile = channels.next_multiple_of(GAP) + GAP;
        TileLayout { matrix: tiles * tile + GAP, tile, panel: 0, width: usize::MAX }
    }

    /// As the right factor of a product over the tiles.
    pub(crate) fn panels(tiles: usize, channels: usize, width: usize) -> TileLayout {
        let length = tiles * channels.next_multiple_of(width);
        TileLayout { matrix: length + GAP, tile: width, panel: tiles * width, width }
    }
}

/// Shared: the transformed weight, once for each direction, and the sums of its gradient. Each: the transformed tiles
/// of a task.
pub(super) fn workspace(geometry: &Geometry, threads: usize) -> Workspace {
    let &Geometry { batch, inputs, outputs, down, across, .. } = geometry;
    let tiles = |height: usize, width: usize| batch * height.div_ceil(OUTPUTS) * width.div_ceil(OUTPUTS);
    let panels = |rows: usize, columns: usize| MATRICES * (rows * columns.next_multiple_of(panel()) + GAP);
    let task = |tiles: usize| {
        let each = tiles_each(tiles, inputs + outputs, threads);
        MATRICES * (TileLayout::rows(each, inputs).matrix + TileLayout::rows(each, outputs).matrix)
    };
    let count = tiles(down.output, across.output);
    let forward = Workspace { shared: panels(inputs, outputs), each: task(count) };
    let backward = Workspace { shared: panels(outputs, inputs), each: task(tiles(down.input, across.input)) };
    let division = Division::new(inputs, count);
    let gradient = Workspace {
        shared: division.stretches * MATRICES * (inputs * outputs + GAP),
        each: MATRICES
            * (TileLayout::rows(DEPTH, division.channels_each).matrix
                + TileLayout::panels(DEPTH, outputs, panel()).matrix),
    };
    forward.or(backward).or(gradient)
}
