//! The numbers that kernels compute with.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

use super::{Kernel, Operation, elementary};

/// `f32`, or `f64` where a test has to be exact. Functions are those of the standard library
/// with the same name, which f32 follows to within 1.5 units in the last place.
pub trait Real:
    sealed::Sealed
    + Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + MulAssign
    + 'static
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// −∞
    const NEG_INFINITY: Self;

    /// The nearest representable number.
    fn of(value: f64) -> Self;
    /// Exactly.
    fn to_f64(self) -> f64;
    /// Whether it is no number.
    fn is_nan(self) -> bool;
    /// eˣ
    fn exp(self) -> Self;
    /// eˣ − 1
    fn exp_m1(self) -> Self;
    /// ln(1 + x)
    fn ln_1p(self) -> Self;
    /// √x
    fn sqrt(self) -> Self;
    /// xʸ
    fn powf(self, exponent: Self) -> Self;
    /// tanh x
    fn tanh(self) -> Self;
    /// The error function.
    #[cfg(feature = "train")]
    fn erf(self) -> Self;

    /// The kernel for numbers of this type.
    #[doc(hidden)]
    fn kernel(operation: &dyn Operation) -> &dyn Kernel<Self>;
}

pub(crate) mod sealed {
    #[cfg(feature = "train")]
    use std::{cell::RefCell, thread::LocalKey};

    #[cfg(feature = "train")]
    use pulp::Simd;

    #[cfg(feature = "train")]
    use crate::program::Buffer;

    /// What only the kernels need: a register of the processor, with as many lanes as it has.
    pub trait Sealed: Sized {
        /// What a register holds.
        #[cfg(feature = "train")]
        type Vector<S: Simd>: Copy;

        /// Numbers in a register.
        #[cfg(feature = "train")]
        fn lanes<S: Simd>() -> usize;
        /// The same number in every lane.
        #[cfg(feature = "train")]
        fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
        /// a + b
        #[cfg(feature = "train")]
        fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
        /// a − b
        #[cfg(feature = "train")]
        fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
        /// a·b
        #[cfg(feature = "train")]
        fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
        /// a·b + c, rounded once where the processor can.
        #[cfg(feature = "train")]
        fn mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
        /// min(max(a, low), high); NaN stays NaN.
        #[cfg(feature = "train")]
        fn clamp<S: Simd>(simd: S, a: Self::Vector<S>, low: Self::Vector<S>, high: Self::Vector<S>) -> Self::Vector<S>;
        /// This thread's buffers that wait for their next use.
        #[cfg(feature = "train")]
        fn idle_buffers() -> &'static LocalKey<RefCell<Vec<Buffer<Self>>>>;
    }
}

macro_rules! real {
    ($float:ident, $exp:path, $tanh:path, $erf:path, $vector:ident, $lanes:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $mul_add:ident, $at_most:ident, $select:ident) => {
        #[cfg(not(feature = "train"))]
        impl sealed::Sealed for $float {}

        #[cfg(feature = "train")]
        impl sealed::Sealed for $float {
            type Vector<S: pulp::Simd> = S::$vector;

            #[inline(always)]
            fn lanes<S: pulp::Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn splat<S: pulp::Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }
            #[inline(always)]
            fn plus<S: pulp::Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn minus<S: pulp::Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn times<S: pulp::Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn mul_add<S: pulp::Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn clamp<S: pulp::Simd>(simd: S, a: S::$vector, low: S::$vector, high: S::$vector) -> S::$vector {
                let a = simd.$select(simd.$at_most(a, low), low, a);
                simd.$select(simd.$at_most(high, a), high, a)
            }
            fn idle_buffers() -> &'static std::thread::LocalKey<std::cell::RefCell<Vec<crate::program::Buffer<Self>>>> {
                thread_local! {
                    static IDLE: std::cell::RefCell<Vec<crate::program::Buffer<$float>>> =
                        const { std::cell::RefCell::new(Vec::new()) };
                }
                &IDLE
            }
        }

        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = $float::NEG_INFINITY;

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $float
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $exp(self)
            }
            fn exp_m1(self) -> Self {
                self.exp_m1()
            }
            fn ln_1p(self) -> Self {
                self.ln_1p()
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            fn powf(self, exponent: Self) -> Self {
                self.powf(exponent)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $tanh(self)
            }
            #[cfg(feature = "train")]
            #[inline(always)]
            fn erf(self) -> Self {
                $erf(self)
            }
            fn kernel(operation: &dyn Operation) -> &dyn Kernel<$float> {
                operation
            }
        }
    };
}

real!(
    f32,
    elementary::exp,
    elementary::tanh,
    elementary::erf,
    f32s,
    F32_LANES,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    mul_add_e_f32s,
    less_than_or_equal_f32s,
    select_f32s
);
real!(
    f64,
    f64::exp,
    f64::tanh,
    libm::erf,
    f64s,
    F64_LANES,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    mul_add_e_f64s,
    less_than_or_equal_f64s,
    select_f64s
);
