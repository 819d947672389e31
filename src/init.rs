//! How a weight starts, as plain data. Drawing the numbers is [`crate::random`]'s work.

use crate::arguments::Arguments;
use crate::diagnostic::{Code, Diagnostic};

/// An initialiser. `fan_in` and `fan_out` are PyTorch's: for a weight O×I×…, I times and O times the product of the
/// remaining sizes. Source: <https://docs.pytorch.org/docs/stable/nn.init.html>.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Every element the same.
    Constant(f64),
    /// U(−bound, bound).
    Uniform {
        /// Half the width.
        bound: f64,
    },
    /// N(mean, std²).
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std: f64,
    },
    /// N(mean, std²), cut off at two standard deviations.
    TruncatedNormal {
        /// Mean.
        mean: f64,
        /// Standard deviation before the cut.
        std: f64,
    },
    /// He et al. 2015: U(±gain·√(3/fan)).
    KaimingUniform {
        /// Which fan divides.
        fan: Fan,
        /// √2 for ReLU.
        gain: f64,
    },
    /// He et al. 2015: N(0, gain²/fan).
    KaimingNormal {
        /// Which fan divides.
        fan: Fan,
        /// √2 for ReLU.
        gain: f64,
    },
    /// Glorot and Bengio 2010: U(±√(6/(fan_in + fan_out))).
    XavierUniform,
    /// Glorot and Bengio 2010: N(0, 2/(fan_in + fan_out)).
    XavierNormal,
}

/// Which side of a weight is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fan {
    /// What flows in: keeps the forward pass's variance.
    In,
    /// What flows out: keeps the backward pass's.
    Out,
}

/// Names of the initialisers in the language.
const NAMES: [&str; 9] = [
    "constant",
    "uniform",
    "normal",
    "truncated_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "xavier_uniform",
    "xavier_normal",
    "default",
];

impl Init {
    /// What PyTorch gives every convolution and linear layer: kaiming_uniform with a = √5, which is U(±1/√fan_in).
    pub fn pytorch_weight() -> Init {
        Init::KaimingUniform { fan: Fan::In, gain: (1.0f64 / 3.0).sqrt() }
    }

    /// What PyTorch gives a bias: U(±1/√fan_in), with the fan of the weight that it belongs to.
    pub fn pytorch_bias(fan_in: usize) -> Init {
        Init::Uniform { bound: 1.0 / (fan_in.max(1) as f64).sqrt() }
    }

    /// Reads `kaiming_normal fan_out`, `normal 0 0.01`, `uniform 0.1`, `constant 1`. `Ok(None)` for `default`.
    pub fn parse(mut arguments: Arguments) -> Result<Option<Init>, Vec<Diagnostic>> {
        let init = Init::read(&mut arguments).map_err(|error| vec![error])?;
        arguments.finish()?;
        Ok(init)
    }

    fn read(arguments: &mut Arguments) -> Result<Option<Init>, Diagnostic> {
        let name = arguments.callee().clone();
        let init = match name.value.as_str() {
            "default" => return Ok(None),
            "constant" => Init::Constant(arguments.required("value")?),
            "uniform" => Init::Uniform { bound: arguments.required("bound")? },
            "normal" => {
                let (mean, std) = moments(arguments)?;
                Init::Normal { mean, std }
            }
            "truncated_normal" => {
                let (mean, std) = moments(arguments)?;
                Init::TruncatedNormal { mean, std }
            }
            "kaiming_uniform" => {
                let (fan, gain) = kaiming(arguments)?;
                Init::KaimingUniform { fan, gain }
            }
            "kaiming_normal" => {
                let (fan, gain) = kaiming(arguments)?;
                Init::KaimingNormal { fan, gain }
            }
            "xavier_uniform" => Init::XavierUniform,
            "xavier_normal" => Init::XavierNormal,
            other => {
                let error =
                    Diagnostic::error(Code::UnknownName, name.span, format!("no initialiser is called `{other}`"));
                return Err(error.did_you_mean(other, NAMES, || format!("the initialisers are {}", NAMES.join(", "))));
            }
        };
        let spread = match init {
            Init::Normal { std, .. } | Init::TruncatedNormal { std, .. } => std,
            Init::Uniform { bound } => bound,
            _ => 0.0,
        };
        if spread < 0.0 {
            let key = if matches!(init, Init::Uniform { .. }) { "bound" } else { "std" };
            return Err(arguments
                .invalid(key, format!("`{key}` must not be negative"))
                .label(format!("found `{spread}`")));
        }
        Ok(Some(init))
    }
}

/// Mean and standard deviation: `0 0.01`, or `std=0.01` around 0.
fn moments(arguments: &mut Arguments) -> Result<(f64, f64), Diagnostic> {
    match arguments.optional("std")? {
        Some(std) => Ok((arguments.positional("mean")?.unwrap_or(0.0), std)),
        None => Ok((arguments.required("mean")?, arguments.required("std")?)),
    }
}

/// `fan_in` (the default) or `fan_out`, and the gain: √2, ReLU's, unless `gain=` says otherwise.
fn kaiming(arguments: &mut Arguments) -> Result<(Fan, f64), Diagnostic> {
    let out = arguments.flag("fan_out")?;
    let r#in = arguments.flag("fan_in")?;
    if out && r#in {
        return Err(arguments.invalid("fan_in", "an initialiser has one fan: `fan_in` or `fan_out`"));
    }
    let gain = arguments.optional("gain")?.unwrap_or(std::f64::consts::SQRT_2);
    Ok((if out { Fan::Out } else { Fan::In }, gain))
}

/// fan_in and fan_out of a weight of this shape. A vector has no fans in PyTorch; here both are its length.
pub fn fans(shape: &[usize]) -> (usize, usize) {
    match shape {
        [] => (1, 1),
        [n] => (*n, *n),
        [out, r#in, rest @ ..] => {
            let field = rest.iter().fold(1, |product: usize, size| product.saturating_mul(*size));
            (r#in.saturating_mul(field), out.saturating_mul(field))
        }
    }
}
