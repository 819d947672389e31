//! What a [`Device`] does for a network that is only evaluated.

use super::{Evaluator, Executor};
#[cfg(feature = "cuda")]
use crate::cuda::{self, DType, Gpu, GpuSettings};
#[cfg(feature = "cuda")]
use crate::device::Precision;
use crate::device::{Cuda, Device, DeviceError};
#[cfg(feature = "cuda")]
use crate::kernels::Algorithms;
use crate::network::Network;
use crate::program::{Mode, Program};
use crate::{quantity, system};

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

    /// Refuses what would need more memory than there is, on rayon's threads. Where the system does not tell how much
    /// there is, everything may be tried.
    ///
    /// # Errors
    /// If there is too little, with how much it is and what would fit; or if the device is not there.
    pub fn check_memory(&self, network: &Network, mode: Mode, batch: usize) -> Result<(), DeviceError> {
        self.check_memory_of(1, network, mode, batch)
    }

    /// The same of so many processes, of which each has a batch.
    ///
    /// # Errors
    /// As [`Device::check_memory`].
    pub fn check_memory_of(
        &self,
        processes: usize,
        network: &Network,
        mode: Mode,
        batch: usize,
    ) -> Result<(), DeviceError> {
        let footprint = self.footprint(network);
        // Messages hold all gradients, on their way out and in.
        let messages = if processes > 1 { footprint.training(batch).gradients.saturating_mul(2) } else { 0 };
        let (what, bytes) = match mode {
            Mode::Train if processes > 1 => {
                (format!("train in {processes} processes with"), footprint.training(batch).total())
            }
            Mode::Train => ("train with".to_owned(), footprint.training(batch).total()),
            Mode::Eval => ("compute".to_owned(), self.inference_memory(network, batch)),
        };
        let bytes = bytes.saturating_add(messages).saturating_mul(processes as u64);
        let Some(free) = self.free_memory()?.filter(|free| bytes > *free) else { return Ok(()) };
        let (need, have) = (quantity::bytes(bytes), quantity::bytes(free));
        let each = (free / processes as u64).saturating_sub(messages);
        let advice = match (mode, footprint.largest_batch(each)) {
            (Mode::Train, Some(largest)) => format!("the largest batch that fits is {largest}"),
            (Mode::Train, None) => "not even a batch of 1 fits".to_owned(),
            (Mode::Eval, _) => "use a smaller batch".to_owned(),
        };
        let name = &network.name;
        Err(DeviceError::new(format!(
            "`{name}` needs about {need} to {what} a batch of {batch}, and {have} are free: {advice}"
        )))
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
