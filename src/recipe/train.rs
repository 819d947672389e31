//! The `train:` section.

use std::fmt;

use super::{Betas, Better, Curve, Loss, LrSchedule, Measure, Mix, Optimizer, Rule, Task};
use crate::pattern::Rename;

/// `train:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// How often to go through the training data; at least 1.
    pub epochs: usize,
    /// Examples a batch; at least 1.
    pub batch: usize,
    /// Whether a last, smaller batch is left out.
    pub drop_last: bool,
    /// Which training images an epoch consists of.
    pub sampler: Sampler,
    /// Batches a step; at least 1.
    pub accumulate: usize,
    /// The rule that changes the weights.
    pub optimizer: Optimizer,
    /// How the learning rate changes.
    pub schedule: LrSchedule,
    /// What the network is trained to give.
    pub loss: Loss,
    /// `mix:`; for each batch, one of them is chosen.
    pub mix: Vec<Mix>,
    /// Whether and how large gradients are made smaller.
    pub clip: Option<Clip>,
    /// `ema:`, the decay of a moving average of the weights, which is validated and kept in their place.
    pub ema: Option<f64>,
    /// When to validate.
    pub validate_every: Every,
    /// `best_by:`, by what the weights are chosen that are kept as the best.
    pub best_by: Measure,
    /// When to stop before all epochs are over.
    pub early_stopping: Option<EarlyStopping>,
    /// `freeze:`, patterns of weights that training does not change.
    pub freeze: Vec<String>,
    /// `replace:`, patterns of weights that begin anew where all others are given.
    pub replace: Vec<String>,
    /// `rename:`, what arrays of a file of weights are called here.
    pub rename: Vec<Rename>,
    /// `adapt: input`: weights for colours are taken for grey images, and the other way round.
    pub adapt_input: bool,
    /// From which everything random follows.
    pub seed: u64,
    /// `checkpoint_every:`: keep one every so many epochs, besides best and last.
    pub checkpoint_every: Option<usize>,
}

/// Which training images an epoch consists of; it always has as many as there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Sampler {
    /// `shuffle`: each of them once.
    #[default]
    Shuffle,
    /// `balanced`: drawn one by one, from every class as often.
    Balanced,
    /// `weighted {[1, 1, 5]}`: drawn one by one, each as often as the weight of its class says.
    Weighted(Vec<f64>),
}

/// A bound on gradients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip {
    /// `norm 1.0`: on the length of all of them as one vector.
    Norm(f64),
    /// `value 0.5`: on each number.
    Value(f64),
}

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// After so many epochs.
    Epochs(usize),
    /// After so many steps.
    Steps(usize),
}

/// `patience 10 by=accuracy`: an end when nothing has been better for so many validations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStopping {
    /// What should get better.
    pub better: Better,
    /// How many validations; at least 1.
    pub patience: usize,
}

impl Train {
    /// What a file without `train:` gets, for a task.
    pub fn of(task: Task) -> Train {
        Train { loss: Loss::of(task), best_by: task.best_by(), ..Train::default() }
    }

    /// How many steps an epoch of so many batches has.
    pub fn steps(&self, batches: usize) -> usize {
        batches.div_ceil(self.accumulate)
    }

    /// The measures that something in the run goes by.
    pub fn watched(&self) -> impl Iterator<Item = Measure> {
        let plateau = match &self.schedule.curve {
            Curve::Plateau(plateau) => Some(plateau.better.by),
            _ => None,
        };
        let stopping = self.early_stopping.map(|rule| rule.better.by);
        [Some(self.best_by), stopping, plateau].into_iter().flatten()
    }

    /// How many numbers training remembers for each weight besides its gradient.
    pub fn remembered(&self) -> usize {
        // As many nodes of a binary tree over the batches of a step as there are at once.
        let sums = match self.accumulate {
            1 => 0,
            parts => parts.saturating_add(1).ilog2() as usize,
        };
        self.optimizer.moments() + usize::from(self.ema.is_some()) + sums
    }
}

impl Default for Train {
    /// What a file without `train:` gets: Adam as PyTorch has it, for ten epochs.
    fn default() -> Train {
        Train {
            epochs: 10,
            batch: 32,
            drop_last: false,
            sampler: Sampler::Shuffle,
            accumulate: 1,
            optimizer: Optimizer::new(Rule::Adam(Betas::default()), 1e-3),
            schedule: LrSchedule::new(Curve::Constant),
            loss: Loss::of(Task::Class),
            mix: Vec::new(),
            clip: None,
            ema: None,
            validate_every: Every::Epochs(1),
            best_by: Measure::default(),
            early_stopping: None,
            freeze: Vec::new(),
            replace: Vec::new(),
            rename: Vec::new(),
            adapt_input: false,
            seed: 0,
            checkpoint_every: None,
        }
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sampler::Shuffle => f.write_str("shuffle"),
            Sampler::Balanced => f.write_str("balanced"),
            Sampler::Weighted(weights) => write!(f, "weighted {{{weights:?}}}"),
        }
    }
}

impl fmt::Display for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clip::Norm(most) => write!(f, "norm {most:?}"),
            Clip::Value(most) => write!(f, "value {most:?}"),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Every::Epochs(count) => write!(f, "epochs {count}"),
            Every::Steps(count) => write!(f, "steps {count}"),
        }
    }
}

impl fmt::Display for EarlyStopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "patience {} {}", self.patience, self.better)
    }
}
