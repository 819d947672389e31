//! Softmax over the features of a vector, or over the channels at each position of a map, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html> with `dim=1`.
//!
//! `softmax`, and `softmax groups=64` over each of 64 groups of neighbouring channels, as between branches (Li et al.
//! 2019). The loss works on logits, so a classifier does not end in one.

use super::{Definition, Layer};
use crate::arguments::{Parameter, Positive};
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{Op, op};

pub(super) const SOFTMAX: Definition = Definition {
    name: "softmax",
    usage: "softmax [gN]",
    inputs: Some(1),
    parameters: &[Parameter::named::<Positive>("groups")],
    parse: |arguments| {
        let groups = arguments.optional("groups")?.map_or(1, |Positive(groups)| groups);
        Ok(Box::new(Softmax { groups }))
    },
};

#[derive(Debug)]
struct Softmax {
    groups: usize,
}

impl Layer for Softmax {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        super::check_groups(inputs[0].channels(), self.groups, "channels")?;
        Ok(inputs[0])
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Softmax(op::Softmax { groups: self.groups })
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
            ("softmax groups=7", "21x32x48", "21×32×48"),
            ("softmax groups=4", "10", "E025 10 channels do not split into 4 groups: 10 mod 4 = 2"),
            ("softmax dim=1", "10", "E011 `softmax` has no argument `dim`"),
        ]);
    }
}
