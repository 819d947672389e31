//! A window that slides over a feature map: the size arithmetic of convolution and pooling.

use std::fmt::Write;

use super::{Pair, Shape};

/// Kernel, stride, padding and dilation of a convolution or a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// F
    pub kernel: Pair,
    /// S
    pub stride: Pair,
    /// P, on both sides
    pub padding: Pair,
    /// D, the distance between taps
    pub dilation: Pair,
    /// Whether a last, incomplete window counts too (`ceil_mode`).
    pub ceil: bool,
}

/// How much of its input one position of a layer's output reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// From the first to the last pixel that takes part.
    pub span: Pair,
    /// Pixels of the input between two neighbours of the output.
    pub step: Pair,
}

impl Reach {
    /// A layer that works on each position by itself.
    pub const POINT: Reach = Reach { span: Pair::square(1), step: Pair::square(1) };
}

impl Window {
    /// Of a single pixel, which goes over all of them.
    pub const PIXEL: Window = Window {
        kernel: Pair::square(1),
        stride: Pair::square(1),
        padding: Pair::square(0),
        dilation: Pair::square(1),
        ceil: false,
    };

    /// `(32 − 3 + 2·1)/2 + 1 = 16`, for the height, and for the width too where it differs. `None` if the input is no
    /// map.
    pub fn arithmetic(&self, input: Shape) -> Option<String> {
        let Shape::Map { height, width, .. } = input else { return None };
        let [down, across] = self.axes();
        let mut text = down.formula(height);
        write!(text, " = {}", down.count(height)?).expect("a String takes everything");
        if height != width || down != across {
            write!(text, ", {} = {}", across.formula(width), across.count(width)?).expect("a String takes everything");
        }
        Some(text)
    }

    /// Pixels at the bottom and at the right edge that no window reaches, over a map of `height`×`width`.
    pub fn dropped(&self, height: usize, width: usize) -> (usize, usize) {
        let [down, across] = self.axes();
        (down.dropped(height), across.dropped(width))
    }

    /// How much one output reads, and how far the next one is.
    pub fn reach(self) -> Reach {
        let [down, across] = self.axes();
        Reach { span: Pair { height: down.span(), width: across.span() }, step: self.stride }
    }

    /// Whether it makes a map of the size of every map that it slides over.
    pub fn keeps_size(self) -> bool {
        self.stride == Pair::square(1) && self.axes().iter().all(|axis| 2 * axis.padding + 1 == axis.span())
    }

    /// Down and across.
    pub(crate) fn axes(&self) -> [Axis; 2] {
        let Window { kernel, stride, padding, dilation, ceil } = *self;
        [
            Axis {
                kernel: kernel.height,
                stride: stride.height,
                padding: padding.height,
                dilation: dilation.height,
                ceil,
            },
            Axis { kernel: kernel.width, stride: stride.width, padding: padding.width, dilation: dilation.width, ceil },
        ]
    }
}

/// One direction of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
    pub ceil: bool,
}

impl Axis {
    /// D·(F−1) + 1: how many pixels the window spans.
    pub fn span(self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// ⌊(W − (D·(F−1)+1) + 2P)/S⌋ + 1; with `ceil`, ⌈…⌉ + 1, unless the last window would start in the right padding.
    /// So with `ceil` a window may be larger than what it slides over, by less than S. Source:
    /// <https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html>.
    pub fn count(self, size: usize) -> Option<usize> {
        let padded = size + 2 * self.padding;
        if !self.ceil {
            return Some(padded.checked_sub(self.span())? / self.stride + 1);
        }
        let before_last = (padded + self.stride - 1).checked_sub(self.span())? / self.stride;
        let starts_inside = before_last * self.stride < size + self.padding;
        Some(if starts_inside { before_last + 1 } else { before_last })
    }

    pub fn dropped(self, size: usize) -> usize {
        match self.count(size) {
            Some(count) => (size + self.padding).saturating_sub((count - 1) * self.stride + self.span()).min(size),
            None => 0,
        }
    }

    /// `(32 − 3 + 2·1)/2 + 1`, in brackets that round where the division has a rest.
    pub fn formula(self, size: usize) -> String {
        let Axis { kernel, stride, padding, dilation, .. } = self;
        let room = (size + 2 * padding) as i64 - self.span() as i64;
        let rest = room.rem_euclid(stride as i64);
        let (open, close) = match self.count(size) {
            _ if rest == 0 => ("", ""),
            count if self.ceil && count.map(|count| count as i64) != Some((room - rest) / stride as i64 + 1) => {
                ("⌈", "⌉")
            }
            _ => ("⌊", "⌋"),
        };
        let mut text = String::with_capacity(48);
        let written = match dilation {
            1 => write!(text, "{open}({size} − {kernel}"),
            _ => write!(text, "{open}({size} − ({dilation}·({kernel} − 1) + 1)"),
        };
        written.and_then(|()| write!(text, " + 2·{padding})/{stride}{close} + 1")).expect("a String takes everything");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One axis: W, F, S, P, D, ceil, expected output. Values are PyTorch 2.15's.
    #[test]
    fn counts_as_pytorch_does() {
        for (size, kernel, stride, padding, dilation, ceil, expected) in [
            (227, 11, 4, 0, 1, false, Some(55)),
            (224, 7, 2, 3, 1, false, Some(112)),
            (55, 3, 2, 0, 1, false, Some(27)),
            (6, 3, 2, 0, 1, true, Some(3)),
            (5, 2, 2, 1, 1, true, Some(3)),
            (3, 1, 2, 0, 1, true, Some(2)),
            (1, 2, 2, 0, 1, true, Some(1)),
            (2, 5, 4, 0, 1, true, Some(1)),
            (1, 5, 4, 0, 1, true, None),
            (1, 2, 1, 0, 1, true, None),
            (7, 3, 1, 0, 3, false, Some(1)),
            (6, 3, 1, 0, 3, false, None),
            (2, 3, 2, 0, 1, false, None),
        ] {
            let axis = Axis { kernel, stride, padding, dilation, ceil };
            assert_eq!(axis.count(size), expected, "{axis:?} over {size}");
        }
    }

    #[test]
    fn shows_the_arithmetic() {
        let window = Window {
            kernel: Pair::square(3),
            stride: Pair::square(2),
            padding: Pair::square(1),
            dilation: Pair::square(1),
            ceil: false,
        };
        assert_eq!(window.arithmetic(Shape::map(64, 112, 112)).as_deref(), Some("⌊(112 − 3 + 2·1)/2⌋ + 1 = 56"));
        assert_eq!(
            window.arithmetic(Shape::map(64, 5, 7)).as_deref(),
            Some("(5 − 3 + 2·1)/2 + 1 = 3, (7 − 3 + 2·1)/2 + 1 = 4")
        );
        assert_eq!(window.dropped(112, 112), (0, 0));
    }
}
