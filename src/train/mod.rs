//! Training: [`train`] is the loop, and what it needs stands beside it.
//!
//! ```text
//! data ──batches──▶ executor ──gradients──▶ optimizer                every step
//!                   executor ──logits─────▶ metrics ──▶ checkpoint   every epoch
//! ```
//!
//! Everything random follows from the recipe's seed, the epoch and the step, and nothing from what ran before; so a run
//! that stopped and was resumed ends with the same bytes as one that ran through.

pub mod checkpoint;
pub mod data;
mod error;
pub mod evaluate;
pub mod folder;
pub mod metrics;
pub mod optimizer;
pub mod plateau;
pub mod progress;
pub mod schedule;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use self::checkpoint::{About, Best, Position, Sums};
use self::data::Dataset;
pub use self::error::{Divergence, TrainError};
use self::evaluate::{Evaluation, evaluate};
use self::metrics::{EpochMetrics, Metrics, StepMetrics};
pub use self::optimizer::OptimizerState;
use self::plateau::Reduced;
use self::progress::Progress;
use self::schedule::Course;
use crate::executor::Executor;
use crate::kernels::{Algorithms, MaskKey};
use crate::program::Program;
use crate::recipe::{Curve, Measure, Train};

/// What a run does not change.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The network's name.
    pub network: &'a str,
    /// How to train.
    pub recipe: &'a Train,
    /// On what.
    pub dataset: &'a Dataset,
    /// Where checkpoints and metrics go.
    pub folder: &'a Path,
}

/// A run at some point: the network with its weights, the optimizer's memory, and how far it is.
#[derive(Debug)]
pub struct Run {
    executor: Executor<f32>,
    optimizer: OptimizerState<f32>,
    position: Position,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs are done.
    Finished,
    /// It was asked to stop, and can be resumed.
    Stopped,
}

impl Run {
    /// A run before its first step, from these weights: all of the program's, in its order.
    ///
    /// # Errors
    /// If the recipe cannot be carried out with this data.
    pub fn new(program: Program, weights: Vec<Vec<f32>>, recipe: &Train, dataset: &Dataset) -> Result<Run, TrainError> {
        let optimizer = OptimizerState::new(recipe.optimizer, &program);
        let position = Position { seed: recipe.seed, batch_size: recipe.batch, ..Position::default() };
        let executor = Executor::new(program, weights);
        check(&executor, recipe, dataset)?;
        Ok(Run { executor, optimizer, position })
    }

    /// A run that goes on where the one in `folder` stopped.
    ///
    /// # Errors
    /// As [`Run::new`], and if the state in `folder` cannot be read or belongs to another network, optimizer or seed.
    pub fn resume(program: Program, recipe: &Train, dataset: &Dataset, folder: &Path) -> Result<Run, TrainError> {
        let mut optimizer = OptimizerState::new(recipe.optimizer, &program);
        let (weights, mut position) = checkpoint::load_state(folder, &program.weights, &mut optimizer)?;
        if position.seed != recipe.seed {
            let (own, given) = (position.seed, recipe.seed);
            return Err(TrainError::Refused(format!("the run has seed {own} and cannot go on with seed {given}")));
        }
        if position.batch > 0 && position.batch_size != recipe.batch {
            let (own, given) = (position.batch_size, recipe.batch);
            return Err(TrainError::Refused(format!(
                "the run stopped within an epoch of batches of {own} and cannot go on with {given}: finish the epoch first"
            )));
        }
        position.batch_size = recipe.batch;
        let executor = Executor::new(program, weights);
        check(&executor, recipe, dataset)?;
        Ok(Run { executor, optimizer, position })
    }

    /// Says which algorithms the kernels may choose from; all of them unless said.
    pub fn set_algorithms(&mut self, algorithms: Algorithms) {
        self.executor.set_algorithms(algorithms);
    }

    /// How far it is.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// All weights and running statistics, in the program's order.
    pub fn weights(&self) -> &[Vec<f32>] {
        self.executor.weights()
    }
}

/// Steps of an epoch that get a line in `steps.jsonl`, about.
const STEPS_WRITTEN: usize = 100;

/// Trains until all epochs are done, or until `stop` is set: then the step under way is finished and the run saved.
///
/// # Errors
/// If images cannot be read or files written, and if the loss is not finite any more. The last checkpoint stays as it was.
pub fn train(run: &mut Run, setting: Setting, progress: &mut Progress, stop: &AtomicBool) -> Result<Ended, TrainError> {
    let Setting { recipe, dataset, folder, .. } = setting;
    let steps = dataset.steps(recipe);
    let course = Course::new(recipe, steps);
    let unwritable = |source| TrainError::Io { action: "write", path: folder.join("metrics.jsonl"), source };
    let mut metrics = Metrics::open(folder, run.position.epoch, run.position.step).map_err(unwritable)?;
    progress.start(run.position.epoch, run.position.batch);

    while run.position.epoch < recipe.epochs {
        let epoch = run.position.epoch;
        let mut batches = dataset.training_batches(recipe, epoch, run.position.batch);
        let mut clock = Instant::now();
        while let Some(batch) = batches.next() {
            let batch = batch?;
            run.executor.check_batch(batch.labels.len()).map_err(TrainError::Refused)?;
            let lr = course.rate(epoch, batch.index, run.position.reduced(recipe.optimizer.lr));
            run.position.lr = lr;
            let key = MaskKey { seed: recipe.seed, step: run.position.step, place: 0 };
            let loss = run.executor.step_gradients(&batch.images, &batch.labels, key);
            if !loss.loss.is_finite() {
                let first = run.executor.first_not_finite(&batch.images, key);
                return Err(diverged(
                    run,
                    setting,
                    run.position.step + 1,
                    first.unwrap_or_else(|| "the loss".to_owned()),
                ));
            }
            run.executor.update(|weights, gradients| run.optimizer.update(lr, weights, gradients));

            run.position.step += 1;
            run.position.batch = batch.index + 1;
            let images = batch.labels.len();
            let seconds = clock.elapsed().as_secs_f64();
            run.position.sums.add(Sums { images, loss: loss.loss * images as f64, correct: loss.correct, seconds });
            clock = Instant::now();
            if run.position.step.is_multiple_of(steps.div_ceil(STEPS_WRITTEN) as u64) {
                let line = StepMetrics { step: run.position.step, epoch: epoch + 1, lr, loss: loss.loss };
                metrics.step(&line).map_err(unwritable)?;
            }
            progress.step(epoch, batch.index, &run.position.sums);
            batches.recycle(batch);
            if stop.load(Ordering::Relaxed) {
                check_weights(run, setting)?;
                save_last(run, setting)?;
                return Ok(Ended::Stopped);
            }
        }
        batches.skipped().iter().for_each(|image| progress.line(&format!("left out: {image}")));

        check_weights(run, setting)?;
        let validation = dataset.evaluation_batches(&dataset.validation, recipe.batch);
        let Some(validation) = evaluate(&mut run.executor, validation, stop)? else {
            // A resumed run finds no batches left in this epoch, and comes here again.
            save_last(run, setting)?;
            return Ok(Ended::Stopped);
        };
        if validation.images > 0 && !validation.mean_loss().is_finite() {
            return Err(diverged(run, setting, run.position.step, "the validation loss".to_owned()));
        }
        if epoch == 0 {
            validation.skipped.iter().for_each(|image| progress.line(&format!("left out: {image}")));
        }
        let sums = std::mem::take(&mut run.position.sums);
        if let Curve::Plateau(plateau) = &recipe.schedule.curve
            && !course.warms_up(epoch)
        {
            let reduced = run.position.plateau.get_or_insert(Reduced::new(recipe.optimizer.lr));
            reduced.see(plateau, measured(plateau.better.by, &sums, &validation));
        }
        let line = EpochMetrics {
            epoch: epoch + 1,
            lr: run.position.lr,
            train_loss: sums.loss / sums.images as f64,
            train_acc: sums.correct as f64 / sums.images as f64,
            val_loss: validation.mean_loss(),
            val_acc: validation.accuracy(),
            seconds: sums.seconds + clock.elapsed().as_secs_f64(),
            images_per_s: sums.images as f64 / sums.seconds,
        };
        run.position.epoch += 1;
        run.position.batch = 0;
        metrics.epoch(&line).map_err(unwritable)?;
        progress.epoch(&line);
        save_epoch(run, setting, &sums, &validation)?;
    }
    Ok(Ended::Finished)
}

/// What validation gives; without validation images, what training gave.
fn measured(measure: Measure, sums: &Sums, validation: &Evaluation) -> f64 {
    match (measure, validation.images) {
        (Measure::Loss, 0) => sums.loss / sums.images as f64,
        (Measure::Accuracy, 0) => sums.correct as f64 / sums.images as f64,
        (Measure::Loss, _) => validation.mean_loss(),
        (Measure::Accuracy, _) => validation.accuracy(),
    }
}

/// The checkpoints of an epoch that is over; the state comes last.
fn save_epoch(run: &mut Run, setting: Setting, sums: &Sums, validation: &Evaluation) -> Result<(), TrainError> {
    let epoch = run.position.epoch;
    // Without validation images there is only the training accuracy to go by.
    let (correct, images) = match validation.images {
        0 => (sums.correct, sums.images),
        images => (validation.correct(), images),
    };
    if run.position.best.is_none_or(|best| correct > best.correct) {
        run.position.best = Some(Best { epoch, correct, images });
        save_weights(run, setting, "best")?;
    }
    if setting.recipe.checkpoint_every.is_some_and(|every| epoch.is_multiple_of(every)) {
        save_weights(run, setting, &format!("epoch-{epoch:04}"))?;
    }
    save_last(run, setting)
}

fn save_last(run: &Run, setting: Setting) -> Result<(), TrainError> {
    save_weights(run, setting, "last")?;
    Ok(checkpoint::save_state(setting.folder, &run.executor, &run.optimizer, &run.position)?)
}

fn save_weights(run: &Run, setting: Setting, kind: &str) -> Result<(), TrainError> {
    let about = About {
        network: setting.network.to_owned(),
        classes: setting.dataset.classes().to_vec(),
        epoch: run.position.epoch,
        step: run.position.step,
    };
    Ok(checkpoint::save_weights(&checkpoint::weights_file(setting.folder, kind), &run.executor, &about)?)
}

/// The last update may have ruined the weights without any loss having seen it: then the previous checkpoint must stay.
fn check_weights(run: &Run, setting: Setting) -> Result<(), TrainError> {
    run.executor.weight_not_finite().map_or(Ok(()), |weight| Err(diverged(run, setting, run.position.step, weight)))
}

fn diverged(run: &Run, setting: Setting, step: u64, first: String) -> TrainError {
    let folder = setting.folder;
    let kept: Option<PathBuf> = Some(checkpoint::weights_file(folder, "last")).filter(|path| path.exists());
    TrainError::Diverged(Divergence { epoch: run.position.epoch + 1, step, lr: run.position.lr, first, kept })
}

/// Finds out before the first step what would go wrong in a later one: an output that is no list of scores, no batch at
/// all, or one too small for an operation.
fn check(executor: &Executor<f32>, recipe: &Train, dataset: &Dataset) -> Result<(), TrainError> {
    let program = executor.program();
    let output = program.shape(program.output);
    if output.positions() > 1 {
        return Err(TrainError::Refused(format!(
            "the network's output is a map {output}, not a score for each class: end it with `flatten -> linear CLASSES`"
        )));
    }
    let (batch, images) = (recipe.batch, dataset.train.len());
    if dataset.steps(recipe) == 0 {
        return Err(TrainError::Refused(format!(
            "{images} training images do not fill one batch of {batch}, and `drop_last` leaves the rest out: lower `train.batch`"
        )));
    }
    let last = if recipe.drop_last || images.is_multiple_of(batch) { batch } else { images % batch };
    executor.check_batch(last).map_err(|reason| {
        TrainError::Refused(format!(
            "{reason}; {images} images in batches of {batch} end with a batch of {last}: choose another `train.batch`, or \
             set `train.drop_last: true`"
        ))
    })
}
