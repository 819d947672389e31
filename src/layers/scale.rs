//! A learnt factor for each channel, and perhaps a summand: the layer scale of CaiT (Touvron et al. 2021) and ConvNeXt.
//!
//! `scale`, `scale map init=1e-6`, `scale bias`

use super::{Definition, Layer, map_input};
use crate::arguments::{Arguments, Parameter};
use crate::diagnostic::Diagnostic;
use crate::ir::{Init, Shape};
use crate::layers::{Mismatch, Weight};
use crate::program::Op;

pub(super) const SCALE: Definition = Definition {
    name: "scale",
    usage: "scale [init=1 map bias]",
    inputs: Some(1),
    parameters: &[Parameter::named::<f64>("init"), Parameter::flag("map"), Parameter::flag("bias")],
    parse: |arguments| Ok(Box::new(Scale::parse(arguments)?)),
};

#[derive(Debug)]
struct Scale {
    init: f64,
    /// Whether the weight has three sizes, of which the last two are 1.
    map: bool,
    bias: bool,
}

impl Scale {
    fn parse(arguments: &mut Arguments) -> Result<Scale, Diagnostic> {
        let init = arguments.optional("init")?.unwrap_or(1.0);
        Ok(Scale { init, map: arguments.flag("map")?, bias: arguments.flag("bias")? })
    }
}

impl Layer for Scale {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        if self.map {
            map_input("scale map", inputs[0])?;
        }
        Ok(inputs[0])
    }

    /// Modules of PyTorch have a factor alone as a parameter of their own, under the name that the layer has here.
    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        let channels = inputs[0].channels();
        let shape = if self.map { vec![channels, 1, 1] } else { vec![channels] };
        let weight = |name, init| Weight { name, shape: shape.clone(), init: Init::Constant(init), trainable: true };
        match self.bias {
            false => vec![weight("", self.init)],
            true => vec![weight("weight", self.init), weight("bias", 0.0)],
        }
    }

    fn keeps_shape(&self, input: Shape) -> bool {
        !self.map || input.sides().is_some()
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Scale
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn has_a_factor_a_channel() {
        check(&[
            ("scale", "64x8x8", "64×8×8 |  64"),
            ("scale map init=1e-6", "64x8x8", "64×8×8 |  64×1×1"),
            ("scale bias", "10", "10 | weight 10, bias 10"),
            (
                "scale map",
                "10",
                "E020 `scale map` needs a feature map C×H×W, but a vector of 10 arrives; put `scale map` before `flatten`",
            ),
            ("scale 0.5", "64x8x8", "E011 `scale` does not take `0.5`"),
        ]);
    }
}
