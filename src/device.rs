//! Where a network computes, and with which numbers: the processor or a GPU.
//!
//! ```text
//! Device ──evaluator──▶ images in, logits out                                              made by executor
//!        ──learner────▶ the same, and gradients, the optimizer, and what they remember     made by train
//! ```

use std::fmt;

use crate::footprint::Footprint;
use crate::network::Network;
use crate::program::call::{Algorithms, Order};

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
    pub numbers: Precision,
    /// How convolutions are computed.
    pub algorithms: Algorithms,
}

/// What a GPU computes with. Weights, statistics, sums and losses are f32 always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
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
}

impl Precision {
    /// How maps lie: tensor cores want the channels side by side.
    pub fn order(self) -> Order {
        match self {
            Precision::F32 => Order::ChannelsFirst,
            Precision::Tf32 | Precision::Bf16 => Order::ChannelsLast,
        }
    }

    /// Bytes of a number of an activation.
    pub fn width(self) -> usize {
        match self {
            Precision::F32 | Precision::Tf32 => 4,
            Precision::Bf16 => 2,
        }
    }
}
