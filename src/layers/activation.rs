//! Functions of each element: `relu`, `leaky_relu 0.01`, `sigmoid`, `tanh`, `gelu`, `silu`, as
//! <https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity>.

use super::{Definition, Layer};
use crate::graph::{Mismatch, Shape};
use crate::program::{Activation, Op};

pub(super) const RELU: Definition = plain("relu", |_| Ok(Box::new(Activation::Relu)));
pub(super) const SIGMOID: Definition = plain("sigmoid", |_| Ok(Box::new(Activation::Sigmoid)));
pub(super) const TANH: Definition = plain("tanh", |_| Ok(Box::new(Activation::Tanh)));
pub(super) const GELU: Definition = plain("gelu", |_| Ok(Box::new(Activation::Gelu)));
pub(super) const SILU: Definition = plain("silu", |_| Ok(Box::new(Activation::Silu)));

pub(super) const LEAKY_RELU: Definition = Definition {
    name: "leaky_relu",
    usage: "leaky_relu [SLOPE]",
    inputs: Some(1),
    parse: |arguments| {
        let slope = arguments.positional("slope")?.unwrap_or(0.01);
        Ok(Box::new(Activation::LeakyRelu { slope }))
    },
};

/// An activation without arguments.
const fn plain(name: &'static str, parse: super::Parse) -> Definition {
    Definition { name, usage: name, inputs: Some(1), parse }
}

impl Layer for Activation {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Activation(*self)
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
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
            ("leaky_relu steep", "10", "E011 `leaky_relu` does not take `steep`"),
        ]);
    }
}
