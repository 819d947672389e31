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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn are_what_they_are_called() {
        type Function = fn(f64) -> f64;
        let cases: [(Activation, Function); 6] = [
            (Activation::Relu, |x| x.max(0.0)),
            (Activation::LeakyRelu { slope: 0.1 }, |x| x.max(0.1 * x)),
            (Activation::Sigmoid, |x| 0.5 + 0.5 * (0.5 * x).tanh()),
            (Activation::Tanh, |x| (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())),
            (Activation::Gelu, |x| x * simpson_normal_cdf(x)),
            (Activation::Silu, |x| x * (0.5 + 0.5 * (0.5 * x).tanh())),
        ];
        for (activation, function) in cases {
            for shape in [Shape::Vector(5), Shape::map(2, 3, 5)] {
                let case = Case::new(Op::Activation(activation), 3, shape, shape);
                check(&case, |numbers| numbers.inputs[0].iter().map(|x| function(*x)).collect());
            }
        }
    }

    /// Φ(x) by Simpson's rule, whose error with these 4000 steps is below 10⁻¹³.
    fn simpson_normal_cdf(x: f64) -> f64 {
        let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * PI).sqrt();
        let (steps, h) = (4000, x / 4000.0);
        let inner = |index: usize| if index % 2 == 1 { 4.0 } else { 2.0 } * density(index as f64 * h);
        0.5 + h / 3.0 * (density(0.0) + (1..steps).map(inner).sum::<f64>() + density(x))
    }

    /// Values and derivatives at 0 and at NaN, as PyTorch 2.15 gives them.
    #[test]
    fn treats_zero_and_nan_as_pytorch_does() {
        let leaky = Activation::LeakyRelu { slope: 0.25 };
        for (activation, x, value, derivative) in [
            (Activation::Relu, 0.0, 0.0, 0.0),
            (Activation::Relu, f64::NAN, f64::NAN, 1.0),
            (leaky, 0.0, 0.0, 0.25),
            (leaky, f64::NAN, f64::NAN, 0.25),
            (Activation::Silu, f64::NAN, f64::NAN, f64::NAN),
        ] {
            let shape = Shape::Vector(1);
            let outcome = Case::new(Op::Activation(activation), 1, shape, shape).run_on(&[x], &[1.0]);
            let found = (outcome.output[0], outcome.input_gradients[0][0]);
            // As text, in which NaN equals NaN.
            assert_eq!(format!("{found:?}"), format!("{:?}", (value, derivative)), "{activation:?}");
        }
    }
}
