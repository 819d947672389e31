//! An NVIDIA GPU: the device, its libraries, its memory, and calls of kernels. What is computed there is the business
//! of [`kernels`](crate::kernels) and [`executor`](crate::executor).
//!
//! ```text
//! Gpu        the device: streams, libraries, compiled kernels, memory to work in
//! Memory     what is allocated on it;  View: a part of it that a kernel reads or writes
//! Launch     one call of a kernel from src/kernels/cuda/*.cu, compiled by NVRTC when it is first wanted
//! ```
//!
//! Everything is queued in one stream and runs in that order; another stream brings images. So nothing waits within a
//! step, and what a kernel reads was written by an earlier one. Numbers of activations and their gradients have the
//! run's [`DType`]; weights, statistics, sums and losses are f32.
//!
//! Nothing here is linked: the driver, NVRTC, cuBLAS and cuDNN are opened when a device is asked for, and
//! [`Gpu::open`] says what is missing.

mod blas;
pub mod call;
mod device;
pub mod dnn;
pub mod error;
pub mod input;
mod launch;
pub mod memory;
mod module;

pub use self::blas::{Extent, Matrix};
#[cfg(test)]
pub use self::device::Plain;
pub use self::device::{DType, Gpu, GpuSettings, find};
pub use self::error::{Error, Result};
pub use self::launch::{Call, Grid, THREADS};
pub use self::memory::{Memory, View};
pub use self::module::KernelSource;
