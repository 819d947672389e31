//! Stochastic depth (Huang et al. 2016): in training, whole examples become zero. At the end of a residual branch they
//! then skip it. As torchvision's `StochasticDepth(p, "row")`,
//! <https://docs.pytorch.org/vision/stable/generated/torchvision.ops.StochasticDepth.html>.
//!
//! `drop_path 0.1`

use super::{Definition, Layer, dropout};
use crate::arguments::Parameter;
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{Op, op};

pub(super) const DROP_PATH: Definition = Definition {
    name: "drop_path",
    usage: "drop_path P",
    inputs: Some(1),
    parameters: &[Parameter::positional::<f64>("p")],
    parse: |arguments| {
        let p = arguments.required("p")?;
        dropout::check_probability(arguments, p)?;
        Ok(Box::new(DropPath { p }))
    },
};

#[derive(Debug)]
struct DropPath {
    p: f64,
}

impl Layer for DropPath {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::DropPath(op::DropPath { p: self.p })
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::layers::testing::{check, layer};
    use crate::program::{Op, op};

    #[test]
    fn keeps_the_shape() {
        let op = layer("drop_path 0.2").expect("a valid call").lower(&[Shape::Vector(4)]);
        assert_eq!(op, Op::DropPath(op::DropPath { p: 0.2 }));
        check(&[
            ("drop_path 0", "64x8x8", "64×8×8"),
            ("drop_path p=1", "10", "10"),
            ("drop_path", "10", "E012 `drop_path` needs `p`: `p` (a number) is missing"),
            ("drop_path 1.5", "10", "E013 a probability is between 0 and 1: found `1.5`"),
        ]);
    }
}
