//! For kernels that another crate brings along for GPUs: what they are handed, and how they are queued.
//!
//! [`CustomOp::with_kernel`](crate::program::Outside::with_kernel) takes a [`Kernel`]. The source is CUDA C++, to which
//! `src/kernels/cuda/prelude.cuh` is put: its `Number` is the type of activations, and `KERNEL(name, Call)` declares a
//! kernel that takes one structure, whose counterpart in Rust is a [`Call`]. It is compiled for the GPU at hand when it
//! is first wanted. Names of sources must differ from those of others. `examples/custom_layer` has one.

pub use crate::cuda::call::{Backward, Forward, Saved, Weight};
pub use crate::cuda::{Call, DType, Error, Gpu, GpuSettings, Grid, KernelSource, Memory, Result, THREADS, View};
pub use crate::kernels::cuda::Kernel;
