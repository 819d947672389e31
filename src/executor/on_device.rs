//! What a [`Device`] does for a network that is only evaluated.

use super::{Evaluator, Executor};
#[cfg(feature = "cuda")]
use crate::cuda::{self, DType, Gpu, GpuSettings};
#[cfg(feature = "cuda")]
use crate::device::Precision;
use crate::device::{Cuda, Device, DeviceError};
#[cfg(feature = "cuda")]
use crate::kernels::Algorithms;
use crate::program::Program;
use crate::system;

impl Device {
    /// The network with these weights, all of the program's, in its order, for evaluation.
    ///
    /// # Errors
    /// If the device is not there, or has not enough memory.
    pub fn evaluator(&self, program: Program, weights: Vec<Vec<f32>>) -> Result<Box<dyn Evaluator>, DeviceError> {
        match self {
            Device::Cpu(algorithms) => {
                let mut executor = Executor::new(program, weights);
                executor.set_algorithms(*algorithms);
                executor.keep_prepared();
                Ok(Box::new(executor))
            }
            Device::Cuda(cuda) => cuda.evaluator(program, weights),
        }
    }

    /// Whether it is there, and computes with these numbers.
    ///
    /// # Errors
    /// If not, with what is missing.
    pub fn check(&self) -> Result<(), DeviceError> {
        match self {
            Device::Cpu(_) => Ok(()),
            Device::Cuda(cuda) => cuda.check(),
        }
    }

    /// Bytes of its memory that are free; `None` where the system does not tell.
    ///
    /// # Errors
    /// If the device is not there.
    pub fn free_memory(&self) -> Result<Option<u64>, DeviceError> {
        match self {
            Device::Cpu(_) => Ok(system::free_memory()),
            Device::Cuda(cuda) => cuda.free_memory().map(Some),
        }
    }
}

#[cfg(not(feature = "cuda"))]
impl Cuda {
    /// For whatever is asked of a GPU.
    pub(crate) fn missing<T>(&self) -> Result<T, DeviceError> {
        Err(DeviceError::new("this archc was built without CUDA"))
    }

    fn evaluator(&self, _: Program, _: Vec<Vec<f32>>) -> Result<Box<dyn Evaluator>, DeviceError> {
        self.missing()
    }

    fn check(&self) -> Result<(), DeviceError> {
        self.missing()
    }

    fn free_memory(&self) -> Result<u64, DeviceError> {
        self.missing()
    }
}

#[cfg(feature = "cuda")]
impl Cuda {
    fn settings(&self) -> GpuSettings {
        let Cuda { numbers, algorithms, .. } = *self;
        let storage = if numbers == Precision::Bf16 { DType::Bf16 } else { DType::F32 };
        let (tf32, exact) = (numbers == Precision::Tf32, algorithms == Algorithms::Exact);
        GpuSettings { storage, order: numbers.order(), tf32, exact }
    }

    /// The GPU itself.
    pub(crate) fn open(&self) -> Result<Gpu, DeviceError> {
        Gpu::open(self.number, self.settings())
    }

    fn evaluator(&self, program: Program, weights: Vec<Vec<f32>>) -> Result<Box<dyn Evaluator>, DeviceError> {
        Ok(Box::new(super::cuda::CudaExecutor::new(self.open()?, program, &weights)?))
    }

    fn check(&self) -> Result<(), DeviceError> {
        cuda::find(self.number, self.settings()).map(|_| ())
    }

    fn free_memory(&self) -> Result<u64, DeviceError> {
        let (free, _) = cuda::find(self.number, self.settings())?.mem_get_info()?;
        Ok(free as u64)
    }
}
