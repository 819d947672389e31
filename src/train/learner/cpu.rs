//! Learning on the processor.

use super::{Learned, Learner, LearnerStart, Outcome, Wait};
use crate::device::DeviceError;
use crate::executor::{Evaluator, Executor};
use crate::kernels::{Algorithms, Criterion, MaskKey};
use crate::recipe::Clip;
use crate::train::accumulate::Accumulated;
use crate::train::average::Average;
use crate::train::clip::{NormParts, shrink};
use crate::train::optimizer::OptimizerState;
use crate::train::workers::message::{Reader, put_numbers};

/// An executor, an optimizer, and what stands between them.
#[derive(Debug)]
pub struct CpuLearner {
    executor: Executor<f32>,
    optimizer: OptimizerState<f32>,
    /// Where a step takes several batches.
    accumulated: Option<Accumulated<f32>>,
    average: Option<Average<f32>>,
    clip: Option<Clip>,
    norm: NormParts,
    outcome: Option<Outcome>,
    /// What running statistics are to follow of each batch of the step, where other processes have some of them.
    observed: Option<Vec<Vec<f64>>>,
}

impl CpuLearner {
    /// Before its first step in this process.
    pub fn new(start: LearnerStart, algorithms: Algorithms) -> CpuLearner {
        let LearnerStart { program, weights, optimizer, average, clip, accumulate } = start;
        let mut executor = Executor::new(program, weights);
        executor.set_algorithms(algorithms);
        let accumulated = (accumulate > 1).then(|| Accumulated::new(executor.gradients(), 0));
        let norm = NormParts::default();
        CpuLearner { executor, optimizer, accumulated, average, clip, norm, outcome: None, observed: None }
    }
}

fn not_shared() -> DeviceError {
    DeviceError::new("this process does not share its steps with others")
}

impl Learner for CpuLearner {
    fn evaluator(&self) -> &dyn Evaluator {
        &self.executor
    }

    fn evaluator_mut(&mut self) -> &mut dyn Evaluator {
        &mut self.executor
    }

    fn learn(&mut self, images: &[f32], criterion: Criterion, key: MaskKey) -> Result<(), DeviceError> {
        let loss = self.executor.step_gradients(images, criterion, key);
        let first = match loss.loss.is_finite() {
            true => None,
            false => Some(self.executor.first_not_finite(images, key).unwrap_or_else(|| "the loss".to_owned())),
        };
        if let Some(accumulated) = &mut self.accumulated {
            accumulated.add(self.executor.gradients(), loss.weight);
        }
        if let Some(observed) = &mut self.observed {
            observed.push(self.executor.take_observed());
        }
        self.outcome = Some(Outcome { step: key.step, images: criterion.batch(), loss, first });
        Ok(())
    }

    fn outcome(&mut self, _: Wait) -> Result<Option<Outcome>, DeviceError> {
        Ok(self.outcome.take())
    }

    fn update(&mut self, lr: f64, before: u64) -> Result<(), DeviceError> {
        let CpuLearner { executor, optimizer, accumulated, average, clip, norm, observed, .. } = self;
        for batch in observed.iter_mut().flat_map(|observed| observed.drain(..)) {
            if !executor.follow(&batch) {
                return Err(DeviceError::new("another process has other running statistics"));
            }
        }
        executor.update(|weights, gradients| {
            let (gradients, factor) = accumulated.as_mut().map_or((gradients, 1.0), |parts| parts.total());
            let shrink = shrink(*clip, factor, optimizer.used(gradients), norm);
            optimizer.update_shrunk(lr, shrink, weights, gradients);
            if let Some(average) = average {
                average.update(weights, before);
            }
        });
        if let Some(accumulated) = accumulated {
            accumulated.clear();
        }
        Ok(())
    }

    fn share(&mut self, first: u64) -> Result<(), DeviceError> {
        self.accumulated = Some(Accumulated::new(self.executor.gradients(), first));
        self.executor.hold_statistics();
        self.observed = Some(Vec::new());
        Ok(())
    }

    fn write_parts(&mut self, message: &mut Vec<u8>, whole: bool) -> Result<(), DeviceError> {
        let (Some(accumulated), Some(observed)) = (&mut self.accumulated, &self.observed) else {
            return Err(not_shared());
        };
        accumulated.write(message, whole);
        message.extend((observed.len() as u64).to_le_bytes());
        observed.iter().for_each(|batch| put_numbers(message, batch.iter().map(|value| value.to_bits())));
        Ok(())
    }

    fn read_parts(&mut self, message: &mut Reader) -> Result<(), DeviceError> {
        let (Some(accumulated), Some(observed)) = (&mut self.accumulated, &mut self.observed) else {
            return Err(not_shared());
        };
        let mut read = || {
            observed.truncate(accumulated.read(message)?);
            for _ in 0..message.number()? {
                observed.push(message.numbers()?.into_iter().map(f64::from_bits).collect());
            }
            Some(())
        };
        read().ok_or_else(|| {
            DeviceError::new("another process sent other batches of a step than those that were to come")
        })
    }

    fn swap_average(&mut self) -> Result<(), DeviceError> {
        if let Some(average) = &mut self.average {
            self.executor.update(|weights, _| average.swap(weights));
        }
        Ok(())
    }

    fn weight_not_finite(&mut self) -> Result<Option<String>, DeviceError> {
        Ok(self.executor.weight_not_finite())
    }

    fn learned(&mut self) -> Result<Learned<'_>, DeviceError> {
        Ok(Learned {
            declared: &self.executor.program().weights,
            weights: self.executor.weights(),
            moments: self.optimizer.moments().collect(),
            average: self.average.as_ref().map(Average::values),
        })
    }
}
