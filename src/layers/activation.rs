//! Functions of each element: `relu`, `relu6`, `leaky_relu 0.01`, `elu 1`, `sigmoid`, `hardsigmoid`, `tanh`, `gelu`,
//! `silu`, `hardswish`, `mish`, `softplus beta=1 threshold=20`, as
//! <https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity>.

use super::{Definition, Layer};
use crate::arguments::Parameter;
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{Activation, Op};

pub(super) const RELU: Definition = plain("relu", |_| Ok(Box::new(Activation::Relu)));
pub(super) const SIGMOID: Definition = plain("sigmoid", |_| Ok(Box::new(Activation::Sigmoid)));
pub(super) const TANH: Definition = plain("tanh", |_| Ok(Box::new(Activation::Tanh)));
pub(super) const GELU: Definition = plain("gelu", |_| Ok(Box::new(Activation::Gelu)));
pub(super) const SILU: Definition = plain("silu", |_| Ok(Box::new(Activation::Silu)));

pub(super) const RELU6: Definition = plain("relu6", |_| Ok(Box::new(Activation::Relu6)));
pub(super) const HARD_SIGMOID: Definition = plain("hardsigmoid", |_| Ok(Box::new(Activation::HardSigmoid)));
pub(super) const HARD_SWISH: Definition = plain("hardswish", |_| Ok(Box::new(Activation::HardSwish)));
pub(super) const MISH: Definition = plain("mish", |_| Ok(Box::new(Activation::Mish)));

pub(super) const LEAKY_RELU: Definition = Definition {
    name: "leaky_relu",
    usage: "leaky_relu [SLOPE]",
    inputs: Some(1),
    parameters: &[Parameter::positional::<f64>("slope")],
    parse: |arguments| {
        let slope = arguments.positional("slope")?.unwrap_or(0.01);
        Ok(Box::new(Activation::LeakyRelu { slope }))
    },
};

pub(super) const ELU: Definition = Definition {
    name: "elu",
    usage: "elu [ALPHA]",
    inputs: Some(1),
    parameters: &[Parameter::positional::<f64>("alpha")],
    parse: |arguments| {
        let alpha = arguments.positional("alpha")?.unwrap_or(1.0);
        Ok(Box::new(Activation::Elu { alpha }))
    },
};

pub(super) const SOFTPLUS: Definition = Definition {
    name: "softplus",
    usage: "softplus [beta=1 threshold=20]",
    inputs: Some(1),
    parameters: &[Parameter::named::<f64>("beta"), Parameter::named::<f64>("threshold")],
    parse: |arguments| {
        let beta = arguments.optional("beta")?.unwrap_or(1.0);
        let threshold = arguments.optional("threshold")?.unwrap_or(20.0);
        if beta <= 0.0 {
            return Err(arguments.invalid("beta", "`beta` must be positive").label(format!("found `{beta}`")));
        }
        Ok(Box::new(Activation::Softplus { beta, threshold }))
    },
};

/// As Caffe has it: the scale and the shift come before the power.
pub(super) const POWER: Definition = Definition {
    name: "power",
    usage: "power EXPONENT [scale=1 shift=0]",
    inputs: Some(1),
    parameters: &[
        Parameter::positional::<f64>("exponent"),
        Parameter::named::<f64>("scale"),
        Parameter::named::<f64>("shift"),
    ],
    parse: |arguments| {
        let exponent = arguments.required("exponent")?;
        let scale = arguments.optional("scale")?.unwrap_or(1.0);
        let shift = arguments.optional("shift")?.unwrap_or(0.0);
        Ok(Box::new(Activation::Power { exponent, scale, shift }))
    },
};

/// An activation without arguments.
const fn plain(name: &'static str, parse: super::Parse) -> Definition {
    Definition { name, usage: name, inputs: Some(1), parameters: &[], parse }
}

impl Layer for Activation {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Activation(*self)
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::layers::testing::{check, layer};
    use crate::program::{Activation, Op};

    #[test]
    fn lowers_to_its_function() {
        for (call, expected) in [
            ("relu", Activation::Relu),
            ("leaky_relu", Activation::LeakyRelu { slope: 0.01 }),
            ("leaky_relu 0.2", Activation::LeakyRelu { slope: 0.2 }),
            ("leaky_relu slope=0.2", Activation::LeakyRelu { slope: 0.2 }),
            ("sigmoid", Activation::Sigmoid),
            ("tanh", Activation::Tanh),
            ("gelu", Activation::Gelu),
            ("silu", Activation::Silu),
            ("relu6", Activation::Relu6),
            ("hardsigmoid", Activation::HardSigmoid),
            ("hardswish", Activation::HardSwish),
            ("mish", Activation::Mish),
            ("elu", Activation::Elu { alpha: 1.0 }),
            ("elu 0.5", Activation::Elu { alpha: 0.5 }),
            ("softplus", Activation::Softplus { beta: 1.0, threshold: 20.0 }),
            ("softplus beta=2 threshold=8", Activation::Softplus { beta: 2.0, threshold: 8.0 }),
            ("power 2", Activation::Power { exponent: 2.0, scale: 1.0, shift: 0.0 }),
            ("power -0.75 scale=5e-5 shift=1", Activation::Power { exponent: -0.75, scale: 5e-5, shift: 1.0 }),
        ] {
            let op = layer(call).expect("a valid call").lower(&[Shape::Vector(4)]);
            assert_eq!(op, Op::Activation(expected), "{call}");
        }
    }

    #[test]
    fn keeps_the_shape() {
        check(&[
            ("relu", "64x8x8", "64×8×8"),
            ("silu", "10", "10"),
            ("relu inplace=true", "10", "E011 `relu` has no argument `inplace`"),
            ("leaky_relu 0.1 0.2", "10", "E011 `leaky_relu` does not take `0.2`"),
            ("power 0.5 shift=1", "64x8x8", "64×8×8"),
            ("power", "10", "E012 `power` needs `exponent`: `exponent` (a number) is missing"),
            ("softplus beta=0", "10", "E013 `beta` must be positive: found `0`"),
            ("leaky_relu steep", "10", "E011 `leaky_relu` does not take `steep`"),
        ]);
    }
}
