//! How a window slides over a map, where padding may differ from side to side.

use super::net::Call;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Span, Spanned};

/// A window, height before width.
#[derive(Debug, Clone)]
pub struct Geometry {
    pub kernel: [usize; 2],
    pub stride: Spanned<[usize; 2]>,
    pub dilation: Spanned<[usize; 2]>,
    /// Above, to the left, below, to the right.
    pub pads: [usize; 4],
    /// Of the map.
    pub sides: [usize; 2],
}

/// No size of a window is larger.
const LARGEST: usize = 1 << 24;

impl Geometry {
    /// Whether its sizes are such that can be computed with.
    pub fn is_reasonable(&self) -> bool {
        let Geometry { kernel, stride, dilation, pads, .. } = self;
        let positive = kernel.iter().chain(&stride.value).chain(&dilation.value);
        positive.chain(pads).all(|size| *size < LARGEST) && !kernel.contains(&0) && !stride.value.contains(&0)
    }

    /// Padded such that there is an output for every so many pixels; what is odd lies behind, or before.
    pub fn same(mut self, odd_before: bool) -> Geometry {
        for axis in 0..2 {
            let stride = self.stride.value[axis];
            let outputs = self.sides[axis].div_ceil(stride).max(1);
            let all = ((outputs - 1) * stride + self.span(axis)).saturating_sub(self.sides[axis]);
            let before = if odd_before { all.div_ceil(2) } else { all / 2 };
            (self.pads[axis], self.pads[axis + 2]) = (before, all - before);
        }
        self
    }

    /// With stride and dilation.
    pub fn sized(&self, call: Call) -> Call {
        let side = |pair: &Spanned<[usize; 2]>| pair.value.map(|size| Spanned::new(size as i64, pair.span));
        call.size(1, "stride", side(&self.stride)).size(1, "dilation", side(&self.dilation))
    }

    /// With padding above and below, to the left and to the right.
    pub fn padded(&self, call: Call, padding: [usize; 2]) -> Call {
        let span = self.stride.span;
        call.size(0, "padding", padding.map(|pad| Spanned::new(pad as i64, span)))
    }

    /// The same padding on both sides, if it is.
    pub fn even_padding(&self) -> Option<[usize; 2]> {
        let [top, left, bottom, right] = self.pads;
        ((top, left) == (bottom, right)).then_some([top, left])
    }

    /// How many pixels it spans.
    pub fn span(&self, axis: usize) -> usize {
        self.dilation.value[axis] * (self.kernel[axis] - 1) + 1
    }

    /// How many outputs there are along an axis; rounded up, a last window must begin before the padding behind.
    fn outputs(&self, axis: usize, ceil: bool) -> Option<usize> {
        let stride = self.stride.value[axis];
        let padded = self.sides[axis] + self.pads[axis] + self.pads[axis + 2];
        if !ceil {
            return Some(padded.checked_sub(self.span(axis))? / stride + 1);
        }
        // Rounded up, a window may be larger than what it slides over, by less than a stride.
        let last = (padded + stride).checked_sub(self.span(axis) + 1)? / stride;
        Some(if last * stride < self.sides[axis] + self.pads[axis] { last + 1 } else { last })
    }

    /// Whether to round up such that the padding before on both sides makes as many outputs: where what lies outside
    /// does not count, all is the same then. `None` if there is no such way.
    pub fn evened(&self, ceil: bool) -> Option<bool> {
        let wanted = [self.outputs(0, ceil)?, self.outputs(1, ceil)?];
        if (0..2).any(|axis| self.pads[axis] > self.kernel[axis] / 2) {
            return None;
        }
        let [top, left, ..] = self.pads;
        let even = Geometry { pads: [top, left, top, left], ..self.clone() };
        let fits = |ceil: bool| (0..2).all(|axis| even.outputs(axis, ceil) == Some(wanted[axis]));
        [false, true].into_iter().find(|ceil| fits(*ceil))
    }

    /// A pool of this kind.
    pub fn pool(&self, kind: &'static str, span: Span, padding: [usize; 2], ceil: bool) -> Call {
        let call = Call::new(kind, span).window(self.kernel.map(|size| Spanned::new(size as i64, span)));
        // Unless it is the kernel's size, which goes without saying.
        let [down, across] = self.stride.value.map(|size| size as i64);
        let call = match self.stride.value == self.kernel {
            true => call,
            false if down == across => call.with("stride", Argument::Int(down), self.stride.span),
            false => call.with("stride", Argument::Size(down, across), self.stride.span),
        };
        let dilation = self.dilation.value.map(|size| Spanned::new(size as i64, self.dilation.span));
        self.padded(call, padding).size(1, "dilation", dilation).flag("ceil", ceil)
    }
}

/// Rows and columns around a map: above, to the left, below, to the right; zeros, or of another kind.
pub fn pad(span: Span, [top, left, bottom, right]: [usize; 4], fill: Option<&str>) -> Call {
    let call = Call::new("pad", span);
    let call = match (top == bottom && left == right, top == left) {
        (true, true) => call.at(Argument::Int(top as i64), span),
        (true, false) => call.at(Argument::Size(top as i64, left as i64), span),
        (false, _) => with_sides(call, [top, bottom, left, right]),
    };
    call.flag(fill.unwrap_or_default(), fill.is_some())
}

/// The advice where images have no fixed size: the option that gives one, with what the file says of it.
pub(super) fn input_option(channels: Option<usize>, height: Option<usize>, width: Option<usize>) -> String {
    let [channels, height, width] =
        [(channels, 3), (height, 224), (width, 224)].map(|(size, usual)| size.unwrap_or(usual));
    format!("give it on the command line: `--input {channels}x{height}x{width}`")
}

/// What is left of a map without so many rows at the top and bottom, and columns at the left and right.
pub fn crop(span: Span, [top, bottom, left, right]: [usize; 4]) -> Call {
    let call = Call::new("crop", span);
    match [top, bottom, left, right] {
        [0, 0, 0, 0] => call.plus("top", Argument::Int(0)),
        sides => with_sides(call, sides),
    }
}

/// Those of so many rows at the top and bottom, and columns at the left and right, that there are.
fn with_sides(call: Call, sides: [usize; 4]) -> Call {
    let sides = ["top", "bottom", "left", "right"].into_iter().zip(sides).filter(|(_, size)| *size > 0);
    sides.fold(call, |call, (key, size)| call.plus(key, Argument::Int(size as i64)))
}

#[cfg(test)]
mod tests {
    use super::Geometry;
    use crate::diagnostic::{SourceId, Span, Spanned};

    fn geometry(side: usize, kernel: usize, stride: usize) -> Geometry {
        let span = Span::new(SourceId(0), 0..0);
        let pair = |size| Spanned::new([size; 2], span);
        Geometry { kernel: [kernel; 2], stride: pair(stride), dilation: pair(1), pads: [0; 4], sides: [side; 2] }
    }

    #[test]
    fn same_padding_is_more_behind() {
        for (side, kernel, stride, before, behind) in
            [(224, 3, 2, 0, 1), (225, 3, 2, 1, 1), (7, 3, 1, 1, 1), (8, 2, 2, 0, 0), (7, 2, 2, 0, 1), (8, 1, 2, 0, 0)]
        {
            let found = geometry(side, kernel, stride);
            assert_eq!(found.clone().same(false).pads, [before, before, behind, behind], "{side} {kernel} {stride}");
            assert_eq!(found.same(true).pads, [behind, behind, before, before], "{side} {kernel} {stride}");
        }
    }

    #[test]
    fn padding_that_does_not_count_is_evened() {
        for (side, kernel, stride, pads, ceil, expected) in [
            (7, 2, 2, [0, 0, 1, 1], false, Some(true)),
            (112, 3, 2, [0, 0, 1, 1], false, Some(true)),
            (112, 3, 2, [1, 1, 0, 0], false, Some(false)),
            (8, 3, 1, [1, 1, 1, 1], false, Some(false)),
            (5, 2, 3, [1, 1, 1, 1], true, Some(false)),
            (6, 2, 1, [0, 0, 1, 1], false, None),
            (6, 2, 1, [2, 2, 2, 2], false, None),
        ] {
            let found = Geometry { pads, ..geometry(side, kernel, stride) };
            assert_eq!(found.evened(ceil), expected, "{side} {kernel} {stride} {pads:?}");
        }
    }
}
