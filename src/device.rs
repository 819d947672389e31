//! Where a network computes, and with which numbers: the one place that chooses between the processor and a GPU.
//!
//! ```text
//! Device ──evaluator──▶ images in, logits out
//!        ──learner────▶ the same, and gradients, the optimizer, and what they remember
//! ```

use std::fmt;

#[cfg(feature = "cuda")]
use crate::cuda::{self, Gpu, Settings, Storage};
use crate::executor::{Evaluator, Executor};
use crate::footprint::Footprint;
use crate::kernels::Algorithms;
use crate::network::Network;
use crate::program::Program;
use crate::program::call::Order;
use crate::system::free_memory;
use crate::train::learner::{Learner, Processor, Start};

/// A processor or a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor, on rayon's threads.
    Cpu(Algorithms),
    /// A GPU.
    Cuda(Cuda),
}

/// A GPU, and how it computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cuda {
    /// Which one, from 0.
    pub number: usize,
    /// With what.
    pub numbers: Numbers,
    /// How convolutions are computed.
    pub algorithms: Algorithms,
}

/// What a GPU computes with. Weights, statistics, sums and losses are f32 always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// Single precision throughout.
    #[default]
    F32,
    /// In memory single precision; products round their factors to 10 bits.
    Tf32,
    /// Activations and their gradients have 8 bits; so have the copies of weights that are multiplied with them.
    Bf16,
}

/// What a device refuses, or why it failed, in words for whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceError(String);

impl DeviceError {
    /// With this message.
    pub fn new(message: impl Into<String>) -> DeviceError {
        DeviceError(message.into())
    }

    /// The same, with what was being done before it.
    #[must_use]
    pub fn during(self, what: impl fmt::Display) -> DeviceError {
        DeviceError(format!("{what}: {}", self.0))
    }

    /// The same, with more lines after it.
    #[must_use]
    pub fn followed_by(self, more: &str) -> DeviceError {
        DeviceError(format!("{}\n{}", self.0, more.trim_end()))
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DeviceError {}

impl Default for Device {
    fn default() -> Device {
        Device::Cpu(Algorithms::default())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu(_) => f.write_str("cpu"),
            Device::Cuda(cuda) => write!(f, "cuda:{}", cuda.number),
        }
    }
}

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

    /// A network that learns.
    ///
    /// # Errors
    /// If the device is not there, or has not enough memory.
    pub fn learner(&self, start: Start) -> Result<Box<dyn Learner>, DeviceError> {
        match self {
            Device::Cpu(algorithms) => Ok(Box::new(Processor::new(start, *algorithms))),
            Device::Cuda(cuda) => cuda.learner(start),
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

    /// What a network takes there at any batch.
    pub fn footprint(&self, network: &Network) -> Footprint {
        match self {
            Device::Cpu(_) => network.footprint(rayon::current_num_threads()),
            Device::Cuda(cuda) => network.device_footprint(cuda.numbers.order(), cuda.numbers.width()),
        }
    }

    /// Bytes of a forward pass over a batch in evaluation mode there.
    pub fn inference_memory(&self, network: &Network, batch: usize) -> u64 {
        match self {
            Device::Cpu(_) => network.inference_memory(rayon::current_num_threads(), batch),
            Device::Cuda(Cuda { numbers, .. }) => {
                network.device_inference_memory(numbers.order(), numbers.width(), batch)
            }
        }
    }

    /// Bytes of its memory that are free; `None` where the system does not tell.
    ///
    /// # Errors
    /// If the device is not there.
    pub fn free_memory(&self) -> Result<Option<u64>, DeviceError> {
        match self {
            Device::Cpu(_) => Ok(free_memory()),
            Device::Cuda(cuda) => cuda.free_memory().map(Some),
        }
    }
}

impl Numbers {
    /// How maps lie: tensor cores want the channels side by side.
    pub fn order(self) -> Order {
        match self {
            Numbers::F32 => Order::ChannelsFirst,
            Numbers::Tf32 | Numbers::Bf16 => Order::ChannelsLast,
        }
    }

    /// Bytes of a number of an activation.
    pub fn width(self) -> usize {
        match self {
            Numbers::F32 | Numbers::Tf32 => 4,
            Numbers::Bf16 => 2,
        }
    }
}

#[cfg(not(feature = "cuda"))]
impl Cuda {
    fn missing<T>(&self) -> Result<T, DeviceError> {
        Err(DeviceError::new("this archc was built without CUDA"))
    }

    fn evaluator(&self, _: Program, _: Vec<Vec<f32>>) -> Result<Box<dyn Evaluator>, DeviceError> {
        self.missing()
    }

    fn learner(&self, _: Start) -> Result<Box<dyn Learner>, DeviceError> {
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
    fn settings(&self) -> Settings {
        let Cuda { numbers, algorithms, .. } = *self;
        let storage = if numbers == Numbers::Bf16 { Storage::Bf16 } else { Storage::F32 };
        let (tf32, exact) = (numbers == Numbers::Tf32, algorithms == Algorithms::Exact);
        Settings { storage, order: numbers.order(), tf32, exact }
    }

    fn open(&self) -> Result<Gpu, DeviceError> {
        Gpu::open(self.number, self.settings())
    }

    fn evaluator(&self, program: Program, weights: Vec<Vec<f32>>) -> Result<Box<dyn Evaluator>, DeviceError> {
        Ok(Box::new(cuda::Executor::new(self.open()?, program, &weights)?))
    }

    fn learner(&self, start: Start) -> Result<Box<dyn Learner>, DeviceError> {
        Ok(Box::new(cuda::DeviceLearner::new(self.open()?, start)?))
    }

    fn check(&self) -> Result<(), DeviceError> {
        cuda::find(self.number, self.settings()).map(|_| ())
    }

    fn free_memory(&self) -> Result<u64, DeviceError> {
        let (free, _) = cuda::find(self.number, self.settings())?.mem_get_info()?;
        Ok(free as u64)
    }
}
