//! Training: [`train`] is the loop, and what it needs stands beside it.
//!
//! ```text
//! data ──batches──▶ mix ──▶ learner: gradients ──▶ clip ──▶ optimizer ──▶ average    every step
//!                           learner: logits ──▶ metrics ──▶ checkpoint               every epoch
//! ```
//!
//! Everything random follows from the recipe's seed, the epoch and the step, and nothing from what ran before; so a run
//! that stopped and was resumed ends with the same bytes as one that ran through. Where the numbers are, the loop does
//! not know: a [`Learner`] has them, on the processor or on a GPU.

pub mod accumulate;
pub mod average;
pub mod calibration;
pub mod checkpoint;
pub mod clip;
mod complete;
pub mod confusion;
pub mod data;
mod error;
pub mod evaluate;
pub mod events;
pub mod findings;
pub mod folder;
mod goal;
pub mod identity;
pub mod learner;
pub mod metrics;
pub mod mix;
pub mod observer;
pub mod optimizer;
pub mod plan;
pub mod plateau;
pub mod position;
pub mod progress;
#[cfg(feature = "fetch")]
pub mod published;
mod ranking;
pub mod record;
pub mod report;
pub mod schedule;
pub mod scores;
mod step;
mod training;
pub mod validate;
pub mod whole;
pub mod workers;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::average::Average;
use self::checkpoint::{About, Restored};
use self::data::Dataset;
pub use self::error::{Divergence, TrainError};
use self::goal::Goal;
use self::identity::RunIdentity;
use self::learner::{Learner, LearnerStart};
use self::metrics::Metrics;
pub use self::optimizer::OptimizerState;
use self::position::Position;
use self::ranking::MOST_SCORES;
pub use self::training::{Training, train};
use self::workers::Group;
use crate::device::{Device, DeviceError};
use crate::executor::check_batch;
use crate::network::Network;
use crate::program::Program;
use crate::recipe::{ClassWeights, Measure, MixKind, Sampler, Task, Train};

/// What a run does not change.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// What is trained.
    pub network: &'a Network,
    /// How to train.
    pub recipe: &'a Train,
    /// On what.
    pub dataset: &'a Dataset,
    /// Where checkpoints and metrics go.
    pub folder: &'a Path,
    /// After this time within an epoch the run is saved, so that no accident costs more.
    pub save_every: Duration,
}

/// What [`Setting::save_every`] usually is: saving takes far less.
pub const SAVE_EVERY: Duration = Duration::from_secs(600);

/// A run at some point: the network with its weights, what training remembers, and how far it is.
#[derive(Debug)]
pub struct Run {
    learner: Box<dyn Learner>,
    position: Position,
    /// What the outputs should be.
    goal: Goal,
    waiting: Waiting,
    /// The other processes, if this one leads some.
    group: Option<Group>,
}

/// How long the steps of this process took, and how much of that they waited for images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// All steps, one after the other.
    pub total: Duration,
    /// The part of it in which no batch was ready.
    pub waited: Duration,
}

impl Waiting {
    /// The part in which steps waited; NaN before the first step.
    pub fn share(&self) -> f64 {
        self.waited.as_secs_f64() / self.total.as_secs_f64()
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs are done.
    Finished,
    /// Nothing got better for as long as the recipe waits.
    Early,
    /// It was asked to stop, and can be resumed.
    Stopped,
}

impl Run {
    /// A run before its first step, from these weights: all of the program's, in its order.
    ///
    /// # Errors
    /// If the recipe cannot be carried out with this data, or the device is not there.
    pub fn new(
        program: Program,
        weights: Vec<Vec<f32>>,
        recipe: &Train,
        dataset: &Dataset,
        device: &Device,
    ) -> Result<Run, TrainError> {
        let identity = RunIdentity::of(&program, recipe, dataset, device);
        let position = Position { identity, batch_size: recipe.batch, ..Position::default() };
        let optimizer = OptimizerState::new(recipe.optimizer, &program);
        let average = recipe.ema.map(|decay| Average::new(decay, &weights));
        let (clip, accumulate) = (recipe.clip, recipe.accumulate);
        Run::with(
            LearnerStart { program, weights, optimizer, average, clip, accumulate },
            position,
            recipe,
            dataset,
            device,
        )
    }

    /// A run that goes on where the one in `folder` stopped.
    ///
    /// # Errors
    /// As [`Run::new`], if the state in `folder` cannot be read or belongs to another network, optimizer or seed, to
    /// other images or another way to compute, and if something is missing that the run had written.
    pub fn resume(
        program: Program,
        recipe: &Train,
        dataset: &Dataset,
        folder: &Path,
        device: &Device,
    ) -> Result<Run, TrainError> {
        let mut optimizer = OptimizerState::new(recipe.optimizer, &program);
        let Restored { weights, average, mut position } =
            checkpoint::load_state(folder, &program.weights, &mut optimizer, recipe.ema)?;
        position.identity = position.identity.renewed(&program);
        let identity = RunIdentity::of(&program, recipe, dataset, device);
        if let Some(why) = position.identity.refuses(&identity) {
            return Err(TrainError::Refused(why));
        }
        // With what an earlier version did not write down.
        position.identity = identity;
        whole::check(folder, &position, recipe.checkpoint_every)?;
        let begun = position.epoch + usize::from(position.batch > 0);
        if recipe.epochs < begun {
            let planned = recipe.epochs;
            return Err(TrainError::Refused(format!(
                "the run is in epoch {begun} already, and `epochs: {planned}` are over"
            )));
        }
        if position.batch > 0 && position.batch_size != recipe.batch {
            let (own, given) = (position.batch_size, recipe.batch);
            return Err(TrainError::Refused(format!(
                "the run stopped within an epoch of batches of {own} and cannot go on with {given}: finish the epoch first"
            )));
        }
        position.batch_size = recipe.batch;
        let (clip, accumulate) = (recipe.clip, recipe.accumulate);
        Run::with(
            LearnerStart { program, weights, optimizer, average, clip, accumulate },
            position,
            recipe,
            dataset,
            device,
        )
    }

    fn with(
        start: LearnerStart,
        position: Position,
        recipe: &Train,
        dataset: &Dataset,
        device: &Device,
    ) -> Result<Run, TrainError> {
        check(&start.program, recipe, dataset)?;
        let task = dataset.data().task;
        if let (Device::Cuda(_), true) = (device, task != Task::Class) {
            return Err(TrainError::Refused(format!(
                "`task: {task}` is trained on the processor: write `--device cpu`; evaluation and prediction run on GPUs too"
            )));
        }
        let outputs = start.program.shape(start.program.output).channels();
        let goal = Goal::new(&recipe.loss, &dataset.train, outputs);
        Ok(Run { learner: device.learner(start)?, position, goal, waiting: Waiting::default(), group: None })
    }

    /// How far it is.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// How much of its time it waited for images, since this process began.
    pub fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// What it has learned so far, as it would be kept.
    ///
    /// # Errors
    /// If the device fails.
    pub fn weights(&mut self) -> Result<Vec<Vec<f32>>, DeviceError> {
        Ok(self.learner.learned()?.kept().to_vec())
    }
}

impl Run {
    /// From here on there is something to go on from, whatever happens.
    ///
    /// # Errors
    /// If the state cannot be written.
    pub fn save_first(&mut self, folder: &Path) -> Result<(), TrainError> {
        if self.position.step == 0 && !checkpoint::state_file(folder).exists() {
            checkpoint::save_state(folder, &self.learner.learned()?, &self.position)?;
        }
        Ok(())
    }

    /// The state comes last, when all that it counts on is on the disk.
    fn save_last(&mut self, setting: Setting, metrics: &Metrics) -> Result<(), TrainError> {
        let path = setting.folder.join("metrics.jsonl");
        metrics.sync().map_err(|source| TrainError::Io { action: "write", path, source })?;
        self.save_weights(setting, "last")?;
        Ok(checkpoint::save_state(setting.folder, &self.learner.learned()?, &self.position)?)
    }

    /// So that nothing else is needed to use them.
    fn save_weights(&mut self, setting: Setting, kind: &str) -> Result<(), TrainError> {
        let about = About::new(setting.network, setting.dataset, &self.position);
        let path = checkpoint::weights_file(setting.folder, kind);
        let learned = self.learner.learned()?;
        Ok(checkpoint::save_weights(&path, learned.declared, learned.kept(), &about)?)
    }

    /// What there is to say when a number is no longer finite.
    fn diverged(&self, setting: Setting, step: u64, first: String) -> TrainError {
        let kept: Option<PathBuf> = Some(checkpoint::weights_file(setting.folder, "last")).filter(|path| path.exists());
        TrainError::Diverged(Divergence { epoch: self.position.epoch + 1, step, lr: self.position.lr, first, kept })
    }
}

/// What a network and a recipe must be for pixels to have classes.
fn check_pixels(program: &Program, recipe: &Train) -> Result<(), TrainError> {
    evaluate::check_pixels(program)?;
    let refused = |why: String| Err(TrainError::Refused(why));
    if recipe.mix.iter().any(|mix| mix.kind == MixKind::Mixup) {
        return refused("`mixup` lays two images over each other, and each pixel of a mask has one class".to_owned());
    }
    match recipe.loss.weights() {
        Some((key, ClassWeights::Auto)) => refused(format!(
            "`{key}=auto` goes by how many images each class has, and here each pixel has a class: write a list"
        )),
        _ => Ok(()),
    }
}

/// Finds out before the first step what would go wrong in a later one: an output that is no list of scores, no batch at
/// all, or one too small for an operation.
fn check(program: &Program, recipe: &Train, dataset: &Dataset) -> Result<(), TrainError> {
    let output = program.shape(program.output);
    let task = dataset.data().task;
    if task == Task::Segment {
        check_pixels(program, recipe)?;
    } else if output.positions() > 1 {
        return Err(TrainError::Refused(format!(
            "the network's output is a map {output}, not a score for each class: end it with `flatten -> linear CLASSES`"
        )));
    }
    let classes = output.channels();
    if !recipe.loss.tasks().contains(&task) {
        let (name, of) = (recipe.loss.name(), recipe.loss.of_images());
        return Err(TrainError::Refused(format!("the loss `{name}` is for {of}, and the data is for `task: {task}`")));
    }
    if task != Task::Class {
        evaluate::check_outputs(dataset, classes)?;
        evaluate::check_count(task, dataset.validation.len(), classes)?;
        if recipe.sampler != Sampler::Shuffle {
            return Err(TrainError::Refused(format!(
                "samplers draw images by their class, and the data is for `task: {task}`"
            )));
        }
    }
    let of_loss = match recipe.loss.weights() {
        Some((_, ClassWeights::Given(weights))) => weights.len(),
        Some((_, ClassWeights::Equal | ClassWeights::Auto)) | None => classes,
    };
    let of_sampler = if let Sampler::Weighted(weights) = &recipe.sampler { weights.len() } else { classes };
    for (what, weights) in [("loss", of_loss), ("sampler", of_sampler)] {
        if weights != classes {
            return Err(TrainError::Refused(format!(
                "the {what} has {weights} class weights, but the network tells {classes} classes apart: write one for each"
            )));
        }
    }
    let labels = dataset.train.labels();
    if let Sampler::Weighted(weights) = &recipe.sampler
        && !labels.iter().any(|label| weights[*label as usize] > 0.0)
    {
        return Err(TrainError::Refused("the sampler only draws classes that have no training images".to_owned()));
    }
    if !program.weights.iter().any(|weight| weight.learns()) {
        return Err(TrainError::Refused(
            "the network has no weight that is not frozen: there is nothing to learn".to_owned(),
        ));
    }
    if let (Task::Class, [class]) = (task, dataset.classes()) {
        return Err(TrainError::Refused(format!(
            "all images are of one class, `{class}`: there is nothing to tell apart"
        )));
    }
    let validation = dataset.validation.len();
    if let Some(measure) = recipe.watched().find(|measure| !task.measures().contains(measure)) {
        return Err(TrainError::Refused(format!(
            "the run goes by `{measure}`, which is not measured with `task: {task}`"
        )));
    }
    let watched = recipe.watched().find(|measure| *measure == Measure::Auroc);
    if let Some(auroc) = watched.filter(|_| validation.saturating_mul(classes) > MOST_SCORES) {
        return Err(TrainError::Refused(format!(
            "`{auroc}` needs every score of {validation} validation images for {classes} classes, {} in all, and at most \
             {MOST_SCORES} are kept: let the run go by another measure",
            validation.saturating_mul(classes)
        )));
    }
    let unknown = |measure: &Measure| !matches!(measure, Measure::Loss | Measure::Accuracy);
    if let Some(measure) = recipe.watched().find(unknown).filter(|_| validation == 0) {
        return Err(TrainError::Refused(format!(
            "the run goes by `{measure}`, and there are no validation images to measure it on: let it go by `loss` or `accuracy`"
        )));
    }
    let (batch, images) = (recipe.batch, dataset.train.len());
    if dataset.steps(recipe) == 0 {
        return Err(TrainError::Refused(format!(
            "{images} training images do not fill one batch of {batch}, and `drop_last` leaves the rest out: lower `train.batch`"
        )));
    }
    let last = if recipe.drop_last || images.is_multiple_of(batch) { batch } else { images % batch };
    check_batch(program, last).map_err(|reason| {
        // What is left out at the end helps only if what comes before is larger.
        let or_drop = if last < batch { ", or set `train.drop_last: true`" } else { "" };
        TrainError::Refused(format!(
            "{reason}; {images} images in batches of {batch} end with a batch of {last}: choose another `train.batch`{or_drop}"
        ))
    })
}
