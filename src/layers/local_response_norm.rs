//! Local response normalisation across channels (Krizhevsky et al. 2012), as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html>.
//!
//! `lrn 5 alpha=1e-4 beta=0.75 k=2`; α is divided by the size, and k is 1 by default, as in PyTorch

use super::{Definition, Layer};
use crate::arguments::{Arguments, Parameter, Positive};
use crate::diagnostic::Diagnostic;
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{Op, op};

pub(super) const LOCAL_RESPONSE_NORM: Definition = Definition {
    name: "lrn",
    usage: "lrn SIZE [alpha=1e-4 beta=0.75 k=1]",
    inputs: Some(1),
    parameters: &[
        Parameter::positional::<Positive>("size"),
        Parameter::named::<f64>("alpha"),
        Parameter::named::<f64>("beta"),
        Parameter::named::<f64>("k"),
    ],
    parse: |arguments| Ok(Box::new(LocalResponseNorm::parse(arguments)?)),
};

#[derive(Debug)]
struct LocalResponseNorm {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl LocalResponseNorm {
    fn parse(arguments: &mut Arguments) -> Result<LocalResponseNorm, Diagnostic> {
        let Positive(size) = arguments.required("size")?;
        let mut number = |key, default: f64| Ok(arguments.optional(key)?.unwrap_or(default));
        let (alpha, beta, k) = (number("alpha", 1e-4)?, number("beta", 0.75)?, number("k", 1.0)?);
        // With α ≥ 0 and k > 0 the base of the power is positive, whatever arrives.
        if alpha < 0.0 {
            return Err(arguments.invalid("alpha", "`alpha` must not be negative").label(format!("found `{alpha}`")));
        }
        if k <= 0.0 {
            return Err(arguments.invalid("k", "`k` must be positive").label(format!("found `{k}`")));
        }
        Ok(LocalResponseNorm { size, alpha, beta, k })
    }
}

impl Layer for LocalResponseNorm {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        super::map_input("lrn", inputs[0])?;
        Ok(inputs[0])
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        let LocalResponseNorm { size, alpha, beta, k } = *self;
        Op::LocalResponseNorm(op::LocalResponseNorm { size, alpha, beta, k })
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::layers::testing::{check, layer};
    use crate::program::{Op, op};

    #[test]
    fn has_pytorchs_defaults() {
        let lrn = |size, alpha, beta, k| Op::LocalResponseNorm(op::LocalResponseNorm { size, alpha, beta, k });
        for (call, expected) in
            [("lrn 5", lrn(5, 1e-4, 0.75, 1.0)), ("lrn 5 alpha=2e-5 beta=0.5 k=2", lrn(5, 2e-5, 0.5, 2.0))]
        {
            assert_eq!(layer(call).expect("a valid call").lower(&[Shape::map(8, 4, 4)]), expected, "{call}");
        }
    }

    #[test]
    fn keeps_the_shape_of_a_map() {
        check(&[
            ("lrn 5 k=2", "96x55x55", "96×55×55"),
            (
                "lrn 5",
                "512",
                "E020 `lrn` needs a feature map C×H×W, but a vector of 512 arrives; put `lrn` before `flatten`",
            ),
            ("lrn", "96x55x55", "E012 `lrn` needs `size`: `size` (a whole number, one or more) is missing"),
            ("lrn 0", "96x55x55", "E013 `size` of `lrn` must be a whole number, one or more: found `0`"),
            ("lrn 5 alpha=-1", "96x55x55", "E013 `alpha` must not be negative: found `-1`"),
            ("lrn 5 k=0", "96x55x55", "E013 `k` must be positive: found `0`"),
            ("lrn 5 kappa=2", "96x55x55", "E011 `lrn` has no argument `kappa`"),
        ]);
    }
}
