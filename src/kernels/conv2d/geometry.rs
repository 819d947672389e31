//! The sizes of one convolution.

use crate::graph::Shape;
use crate::kernels::size;
use crate::kernels::tap::Slide;
use crate::layers::Window;

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

impl Geometry {
    pub(super) fn new(window: &Window, groups: usize, batch: usize, input: Shape, output: Shape) -> Geometry {
        let [down, across] = Slide::both(window, size(input), size(output));
        let (inputs, outputs) = (input.channels() / groups, output.channels() / groups);
        Geometry { batch, groups, inputs, outputs, down, across }
    }

    /// Whether each output channel sees one input channel, of several.
    pub(super) fn is_depthwise(&self) -> bool {
        self.inputs == 1 && self.groups > 1
    }

    /// Taps of one input channel.
    pub(super) fn taps(&self) -> usize {
        self.down.kernel * self.across.kernel
    }

    /// Numbers in the weight of one group.
    pub(super) fn group_weight(&self) -> usize {
        self.outputs * self.inputs * self.taps()
    }

    /// Input channels of all groups.
    pub(super) fn all_inputs(&self) -> usize {
        self.groups * self.inputs
    }

    /// Output channels of all groups.
    pub(super) fn all_outputs(&self) -> usize {
        self.groups * self.outputs
    }
}
