//! What each output of a sliding product reads, in one direction. The convolution itself and its input's gradient are
//! both such products: the gradient falls into as many as the stride, one for each remainder of the input's position.

use std::ops::Range;

use crate::kernels::tap::Slide;

/// Output j and tap t read the source at j·stride + shift + t·pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reach {
    /// How many outputs.
    pub(super) outputs: usize,
    pub(super) stride: usize,
    pub(super) taps: Taps,
    pub(super) shift: isize,
    pub(super) pace: isize,
    /// Size of the source; beyond it are zeros.
    pub(super) source: usize,
    /// Where output 0 lies in the target, and how far apart they are.
    pub(super) first: usize,
    pub(super) apart: usize,
}

/// Some of a kernel's taps: `first`, `first + step`, ….
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Taps {
    pub(super) first: usize,
    pub(super) step: usize,
    pub(super) count: usize,
}

impl Reach {
    /// The outputs of a convolution, which read its input.
    pub(super) fn forward(slide: &Slide) -> Reach {
        Reach {
            outputs: slide.output,
            stride: slide.stride,
            taps: Taps { first: 0, step: 1, count: slide.kernel },
            shift: -(slide.padding as isize),
            pace: slide.dilation as isize,
            source: slide.input,
            first: 0,
            apart: 1,
        }
    }

    /// The input's positions `remainder`, `remainder + stride`, …, whose gradients read those of the outputs: position
    /// i met output o under tap t where o·stride + t·dilation = i + padding.
    pub(super) fn backward(slide: &Slide, remainder: usize) -> Reach {
        let &Slide { kernel, stride, padding, dilation, input, output } = slide;
        let offset = |tap: usize| (remainder + padding) as isize - (tap * dilation) as isize;
        let fits = |tap: &usize| offset(*tap) % stride as isize == 0;
        let mut fitting = (0..kernel).filter(fits);
        let first = fitting.next();
        let step = first.zip(fitting.next()).map_or(kernel, |(first, second)| second - first);
        let count = first.map_or(0, |first| (kernel - first).div_ceil(step));
        let first_tap = first.unwrap_or(0);
        Reach {
            outputs: input.saturating_sub(remainder).div_ceil(stride),
            stride: 1,
            taps: Taps { first: first_tap, step, count },
            shift: offset(first_tap).div_euclid(stride as isize),
            pace: -((step * dilation / stride) as isize),
            source: output,
            first: remainder,
            apart: stride,
        }
    }

    /// The smallest and the largest shift of a tap.
    fn shifts(&self) -> (isize, isize) {
        let last = self.shift + (self.taps.count as isize - 1) * self.pace;
        (self.shift.min(last), self.shift.max(last))
    }

    /// What some of the outputs read, from the first to the last; it may begin before the source and end behind it.
    pub(super) fn span(&self, outputs: &Range<usize>) -> Range<isize> {
        let (low, high) = self.shifts();
        let at = |output: usize| (output * self.stride) as isize;
        at(outputs.start) + low..at(outputs.end - 1) + high + 1
    }

    /// Where each tap reads, from the smallest one.
    pub(super) fn offsets(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        let (reach, (low, _)) = (*self, self.shifts());
        (0..self.taps.count).map(move |tap| (reach.shift + tap as isize * reach.pace - low) as usize)
    }

    /// Whether all taps read neighbouring places, in order.
    pub(super) fn is_dense(&self) -> bool {
        self.pace == 1 || self.taps.count == 1
    }
}

impl Taps {
    /// The taps' indices in the kernel.
    pub(super) fn indices(self) -> impl Iterator<Item = usize> + Clone {
        (0..self.count).map(move |tap| self.first + tap * self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forward and backward meet at the same pairs of positions and taps.
    #[test]
    fn the_gradient_reads_what_the_output_read() {
        for (kernel, stride, padding, dilation, input) in
            [(3, 1, 1, 1, 6), (3, 2, 1, 1, 7), (5, 3, 0, 2, 16), (2, 3, 1, 1, 8), (3, 4, 2, 2, 9), (1, 2, 0, 1, 5)]
        {
            let output = (input + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
            let slide = Slide { kernel, stride, padding, dilation, input, output };
            let pairs = |reach: Reach, swap: bool| {
                let mut pairs = Vec::new();
                for at in 0..reach.outputs {
                    for (tap, index) in reach.taps.indices().enumerate() {
                        let read = (at * reach.stride) as isize + reach.shift + tap as isize * reach.pace;
                        if (0..reach.source as isize).contains(&read) {
                            let target = reach.first + at * reach.apart;
                            let read = read as usize;
                            pairs.push(if swap { (read, target, index) } else { (target, read, index) });
                        }
                    }
                }
                pairs
            };
            let mut forward = pairs(Reach::forward(&slide), false);
            let mut backward: Vec<_> =
                (0..stride).flat_map(|remainder| pairs(Reach::backward(&slide, remainder), true)).collect();
            forward.sort_unstable();
            backward.sort_unstable();
            assert!(!forward.is_empty() && forward == backward, "{slide:?}");
        }
    }
}
