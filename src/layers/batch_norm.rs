//! Batch normalisation over each channel (Ioffe and Szegedy 2015), one- and two-dimensional, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html>.
//!
//! `bn eps=1e-5 momentum=0.1 affine=false`

use super::{Definition, Layer};
use crate::arguments::{Arguments, Parameter};
use crate::diagnostic::Diagnostic;
use crate::ir::{Init, Shape};
use crate::layers::{Mismatch, Weight};
use crate::program::{Op, op};

pub(super) const BATCH_NORM: Definition = Definition {
    name: "bn",
    usage: "bn [eps=1e-5 momentum=0.1 affine=false]",
    inputs: Some(1),
    parameters: &[
        Parameter::named::<f64>("eps"),
        Parameter::named::<f64>("momentum"),
        Parameter::named::<bool>("affine"),
    ],
    parse: |arguments| Ok(Box::new(BatchNorm::parse(arguments)?)),
};

#[derive(Debug)]
struct BatchNorm {
    eps: f64,
    momentum: f64,
    /// Whether there are γ and β.
    affine: bool,
}

impl BatchNorm {
    fn parse(arguments: &mut Arguments) -> Result<BatchNorm, Diagnostic> {
        let eps = eps(arguments)?;
        let momentum = arguments.optional("momentum")?.unwrap_or(0.1);
        if !(0.0..=1.0).contains(&momentum) {
            return Err(arguments
                .invalid("momentum", "`momentum` must be between 0 and 1")
                .label(format!("found `{momentum}`")));
        }
        Ok(BatchNorm { eps, momentum, affine: arguments.optional("affine")?.unwrap_or(true) })
    }
}

/// The argument `eps`, by default PyTorch's 1e-5.
pub(super) fn eps(arguments: &mut Arguments) -> Result<f64, Diagnostic> {
    let eps = arguments.optional("eps")?.unwrap_or(1e-5);
    match eps > 0.0 {
        true => Ok(eps),
        false => Err(arguments.invalid("eps", "`eps` must be positive").label(format!("found `{eps}`"))),
    }
}

impl Layer for BatchNorm {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        let weight = |name, value, trainable| Weight {
            name,
            shape: vec![inputs[0].channels()],
            init: Init::Constant(value),
            trainable,
        };
        let own = [weight("weight", 1.0, true), weight("bias", 0.0, true)];
        let running = [weight("running_mean", 0.0, false), weight("running_var", 1.0, false)];
        own.into_iter().filter(|_| self.affine).chain(running).collect()
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        let BatchNorm { eps, momentum, affine } = *self;
        Op::BatchNorm(op::BatchNorm { eps, momentum, affine })
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn has_four_weights_a_channel() {
        check(&[
            ("bn", "64x8x8", "64×8×8 | weight 64, bias 64, running_mean 64, running_var 64"),
            ("bn eps=1e-3 momentum=0.01", "512", "512 | weight 512, bias 512, running_mean 512, running_var 512"),
            ("bn affine=false", "64x8x8", "64×8×8 | running_mean 64, running_var 64"),
            ("bn affine=true momentum=0", "5", "5 | weight 5, bias 5, running_mean 5, running_var 5"),
            ("bn affine=2", "5", "E013 `affine` of `bn` must be `true` or `false`: found `2`"),
            ("bn eps=0", "512", "E013 `eps` must be positive: found `0`"),
            ("bn momentum=1.5", "512", "E013 `momentum` must be between 0 and 1: found `1.5`"),
            ("bn 64", "64x8x8", "E011 `bn` does not take `64`"),
        ]);
    }
}
