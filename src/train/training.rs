//! The loop over epochs and steps.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::learner::Wait;
use super::metrics::{EpochMetrics, EpochTimes, Metrics, StepMetrics, ValidationMetrics};
use super::observer::Observer;
use super::schedule::Course;
use super::workers::Group;
use super::{Ended, Run, Setting, TrainError, Waiting};

/// Steps of an epoch that get a line in `steps.jsonl`, about.
const STEPS_WRITTEN: usize = 100;

/// Trains until all epochs are done or nothing gets better, or until `stop` is set: then the step under way is finished
/// and the run saved.
///
/// # Errors
/// If images cannot be read or files written, and if the loss is not finite any more. The last checkpoint stays as it
/// was.
pub fn train(
    run: &mut Run,
    setting: Setting,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Ended, TrainError> {
    let mut training = Training::begin(run, setting, observer)?;
    loop {
        if let Some(ended) = training.epoch(run, setting, observer, stop)? {
            return Ok(ended);
        }
    }
}

/// [`train`], an epoch at a time, for whoever has something to do in between.
#[derive(Debug)]
pub struct Training {
    course: Course,
    /// Steps of an epoch.
    steps: usize,
    metrics: Metrics,
    /// When the run was saved last.
    saved: Instant,
}

impl Training {
    /// Before the first epoch that `run` is to do now.
    ///
    /// # Errors
    /// If files cannot be written.
    pub fn begin(run: &mut Run, setting: Setting, observer: &mut dyn Observer) -> Result<Training, TrainError> {
        let Setting { recipe, dataset, folder, .. } = setting;
        let steps = recipe.steps(dataset.steps(recipe));
        run.save_first(folder)?;
        let metrics = Metrics::open(folder, &run.position).map_err(unwritable(folder))?;
        observer.start(run.position.epoch, run.position.batch);
        Ok(Training { course: Course::new(recipe, steps), steps, metrics, saved: Instant::now() })
    }

    /// Does what is left of the epoch that `run` is in. How the run ended, if there is no other epoch after it: it may
    /// have ended before, and nothing be left to do.
    ///
    /// # Errors
    /// As [`train`].
    pub fn epoch(
        &mut self,
        run: &mut Run,
        setting: Setting,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Option<Ended>, TrainError> {
        let Setting { recipe, folder, .. } = setting;
        let Training { course, steps, metrics, saved } = self;
        let epoch = run.position.epoch;
        if epoch >= recipe.epochs {
            return Ok(Some(Ended::Finished));
        }
        let unwritable = unwritable(folder);
        let mut batches = run.begin_epoch(setting)?;
        let mut waiting = Waiting::default();
        loop {
            // Before the step, and so also where a run goes on that was stopped while it validated.
            if run.is_due(recipe) {
                run.settle(setting)?;
                let Some(evaluation) = run.validate(setting, course, stop)? else {
                    run.save_last(setting, metrics)?;
                    return Ok(Some(Ended::Stopped));
                };
                let line = ValidationMetrics::new(run.position.step, epoch, &evaluation);
                metrics.validation(&line).map_err(&unwritable)?;
                observer.validation(&line);
                observer.left_out(evaluation.skipped());
                run.save_last(setting, metrics)?;
            }
            if run.is_stuck(recipe) {
                return Ok(Some(Ended::Early));
            }
            let began = Instant::now();
            let written = (run.position.step + 1).is_multiple_of(steps.div_ceil(STEPS_WRITTEN) as u64);
            let wait = if written { Wait::All } else { Wait::Earlier };
            let Some(sums) = run.step(setting, course, &mut batches, wait)? else { break };
            waiting.total += began.elapsed();
            if written {
                let (step, lr) = (run.position.step, run.position.lr);
                let line = StepMetrics { step, epoch: epoch + 1, lr, loss: sums.mean_loss() };
                metrics.step(&line).map_err(&unwritable)?;
                observer.logged(&line);
            }
            observer.step(epoch, run.position.batch, &run.position.sums);
            let stopped = stop.load(Ordering::Relaxed);
            if stopped || saved.elapsed() >= setting.save_every {
                run.settle(setting)?;
                run.save_last(setting, metrics)?;
                *saved = Instant::now();
            }
            if stopped {
                return Ok(Some(Ended::Stopped));
            }
        }
        waiting.waited = batches.waited();
        run.waiting.total += waiting.total;
        run.waiting.waited += waiting.waited;
        observer.left_out(&batches.skipped().iter().map(ToString::to_string).collect::<Vec<_>>());
        observer.left_out(&run.group.as_mut().map(Group::take_left_out).unwrap_or_default());

        run.settle(setting)?;
        if run.is_due_after_epoch(recipe) {
            let Some(evaluation) = run.validate(setting, course, stop)? else {
                // A resumed run finds no batches left in this epoch, and comes here again.
                run.save_last(setting, metrics)?;
                return Ok(Some(Ended::Stopped));
            };
            let line = ValidationMetrics::new(run.position.step, epoch, &evaluation);
            metrics.validation(&line).map_err(&unwritable)?;
            observer.left_out(evaluation.skipped());
        }
        let (line, times) = (EpochMetrics::new(&run.position), EpochTimes::new(&run.position, waiting));
        run.position.end_epoch();
        metrics.epoch(run.position.step, &line, &times).map_err(&unwritable)?;
        observer.epoch(&line, &times);
        if recipe.checkpoint_every.is_some_and(|every| run.position.epoch.is_multiple_of(every)) {
            run.save_weights(setting, &format!("epoch-{:04}", run.position.epoch))?;
        }
        run.save_last(setting, metrics)?;
        *saved = Instant::now();
        Ok((run.position.epoch >= recipe.epochs).then_some(Ended::Finished))
    }
}

fn unwritable(folder: &Path) -> impl Fn(std::io::Error) -> TrainError + use<> {
    let path = folder.join("metrics.jsonl");
    move |source| TrainError::Io { action: "write", path: path.clone(), source }
}
