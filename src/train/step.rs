//! One step: the gradient of one batch or several, what is done to it, and the change of the weights.

use std::time::Instant;

use super::checkpoint::Sums;
use super::data::Batches;
use super::mix::{Place, mix};
use super::schedule::Course;
use super::{Run, Setting, TrainError, clip};
use crate::graph::ValueId;
use crate::kernels::{MaskKey, Objective};

impl Run {
    /// Takes the next step, of as many batches as the recipe accumulates or are left. `None` if the epoch is over.
    ///
    /// # Errors
    /// If images cannot be read, and if the loss is not finite.
    pub(super) fn step(
        &mut self,
        setting: Setting,
        course: &Course,
        batches: &mut Batches,
    ) -> Result<Option<Sums>, TrainError> {
        let recipe = setting.recipe;
        let clock = Instant::now();
        let base = recipe.optimizer.lr;
        let lr = course.rate(self.position.epoch, self.position.batch / recipe.accumulate, self.position.reduced(base));
        let mut sums = Sums::default();
        for part in 0..recipe.accumulate {
            let Some(batch) = batches.next() else { break };
            let mut batch = batch?;
            let images = batch.labels.len();
            self.executor.check_batch(images).map_err(TrainError::Refused)?;
            self.position.lr = lr;
            let shape = self.executor.program().shape(ValueId::INPUT);
            let place = Place { seed: recipe.seed, epoch: self.position.epoch, batch: batch.index };
            let objective = Objective {
                labels: &batch.labels,
                mixed: mix(&recipe.mix, &mut batch.images, shape, place),
                label_smoothing: recipe.loss.label_smoothing,
                class_weights: &recipe.loss.class_weights,
            };
            let step = self.position.step * recipe.accumulate as u64 + part as u64;
            let key = MaskKey { seed: recipe.seed, step, place: 0 };
            let loss = self.executor.step_gradients(&batch.images, objective, key);
            if !loss.loss.is_finite() {
                let first = self.executor.first_not_finite(&batch.images, key);
                let first = first.unwrap_or_else(|| "the loss".to_owned());
                return Err(self.diverged(setting, self.position.step + 1, first));
            }
            if let Some(accumulated) = &mut self.accumulated {
                accumulated.add(self.executor.gradients(), loss.weight);
            }
            sums.add(Sums { images, loss: loss.loss * images as f64, correct: loss.correct, seconds: 0.0 });
            self.position.batch = batch.index + 1;
            batches.recycle(batch);
        }
        if sums.images == 0 {
            return Ok(None);
        }
        self.executor.update(|weights, gradients| {
            let (gradients, factor) = self.accumulated.as_ref().map_or((gradients, 1.0), |parts| parts.total());
            let shrink = clip::shrink(recipe.clip, factor, self.optimizer.used(gradients), &mut self.norm);
            self.optimizer.update_shrunk(lr, shrink, weights, gradients);
            if let Some(average) = &mut self.average {
                average.update(weights, self.position.step);
            }
        });
        if let Some(accumulated) = &mut self.accumulated {
            accumulated.clear();
        }
        self.position.step += 1;
        sums.seconds = clock.elapsed().as_secs_f64();
        self.position.sums.add(sums);
        Ok(Some(sums))
    }
}
