//! Numbers cut to bounds, as ReLU and ReLU6 do, by the operation that makes them.

use pulp::Simd;
use rayon::prelude::*;

use super::Real;
use super::lanes::CHUNK;
use super::simd::vectorised;
use crate::program::Bounds;

/// Bounds as numbers to compute with. NaN stays NaN.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clamp<T> {
    low: T,
    high: T,
}

impl<T: Real> Clamp<T> {
    pub(super) fn new(bounds: Bounds) -> Clamp<T> {
        Clamp { low: T::of(bounds.low), high: T::of(bounds.high) }
    }

    /// `None` if nothing is cut.
    pub(super) fn needed(bounds: Bounds) -> Option<Clamp<T>> {
        (bounds != Bounds::NONE).then(|| Clamp::new(bounds))
    }

    #[inline(always)]
    pub(super) fn of(self, y: T) -> T {
        let y = if y <= self.low { self.low } else { y };
        if y >= self.high { self.high } else { y }
    }

    /// A whole register.
    #[inline(always)]
    pub(super) fn of_register<S: Simd>(self, simd: S, y: T::Vector<S>) -> T::Vector<S> {
        T::clamp(simd, y, T::splat(simd, self.low), T::splat(simd, self.high))
    }

    /// The gradient for what was cut to y, or is about to be.
    #[inline(always)]
    pub(super) fn passed(self, g: T, y: T) -> T {
        let stopped = (y <= self.low) | (y >= self.high);
        if stopped { T::ZERO } else { g }
    }

    /// Cuts a few numbers, which are still in the cache.
    pub(super) fn apply(self, values: &mut [T]) {
        vectorised(
            #[inline(always)]
            || {
                for value in values {
                    *value = self.of(*value);
                }
            },
        );
    }
}

/// Sets the gradient of every output that was cut to zero.
///
/// Operations: 3 an element. Bytes: y and g are read, g is written: 12 an element.
pub fn clamp_gradient<T: Real>(bounds: Bounds, output: &[T], gradient: &mut [T]) {
    let clamp = Clamp::new(bounds);
    gradient.par_chunks_mut(CHUNK).zip(output.par_chunks(CHUNK)).for_each(|(gradient, output)| {
        vectorised(
            #[inline(always)]
            || {
                for (g, y) in gradient.iter_mut().zip(output) {
                    *g = clamp.passed(*g, *y);
                }
            },
        );
    });
}
