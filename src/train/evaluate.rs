//! How well a network does on a set of images: the one place where tasks part in what is measured.

mod classes;
mod labels;
mod numbers;
mod segments;

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use self::classes::ClassJudge;
pub use self::classes::{ClassEvaluation, Guess};
use self::labels::LabelsJudge;
pub use self::labels::{LabelGuess, LabelResult, LabelsEvaluation, USUAL_THRESHOLD};
use self::numbers::NumbersJudge;
pub use self::numbers::{ColumnResult, NumberGuess, NumbersEvaluation};
use self::segments::SegmentJudge;
pub use self::segments::{ClassPixels, SegmentEvaluation, SegmentGuess, likeliest};
use super::TrainError;
use super::data::{Batch, Batches, Dataset, other_outputs};
use super::ranking::MOST_SCORES;
use super::scores::Scores;
use crate::executor::Evaluator;
use crate::ir::{Shape, ValueId};
use crate::program::Program;
use crate::recipe::{Measure, Task};

/// What became of a set of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Evaluation {
    /// Which of several classes each was taken for.
    Classes(Box<ClassEvaluation>),
    /// Which labels each was said to have.
    Labels(LabelsEvaluation),
    /// How near the network came to their numbers.
    Numbers(NumbersEvaluation),
    /// Which of several classes their pixels were taken for.
    Segments(SegmentEvaluation),
}

impl Evaluation {
    /// What the network was to say of the images.
    pub fn task(&self) -> Task {
        match self {
            Evaluation::Classes(_) => Task::Class,
            Evaluation::Labels(_) => Task::Multilabel,
            Evaluation::Numbers(_) => Task::Regression,
            Evaluation::Segments(_) => Task::Segment,
        }
    }

    /// How many images there were.
    pub fn images(&self) -> usize {
        match self {
            Evaluation::Classes(evaluation) => evaluation.images,
            Evaluation::Labels(evaluation) => evaluation.images,
            Evaluation::Numbers(evaluation) => evaluation.images,
            Evaluation::Segments(evaluation) => evaluation.images,
        }
    }

    /// Files that were left out, and why.
    pub fn skipped(&self) -> &[String] {
        match self {
            Evaluation::Classes(evaluation) => &evaluation.skipped,
            Evaluation::Labels(evaluation) => &evaluation.skipped,
            Evaluation::Numbers(evaluation) => &evaluation.skipped,
            Evaluation::Segments(evaluation) => &evaluation.skipped,
        }
    }

    /// What each label's probability must reach for an image to be said to have it; nothing where that is not asked.
    pub fn thresholds(&self) -> Vec<f64> {
        match self {
            Evaluation::Classes(_) | Evaluation::Numbers(_) | Evaluation::Segments(_) => Vec::new(),
            Evaluation::Labels(evaluation) => evaluation.labels.iter().map(|label| label.threshold).collect(),
        }
    }

    /// The mean loss; NaN without images.
    pub fn mean_loss(&self) -> f64 {
        self.measured(Measure::Loss)
    }

    /// All that the task measures.
    pub fn scores(&self) -> Scores {
        let mut scores = Scores::none(self.task());
        for measure in self.task().measures() {
            scores.set(*measure, self.measured(*measure));
        }
        scores
    }

    /// NaN where it is not known.
    fn measured(&self, measure: Measure) -> f64 {
        match self {
            Evaluation::Classes(evaluation) => evaluation.measured(measure),
            Evaluation::Labels(evaluation) => evaluation.measured(measure),
            Evaluation::Numbers(evaluation) => evaluation.measured(measure),
            Evaluation::Segments(evaluation) => evaluation.measured(measure),
        }
    }
}

/// Takes in what a network gives until it can say how good that is.
pub(super) trait Judge {
    /// The outputs N×C for the images of a batch, or N×C×H×W.
    ///
    /// # Errors
    /// If there are more than can be judged.
    fn add(&mut self, outputs: &[f32], batch: &Batch) -> Result<(), TrainError>;

    /// What came of it; these images were left out.
    fn verdict(self: Box<Self>, skipped: Vec<String>) -> Evaluation;
}

/// Whoever judges a network with such an output on a data set. `thresholds` are what its labels' probabilities must
/// reach; where there are none, they are chosen by what is judged.
pub(super) fn judge(dataset: &Dataset, program: &Program, thresholds: &[f64]) -> Result<Box<dyn Judge>, TrainError> {
    let outputs = program.shape(program.output).channels();
    match dataset.data().task {
        Task::Class => Ok(Box::new(ClassJudge::new(outputs))),
        Task::Multilabel => {
            check_outputs(dataset, outputs)?;
            Ok(Box::new(LabelsJudge::new(outputs, thresholds)))
        }
        Task::Regression => {
            check_outputs(dataset, outputs)?;
            Ok(Box::new(NumbersJudge::new(outputs)))
        }
        Task::Segment => {
            check_outputs(dataset, outputs)?;
            check_pixels(program)?;
            Ok(Box::new(SegmentJudge::new(outputs)))
        }
    }
}

/// A network says something of each label or number.
pub(super) fn check_outputs(dataset: &Dataset, outputs: usize) -> Result<(), TrainError> {
    let labels = dataset.classes().len();
    match labels == outputs {
        true => Ok(()),
        false => Err(TrainError::Refused(other_outputs(dataset.data().task, labels, outputs))),
    }
}

/// Where pixels have classes, a network gives a score for each class of every pixel that it reads.
pub(super) fn check_pixels(program: &Program) -> Result<(), TrainError> {
    let (input, output) = (program.shape(ValueId::INPUT), program.shape(program.output));
    match (input, output) {
        (Shape::Map { height, width, .. }, Shape::Map { height: rows, width: columns, .. })
            if (rows, columns) == (height, width) =>
        {
            Ok(())
        }
        _ => Err(TrainError::Refused(format!(
            "the network reads {input} and gives {output}: for `task: segment` it must give a score for each class of \
             every pixel that it reads"
        ))),
    }
}

fn too_many(images: usize, outputs: usize) -> TrainError {
    let scores = images.saturating_mul(outputs);
    TrainError::Refused(format!(
        "to judge {outputs} outputs, every one of every image is needed: {images} images have {scores}, and at most \
         {MOST_SCORES} are kept: take fewer images"
    ))
}

/// Whether so many images can be judged.
pub(super) fn check_count(task: Task, images: usize, outputs: usize) -> Result<(), TrainError> {
    match matches!(task, Task::Class | Task::Segment) || images.saturating_mul(outputs) <= MOST_SCORES {
        true => Ok(()),
        false => Err(too_many(images, outputs)),
    }
}

/// Evaluates the network on all of `batches`, which are of `dataset`; `None` if `stop` was set before the end. Its
/// labels are there from these `thresholds` on; without any, they are chosen.
///
/// # Errors
/// If images cannot be read, if the data is for another network, and if the device fails.
pub fn evaluate(
    network: &mut (impl Evaluator + ?Sized),
    dataset: &Dataset,
    thresholds: &[f64],
    mut batches: Batches,
    stop: &AtomicBool,
) -> Result<Option<Evaluation>, TrainError> {
    let mut judge = judge(dataset, network.program(), thresholds)?;
    while !stop.load(Ordering::Relaxed) {
        let Some(batch) = batches.next() else {
            let skipped = batches.skipped().iter().map(ToString::to_string).collect();
            return Ok(Some(judge.verdict(skipped)));
        };
        let batch = batch?;
        judge.add(network.evaluate(&batch.images)?, &batch)?;
        batches.recycle(batch);
    }
    Ok(None)
}

/// How many mistakes are kept, and how many of all images.
const FEW: usize = 24;

/// Adds `guess` to a short list in ascending order of `key`, and drops the last of too many.
fn keep<G, K: PartialOrd>(list: &mut Vec<G>, guess: G, key: impl Fn(&G) -> K) {
    let at = list.partition_point(|other| key(other) <= key(&guess));
    if at < FEW {
        list.truncate(FEW - 1);
        list.insert(at, guess);
    }
}

/// Multiples of the golden ratio, whose first few are spread evenly however many there are. Source: Knuth, "The Art
/// of Computer Programming", volume 3, §6.4.
fn place(example: usize) -> u32 {
    (example as u32).wrapping_mul(0x9e37_79b9)
}

/// NaN of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}
