//! A vector as a feature map, channel after channel: the way back of `flatten`, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html>.
//!
//! `unflatten 64 7x7`

use super::{Culprit, Definition, Layer, Mismatch, vector_input};
use crate::arguments::{Parameter, Positive, PositivePair};
use crate::diagnostic::Code;
use crate::ir::{Pair, Shape};
use crate::program::Op;

pub(super) const UNFLATTEN: Definition = Definition {
    name: "unflatten",
    usage: "unflatten CHANNELS SIZE",
    inputs: Some(1),
    parameters: &[Parameter::positional::<Positive>("channels"), Parameter::positional::<PositivePair>("size")],
    parse: |arguments| {
        let Positive(channels) = arguments.required("channels")?;
        let PositivePair(size) = arguments.required("size")?;
        Ok(Box::new(Unflatten { channels, size }))
    },
};

#[derive(Debug)]
struct Unflatten {
    channels: usize,
    size: Pair,
}

impl Layer for Unflatten {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let features = vector_input("unflatten", inputs[0])?;
        let Unflatten { channels, size: Pair { height, width } } = *self;
        let elements = channels.checked_mul(height).and_then(|rows| rows.checked_mul(width));
        if elements != Some(features) {
            let found = elements.map_or("more than can be counted".to_owned(), |elements| elements.to_string());
            return Err(Mismatch {
                code: Code::SizeMismatch,
                at: Culprit::Layer,
                message: format!("a map of {channels}×{height}×{width} does not take {features} features"),
                arithmetic: format!("{channels}·{height}·{width} = {found} ≠ {features}"),
                help: None,
            });
        }
        Ok(Shape::map(channels, height, width))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let Unflatten { channels, size: Pair { height, width } } = *self;
        Some(format!("{channels}·{height}·{width} = {}", inputs[0].elements()))
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Unflatten
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn takes_every_feature() {
        check(&[
            ("unflatten 512 4", "8192", "512×4×4 | 512·4·4 = 8192"),
            ("unflatten 2 3x5", "30", "2×3×5 | 2·3·5 = 30"),
            ("unflatten 2 3x4", "30", "E022 a map of 2×3×4 does not take 30 features: 2·3·4 = 24 ≠ 30"),
            (
                "unflatten 2 3",
                "2x3x3",
                "E020 `unflatten` needs a vector, but a feature map 2×3×3 arrives; put `flatten` before `unflatten`: \
                 2·3·3 = 18",
            ),
            (
                "unflatten 2",
                "30",
                "E012 `unflatten` needs `size`: `size` (a whole number or a size such as `3x5`, one or more) is missing",
            ),
        ]);
    }
}
