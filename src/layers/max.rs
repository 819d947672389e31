//! The largest of values of one shape, at each place: maxout over branches (Goodfellow et al. 2013).
//!
//! `{from: [NAME, .], merge: max}`, or the end of `branches:` with `merge: max`. Of more than two values the larger one
//! of the first two is compared with the third, and so on

use super::{Definition, Layer};
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::Op;

pub(crate) const MAX: Definition =
    Definition { name: "max", usage: "max", inputs: None, parameters: &[], parse: |_| Ok(Box::new(Max)) };

#[derive(Debug)]
struct Max;

impl Layer for Max {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        super::add::one_shape("max", inputs)
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Maximum
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn needs_one_shape() {
        check(&[
            ("max", "64x8x8 64x8x8", "64×8×8"),
            ("max", "64x8x8 64x1x1", "E023 `max` needs inputs of one shape, but 64×8×8 and 64×1×1 arrive: 8×8 ≠ 1×1"),
        ]);
    }
}
