//! How a weight starts, as plain data. Drawing the numbers is [`crate::random`]'s work.

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

impl Init {
    /// What PyTorch gives every convolution and linear layer: kaiming_uniform with a = √5, which is U(±1/√fan_in).
    pub fn pytorch_weight() -> Init {
        Init::KaimingUniform { fan: Fan::In, gain: (1.0f64 / 3.0).sqrt() }
    }

    /// What PyTorch gives a bias: U(±1/√fan_in), with the fan of the weight that it belongs to.
    pub fn pytorch_bias(fan_in: usize) -> Init {
        Init::Uniform { bound: 1.0 / (fan_in.max(1) as f64).sqrt() }
    }
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
