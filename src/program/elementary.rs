//! eˣ, tanh and the error function of f32 without branches and tables, so that a loop over many numbers is computed in
//! registers. The standard library's are calls, one number at a time.
//!
//! The polynomials are least-squares fits at Chebyshev nodes, weighted towards equal relative errors. Compared with f64
//! over all of their range, results are wrong by at most 1 unit in the last place (eˣ, for normal numbers), 1.4 (tanh)
//! and 1.2 (erf).

use std::f32::consts::LOG2_E;

/// eˣ; 0 and ∞ where f32 ends, NaN for NaN.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Beyond these, results are 0 and ∞ anyway. Written so that NaN stays NaN.
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    // x = n·ln 2 + r with |r| ≤ ln 2/2: adding 1.5·2²³ leaves no room for a fraction.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 in two parts, of which the first has so few digits that its product with n is exact.
    let r = x - n * 0.693_359_4;
    let r = r - n * -2.121_944_4e-4;
    let e = polynomial(r, [0.499_999_94, 0.166_665_21, 0.041_668_39, 0.008_368_736, 0.001_381_455_8]) * r * r + r + 1.0;
    // 2ⁿ as a product of two powers, since n may be beyond one's exponent.
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = n >> 1;
    e * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// tanh x = x + x³·P(x²) near 0, else 1 − 2/(e²ˣ + 1).
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let square = x * x;
    let near = polynomial(square, [-0.333_333_13, 0.133_324_52, -0.053_837_433, 0.021_007_467, -0.006_179_82]);
    let far = 1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0);
    if x.abs() < 0.5625 { x + x * (square * near) } else { far.copysign(x) }
}

/// erf x = x + x·P(x²) near 0, else 1 − e^−Q(x).
#[cfg(feature = "train")]
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let near = polynomial(
        x * x,
        [0.128_379_17, -0.376_126_26, 0.112_835_854, -0.026_853_815, 0.005_188_334, -8.010_242e-4, 7.854_009e-5],
    );
    // From 4 on the result is 1.
    let size = if x.abs() > 4.0 { 4.0 } else { x.abs() };
    let far = polynomial(
        size,
        [3.415_125_8e-4, 1.127_089_3, 0.638_144_73, 0.103_106_82, -0.021_838_097, 0.002_947_667, -1.863_800_9e-4],
    );
    if x.abs() < 1.0 { x + x * near } else { (1.0 - exp(-far)).copysign(x) }
}

/// c₀ + c₁·x + c₂·x² + … (Horner)
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[N - 1];
    for index in (0..N - 1).rev() {
        sum = sum * x + coefficients[index];
    }
    sum
}

/// 2ⁿ for −127 < n < 128.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error in units in the last place of the exact result, over `count` numbers from −`range` to `range`.
    fn worst(found: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, range: f32, count: i32) -> f64 {
        let errors = (-count..=count).map(|index| {
            let x = range * index as f32 / count as f32;
            let exact = exact(f64::from(x));
            let nearest = exact as f32;
            let unit = f64::from(nearest.abs().next_up()) - f64::from(nearest.abs());
            (f64::from(found(x)) - exact).abs() / unit
        });
        errors.fold(0.0, f64::max)
    }

    #[test]
    fn are_exact_to_the_last_place() {
        let exp_error = worst(exp, f64::exp, 87.0, 1_000_000);
        assert!(exp_error < 1.0, "exp: {exp_error}");
        for range in [0.1, 1.0, 12.0] {
            let tanh_error = worst(tanh, f64::tanh, range, 300_000);
            assert!(tanh_error < 1.5, "tanh up to {range}: {tanh_error}");
        }
    }

    #[cfg(feature = "train")]
    #[test]
    fn erf_is_exact_to_the_last_place() {
        for range in [0.1, 1.5, 5.0] {
            let error = worst(erf, libm::erf, range, 100_000);
            assert!(error < 1.25, "up to {range}: {error}");
        }
        for (x, expected) in [(f32::INFINITY, 1.0), (-4.5, -1.0), (-0.0, -0.0), (f32::NAN, f32::NAN)] {
            assert_eq!(format!("{:?}", erf(x)), format!("{expected:?}"), "{x}");
        }
    }

    #[test]
    fn end_as_they_should() {
        let infinity = f32::INFINITY;
        for (function, x, expected) in [
            (exp as fn(f32) -> f32, 0.0, 1.0),
            (exp, 88.73, infinity),
            (exp, infinity, infinity),
            (exp, -105.0, 0.0),
            (exp, -infinity, 0.0),
            (exp, f32::NAN, f32::NAN),
            (tanh, infinity, 1.0),
            (tanh, -30.0, -1.0),
            (tanh, f32::NAN, f32::NAN),
        ] {
            // As text, in which NaN equals NaN and -0 is not 0.
            assert_eq!(format!("{:?}", function(x)), format!("{expected:?}"), "{x}");
        }
        // Below the smallest normal number, to within the smallest step there is.
        for x in [-88.0f32, -95.0, -100.0, -103.0] {
            let error = (f64::from(exp(x)) - f64::from(x).exp()).abs();
            assert!(error <= f64::from(f32::from_bits(1)), "{x}: {error}");
        }
    }
}
