//! Nothing: a layer that stands for no layer, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html>.
//!
//! `identity`

use super::{Definition, Layer};
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::Op;

pub(super) const IDENTITY: Definition = Definition {
    name: "identity",
    usage: "identity",
    inputs: Some(1),
    parameters: &[],
    parse: |_| Ok(Box::new(Identity)),
};

#[derive(Debug)]
struct Identity;

impl Layer for Identity {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Identity
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn keeps_everything() {
        check(&[
            ("identity", "64x8x8", "64×8×8"),
            ("identity", "10", "10"),
            ("identity 1", "10", "E011 `identity` does not take `1`"),
        ]);
    }
}
