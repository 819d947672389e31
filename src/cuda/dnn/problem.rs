//! A convolution as cuDNN sees it: sizes, strides and types, without memory.

use std::fmt;

use crate::cuda::DType;
use crate::ir::{Shape, Window};
use crate::program::call::Order;
use crate::program::op::Conv2d;

/// Which of a convolution's three tensors is computed from the other two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConvolutionPass {
    /// y from x and w
    Forward,
    /// ∂x from w and ∂y
    Data,
    /// ∂w from x and ∂y
    Filter,
}

/// A tensor: sizes and strides as N, C, H, W, in whichever order it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tensor {
    /// Sizes.
    pub sizes: [i64; 4],
    /// Elements from one to the next, in each direction.
    pub strides: [i64; 4],
}

impl Tensor {
    fn new(sizes: [usize; 4], order: Order) -> Tensor {
        let [n, c, h, w] = sizes.map(|size| size as i64);
        let strides = match order {
            Order::ChannelsFirst => [c * h * w, h * w, w, 1],
            Order::ChannelsLast => [h * w * c, 1, w * c, c],
        };
        Tensor { sizes: [n, c, h, w], strides }
    }
}

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Problem {
    /// What is computed.
    pub pass: ConvolutionPass,
    /// The larger map, with C channels.
    pub x: Tensor,
    /// K×(C/groups)×R×S
    pub w: Tensor,
    /// The map that the convolution makes of it, with K channels.
    pub y: Tensor,
    /// Down and across.
    pub stride: [i64; 2],
    /// Before and after, down and across.
    pub padding: [i64; 2],
    /// Down and across.
    pub dilation: [i64; 2],
    /// Of all three.
    pub storage: DType,
    /// Whether f32 may be rounded on its way into tensor cores.
    pub tf32: bool,
    /// Whether sums must be those of the definition, and the same in every run.
    pub exact: bool,
}

/// What is the same for all passes of an operation.
#[derive(Debug, Clone, Copy)]
pub struct Convolution<'a> {
    /// Kernel, stride, padding, dilation and groups.
    pub op: &'a Conv2d,
    /// N
    pub batch: usize,
    /// One example's shape of x.
    pub x: Shape,
    /// One example's shape of y.
    pub y: Shape,
}

impl Convolution<'_> {
    /// For a pass under these settings.
    pub fn problem(&self, pass: ConvolutionPass, settings: crate::cuda::GpuSettings) -> Problem {
        let Conv2d { window: Window { kernel, stride, padding, dilation, .. }, groups } = *self.op;
        let map = |shape: Shape| {
            let (height, width) = shape.sides().unwrap_or((1, 1));
            [self.batch, shape.channels(), height, width]
        };
        let weight = [self.y.channels(), self.x.channels() / groups, kernel.height, kernel.width];
        let pair = |pair: crate::ir::Pair| [pair.height as i64, pair.width as i64];
        Problem {
            pass,
            x: Tensor::new(map(self.x), settings.order),
            w: Tensor::new(weight, settings.order),
            y: Tensor::new(map(self.y), settings.order),
            stride: pair(stride),
            padding: pair(padding),
            dilation: pair(dilation),
            storage: settings.storage,
            tf32: settings.tf32,
            exact: settings.exact,
        }
    }
}

/// What engines say of the numbers that they make, as `cudnnBackendNumericalNote_t` numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notes(u64);

impl Notes {
    const TENSOR_CORE: u32 = 0;
    const DOWN_CONVERT_INPUTS: u32 = 1;
    const REDUCED_PRECISION_REDUCTION: u32 = 2;
    const FFT: u32 = 3;
    const NONDETERMINISTIC: u32 = 4;
    const WINOGRAD: u32 = 5;

    /// From a list of them.
    pub fn new(notes: impl IntoIterator<Item = i32>) -> Notes {
        Notes(notes.into_iter().filter(|note| (0..64).contains(note)).fold(0, |all, note| all | 1 << note))
    }

    fn has(self, note: u32) -> bool {
        self.0 >> note & 1 == 1
    }

    /// Whether an engine with these notes computes what is asked for: f32 in f32, unless `tf32` allows tensor cores
    /// their ten bits; never f32 as a shorter type, and never sums in one.
    pub fn serve(self, problem: &Problem) -> bool {
        let rounds = problem.storage == DType::F32
            && (self.has(Notes::DOWN_CONVERT_INPUTS) || self.has(Notes::TENSOR_CORE) && !problem.tf32);
        let reorders = [Notes::FFT, Notes::WINOGRAD, Notes::NONDETERMINISTIC].iter().any(|note| self.has(*note));
        !(rounds || self.has(Notes::REDUCED_PRECISION_REDUCTION) || problem.exact && reorders)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.pass {
            ConvolutionPass::Forward => "a convolution",
            ConvolutionPass::Data => "the gradient of the input of a convolution",
            ConvolutionPass::Filter => "the gradient of the weight of a convolution",
        };
        let sizes = |tensor: &Tensor| tensor.sizes.map(|size| size.to_string()).join("×");
        let (x, w, y) = (sizes(&self.x), sizes(&self.w), sizes(&self.y));
        write!(f, "{what} of {x} with {w} to {y}, strides {:?}, padding {:?}", self.stride, self.padding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cuda::GpuSettings;
    use crate::ir::Pair;

    const SETTINGS: GpuSettings =
        GpuSettings { storage: DType::F32, order: Order::ChannelsFirst, tf32: false, exact: false };

    fn problem(settings: GpuSettings) -> Problem {
        let pair = |height, width| Pair { height, width };
        let window =
            Window { kernel: pair(3, 5), stride: pair(2, 1), padding: pair(1, 2), dilation: pair(1, 1), ceil: false };
        let (x, y) = (Shape::map(8, 10, 12), Shape::map(6, 5, 12));
        Convolution { op: &Conv2d { window, groups: 2 }, batch: 4, x, y }.problem(ConvolutionPass::Forward, settings)
    }

    #[test]
    fn strides_are_those_of_the_order() {
        let first = problem(SETTINGS);
        assert_eq!((first.x.sizes, first.x.strides), ([4, 8, 10, 12], [960, 120, 12, 1]));
        assert_eq!((first.w.sizes, first.w.strides), ([6, 4, 3, 5], [60, 15, 5, 1]));
        assert_eq!((first.y.sizes, first.y.strides), ([4, 6, 5, 12], [360, 60, 12, 1]));
        let last = problem(GpuSettings { order: Order::ChannelsLast, ..SETTINGS });
        assert_eq!((last.x.sizes, last.x.strides), ([4, 8, 10, 12], [960, 1, 96, 8]));
        assert_eq!((last.w.sizes, last.w.strides), ([6, 4, 3, 5], [60, 1, 20, 4]));
        assert_eq!((last.y.sizes, last.y.strides), ([4, 6, 5, 12], [360, 1, 72, 6]));
        assert_eq!((last.stride, last.padding, last.dilation), ([2, 1], [1, 2], [1, 1]));
    }

    #[test]
    fn engines_serve_what_was_asked_for() {
        let [f32s, tf32] = [false, true].map(|tf32| problem(GpuSettings { tf32, ..SETTINGS }));
        let bf16 = problem(GpuSettings { storage: DType::Bf16, ..SETTINGS });
        let exact = problem(GpuSettings { exact: true, ..SETTINGS });
        for (notes, expected) in [
            (vec![], [true, true, true, true]),
            (vec![0], [false, true, true, false]),
            (vec![0, 1], [false, false, true, false]),
            (vec![2], [false, false, false, false]),
            (vec![3], [true, true, true, false]),
            (vec![4], [true, true, true, false]),
            (vec![5, 6], [true, true, true, false]),
            (vec![-1, 99], [true, true, true, true]),
        ] {
            let found = [f32s, tf32, bf16, exact].map(|problem| Notes::new(notes.clone()).serve(&problem));
            assert_eq!(found, expected, "{notes:?}");
        }
    }
}
