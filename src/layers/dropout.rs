//! Dropout (Srivastava et al. 2014), as <https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html>.
//!
//! `dropout 0.5`

use super::{Definition, Layer};
use crate::arguments::{Arguments, Parameter};
use crate::diagnostic::Diagnostic;
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{Op, op};

pub(super) const DROPOUT: Definition = Definition {
    name: "dropout",
    usage: "dropout [P]",
    inputs: Some(1),
    parameters: &[Parameter::positional::<f64>("p")],
    parse: |arguments| Ok(Box::new(Dropout::parse(arguments)?)),
};

#[derive(Debug)]
struct Dropout {
    p: f64,
}

impl Dropout {
    fn parse(arguments: &mut Arguments) -> Result<Dropout, Diagnostic> {
        let p = arguments.positional("p")?.unwrap_or(0.5);
        check_probability(arguments, p)?;
        Ok(Dropout { p })
    }
}

/// Whether the argument `p` is a probability.
pub(super) fn check_probability(arguments: &Arguments, p: f64) -> Result<(), Diagnostic> {
    match (0.0..=1.0).contains(&p) {
        true => Ok(()),
        false => Err(arguments.invalid("p", "a probability is between 0 and 1").label(format!("found `{p}`"))),
    }
}

impl Layer for Dropout {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Dropout(op::Dropout { p: self.p })
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::layers::testing::{check, layer};
    use crate::program::{Op, op};

    #[test]
    fn reads_its_probability() {
        for (call, p) in [("dropout", 0.5), ("dropout 0.2", 0.2), ("dropout 0", 0.0), ("dropout p=1", 1.0)] {
            let op = layer(call).expect("a valid call").lower(&[Shape::Vector(4)]);
            assert_eq!(op, Op::Dropout(op::Dropout { p }), "{call}");
        }
    }

    #[test]
    fn keeps_the_shape() {
        check(&[
            ("dropout 0.5", "4096", "4096"),
            ("dropout 0.5", "64x8x8", "64×8×8"),
            ("dropout 1.5", "4096", "E013 a probability is between 0 and 1: found `1.5`"),
            ("dropout -0.1", "4096", "E013 a probability is between 0 and 1: found `-0.1`"),
            ("dropout half", "4096", "E011 `dropout` does not take `half`"),
        ]);
    }
}
