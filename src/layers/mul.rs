//! The product of several values, element by element. Sizes of 1 are stretched: C×1×1 as in squeeze-and-excitation (Hu
//! et al. 2018), 1×H×W as in spatial attention (Woo et al. 2018), C×H×1 as in coordinate attention (Hou et al. 2021).
//!
//! `{from: [NAME, .], merge: mul}`, or the end of `branches:` with `merge: mul`. With a number, `mul 0.5`, the product
//! of a single value and it.

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

/// What two values are stretched to: each size of a map that is 1 becomes the other's. `None` if others differ.
pub(crate) fn broadcast(a: Shape, b: Shape) -> Option<Shape> {
    let size = |a: usize, b: usize| match (a, b) {
        (1, size) | (size, 1) => Some(size),
        _ => (a == b).then_some(a),
    };
    let ((rows, columns), (height, width)) = match a.sides().zip(b.sides()) {
        Some(sides) => sides,
        None => return (a == b).then_some(a),
    };
    Some(Shape::map(size(a.channels(), b.channels())?, size(rows, height)?, size(columns, width)?))
}

#[derive(Debug)]
struct Mul;

impl Layer for Mul {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let joined = inputs[1..].iter().try_fold(inputs[0], |joined, input| broadcast(joined, *input));
        let largest = *inputs.iter().max_by_key(|shape| shape.elements()).expect("a merge has inputs");
        let odd = || inputs.iter().position(|shape| broadcast(*shape, largest).is_none());
        joined.ok_or_else(|| {
            let index = odd().unwrap_or(inputs.len() - 1);
            Mismatch {
                code: Code::InputsDisagree,
                at: Culprit::Input(index),
                message: format!("cannot multiply {} and {largest}", inputs[index]),
                arithmetic: "sizes of maps must agree, or be 1".into(),
                help: None,
            }
        })
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Mul
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn stretches_sizes_of_one() {
        check(&[
            ("mul", "64x8x8 64x1x1", "64×8×8"),
            ("mul 0.17", "64x8x8", "64×8×8"),
            ("mul -1", "10", "10"),
            ("mul half", "10", "E011 `mul` does not take `half`"),
            ("mul", "64x1x1 64x8x8", "64×8×8"),
            ("mul", "64x8x8 32x1x1", "E023 cannot multiply 32×1×1 and 64×8×8: sizes of maps must agree, or be 1"),
            ("mul", "64x8x9 1x8x9 64x8x1 64x1x9", "64×8×9"),
            ("mul", "64x1x1 1x8x9", "64×8×9"),
            ("mul", "64 64", "64"),
            ("mul", "64 1", "E023 cannot multiply 1 and 64: sizes of maps must agree, or be 1"),
            ("mul", "4x1x1 1x2x1 1x3x8", "E023 cannot multiply 1×2×1 and 1×3×8: sizes of maps must agree, or be 1"),
        ]);
    }
}
