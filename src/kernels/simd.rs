//! Code for the registers that the processor has, chosen when the program runs: AVX-512, AVX2 with FMA, NEON, or plain.

use pulp::{Simd, WithSimd};

use super::Real;

/// # Safety
/// A whole register may be read there.
#[inline(always)]
pub(super) unsafe fn load<T: Real, S: Simd>(place: *const T) -> T::Vector<S> {
    // SAFETY: as the caller promises; a register is plain numbers.
    unsafe { place.cast::<T::Vector<S>>().read_unaligned() }
}

/// # Safety
/// A whole register may be written there.
#[inline(always)]
pub(super) unsafe fn store<T: Real, S: Simd>(place: *mut T, register: T::Vector<S>) {
    // SAFETY: as the caller promises; a register is plain numbers.
    unsafe { place.cast::<T::Vector<S>>().write_unaligned(register) };
}

/// Runs an operation with the widest registers.
#[inline]
pub(super) fn dispatch<O: WithSimd>(operation: O) -> O::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V4::try_new() {
            return Simd::vectorize(simd, operation);
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return Simd::vectorize(simd, operation);
        }
        Simd::vectorize(pulp::Scalar, operation)
    }
    #[cfg(not(target_arch = "x86_64"))]
    pulp::Arch::new().dispatch(operation)
}

/// Runs `work` compiled for the widest registers. Whatever it calls must be inlined into it.
#[inline]
pub(super) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    struct Work<F>(F);
    impl<R, F: FnOnce() -> R> WithSimd for Work<F> {
        type Output = R;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> R {
            (self.0)()
        }
    }
    dispatch(Work(work))
}
