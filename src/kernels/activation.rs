//! Functions of each element, as in <https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity>.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::lanes::{map_all, map_pairs_all};
use super::{Backward, Forward, Real};
use crate::program::Activation;

pub(super) fn forward<T: Real>(activation: Activation, call: Forward<T>) {
    let Forward { inputs: &[(x, _), ..], output, .. } = call else { unreachable!("an activation has an input") };
    match activation {
        // Written so that NaN stays NaN.
        Activation::Relu => map_all(output, x, |x| if x <= T::ZERO { T::ZERO } else { x }),
        Activation::LeakyRelu { slope } => {
            let slope = T::of(slope);
            map_all(output, x, |x| if x > T::ZERO { x } else { slope * x });
        }
        Activation::Sigmoid => map_all(output, x, sigmoid),
        Activation::Tanh => map_all(output, x, T::tanh),
        Activation::Gelu => map_all(output, x, |x| x * normal_cdf(x)),
        Activation::Silu => map_all(output, x, |x| x / (T::ONE + (-x).exp())),
    }
}

pub(super) fn backward<T: Real>(activation: Activation, call: Backward<T>) {
    let Backward { inputs: &[(x, _), ..], output: y, output_gradient: g, input_gradients: [Some(dx)], .. } = call
    else {
        return;
    };
    match activation {
        Activation::Relu => map_pairs_all(dx, y, g, |y, g| if y <= T::ZERO { T::ZERO } else { g }),
        Activation::LeakyRelu { slope } => {
            let slope = T::of(slope);
            map_pairs_all(dx, x, g, |x, g| if x > T::ZERO { g } else { slope * g });
        }
        Activation::Sigmoid => map_pairs_all(dx, y, g, |y, g| g * y * (T::ONE - y)),
        Activation::Tanh => map_pairs_all(dx, y, g, |y, g| g * (T::ONE - y * y)),
        Activation::Gelu => map_pairs_all(dx, x, g, |x, g| g * (normal_cdf(x) + x * normal_density(x))),
        Activation::Silu => map_pairs_all(dx, x, g, |x, g| {
            let s = sigmoid(x);
            g * s * (T::ONE + x * (T::ONE - s))
        }),
    }
}

fn sigmoid<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exp())
}

/// Φ(x)
fn normal_cdf<T: Real>(x: T) -> T {
    T::of(0.5) * (T::ONE + (x * T::of(FRAC_1_SQRT_2)).erf())
}

/// φ(x)
fn normal_density<T: Real>(x: T) -> T {
    T::of(1.0 / (2.0 * PI).sqrt()) * (T::of(-0.5) * x * x).exp()
}
