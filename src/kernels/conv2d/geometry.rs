//! The sizes of one convolution, and how its work is divided.

use std::ops::Range;

use crate::graph::Shape;
use crate::kernels::size;
use crate::kernels::tap::Slide;
use crate::layers::Window;
use crate::program::memory::columns;

/// Tasks that a whole pass is divided into, if it can be: a constant, so that sums do not depend on the number of threads.
const TASKS: usize = 16;

/// Channels that one task takes at least: thinner products are slow.
const CHANNELS: usize = 16;

/// All sizes of a convolution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Input channels of one group.
    pub(super) inputs: usize,
    /// Output channels of one group.
    pub(super) outputs: usize,
    pub(super) down: Slide,
    pub(super) across: Slide,
}

/// Some output positions: those of whole images, or some rows of one image.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) images: Range<usize>,
    pub(super) rows: Range<usize>,
}

/// All output positions, cut into [`Block`]s.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks {
    batch: usize,
    height: usize,
    images_each: usize,
    rows_each: usize,
}

impl Geometry {
    pub(super) fn new(window: &Window, groups: usize, batch: usize, input: Shape, output: Shape) -> Geometry {
        let [down, across] = Slide::both(window, size(input), size(output));
        let (inputs, outputs) = (input.channels() / groups, output.channels() / groups);
        Geometry { batch, groups, inputs, outputs, down, across }
    }

    /// Taps of one input channel.
    pub(super) fn taps(&self) -> usize {
        self.down.kernel * self.across.kernel
    }

    /// Positions of the input.
    pub(super) fn positions_in(&self) -> usize {
        self.down.input * self.across.input
    }

    /// Positions of the output.
    pub(super) fn positions_out(&self) -> usize {
        self.down.output * self.across.output
    }

    /// Numbers in the weight of one group.
    pub(super) fn group_weight(&self) -> usize {
        self.outputs * self.inputs * self.taps()
    }

    /// Whether the columns are the input itself.
    pub(super) fn is_pointwise(&self) -> bool {
        self.down.is_identity() && self.across.is_identity()
    }

    /// Where a group's first input channel of an image begins.
    pub(super) fn input_start(&self, image: usize, group: usize, channel: usize) -> usize {
        ((image * self.groups + group) * self.inputs + channel) * self.positions_in()
    }

    /// Where a group's first output channel of an image begins.
    pub(super) fn output_start(&self, image: usize, group: usize) -> usize {
        (image * self.groups + group) * self.outputs * self.positions_out()
    }

    /// Cuts the output positions so that the columns of `channels` input channels fit the cache. Small images share a
    /// block, but never so many that a batch makes only a few blocks.
    pub(super) fn blocks(&self, channels: usize) -> Blocks {
        let columns = columns(channels * self.taps());
        let images_each = (columns / self.positions_out()).clamp(1, self.batch.div_ceil(TASKS / 2).max(1));
        let rows_each = (columns / self.across.output).clamp(1, self.down.output);
        Blocks { batch: self.batch, height: self.down.output, images_each, rows_each }
    }

    /// Cuts a group's input channels among tasks, of which `others` exist already without that.
    pub(super) fn channel_blocks(&self, others: usize) -> Vec<Range<usize>> {
        let each = self.inputs.div_ceil(TASKS.div_ceil(others)).max(CHANNELS);
        (0..self.inputs).step_by(each).map(|start| start..(start + each).min(self.inputs)).collect()
    }

    /// Cuts blocks into runs that are summed separately, where cutting the channels gave only `others` tasks.
    pub(super) fn runs(&self, blocks: usize, others: usize) -> Vec<Range<usize>> {
        let each = blocks.div_ceil(TASKS.div_ceil(others));
        (0..blocks).step_by(each).map(|start| start..(start + each).min(blocks)).collect()
    }
}

impl Blocks {
    pub(super) fn count(&self) -> usize {
        self.batch.div_ceil(self.images_each) * self.per_images()
    }

    /// How many blocks the same images have.
    pub(super) fn per_images(&self) -> usize {
        self.height.div_ceil(self.rows_each)
    }

    pub(super) fn get(&self, index: usize) -> Block {
        let part = |index: usize, each: usize, all: usize| index * each..((index + 1) * each).min(all);
        Block {
            images: part(index / self.per_images(), self.images_each, self.batch),
            rows: part(index % self.per_images(), self.rows_each, self.height),
        }
    }

    /// The blocks of one handful of images.
    pub(super) fn of_images(&self, handful: usize) -> impl Iterator<Item = Block> {
        (handful * self.per_images()..(handful + 1) * self.per_images()).map(|index| self.get(index))
    }
}
