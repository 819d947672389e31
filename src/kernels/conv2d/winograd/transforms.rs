//! The matrices of F(4×4, 3×3) (Lavin and Gray 2016, <https://arxiv.org/abs/1509.09308>, interpolation points 0, ±1,
//! ±2, ∞), each as the sums and differences that it stands for, on a register of channels.
//!
//! ```text
//! output = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A        d 6×6 of the input, g 3×3, output 4×4; Σ over input channels inside the […]
//! dg     = Gᵀ[(A dy Aᵀ) ⊙ (Bᵀ d B)]G        Σ over tiles
//! ```

use pulp::Simd;

use crate::kernels::Real;

/// A register of channels.
type Vector<T, S> = <T as crate::program::real::sealed::Sealed>::Vector<S>;

/// M·d·Mᵀ for a matrix M that `along` multiplies by: reads d(row, column), and writes what comes out, each once.
#[inline(always)]
pub(super) fn both<T: Real, S: Simd, const FROM: usize, const TO: usize>(
    simd: S,
    read: impl Fn(usize, usize) -> Vector<T, S>,
    along: impl Fn(S, [Vector<T, S>; FROM]) -> [Vector<T, S>; TO],
    mut write: impl FnMut(usize, usize, Vector<T, S>),
) {
    let zero = T::splat(simd, T::ZERO);
    let mut half = [[zero; FROM]; TO];
    for column in 0..FROM {
        let mut line = [zero; FROM];
        for row in 0..FROM {
            line[row] = read(row, column);
        }
        let line = along(simd, line);
        for row in 0..TO {
            half[row][column] = line[row];
        }
    }
    for row in 0..TO {
        let line = along(simd, half[row]);
        for column in 0..TO {
            write(row, column, line[column]);
        }
    }
}

/// Bᵀd
#[inline(always)]
pub(super) fn input<T: Real, S: Simd>(simd: S, d: [Vector<T, S>; 6]) -> [Vector<T, S>; 6] {
    let [two, four, minus_four, minus_five] = constants::<T, S, 4>(simd, [2.0, 4.0, -4.0, -5.0]);
    let (even, odd) = (T::mul_add(simd, minus_four, d[2], d[4]), T::mul_add(simd, minus_four, d[1], d[3]));
    let (outer, inner) = (T::minus(simd, d[4], d[2]), T::times(simd, two, T::minus(simd, d[3], d[1])));
    [
        T::mul_add(simd, four, d[0], T::mul_add(simd, minus_five, d[2], d[4])),
        T::plus(simd, even, odd),
        T::minus(simd, even, odd),
        T::plus(simd, outer, inner),
        T::minus(simd, outer, inner),
        T::mul_add(simd, four, d[1], T::mul_add(simd, minus_five, d[3], d[5])),
    ]
}

/// Aᵀm
#[inline(always)]
pub(super) fn output<T: Real, S: Simd>(simd: S, m: [Vector<T, S>; 6]) -> [Vector<T, S>; 4] {
    let [two, four, eight] = constants::<T, S, 3>(simd, [2.0, 4.0, 8.0]);
    let (sum, difference) = (T::plus(simd, m[1], m[2]), T::minus(simd, m[1], m[2]));
    let (sum_2, difference_2) = (T::plus(simd, m[3], m[4]), T::minus(simd, m[3], m[4]));
    [
        T::plus(simd, m[0], T::plus(simd, sum, sum_2)),
        T::mul_add(simd, two, difference_2, difference),
        T::mul_add(simd, four, sum_2, sum),
        T::mul_add(simd, eight, difference_2, T::plus(simd, difference, m[5])),
    ]
}

/// A·dy
#[inline(always)]
pub(super) fn gradient<T: Real, S: Simd>(simd: S, y: [Vector<T, S>; 4]) -> [Vector<T, S>; 6] {
    let [two, four, eight] = constants::<T, S, 3>(simd, [2.0, 4.0, 8.0]);
    let (even, odd) = (T::plus(simd, y[0], y[2]), T::plus(simd, y[1], y[3]));
    let even_2 = T::mul_add(simd, four, y[2], y[0]);
    let odd_2 = T::mul_add(simd, eight, y[3], T::times(simd, two, y[1]));
    [
        y[0],
        T::plus(simd, even, odd),
        T::minus(simd, even, odd),
        T::plus(simd, even_2, odd_2),
        T::minus(simd, even_2, odd_2),
        y[3],
    ]
}

/// G·g
#[inline(always)]
pub(super) fn weight<T: Real, S: Simd>(simd: S, g: [Vector<T, S>; 3]) -> [Vector<T, S>; 6] {
    let [quarter, sixth, minus_sixth, twelfth, twenty_fourth] =
        constants::<T, S, 5>(simd, [0.25, 1.0 / 6.0, -1.0 / 6.0, 1.0 / 12.0, 1.0 / 24.0]);
    let (even, odd) = (T::times(simd, minus_sixth, T::plus(simd, g[0], g[2])), T::times(simd, sixth, g[1]));
    let even_2 = T::mul_add(simd, sixth, g[2], T::times(simd, twenty_fourth, g[0]));
    let odd_2 = T::times(simd, twelfth, g[1]);
    [
        T::times(simd, quarter, g[0]),
        T::minus(simd, even, odd),
        T::plus(simd, even, odd),
        T::plus(simd, even_2, odd_2),
        T::minus(simd, even_2, odd_2),
        g[2],
    ]
}

/// Gᵀm
#[inline(always)]
pub(super) fn weight_gradient<T: Real, S: Simd>(simd: S, m: [Vector<T, S>; 6]) -> [Vector<T, S>; 3] {
    let [quarter, sixth, minus_sixth, twelfth, twenty_fourth] =
        constants::<T, S, 5>(simd, [0.25, 1.0 / 6.0, -1.0 / 6.0, 1.0 / 12.0, 1.0 / 24.0]);
    let (sum, difference) = (T::times(simd, minus_sixth, T::plus(simd, m[1], m[2])), T::minus(simd, m[2], m[1]));
    let (sum_2, difference_2) = (T::plus(simd, m[3], m[4]), T::minus(simd, m[3], m[4]));
    [
        T::mul_add(simd, quarter, m[0], T::mul_add(simd, twenty_fourth, sum_2, sum)),
        T::mul_add(simd, sixth, difference, T::times(simd, twelfth, difference_2)),
        T::mul_add(simd, sixth, sum_2, T::plus(simd, sum, m[5])),
    ]
}

#[inline(always)]
fn constants<T: Real, S: Simd, const N: usize>(simd: S, values: [f64; N]) -> [Vector<T, S>; N] {
    let mut constants = [T::splat(simd, T::ZERO); N];
    for index in 0..N {
        constants[index] = T::splat(simd, T::of(values[index]));
    }
    constants
}
