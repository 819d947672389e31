//! A network that learns, wherever it runs: what a run has on its device.
//!
//! ```text
//! learn    images in; a gradient is queued, or computed          every batch
//! outcome  the loss of a batch, when it is known
//! update   clip, optimizer, average                              every step
//! learned  the numbers, for a checkpoint
//! ```
//!
//! Where several processes share a step, each learns its batches, the first one adds what the others have written, and
//! all update by the sums.
//!
//! The processor knows a loss at once. A GPU is told one batch ahead, and does not wait for it.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use std::fmt::Debug;

#[cfg(feature = "cuda")]
use self::cuda::CudaLearner;
use super::average::Average;
use super::optimizer::OptimizerState;
use super::workers::message::Reader;
use crate::device::{Cuda, Device, DeviceError};
use crate::executor::{Evaluator, Loss};
use crate::kernels::{Criterion, MaskKey};
use crate::program::{Program, ProgramWeight};
use crate::recipe::Clip;

use self::cpu::CpuLearner;

/// What a run begins or goes on with.
#[derive(Debug)]
pub struct LearnerStart {
    /// The network.
    pub program: Program,
    /// All weights and running statistics, in the program's order.
    pub weights: Vec<Vec<f32>>,
    /// The rule, with what it remembers.
    pub optimizer: OptimizerState<f32>,
    /// Where an average of the weights is validated and kept in their place.
    pub average: Option<Average<f32>>,
    /// The bound on gradients.
    pub clip: Option<Clip>,
    /// Batches a step.
    pub accumulate: usize,
}

/// What came of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The key's step.
    pub step: u64,
    /// How many images.
    pub images: usize,
    /// How well they were told.
    pub loss: Loss,
    /// If the loss is not finite, where the first such number arose.
    pub first: Option<String>,
}

/// Which outcomes are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Of all batches but the last, which may still be under way.
    Earlier,
    /// Of all batches.
    All,
}

/// The numbers of a run, in the program's order.
#[derive(Debug)]
pub struct Learned<'a> {
    /// What they are.
    pub declared: &'a [ProgramWeight],
    /// All weights and running statistics.
    pub weights: &'a [Vec<f32>],
    /// The optimizer's moments: their kind, the index of their weight, and the numbers.
    pub moments: Vec<(&'static str, usize, &'a [f32])>,
    /// The average of the weights, if the recipe keeps one.
    pub average: Option<&'a [Vec<f32>]>,
}

impl Learned<'_> {
    /// What is kept as the weights of the run: their average, if there is one.
    pub fn kept(&self) -> &[Vec<f32>] {
        self.average.unwrap_or(self.weights)
    }
}

/// A network that learns.
pub trait Learner: Debug + Send {
    /// The network with the weights of now, to be asked in evaluation.
    fn evaluator(&self) -> &dyn Evaluator;

    /// The same.
    fn evaluator_mut(&mut self) -> &mut dyn Evaluator;

    /// The gradient of a batch, added to those of the step before it. Running statistics move on. `key` names the run's
    /// seed and the batch.
    ///
    /// # Errors
    /// If the device fails.
    fn learn(&mut self, images: &[f32], criterion: Criterion, key: MaskKey) -> Result<(), DeviceError>;

    /// The oldest outcome that was not asked for; `None` if there is none, or none that is wanted.
    ///
    /// # Errors
    /// If the device fails.
    fn outcome(&mut self, wait: Wait) -> Result<Option<Outcome>, DeviceError>;

    /// Ends a step, of which `before` came earlier: changes the weights by the rule at this learning rate. Once a loss
    /// is not finite they stay as they are, and the run is over.
    ///
    /// # Errors
    /// If the device fails.
    fn update(&mut self, lr: f64, before: u64) -> Result<(), DeviceError>;

    /// From now on the batches of a step are shared, and the first one here is number `first` of them. Running
    /// statistics wait for the update, to follow the batches of all.
    ///
    /// # Errors
    /// If the device cannot share.
    fn share(&mut self, first: u64) -> Result<(), DeviceError>;

    /// Writes down what came of the batches of this step so far: of all of them, if `whole`.
    ///
    /// # Errors
    /// If the device cannot share.
    fn write_parts(&mut self, message: &mut Vec<u8>, whole: bool) -> Result<(), DeviceError>;

    /// Takes in what another process has written: the batches after those that are known, or all of the step.
    ///
    /// # Errors
    /// If it is something else.
    fn read_parts(&mut self, message: &mut Reader) -> Result<(), DeviceError>;

    /// Puts the average, if there is one, in place of the weights; the second call changes them back.
    ///
    /// # Errors
    /// If the device fails.
    fn swap_average(&mut self) -> Result<(), DeviceError>;

    /// The first weight with a number that is not finite.
    ///
    /// # Errors
    /// If the device fails.
    fn weight_not_finite(&mut self) -> Result<Option<String>, DeviceError>;

    /// All numbers, as they are after what was done so far.
    ///
    /// # Errors
    /// If the device fails.
    fn learned(&mut self) -> Result<Learned<'_>, DeviceError>;
}

impl Device {
    /// A network that learns.
    ///
    /// # Errors
    /// If the device is not there, or has not enough memory.
    pub fn learner(&self, start: LearnerStart) -> Result<Box<dyn Learner>, DeviceError> {
        match self {
            Device::Cpu(algorithms) => Ok(Box::new(CpuLearner::new(start, *algorithms))),
            Device::Cuda(cuda) => learner_on(cuda, start),
        }
    }
}

#[cfg(feature = "cuda")]
fn learner_on(cuda: &Cuda, start: LearnerStart) -> Result<Box<dyn Learner>, DeviceError> {
    Ok(Box::new(CudaLearner::new(cuda.open()?, start)?))
}

#[cfg(not(feature = "cuda"))]
fn learner_on(cuda: &Cuda, _: LearnerStart) -> Result<Box<dyn Learner>, DeviceError> {
    cuda.missing()
}
