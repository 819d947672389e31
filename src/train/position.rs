//! How far a run is, as its state says it.

use serde::{Deserialize, Serialize};

use super::identity::RunIdentity;
use super::plateau::{Reduced, Watch};
use super::scores::Scores;
use super::validate::Validated;
use crate::recipe::{Measure, Task};

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Epochs that are over, validation included.
    pub epoch: usize,
    /// Steps so far, over all epochs.
    pub step: u64,
    /// Where the epoch under way goes on.
    pub batch: usize,
    /// Sums over the epoch under way.
    pub sums: Sums,
    /// Images a batch, in which `batch` counts.
    pub batch_size: usize,
    /// The best epoch so far.
    pub best: Option<Best>,
    /// Of what.
    pub identity: RunIdentity,
    /// The learning rate of the last step.
    #[serde(with = "bits")]
    pub lr: f64,
    /// What the `plateau` schedule has made of the optimizer's rate, and what it remembers.
    pub plateau: Option<Reduced>,
    /// What early stopping remembers.
    pub stopping: Watch,
    /// The last validation.
    pub validated: Option<Validated>,
    /// Time spent on validations in the epoch under way.
    #[serde(with = "bits")]
    pub validation_seconds: f64,
    /// Those of the last validation that chose some.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "bits::list")]
    pub thresholds: Vec<f64>,
}

/// Sums over images.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "WrittenSums")]
pub struct Sums {
    /// How many images.
    pub images: usize,
    /// Their losses, each times what it weighs.
    #[serde(with = "bits")]
    pub loss: f64,
    /// What they weigh: the weights of their classes, if the loss has such weights, and otherwise 1 each.
    #[serde(with = "bits")]
    pub weight: f64,
    /// How many were classified right.
    pub correct: usize,
    /// Time spent on them.
    pub seconds: f64,
}

/// Sums as a state has them. In states of former versions a batch's loss was taken times its number of images.
#[derive(Deserialize)]
struct WrittenSums {
    images: usize,
    #[serde(with = "bits")]
    loss: f64,
    #[serde(default, with = "bits::option")]
    weight: Option<f64>,
    correct: usize,
    seconds: f64,
}

impl From<WrittenSums> for Sums {
    fn from(written: WrittenSums) -> Sums {
        let WrittenSums { images, loss, weight, correct, seconds } = written;
        Sums { images, loss, weight: weight.unwrap_or(images as f64), correct, seconds }
    }
}

/// A float as its bits: reading decimals may be off by one in the last place.
pub(super) mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.to_bits())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }

    /// The same for several.
    pub mod list {
        use serde::{Deserialize, Deserializer, Serializer};

        pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(values.iter().map(|value| value.to_bits()))
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
            Ok(Vec::<u64>::deserialize(deserializer)?.into_iter().map(f64::from_bits).collect())
        }
    }

    /// The same for a float that may be missing.
    pub mod option {
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
            value.map(f64::to_bits).serialize(serializer)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
            Option::<u64>::deserialize(deserializer).map(|bits| bits.map(f64::from_bits))
        }
    }
}

impl Position {
    /// What a plateau has made of the optimizer's own rate `base`.
    pub fn reduced(&self, base: f64) -> f64 {
        self.plateau.map_or(base, |reduced| reduced.rate())
    }

    /// Goes to the beginning of the next epoch.
    pub(super) fn end_epoch(&mut self) {
        self.epoch += 1;
        self.batch = 0;
        self.sums = Sums::default();
        self.validation_seconds = 0.0;
    }
}

impl Sums {
    /// Takes in those of more images.
    pub fn add(&mut self, other: Sums) {
        self.images += other.images;
        self.loss += other.loss;
        self.weight += other.weight;
        self.correct += other.correct;
        self.seconds += other.seconds;
    }

    /// The mean loss, in which an image counts for what it weighs: however the images came in batches, the loss of all
    /// of them as one.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.weight
    }

    /// What is known of how well the images were told apart.
    pub fn scores(&self, task: Task) -> Scores {
        let mut scores = Scores::none(task);
        scores.set(Measure::Loss, self.mean_loss());
        if task.measures().contains(&Measure::Accuracy) {
            scores.set(Measure::Accuracy, self.correct as f64 / self.images as f64);
        }
        scores
    }
}

/// The best validation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenBest")]
pub struct Best {
    /// Its epoch, from 1.
    pub epoch: usize,
    /// In what it was the best.
    #[serde(serialize_with = "name")]
    pub by: Measure,
    /// How good that is.
    #[serde(with = "bits")]
    pub value: f64,
}

fn name<S: serde::Serializer>(measure: &Measure, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(measure.name())
}

/// The best validation as a state has it. Earlier versions knew accuracies only, as the images that were classified
/// right.
#[derive(Deserialize)]
struct WrittenBest {
    epoch: usize,
    #[serde(default)]
    by: String,
    #[serde(default, with = "bits::option")]
    value: Option<f64>,
    #[serde(default)]
    correct: usize,
    #[serde(default)]
    images: usize,
}

impl From<WrittenBest> for Best {
    fn from(written: WrittenBest) -> Best {
        let WrittenBest { epoch, by, value, correct, images } = written;
        let value = value.unwrap_or(correct as f64 / images as f64);
        Best { epoch, by: Measure::of(&by).unwrap_or_default(), value }
    }
}
