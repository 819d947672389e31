//! Whoever follows a run while it goes.

use super::metrics::{EpochMetrics, EpochTimes, StepMetrics, ValidationMetrics};
use super::position::Sums;

/// Is told how a run goes. All of it is optional to hear.
pub trait Observer {
    /// The run goes on at this batch of this epoch (both from 0).
    fn start(&mut self, _epoch: usize, _batch: usize) {}

    /// So many batches of this epoch (from 0) are done; `sums` are the epoch's so far.
    fn step(&mut self, _epoch: usize, _batches: usize, _sums: &Sums) {}

    /// A step was written down.
    fn logged(&mut self, _metrics: &StepMetrics) {}

    /// Within an epoch, something was validated.
    fn validation(&mut self, _metrics: &ValidationMetrics) {}

    /// An epoch is over.
    fn epoch(&mut self, _metrics: &EpochMetrics, _times: &EpochTimes) {}

    /// These images cannot be read, and why. Some may have been told of before.
    fn left_out(&mut self, _images: &[String]) {}
}
