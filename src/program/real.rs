//! The numbers that kernels compute with.

use std::cell::RefCell;
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};
use std::thread::LocalKey;

use super::{Kernel, Operation};

/// `f32`, or `f64` where a test has to be exact. Functions are those of the standard library with the same name.
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

    /// This thread's buffers that wait for their next use.
    #[doc(hidden)]
    fn idle_buffers() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! real {
    ($float:ident, $erf:ident) => {
        impl sealed::Sealed for $float {}

        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = $float::NEG_INFINITY;

            fn of(value: f64) -> Self {
                value as $float
            }
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            fn exp(self) -> Self {
                self.exp()
            }
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            fn powf(self, exponent: Self) -> Self {
                self.powf(exponent)
            }
            fn tanh(self) -> Self {
                self.tanh()
            }
            #[cfg(feature = "train")]
            fn erf(self) -> Self {
                libm::$erf(self)
            }
            fn kernel(operation: &dyn Operation) -> &dyn Kernel<$float> {
                operation
            }
            fn idle_buffers() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>> {
                thread_local! {
                    static IDLE: RefCell<Vec<Vec<$float>>> = const { RefCell::new(Vec::new()) };
                }
                &IDLE
            }
        }
    };
}

real!(f32, erff);
real!(f64, erf);
