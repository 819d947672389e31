//! How a window slides over a map, in one direction.

use std::ops::Range;

pub(super) use crate::program::convolution::Slide;

impl Slide {
    /// The input that an output reads under a tap; `None` outside the input.
    #[inline]
    pub(super) fn read(&self, output: usize, tap: usize) -> Option<usize> {
        (output * self.stride + tap * self.dilation).checked_sub(self.padding).filter(|input| *input < self.input)
    }

    /// The output that reads an input under a tap, if there is one.
    #[inline]
    pub(super) fn reader(&self, input: usize, tap: usize) -> Option<usize> {
        let start = (input + self.padding).checked_sub(tap * self.dilation)?;
        (start.is_multiple_of(self.stride) && start / self.stride < self.output).then(|| start / self.stride)
    }

    /// The taps of an output's window that lie inside the input.
    #[inline(always)]
    pub(super) fn taps(&self, output: usize) -> Range<usize> {
        let start = output * self.stride;
        let first = self.padding.saturating_sub(start).div_ceil(self.dilation);
        let end = (self.input + self.padding).saturating_sub(start).div_ceil(self.dilation).min(self.kernel);
        first..end.max(first)
    }

    /// What an output reads under a tap inside the input.
    #[inline(always)]
    pub(super) fn input_of(&self, output: usize, tap: usize) -> usize {
        output * self.stride + tap * self.dilation - self.padding
    }

    /// The outputs over whose windows, from the first to the last tap, an input lies.
    #[inline(always)]
    pub(super) fn readers(&self, input: usize) -> Range<usize> {
        let padded = input + self.padding;
        let reach = (self.kernel - 1) * self.dilation;
        padded.saturating_sub(reach).div_ceil(self.stride)..(padded / self.stride + 1).min(self.output)
    }

    /// The tap under which an output reads an input that lies under its window; `None` if it lies between two taps.
    #[inline(always)]
    pub(super) fn tap_of(&self, output: usize, input: usize) -> Option<usize> {
        let offset = input + self.padding - output * self.stride;
        match self.dilation {
            1 => Some(offset),
            dilation => offset.is_multiple_of(dilation).then(|| offset / dilation),
        }
    }
}
