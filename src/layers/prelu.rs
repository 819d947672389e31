//! ReLU with a slope below zero that is learnt (He et al. 2015), as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html>.
//!
//! `prelu` has one slope for all channels, `prelu channels init=0.25` one for each

use super::{Definition, Layer};
use crate::arguments::{Arguments, Parameter};
use crate::diagnostic::Diagnostic;
use crate::ir::{Init, Shape};
use crate::layers::{Mismatch, Weight};
use crate::program::Op;

pub(super) const PRELU: Definition = Definition {
    name: "prelu",
    usage: "prelu [channels init=0.25]",
    inputs: Some(1),
    parameters: &[Parameter::flag("channels"), Parameter::named::<f64>("init")],
    parse: |arguments| Ok(Box::new(Prelu::parse(arguments)?)),
};

#[derive(Debug)]
struct Prelu {
    /// Whether each channel has its own slope.
    each: bool,
    init: f64,
}

impl Prelu {
    fn parse(arguments: &mut Arguments) -> Result<Prelu, Diagnostic> {
        let each = arguments.flag("channels")?;
        let init = arguments.optional("init")?.unwrap_or(0.25);
        Ok(Prelu { each, init })
    }
}

impl Layer for Prelu {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        let slopes = if self.each { inputs[0].channels() } else { 1 };
        vec![Weight { name: "weight", shape: vec![slopes], init: Init::Constant(self.init), trainable: true }]
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Prelu
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn has_one_slope_or_one_a_channel() {
        check(&[
            ("prelu", "64x8x8", "64×8×8 | weight 1"),
            ("prelu channels init=0.1", "64x8x8", "64×8×8 | weight 64"),
            ("prelu channels", "10", "10 | weight 10"),
            ("prelu 64", "64x8x8", "E011 `prelu` does not take `64`"),
        ]);
    }
}
