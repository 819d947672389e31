//! Concatenation along the channels, as `torch.cat(values, dim=1)`.
//!
//! `{from: [NAME, .], merge: concat}`, or the end of `branches:`

use super::{Definition, Layer};
use crate::diagnostic::Code;
use crate::ir::Shape;
use crate::layers::{Culprit, Mismatch};
use crate::program::Op;

pub(crate) const CONCAT: Definition =
    Definition { name: "concat", usage: "concat", inputs: None, parameters: &[], parse: |_| Ok(Box::new(Concat)) };

/// A longer sum is shown without its middle.
const MOST_TERMS: usize = 64;

#[derive(Debug)]
struct Concat;

impl Layer for Concat {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let channels = inputs.iter().map(|shape| shape.channels()).fold(0, usize::saturating_add);
        let joined = |shape: Shape| match shape {
            Shape::Map { height, width, .. } => Shape::map(channels, height, width),
            Shape::Vector(_) => Shape::Vector(channels),
        };
        match inputs.iter().position(|shape| joined(*shape) != joined(inputs[0])) {
            None => Ok(joined(inputs[0])),
            Some(index) => Err(Mismatch {
                code: Code::InputsDisagree,
                at: Culprit::Input(index),
                message: format!("cannot concatenate {} and {}", inputs[0], inputs[index]),
                arithmetic: "height and width must agree".into(),
                help: None,
            }),
        }
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let channels = |shape: &Shape| shape.channels().to_string();
        let sum: usize = inputs.iter().map(|shape| shape.channels()).sum();
        let terms: Vec<String> = match inputs {
            [first @ .., last] if inputs.len() > MOST_TERMS => {
                first[..2].iter().map(channels).chain(["…".to_string(), channels(last)]).collect()
            }
            _ => inputs.iter().map(channels).collect(),
        };
        Some(format!("{} = {sum}", terms.join(" + ")))
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Concat
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn needs_one_height_and_width() {
        check(&[
            ("concat", "64x8x8 32x8x8", "96×8×8 | 64 + 32 = 96"),
            ("concat", "10 5", "15 | 10 + 5 = 15"),
            ("concat", "64x8x8 64x4x4", "E023 cannot concatenate 64×8×8 and 64×4×4: height and width must agree"),
        ]);
    }
}
