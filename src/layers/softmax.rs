//! Softmax over the features of a vector, or over the channels at each position of a map, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html> with `dim=1`.
//!
//! `softmax`. The loss works on logits, so a classifier does not end in one.

use super::{Definition, Layer};
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::Op;

pub(super) const SOFTMAX: Definition = Definition {
    name: "softmax",
    usage: "softmax",
    inputs: Some(1),
    parameters: &[],
    parse: |_| Ok(Box::new(Softmax)),
};

#[derive(Debug)]
struct Softmax;

impl Layer for Softmax {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Softmax
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn keeps_the_shape() {
        check(&[
            ("softmax", "10", "10"),
            ("softmax", "21x32x48", "21×32×48"),
            ("softmax dim=1", "10", "E011 `softmax` has no argument `dim`"),
        ]);
    }
}
