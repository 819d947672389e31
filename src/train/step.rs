//! One step: the gradient of one batch or several, what is done to it, and the change of the weights.

use std::time::Instant;

use super::data::{Batch, Batches};
use super::learner::{Outcome, Wait};
use super::mix::BatchKey;
use super::position::Sums;
use super::schedule::Course;
use super::{Run, Setting, TrainError};
use crate::executor::check_batch;
use crate::ir::ValueId;
use crate::kernels::MaskKey;

impl Run {
    /// Takes the next step, of as many batches as the recipe accumulates or are left. `None` if the epoch is over.
    /// Otherwise what is known of its batches: everything, if their outcomes are waited for.
    ///
    /// # Errors
    /// If images cannot be read, if the loss is not finite, and if the device fails.
    pub(super) fn step(
        &mut self,
        setting: Setting,
        course: &Course,
        batches: &mut Batches,
        wait: Wait,
    ) -> Result<Option<Sums>, TrainError> {
        let recipe = setting.recipe;
        let clock = Instant::now();
        let base = recipe.optimizer.lr;
        let lr = course.rate(self.position.epoch, self.position.batch / recipe.accumulate, self.position.reduced(base));
        let (mut seen, mut own) = (0, Sums::default());
        for part in 0..self.own_parts(recipe.accumulate) {
            let Some(batch) = batches.next() else { break };
            let mut batch = batch?;
            if part == 0
                && let Some(group) = &mut self.group
            {
                group.begin_step(lr, self.position.step)?;
            }
            self.position.lr = lr;
            self.learn(setting, part, &mut batch)?;
            own.add(self.take_in(setting, wait)?);
            seen += batch.examples.len();
            self.position.batch = batch.index + 1;
            batches.recycle(batch);
        }
        if seen == 0 {
            return Ok(None);
        }
        self.gather(setting, &mut own)?;
        self.learner.update(lr, self.position.step)?;
        self.position.step += 1;
        self.position.sums.seconds += clock.elapsed().as_secs_f64();
        Ok(Some(own))
    }

    /// The gradient of a batch, which is part number `part` of the step under way.
    ///
    /// # Errors
    /// If the batch is too small for an operation, and if the device fails.
    pub(super) fn learn(&mut self, setting: Setting, part: usize, batch: &mut Batch) -> Result<(), TrainError> {
        let recipe = setting.recipe;
        let program = self.learner.evaluator().program();
        check_batch(program, batch.examples.len()).map_err(TrainError::Refused)?;
        let shape = program.shape(ValueId::INPUT);
        let place = BatchKey { seed: recipe.seed, epoch: self.position.epoch, batch: batch.index };
        let mixed = self.goal.mix(&recipe.mix, batch, shape, place);
        let criterion = self.goal.criterion(batch, mixed);
        let step = self.position.step * recipe.accumulate as u64 + part as u64;
        let key = MaskKey { seed: recipe.seed, step, place: 0 };
        Ok(self.learner.learn(&batch.images, criterion, key)?)
    }

    /// Adds the outcomes that are known to the epoch's sums. Those of the step under way are the result.
    ///
    /// # Errors
    /// If a loss is not finite, and if the device fails.
    fn take_in(&mut self, setting: Setting, wait: Wait) -> Result<Sums, TrainError> {
        let mut own = Sums::default();
        while let Some(outcome) = self.learner.outcome(wait)? {
            self.count(setting, outcome, &mut own)?;
        }
        Ok(own)
    }

    /// Adds an outcome to the epoch's sums and, if it is of the step under way, to its `own`.
    ///
    /// # Errors
    /// If the loss is not finite.
    pub(super) fn count(&mut self, setting: Setting, outcome: Outcome, own: &mut Sums) -> Result<(), TrainError> {
        let Outcome { step, images, loss, first } = outcome;
        let step = step / setting.recipe.accumulate as u64;
        if let Some(first) = first {
            return Err(self.diverged(setting, step + 1, first));
        }
        let (weight, correct) = (loss.weight, loss.correct);
        let sums = Sums { images, loss: loss.loss * weight, weight, correct, seconds: 0.0 };
        self.position.sums.add(sums);
        if step == self.position.step {
            own.add(sums);
        }
        Ok(())
    }

    /// Waits for all outcomes, and looks at the weights: the last update may have ruined them without any loss having
    /// seen it. Comes before everything that is written, so that the previous checkpoint stays where this one would be
    /// useless.
    ///
    /// # Errors
    /// If a number is not finite, and if the device fails.
    pub(super) fn settle(&mut self, setting: Setting) -> Result<(), TrainError> {
        let clock = Instant::now();
        self.take_in(setting, Wait::All)?;
        self.position.sums.seconds += clock.elapsed().as_secs_f64();
        let ruined = self.learner.weight_not_finite()?;
        ruined.map_or(Ok(()), |weight| Err(self.diverged(setting, self.position.step, weight)))
    }
}
