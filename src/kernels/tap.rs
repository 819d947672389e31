//! How a window slides over a map, in one direction.

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

    /// The inputs under the window of an output, in order, without the padding.
    pub(super) fn inputs(&self, output: usize) -> impl Iterator<Item = usize> + use<> {
        let slide = *self;
        let taps = (0..slide.kernel).map(move |tap| output * slide.stride + tap * slide.dilation);
        taps.filter_map(move |padded| padded.checked_sub(slide.padding).filter(|input| *input < slide.input))
    }
}
