//! A feature map as a vector, channel after channel, as `torch.flatten(x, 1)`:
//! <https://docs.pytorch.org/docs/stable/generated/torch.flatten.html>. A vector passes unchanged.
//!
//! `flatten`

use super::{Definition, Layer, Reach};
use crate::ir::{Pair, Shape};
use crate::layers::Mismatch;
use crate::program::Op;

pub(super) const FLATTEN: Definition = Definition {
    name: "flatten",
    usage: "flatten",
    inputs: Some(1),
    parameters: &[],
    parse: |_| Ok(Box::new(Flatten)),
};

#[derive(Debug)]
struct Flatten;

impl Layer for Flatten {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(Shape::Vector(inputs[0].elements()))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        match inputs[0] {
            Shape::Map { channels, height, width } => {
                Some(format!("{channels}·{height}·{width} = {}", inputs[0].elements()))
            }
            Shape::Vector(_) => None,
        }
    }

    /// Every feature may come from anywhere in the map, so what reads the vector sees all of it.
    fn reach(&self, inputs: &[Shape]) -> Reach {
        match inputs[0] {
            Shape::Map { height, width, .. } => Reach { span: Pair { height, width }, step: Pair::square(1) },
            Shape::Vector(_) => Reach::POINT,
        }
    }

    fn keeps_shape(&self, input: Shape) -> bool {
        matches!(input, Shape::Vector(_))
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Flatten
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn multiplies_the_sizes() {
        check(&[
            ("flatten", "512x4x4", "8192 | 512·4·4 = 8192"),
            ("flatten", "512x7x5", "17920 | 512·7·5 = 17920"),
            ("flatten", "512", "512"),
            ("flatten 1", "512x4x4", "E011 `flatten` does not take `1`"),
        ]);
    }
}
