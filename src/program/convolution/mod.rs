//! The sizes of a convolution and how its work is divided. They follow from the shapes alone; so the kernels, which
//! obey them, and the estimate of the memory that those work in cannot drift apart.
//!
//! Its three algorithms: [`Algorithm`].

pub(crate) mod direct;
pub(crate) mod winograd;

use super::call::Algorithms;
use super::memory::Workspace;
use crate::ir::{Pair, Shape, Window};

/// How a window moves over one direction of the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slide {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) dilation: usize,
    /// Size of the input.
    pub(crate) input: usize,
    /// Size of the output.
    pub(crate) output: usize,
}

impl Slide {
    /// Down and across.
    pub(crate) fn both(window: &Window, input: (usize, usize), output: (usize, usize)) -> [Slide; 2] {
        let Window { kernel, stride, padding, dilation, .. } = *window;
        let slide = |side: fn(Pair) -> usize, input, output| Slide {
            kernel: side(kernel),
            stride: side(stride),
            padding: side(padding),
            dilation: side(dilation),
            input,
            output,
        };
        [slide(|pair| pair.height, input.0, output.0), slide(|pair| pair.width, input.1, output.1)]
    }
}

/// All sizes of a convolution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    /// Input channels of one group.
    pub(crate) inputs: usize,
    /// Output channels of one group.
    pub(crate) outputs: usize,
    pub(crate) down: Slide,
    pub(crate) across: Slide,
}

impl Geometry {
    pub(crate) fn new(window: &Window, groups: usize, batch: usize, input: Shape, output: Shape) -> Geometry {
        let [down, across] = Slide::both(window, size(input), size(output));
        let (inputs, outputs) = (input.channels() / groups, output.channels() / groups);
        Geometry { batch, groups, inputs, outputs, down, across }
    }

    /// Taps of one input channel.
    pub(crate) fn taps(&self) -> usize {
        self.down.kernel * self.across.kernel
    }

    /// Numbers in the weight of one group.
    pub(crate) fn group_weight(&self) -> usize {
        self.outputs * self.inputs * self.taps()
    }

    /// Input channels of all groups.
    pub(crate) fn all_inputs(&self) -> usize {
        self.groups * self.inputs
    }

    /// Output channels of all groups.
    pub(crate) fn all_outputs(&self) -> usize {
        self.groups * self.outputs
    }

    /// The same with as many groups taken together as make [`JOINED`] channels, if the groups have fewer.
    pub(crate) fn joined(&self) -> Geometry {
        let most = (JOINED / self.inputs.max(self.outputs)).clamp(1, self.groups);
        let together = (1..=most).rev().find(|together| self.groups.is_multiple_of(*together)).unwrap_or(1);
        Geometry {
            groups: self.groups / together,
            inputs: self.inputs * together,
            outputs: self.outputs * together,
            ..*self
        }
    }

    /// Output positions of the whole batch.
    fn positions(&self) -> usize {
        self.batch.saturating_mul(self.down.output * self.across.output)
    }

    /// What forward and backward pass work in.
    pub(crate) fn workspace(&self, threads: usize) -> Workspace {
        let weight = self.groups * self.group_weight();
        let own = match Algorithm::of(self, Algorithms::Fastest) {
            Algorithm::Depthwise => Workspace { shared: depthwise_tasks(self).saturating_mul(weight), each: 0 },
            Algorithm::Winograd => winograd::workspace(self, threads),
            Algorithm::Direct => direct::workspace(self),
        };
        let bias = self.positions().div_ceil(BIAS_POSITIONS).saturating_mul(self.all_outputs());
        own.or(Workspace { shared: bias, each: 0 })
    }
}

/// How a convolution is computed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Algorithm {
    /// Groups of one input channel: tap by tap, without a product.
    Depthwise,
    /// Winograd's F(4×4, 3×3).
    Winograd,
    /// A product whose left factor is the windows.
    Direct,
}

impl Algorithm {
    /// The fastest one that is allowed.
    pub(crate) fn of(geometry: &Geometry, algorithms: Algorithms) -> Algorithm {
        match algorithms {
            _ if geometry.inputs == 1 && geometry.groups > 1 => Algorithm::Depthwise,
            Algorithms::Fastest if winograd::suits(geometry) => Algorithm::Winograd,
            _ => Algorithm::Direct,
        }
    }
}

/// Channels of groups that are computed as one: as many as two registers of AVX2 hold.
const JOINED: usize = 16;

/// Output rows whose weight gradients a depthwise convolution sums together: a constant, as all that cuts sums, so that
/// they do not depend on the number of threads.
pub(crate) const DEPTHWISE_ROWS: usize = 128;

/// Positions whose sum, in the gradient of a bias, is rounded like a number.
pub(crate) const BIAS_POSITIONS: usize = 256;

/// Sums of a depthwise weight's gradient that are added in the end.
pub(crate) fn depthwise_tasks(geometry: &Geometry) -> usize {
    geometry.batch.saturating_mul(geometry.down.output).div_ceil(DEPTHWISE_ROWS)
}

/// Height and width of a map.
pub(crate) fn size(shape: Shape) -> (usize, usize) {
    match shape {
        Shape::Map { height, width, .. } => (height, width),
        Shape::Vector(_) => unreachable!("a window slides over maps only: the layer checked it"),
    }
}
