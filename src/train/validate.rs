//! Validation, and what a run makes of its result: the best weights, the plateau's rate, an early end.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::evaluate::{Evaluation, evaluate};
use super::findings::Findings;
use super::plateau::Reduced;
use super::position::Best;
use super::schedule::Course;
use super::scores::{self, Scores};
use super::{Run, Setting, TrainError};
use crate::recipe::{Curve, Every, Measure, Train};

/// The result of the last validation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    /// The epoch it was in, from 0.
    pub epoch: usize,
    /// The steps that were done.
    pub step: u64,
    /// How well the weights did.
    #[serde(flatten, with = "scores::bits")]
    pub scores: Scores,
}

impl Run {
    /// Whether the recipe wants a validation now, between two steps of an epoch.
    pub(super) fn is_due(&self, recipe: &Train) -> bool {
        let position = &self.position;
        let done = position.validated.map_or(0, |validated| validated.step);
        matches!(recipe.validate_every, Every::Steps(every) if position.step.is_multiple_of(every as u64))
            && position.step > done
    }

    /// Whether the recipe wants one now that an epoch is over. The last epoch always ends with one.
    pub(super) fn is_due_after_epoch(&self, recipe: &Train) -> bool {
        let epochs = self.position.epoch + 1;
        let last = epochs == recipe.epochs;
        match recipe.validate_every {
            Every::Epochs(every) => last || epochs.is_multiple_of(every),
            Every::Steps(_) => last && self.position.validated.is_none_or(|done| done.step < self.position.step),
        }
    }

    /// Whether nothing has been better for as long as the recipe waits.
    pub(super) fn is_stuck(&self, recipe: &Train) -> bool {
        recipe.early_stopping.is_some_and(|rule| self.position.stopping.waited() >= rule.patience)
    }

    /// Validates the weights, or their average, and draws the conclusions. `None` if `stop` was set before the end.
    ///
    /// # Errors
    /// If images cannot be read, the best weights not be written, or the loss is not finite.
    pub(super) fn validate(
        &mut self,
        setting: Setting,
        course: &Course,
        stop: &AtomicBool,
    ) -> Result<Option<Evaluation>, TrainError> {
        let recipe = setting.recipe;
        let clock = Instant::now();
        let Some(evaluation) = self.evaluate(setting, stop)? else { return Ok(None) };
        if let Evaluation::Segments(segments) = &evaluation
            && segments.images > 0
            && segments.pixels() == 0
        {
            return Err(TrainError::Refused(
                "no pixel of the validation masks has a class: all of them are of the level that is ignored".to_owned(),
            ));
        }
        if evaluation.images() > 0 && !evaluation.mean_loss().is_finite() {
            return Err(self.diverged(setting, self.position.step, "the validation loss".to_owned()));
        }
        let position = &mut self.position;
        let mut scores = evaluation.scores();
        position.thresholds = evaluation.thresholds();
        position.validated = Some(Validated { epoch: position.epoch, step: position.step, scores });
        position.validation_seconds += clock.elapsed().as_secs_f64();

        // Without validation images there is only the training to go by.
        if evaluation.images() == 0 {
            scores = position.sums.scores(position.identity.task);
        }
        let known = |by| Some(scores.get(by)).filter(|value| !value.is_nan());
        if let Curve::Plateau(plateau) = &recipe.schedule.curve
            && !course.warms_up(position.epoch)
        {
            let reduced = position.plateau.get_or_insert(Reduced::new(recipe.optimizer.lr));
            if let Some(value) = known(plateau.better.by) {
                reduced.see(plateau, value);
            }
        }
        if let Some(rule) = recipe.early_stopping
            && let Some(value) = known(rule.better.by)
        {
            position.stopping.see(rule.better, value);
        }
        // Where it is not defined, the loss decides, unless it has been.
        let by = match known(recipe.best_by) {
            None if position.best.is_none_or(|best| best.by != recipe.best_by) => Measure::Loss,
            _ => recipe.best_by,
        };
        let value = scores.get(by);
        // What another measure chose says nothing about this one.
        if position.best.is_none_or(|best| best.by != by || by.is_better(value, best.value)) {
            position.best = Some(Best { epoch: position.epoch + 1, by, value });
            self.save_weights(setting, "best")?;
            let (epoch, step) = (self.position.epoch + 1, self.position.step);
            Findings { epoch, step, evaluation: evaluation.clone() }.save(setting.folder)?;
        }
        Ok(Some(evaluation))
    }

    /// The average of the weights takes their place meanwhile.
    fn evaluate(&mut self, setting: Setting, stop: &AtomicBool) -> Result<Option<Evaluation>, TrainError> {
        let Setting { recipe, dataset, .. } = setting;
        self.learner.swap_average()?;
        let evaluation = match &self.group {
            Some(_) => self.evaluate_shared(setting, stop),
            None => {
                let batches = dataset.evaluation_batches(&dataset.validation, recipe.batch);
                evaluate(self.learner.evaluator_mut(), dataset, &[], batches, stop)
            }
        };
        self.learner.swap_average()?;
        evaluation
    }
}
