//! Channels as pixels, for networks that enlarge at the end (Shi et al. 2016), and pixels as channels, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html> and its inverse.
//!
//! `pixel_shuffle 2`

use super::{Culprit, Definition, Layer, Mismatch, map_input};
use crate::arguments::{Parameter, Positive};
use crate::diagnostic::Code;
use crate::ir::{Pair, Reach, Shape};
use crate::program::{Op, op};

pub(super) const PIXEL_SHUFFLE: Definition = Definition {
    name: "pixel_shuffle",
    usage: "pixel_shuffle FACTOR",
    inputs: Some(1),
    parameters: &[Parameter::positional::<Positive>("factor")],
    parse: |arguments| {
        let Positive(factor) = arguments.required("factor")?;
        Ok(Box::new(Shuffle { factor }))
    },
};

pub(super) const PIXEL_UNSHUFFLE: Definition = Definition {
    name: "pixel_unshuffle",
    usage: "pixel_unshuffle FACTOR",
    inputs: Some(1),
    parameters: &[Parameter::positional::<Positive>("factor")],
    parse: |arguments| {
        let Positive(factor) = arguments.required("factor")?;
        Ok(Box::new(Unshuffle { factor }))
    },
};

#[derive(Debug)]
struct Shuffle {
    factor: usize,
}

#[derive(Debug)]
struct Unshuffle {
    factor: usize,
}

/// What a size of `size` that is no multiple of `by` is refused with.
fn indivisible(what: &str, size: usize, by: usize) -> Mismatch {
    Mismatch {
        code: Code::Groups,
        at: Culprit::Argument("factor"),
        message: what.to_owned(),
        arithmetic: format!("{size} mod {by} = {}", size % by),
        help: None,
    }
}

/// What does not fit into a number.
fn too_large(factor: usize) -> Mismatch {
    Mismatch {
        code: Code::Groups,
        at: Culprit::Argument("factor"),
        message: format!("a factor of {factor} is too large"),
        arithmetic: String::new(),
        help: None,
    }
}

impl Layer for Shuffle {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, height, width) = map_input("pixel_shuffle", inputs[0])?;
        let square = self.factor.checked_mul(self.factor).ok_or_else(|| too_large(self.factor))?;
        if !channels.is_multiple_of(square) {
            let what = format!("{channels} channels do not make squares of {0}×{0} pixels", self.factor);
            return Err(indivisible(&what, channels, square));
        }
        Ok(Shape::map(channels / square, height * self.factor, width * self.factor))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let Shape::Map { channels, height, width } = inputs[0] else { return None };
        let Shuffle { factor } = *self;
        let sides =
            format!("{channels}/{factor}² = {}, {height}·{factor} = {}", channels / factor / factor, height * factor);
        Some(if height == width { sides } else { format!("{sides}, {width}·{factor} = {}", width * factor) })
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        self.factor == 1
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::PixelShuffle(op::PixelShuffle { factor: self.factor })
    }
}

impl Layer for Unshuffle {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, height, width) = map_input("pixel_unshuffle", inputs[0])?;
        for side in [height, width] {
            if !side.is_multiple_of(self.factor) {
                let what = format!("{height}×{width} pixels do not fall into squares of {0}×{0}", self.factor);
                return Err(indivisible(&what, side, self.factor));
            }
        }
        // The factor is no larger than a side, so that the square of it is no larger than the map.
        Ok(Shape::map(channels * self.factor * self.factor, height / self.factor, width / self.factor))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let Shape::Map { channels, height, width } = inputs[0] else { return None };
        let Unshuffle { factor } = *self;
        let sides =
            format!("{channels}·{factor}² = {}, {height}/{factor} = {}", channels * factor * factor, height / factor);
        Some(if height == width { sides } else { format!("{sides}, {width}/{factor} = {}", width / factor) })
    }

    fn reach(&self, _inputs: &[Shape]) -> Reach {
        Reach { span: Pair::square(self.factor), step: Pair::square(self.factor) }
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        self.factor == 1
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::PixelUnshuffle(op::PixelUnshuffle { factor: self.factor })
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn channels_and_pixels_change_places() {
        check(&[
            ("pixel_shuffle 2", "12x5x7", "3×10×14 | 12/2² = 3, 5·2 = 10, 7·2 = 14"),
            ("pixel_shuffle factor=3", "9x4x4", "1×12×12 | 9/3² = 1, 4·3 = 12"),
            ("pixel_shuffle 1", "5x4x4", "5×4×4 | 5/1² = 5, 4·1 = 4"),
            ("pixel_shuffle 2", "6x4x4", "E025 6 channels do not make squares of 2×2 pixels: 6 mod 4 = 2"),
            ("pixel_unshuffle 2", "3x10x14", "12×5×7 | 3·2² = 12, 10/2 = 5, 14/2 = 7"),
            ("pixel_unshuffle 4", "1x8x8", "16×2×2 | 1·4² = 16, 8/4 = 2"),
            ("pixel_unshuffle 2", "3x10x7", "E025 10×7 pixels do not fall into squares of 2×2: 7 mod 2 = 1"),
            ("pixel_unshuffle 3", "3x10x9", "E025 10×9 pixels do not fall into squares of 3×3: 10 mod 3 = 1"),
        ]);
    }

    #[test]
    fn no_factor_is_too_large_to_be_refused() {
        for factor in ["4294967296", "9223372036854775807"] {
            for name in ["pixel_shuffle", "pixel_unshuffle"] {
                let text = format!("input: [4, 8, 8]\nlayers: [{name} {factor}]");
                assert!(crate::compile(&text).is_err(), "{name} {factor}");
            }
        }
    }
}
