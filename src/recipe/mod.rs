//! How a network is trained: the `data:` and `train:` sections, checked, as plain data.
//!
//! Reading them from a document is [`crate::elaborate`]'s work; carrying them out is [`crate::train`]'s.
//! What is written with [`Display`](std::fmt::Display) is notation again, for the file that a run keeps.

mod optimizer;
mod schedule;
mod sets;
mod transform;

use std::fmt;

pub use optimizer::{Betas, Decayed, Optimizer, Rule};
pub use schedule::{Better, Curve, Margin, Measure, OneCycle, Per, Plateau, Schedule, Warmup};
pub use sets::DataSet;
pub use transform::{LARGEST_IMAGE, Obstacle, Resize, STATISTICS, Transform, way};

/// `data:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// `set:`: `digits`, `mnist`, `fashion-mnist`, `cifar10`, `cifar100` or `folder`.
    pub set: DataSet,
    /// `path:`, where the files are; the set's usual places if there is none.
    pub path: Option<String>,
    /// `train:`, applied to every training image in this order.
    pub train: Vec<Transform>,
    /// `eval:`; the entries of `train` that are not random, if left out.
    pub eval: Vec<Transform>,
    /// `on_bad_image: refuse` (the default) or `skip`.
    pub bad_images: BadImages,
}

/// What to do with an image that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadImages {
    /// Stop, and name it.
    Refuse,
    /// Go on without it, and say how many there were.
    Skip,
}

/// `train:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// How often to go through the training data; at least 1.
    pub epochs: usize,
    /// Examples a step; at least 1.
    pub batch: usize,
    /// Whether a last, smaller batch is left out.
    pub drop_last: bool,
    /// The rule that changes the weights.
    pub optimizer: Optimizer,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// From which everything random follows.
    pub seed: u64,
    /// `checkpoint_every:`: keep one every so many epochs, besides best and last.
    pub checkpoint_every: Option<usize>,
}

impl Default for Train {
    /// What a file without `train:` gets: Adam as PyTorch has it, for ten epochs.
    fn default() -> Train {
        Train {
            epochs: 10,
            batch: 32,
            drop_last: false,
            optimizer: Optimizer::new(Rule::Adam(Betas::default()), 1e-3),
            schedule: Schedule::new(Curve::Constant),
            seed: 0,
            checkpoint_every: None,
        }
    }
}

impl BadImages {
    /// As `on_bad_image:` has it.
    pub fn name(self) -> &'static str {
        match self {
            BadImages::Refuse => "refuse",
            BadImages::Skip => "skip",
        }
    }
}

impl fmt::Display for BadImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
