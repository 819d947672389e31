//! The sum of values of one shape: where a residual branch and its shortcut meet (He et al. 2016).
//!
//! `add`; it reads what a `residual` or a `merge: add` gives it

use super::{Definition, Layer};
use crate::diagnostic::Code;
use crate::ir::Shape;
use crate::layers::{Culprit, Mismatch};
use crate::program::Op;

pub(crate) const ADD: Definition =
    Definition { name: "add", usage: "add", inputs: None, parameters: &[], parse: |_| Ok(Box::new(Add)) };

#[derive(Debug)]
struct Add;

impl Layer for Add {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        one_shape("add", inputs)
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Add
    }
}

/// The shape of all `inputs`, which must be one.
pub(super) fn one_shape(layer: &str, inputs: &[Shape]) -> Result<Shape, Mismatch> {
    let first = inputs[0];
    match inputs.iter().position(|input| *input != first) {
        None => Ok(first),
        Some(index) => Err(Mismatch {
            code: Code::InputsDisagree,
            at: Culprit::Input(index),
            message: format!("`{layer}` needs inputs of one shape, but {first} and {} arrive", inputs[index]),
            arithmetic: difference(first, inputs[index]),
            help: None,
        }),
    }
}

/// Which sizes differ: `64 ≠ 128 channels, 56×56 ≠ 28×28`.
pub(super) fn difference(a: Shape, b: Shape) -> String {
    let (Shape::Map { height, width, .. }, Shape::Map { height: other_height, width: other_width, .. }) = (a, b) else {
        return format!("{a} ≠ {b}");
    };
    let mut parts = Vec::new();
    if a.channels() != b.channels() {
        parts.push(format!("{} ≠ {} channels", a.channels(), b.channels()));
    }
    if (height, width) != (other_height, other_width) {
        parts.push(format!("{height}×{width} ≠ {other_height}×{other_width}"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn needs_one_shape() {
        check(&[
            ("add", "64x8x8 64x8x8", "64×8×8"),
            ("add", "10 10 10", "10"),
            (
                "add",
                "64x56x56 128x28x28",
                "E023 `add` needs inputs of one shape, but 64×56×56 and 128×28×28 arrive: 64 ≠ 128 channels, 56×56 ≠ 28×28",
            ),
            (
                "add",
                "64x8x8 64x8x8 64x4x8",
                "E023 `add` needs inputs of one shape, but 64×8×8 and 64×4×8 arrive: 8×8 ≠ 4×8",
            ),
            ("add", "64x1x1 64", "E023 `add` needs inputs of one shape, but 64×1×1 and 64 arrive: 64×1×1 ≠ 64"),
        ]);
    }
}
