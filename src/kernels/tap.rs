//! One tap of a sliding window, in one direction: which outputs it serves, and from where in the input.

use std::ops::Range;

use super::Real;
use super::lanes::sum_of_pairs;
use crate::arguments::Pair;
use crate::layers::Window;

/// How a window moves over one direction of the input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slide {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) dilation: usize,
    /// Size of the input.
    pub(super) input: usize,
    /// Size of the output.
    pub(super) output: usize,
}

/// The outputs for which a tap lies inside the input; the first of them reads `first`, each further one `stride` more.
#[derive(Debug, Clone)]
pub(super) struct Tap {
    pub(super) outputs: Range<usize>,
    pub(super) first: usize,
    pub(super) stride: usize,
}

impl Slide {
    /// Down and across.
    pub(super) fn both(window: &Window, input: (usize, usize), output: (usize, usize)) -> [Slide; 2] {
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

    /// The tap with this index.
    pub(super) fn tap(&self, index: usize) -> Tap {
        let offset = index * self.dilation;
        let start = self.padding.saturating_sub(offset).div_ceil(self.stride).min(self.output);
        // Output o reads o·stride + offset − padding, which must stay below the input's size.
        let end = (self.input + self.padding).saturating_sub(offset).div_ceil(self.stride).min(self.output);
        let outputs = start..end.max(start);
        let first = if outputs.is_empty() { 0 } else { start * self.stride + offset - self.padding };
        Tap { outputs, first, stride: self.stride }
    }

    /// All taps in order.
    pub(super) fn taps(&self) -> impl Iterator<Item = Tap> + use<> {
        let slide = *self;
        (0..slide.kernel).map(move |index| slide.tap(index))
    }

    /// Whether output o reads input o and nothing else.
    pub(super) fn is_identity(&self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0
    }
}

impl Tap {
    /// The input that an output reads; `None` outside the input.
    pub(super) fn input(&self, output: usize) -> Option<usize> {
        self.outputs.contains(&output).then(|| self.first + (output - self.outputs.start) * self.stride)
    }

    /// output ← f(output, input) along one row, wherever the tap lies inside the input.
    #[inline(always)]
    pub(super) fn gather<T: Copy>(&self, output: &mut [T], input: &[T], f: impl Fn(&mut T, T)) {
        if self.outputs.is_empty() {
            return;
        }
        let output = &mut output[self.outputs.clone()];
        let input = &input[self.first..];
        if self.stride == 1 {
            output.iter_mut().zip(input).for_each(|(output, input)| f(output, *input));
        } else {
            output.iter_mut().zip(input.iter().step_by(self.stride)).for_each(|(output, input)| f(output, *input));
        }
    }

    /// input ← f(input, output) along one row: the reverse of [`Tap::gather`].
    #[inline(always)]
    pub(super) fn scatter<T: Copy>(&self, input: &mut [T], output: &[T], f: impl Fn(&mut T, T)) {
        if self.outputs.is_empty() {
            return;
        }
        let output = &output[self.outputs.clone()];
        let input = &mut input[self.first..];
        if self.stride == 1 {
            input.iter_mut().zip(output).for_each(|(input, output)| f(input, *output));
        } else {
            input.iter_mut().step_by(self.stride).zip(output).for_each(|(input, output)| f(input, *output));
        }
    }

    /// Σ output·input along one row, wherever the tap lies inside the input.
    #[inline(always)]
    pub(super) fn dot<T: Real>(&self, output: &[T], input: &[T]) -> T {
        if self.outputs.is_empty() {
            return T::ZERO;
        }
        let output = &output[self.outputs.clone()];
        let input = &input[self.first..];
        if self.stride == 1 {
            return sum_of_pairs(output, &input[..output.len()], |a, b| a * b);
        }
        output.iter().zip(input.iter().step_by(self.stride)).map(|(a, b)| *a * *b).sum()
    }
}
