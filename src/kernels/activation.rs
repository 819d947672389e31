//! Functions of each element, as in
//! <https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity>.
//!
//! Operations: 1 or 2 an element for the ReLUs, 25 with one exponential, 60 for GELU. Bytes: 8 an element forward, 12
//! backward. One thread of a Zen 3 moves 14 GB/s of them for the ReLUs, 8 for sigmoid and SiLU, 5 for tanh and 3 for
//! GELU, where a copy moves 15.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::lanes::{CHUNK, map, map_pairs};
use super::simd::dispatch;
use super::{Backward, Forward, Kernel, Real};
use crate::program::Activation;
use crate::program::op::interface::OpInterface;

impl<T: Real> Kernel<T> for Activation {
    fn forward(&self, call: Forward<T>) {
        let Forward { inputs: &[(x, _), ..], output, .. } = call else { unreachable!("an activation has an input") };
        let chunks = output.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK));
        chunks.for_each(|(y, x)| dispatch(Values { activation: *self, x, y }));
    }

    fn backward(&self, call: Backward<T>) {
        let Backward { inputs: &[(x, _), ..], output: y, output_gradient: g, input_gradients: [Some(dx)], .. } = call
        else {
            return;
        };
        let reads = self.traits().reads;
        let values = match (reads.output, reads.inputs) {
            (true, _) => y,
            (_, true) => x,
            _ => g,
        };
        let chunks = dx.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK).zip(g.par_chunks(CHUNK)));
        chunks.for_each(|(dx, (values, g))| dispatch(Gradients { activation: *self, values, g, dx }));
    }
}

/// y ← f(x)
struct Values<'a, T> {
    activation: Activation,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> WithSimd for Values<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Values { activation, x, y } = self;
        // Closures, not functions, so that each becomes part of the loop.
        #[allow(clippy::redundant_closure, reason = "a closure of this function is inlined into its only caller")]
        match activation {
            // Written so that NaN stays NaN.
            Activation::Relu => map(y, x, |x| if x <= T::ZERO { T::ZERO } else { x }),
            Activation::LeakyRelu { slope } => {
                let slope = T::of(slope);
                map(y, x, |x| if x > T::ZERO { x } else { slope * x });
            }
            Activation::Sigmoid => map(y, x, |x| sigmoid(x)),
            Activation::Tanh => map(y, x, |x| x.tanh()),
            Activation::Gelu => map(y, x, |x| x * normal_cdf(x)),
            Activation::Silu => map(y, x, |x| x / (T::ONE + (-x).exp())),
            Activation::Relu6 => map(y, x, |x| clamp(x)),
            Activation::HardSigmoid => map(y, x, |x| clamp(x + T::of(3.0)) / T::of(6.0)),
            Activation::HardSwish => map(y, x, |x| x * clamp(x + T::of(3.0)) / T::of(6.0)),
            Activation::Elu { alpha } => {
                let alpha = T::of(alpha);
                map(y, x, |x| if x > T::ZERO { x } else { alpha * x.exp_m1() });
            }
            Activation::Softplus { beta, threshold } => {
                let (beta, threshold) = (T::of(beta), T::of(threshold));
                map(y, x, |x| if beta * x > threshold { x } else { (beta * x).exp().ln_1p() / beta });
            }
            Activation::Mish => map(y, x, |x| x * x.exp().ln_1p().tanh()),
            Activation::Multiple { factor } => {
                let factor = T::of(factor);
                map(y, x, |x| factor * x);
            }
            Activation::Power { exponent, scale, shift } => {
                let (exponent, scale, shift) = (T::of(exponent), T::of(scale), T::of(shift));
                map(y, x, |x| power(shift + scale * x, exponent));
            }
        }
    }
}

/// dx ← g·f′(x)
struct Gradients<'a, T> {
    activation: Activation,
    /// x, or f(x) where the derivative follows from it; anything where it is a constant.
    values: &'a [T],
    g: &'a [T],
    dx: &'a mut [T],
}

impl<T: Real> WithSimd for Gradients<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Gradients { activation, values, g, dx } = self;
        match activation {
            Activation::Relu => map_pairs(dx, values, g, |y, g| if y <= T::ZERO { T::ZERO } else { g }),
            Activation::LeakyRelu { slope } => {
                let slope = T::of(slope);
                map_pairs(dx, values, g, |x, g| if x > T::ZERO { g } else { slope * g });
            }
            Activation::Sigmoid => map_pairs(dx, values, g, |y, g| g * y * (T::ONE - y)),
            Activation::Tanh => map_pairs(dx, values, g, |y, g| g * (T::ONE - y * y)),
            Activation::Gelu => map_pairs(dx, values, g, |x, g| g * (normal_cdf(x) + x * normal_density(x))),
            Activation::Silu => map_pairs(dx, values, g, |x, g| {
                let s = sigmoid(x);
                g * s * (T::ONE + x * (T::ONE - s))
            }),
            Activation::Relu6 => {
                map_pairs(dx, values, g, |x, g| if (x <= T::ZERO) | (x >= T::of(6.0)) { T::ZERO } else { g });
            }
            Activation::HardSigmoid => {
                let bend = T::of(3.0);
                map_pairs(dx, values, g, |x, g| if (x > -bend) & (x < bend) { g / T::of(6.0) } else { T::ZERO });
            }
            Activation::HardSwish => {
                let bend = T::of(3.0);
                map_pairs(dx, values, g, |x, g| {
                    let above = if x < bend { g * (x / bend + T::of(0.5)) } else { g };
                    if x <= -bend { T::ZERO } else { above }
                });
            }
            Activation::Elu { alpha } => {
                let alpha = T::of(alpha);
                map_pairs(dx, values, g, |x, g| if x <= T::ZERO { g * alpha * x.exp() } else { g });
            }
            Activation::Softplus { beta, threshold } => {
                let (beta, threshold) = (T::of(beta), T::of(threshold));
                map_pairs(dx, values, g, |x, g| if beta * x > threshold { g } else { g * sigmoid(beta * x) });
            }
            Activation::Mish => map_pairs(dx, values, g, |x, g| {
                let t = x.exp().ln_1p().tanh();
                g * (t + x * sigmoid(x) * (T::ONE - t * t))
            }),
            Activation::Multiple { factor } => {
                let factor = T::of(factor);
                map_pairs(dx, values, g, |_, g| factor * g);
            }
            Activation::Power { exponent: 0.0, .. } => dx.fill(T::ZERO),
            Activation::Power { exponent, scale, shift } => {
                let (factor, less) = (T::of(exponent * scale), T::of(exponent - 1.0));
                let (scale, shift) = (T::of(scale), T::of(shift));
                map_pairs(dx, values, g, |x, g| g * factor * power(shift + scale * x, less));
            }
        }
    }
}

/// min(max(x, 0), 6), written so that NaN stays NaN.
#[inline(always)]
fn clamp<T: Real>(x: T) -> T {
    let limit = T::of(6.0);
    let below = if x >= limit { limit } else { x };
    if x <= T::ZERO { T::ZERO } else { below }
}

/// x^exponent; a general power is slow.
#[inline(always)]
fn power<T: Real>(x: T, exponent: T) -> T {
    match exponent {
        one if one == T::ONE => x,
        none if none == T::ZERO => T::ONE,
        other => x.powf(other),
    }
}

#[inline(always)]
fn sigmoid<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exp())
}

/// Φ(x)
#[inline(always)]
fn normal_cdf<T: Real>(x: T) -> T {
    T::of(0.5) * (T::ONE + (x * T::of(FRAC_1_SQRT_2)).erf())
}

/// φ(x)
#[inline(always)]
fn normal_density<T: Real>(x: T) -> T {
    T::of(1.0 / (2.0 * PI).sqrt()) * (T::of(-0.5) * x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn are_what_they_are_called() {
        type Function = fn(f64) -> f64;
        let softplus = Activation::Softplus { beta: 2.0, threshold: 3.0 };
        let power = |exponent, scale, shift| Activation::Power { exponent, scale, shift };
        let cases: [(Activation, Function); 17] = [
            (Activation::Relu, |x| x.max(0.0)),
            (Activation::LeakyRelu { slope: 0.1 }, |x| x.max(0.1 * x)),
            (Activation::Sigmoid, |x| 0.5 + 0.5 * (0.5 * x).tanh()),
            (Activation::Tanh, |x| (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())),
            (Activation::Gelu, |x| x * simpson_normal_cdf(x)),
            (Activation::Silu, |x| x * (0.5 + 0.5 * (0.5 * x).tanh())),
            (Activation::Relu6, |x| x.clamp(0.0, 6.0)),
            (Activation::HardSigmoid, |x| (x / 6.0 + 0.5).clamp(0.0, 1.0)),
            (Activation::HardSwish, |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)),
            (Activation::Elu { alpha: 0.7 }, |x| if x > 0.0 { x } else { 0.7 * (x.exp() - 1.0) }),
            (softplus, |x| if x > 1.5 { x } else { (1.0 + (2.0 * x).exp()).ln() / 2.0 }),
            (Activation::Mish, |x| x * ((1.0 + x.exp()).powi(2) - 1.0) / ((1.0 + x.exp()).powi(2) + 1.0)),
            (Activation::Multiple { factor: -0.17 }, |x| -0.17 * x),
            (power(1.0, 0.3, -0.5), |x| 0.3 * x - 0.5),
            (power(2.0, -1.0, 0.5), |x| (0.5 - x) * (0.5 - x)),
            (power(-0.75, 0.05, 20.0), |x| 1.0 / (20.0 + 0.05 * x).sqrt().powi(3).sqrt()),
            (power(0.0, 1.0, 0.0), |_| 1.0),
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

    /// Values and derivatives at bends, beyond them and at NaN, as PyTorch 2.15 gives them.
    #[test]
    fn bends_as_pytorch_does() {
        let leaky = Activation::LeakyRelu { slope: 0.25 };
        for (activation, x, value, derivative) in [
            (Activation::Relu, 0.0, 0.0, 0.0),
            (Activation::Relu, f64::NAN, f64::NAN, 1.0),
            (leaky, 0.0, 0.0, 0.25),
            (leaky, f64::NAN, f64::NAN, 0.25),
            (Activation::Silu, f64::NAN, f64::NAN, f64::NAN),
            (Activation::Relu6, 0.0, 0.0, 0.0),
            (Activation::Relu6, 6.0, 6.0, 0.0),
            (Activation::Relu6, 7.0, 6.0, 0.0),
            (Activation::Relu6, f64::NAN, f64::NAN, 1.0),
            (Activation::HardSigmoid, -3.0, 0.0, 0.0),
            (Activation::HardSigmoid, 3.0, 1.0, 0.0),
            (Activation::HardSigmoid, 4.0, 1.0, 0.0),
            (Activation::HardSigmoid, f64::NAN, f64::NAN, 0.0),
            (Activation::HardSwish, -4.0, -0.0, 0.0),
            (Activation::HardSwish, -3.0, -0.0, 0.0),
            (Activation::HardSwish, 3.0, 3.0, 1.0),
            (Activation::HardSwish, 4.0, 4.0, 1.0),
            (Activation::HardSwish, f64::NAN, f64::NAN, 1.0),
            (Activation::Elu { alpha: 0.5 }, 0.0, 0.0, 0.5),
            (Activation::Elu { alpha: 0.5 }, f64::NAN, f64::NAN, 1.0),
            (Activation::Softplus { beta: 2.0, threshold: 20.0 }, 15.0, 15.0, 1.0),
            (Activation::Softplus { beta: 1.0, threshold: 20.0 }, f64::NAN, f64::NAN, f64::NAN),
            // Far out, where eˣ has no place among the numbers.
            (Activation::Mish, 800.0, 800.0, 1.0),
            (Activation::Mish, f64::NAN, f64::NAN, f64::NAN),
            (Activation::Power { exponent: 1.0, scale: 2.0, shift: 0.5 }, 0.0, 0.5, 2.0),
            (Activation::Power { exponent: 2.0, scale: 1.0, shift: 0.0 }, 0.0, 0.0, 0.0),
            (Activation::Power { exponent: 0.0, scale: 1.0, shift: 0.0 }, 0.0, 1.0, 0.0),
            (Activation::Power { exponent: 0.5, scale: 1.0, shift: 0.0 }, -1.0, f64::NAN, f64::NAN),
        ] {
            let shape = Shape::Vector(1);
            let outcome = Case::new(Op::Activation(activation), 1, shape, shape).run_on(&[x], &[1.0]);
            let found = (outcome.output[0], outcome.input_gradients[0][0]);
            // As text, in which NaN equals NaN.
            assert_eq!(format!("{found:?}"), format!("{:?}", (value, derivative)), "{activation:?}");
        }
    }
}
