//! A network in evaluation, wherever it runs.

use std::fmt::Debug;

use super::Executor;
use super::profile::Spent;
use crate::device::DeviceError;
use crate::kernels::Mode;
use crate::program::{Program, Step};

/// A program with its weights on some device.
pub trait Evaluator: Debug + Send {
    /// What it runs.
    fn program(&self) -> &Program;

    /// Logits N×classes of images N×C×H×W in evaluation mode. If the network ends in a map, it is N×C×H×W too.
    ///
    /// # Errors
    /// If the device fails.
    fn evaluate(&mut self, images: &[f32]) -> Result<&[f32], DeviceError>;

    /// The steps that run in a mode: the program's, some of which were joined.
    fn steps(&self, mode: Mode) -> &[Step];

    /// From now on, notes how long each step takes, in one mode or the other. A device may be slower for it.
    fn begin_profile(&mut self);

    /// What was noted since [`Evaluator::begin_profile`], by the index in [`Evaluator::steps`].
    fn profile(&self) -> &[Spent];

    /// How many classes, labels or numbers are told of an image, or of each of its pixels.
    fn classes(&self) -> usize {
        self.program().shape(self.program().output).channels()
    }
}

impl Evaluator for Executor<f32> {
    fn program(&self) -> &Program {
        self.program()
    }

    fn evaluate(&mut self, images: &[f32]) -> Result<&[f32], DeviceError> {
        Ok(self.evaluate(images))
    }

    fn steps(&self, mode: Mode) -> &[Step] {
        self.steps(mode)
    }

    fn begin_profile(&mut self) {
        self.begin_profile();
    }

    fn profile(&self) -> &[Spent] {
        self.profile()
    }
}
