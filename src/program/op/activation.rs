//! Functions of one number.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};
use crate::program::{Bounds, Mode};

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// max(x, 0); its derivative at 0 is 0.
    Relu,
    /// x if x > 0, else slope·x.
    LeakyRelu {
        /// Below zero.
        slope: f64,
    },
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// tanh x.
    Tanh,
    /// x·Φ(x), with the exact Φ.
    Gelu,
    /// x·sigmoid(x).
    Silu,
    /// min(max(x, 0), 6); its derivative at 0 and 6 is 0.
    Relu6,
    /// min(max(x/6 + 1/2, 0), 1).
    HardSigmoid,
    /// x·hardsigmoid(x).
    HardSwish,
    /// x if x > 0, else α·(eˣ − 1).
    Elu {
        /// α
        alpha: f64,
    },
    /// ln(1 + e^βx)/β; x itself where βx is above the threshold.
    Softplus {
        /// β
        beta: f64,
        /// Where the function is straight.
        threshold: f64,
    },
    /// x·tanh(ln(1 + eˣ)).
    Mish,
    /// factor·x.
    Multiple {
        /// A constant.
        factor: f64,
    },
    /// (shift + scale·x)^exponent.
    Power {
        /// To which power; 1 for none.
        exponent: f64,
        /// What x is multiplied by.
        scale: f64,
        /// What is added then.
        shift: f64,
    },
}

impl Activation {
    /// Its name, which of output and input the backward pass reads, and what it does to whom it is joined
    /// to.
    fn facts(self) -> (&'static str, Reads, Role) {
        match self {
            Activation::Relu => ("relu", Reads::OUTPUT, Role::Clamp(Bounds::RELU)),
            Activation::LeakyRelu { .. } => ("leaky_relu", Reads::INPUTS, Role::Other),
            Activation::Sigmoid => ("sigmoid", Reads::OUTPUT, Role::Other),
            Activation::Tanh => ("tanh", Reads::OUTPUT, Role::Other),
            Activation::Gelu => ("gelu", Reads::INPUTS, Role::Other),
            Activation::Silu => ("silu", Reads::INPUTS, Role::Other),
            Activation::Relu6 => ("relu6", Reads::INPUTS, Role::Clamp(Bounds::RELU6)),
            Activation::HardSigmoid => ("hardsigmoid", Reads::INPUTS, Role::Other),
            Activation::HardSwish => ("hardswish", Reads::INPUTS, Role::Other),
            Activation::Elu { .. } => ("elu", Reads::INPUTS, Role::Other),
            Activation::Softplus { .. } => ("softplus", Reads::INPUTS, Role::Other),
            Activation::Mish => ("mish", Reads::INPUTS, Role::Other),
            Activation::Multiple { .. } => ("multiple", Reads::NOTHING, Role::Other),
            Activation::Power { .. } => ("power", Reads::INPUTS, Role::Other),
        }
    }
}

impl OpInterface for Activation {
    fn traits(&self) -> Traits {
        let (name, reads, role) = self.facts();
        Traits {
            name,
            window: None,
            reads,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role,
            pairwise: None,
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        operands.unchanged()?;
        operands.no_weights()
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, _batch: usize, _output: Shape) -> Kept {
        Kept::NONE
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, arguments: &mut Encoding) {
        match *self {
            Activation::LeakyRelu { slope } => arguments.real("slope", slope),
            Activation::Elu { alpha } => arguments.real("alpha", alpha),
            Activation::Multiple { factor } => arguments.real("factor", factor),
            Activation::Power { exponent, scale, shift } => {
                arguments.real("exponent", exponent);
                arguments.real("scale", scale);
                arguments.real("shift", shift);
            }
            Activation::Softplus { beta, threshold } => {
                arguments.real("beta", beta);
                arguments.real("threshold", threshold);
            }
            Activation::Relu
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Gelu
            | Activation::Silu
            | Activation::Relu6
            | Activation::HardSigmoid
            | Activation::HardSwish
            | Activation::Mish => {}
        }
    }
}
