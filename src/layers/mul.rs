//! The product of several values, element by element. A map of 1×1 is stretched over the others' positions, as in
//! squeeze-and-excitation (Hu et al. 2018).
//!
//! `{from: [NAME, .], merge: mul}`, or the end of `branches:` with `merge: mul`. With a number, `mul 0.5`, the product of
//! a single value and it

use super::{Definition, Layer};
use crate::arguments::Parameter;
use crate::diagnostic::Code;
use crate::ir::Shape;
use crate::layers::{Culprit, Mismatch};
use crate::program::{Activation, Op};

pub(crate) const MUL: Definition = Definition {
    name: "mul",
    usage: "mul FACTOR",
    inputs: None,
    parameters: &[Parameter::positional::<f64>("factor")],
    parse: |arguments| match arguments.positional("factor")? {
        Some(factor) => Ok(Box::new(Activation::Multiple { factor })),
        None => Ok(Box::new(Mul)),
    },
};

#[derive(Debug)]
struct Mul;

impl Layer for Mul {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let largest = *inputs.iter().max_by_key(|shape| shape.positions()).expect("a merge has inputs");
        let fits = |shape: Shape| match (shape, largest) {
            (Shape::Map { channels, height: 1, width: 1 }, Shape::Map { channels: all, .. }) => channels == all,
            _ => shape == largest,
        };
        match inputs.iter().position(|shape| !fits(*shape)) {
            None => Ok(largest),
            Some(index) => Err(Mismatch {
                code: Code::InputsDisagree,
                at: Culprit::Input(index),
                message: format!("cannot multiply {} and {largest}", inputs[index]),
                arithmetic: "shapes must agree, or be 1×1 with the same channels".into(),
                help: None,
            }),
        }
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Mul
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn needs_one_shape_or_a_single_position() {
        check(&[
            ("mul", "64x8x8 64x1x1", "64×8×8"),
            ("mul 0.17", "64x8x8", "64×8×8"),
            ("mul -1", "10", "10"),
            ("mul half", "10", "E011 `mul` does not take `half`"),
            ("mul", "64x1x1 64x8x8", "64×8×8"),
            (
                "mul",
                "64x8x8 32x1x1",
                "E023 cannot multiply 32×1×1 and 64×8×8: shapes must agree, or be 1×1 with the same channels",
            ),
        ]);
    }
}
