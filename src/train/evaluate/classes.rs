//! How well a network tells which of several classes images are of.

use serde::{Deserialize, Serialize};

use super::{Evaluation, Judge, keep, mean, place};
use crate::executor::{has_largest, largest};
use crate::kernels;
use crate::recipe::Measure;
use crate::train::TrainError;
use crate::train::calibration::Calibration;
use crate::train::confusion::Confusion;
use crate::train::data::Batch;
use crate::train::ranking::Ranking;

/// What became of a set of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassEvaluation {
    /// How many there were.
    pub images: usize,
    /// The sum of their losses.
    pub loss: f64,
    /// Those whose label has one of the five largest logits.
    pub top5: usize,
    /// Images by label (row) and by what the network took them for (column); not those for which it gave no number
    /// (NaN).
    pub confusion: Confusion,
    /// How well images of a class are told from others by its score: the mean area under the receiver operating
    /// characteristic of each class against the rest; see `Ranking`. Earlier versions did not know it, nor what
    /// follows.
    #[serde(default)]
    pub auroc: Option<f64>,
    /// Whether images are as often right as they are likely to be.
    #[serde(default)]
    pub calibration: Calibration,
    /// Files that were left out, and why.
    pub skipped: Vec<String>,
    /// A few of the images that were classified wrong, those with the largest losses, the largest first.
    pub mistakes: Vec<Guess>,
    /// A few images from all over the set.
    pub sample: Vec<Guess>,
}

/// An image and what it was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Guess {
    /// Its number in its split.
    pub example: usize,
    /// Its class.
    pub label: u32,
    /// The class with the largest logit.
    pub taken_for: u32,
    /// How likely that class is, to the network.
    pub probability: f64,
    /// −ln of how likely its own class is.
    pub loss: f64,
}

impl Guess {
    fn new(row: &[f32], example: usize, label: u32) -> Guess {
        let taken_for = largest(row);
        let above = |logit: f32| f64::from(logit) - f64::from(row[taken_for]);
        let log_sum = row.iter().map(|logit| above(*logit).exp()).sum::<f64>().ln();
        let loss = log_sum - above(row[label as usize]);
        Guess { example, label, taken_for: taken_for as u32, probability: (-log_sum).exp(), loss }
    }
}

impl ClassEvaluation {
    /// Of no images yet.
    pub fn new(classes: usize) -> ClassEvaluation {
        let confusion = Confusion::new(classes);
        let (skipped, mistakes, sample) = (Vec::new(), Vec::new(), Vec::new());
        let (auroc, calibration) = (None, Calibration::default());
        ClassEvaluation { images: 0, loss: 0.0, top5: 0, confusion, auroc, calibration, skipped, mistakes, sample }
    }

    /// Takes in the logits N×classes of images with these labels and these numbers in their split.
    pub fn add(&mut self, logits: &[f32], labels: &[u32], examples: &[usize]) {
        self.images += labels.len();
        self.loss += kernels::cross_entropy(logits, labels) * labels.len() as f64;
        for ((row, label), example) in logits.chunks_exact(self.confusion.classes()).zip(labels).zip(examples) {
            let guess = Guess::new(row, *example, *label);
            let label = *label as usize;
            if !has_largest(row, label) {
                keep(&mut self.mistakes, guess, |guess| -guess.loss);
            }
            keep(&mut self.sample, guess, |guess| place(guess.example));
            // Without a number among its logits an image is taken for nothing.
            if !row[guess.taken_for as usize].is_nan() {
                self.confusion.add(label, guess.taken_for);
            }
            if !guess.probability.is_nan() {
                self.calibration.add(guess.probability, guess.taken_for as usize == label);
            }
            let ahead = row.iter().enumerate().filter(|(i, x)| **x > row[label] || (**x == row[label] && *i < label));
            self.top5 += usize::from(!row[label].is_nan() && ahead.count() < 5);
        }
    }

    /// NaN where it is not known.
    pub(super) fn measured(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Loss => self.mean_loss(),
            Measure::Accuracy => self.accuracy(),
            Measure::BalancedAccuracy => self.balanced_accuracy(),
            Measure::MacroF1 => self.macro_f1(),
            Measure::Auroc => self.auroc.unwrap_or(f64::NAN),
            Measure::CalibrationError => self.calibration.error(),
            Measure::MeanPrecision
            | Measure::MeanDistance
            | Measure::Explained
            | Measure::MeanIou
            | Measure::PixelAccuracy => f64::NAN,
        }
    }

    /// Those that were classified right.
    pub fn correct(&self) -> usize {
        (0..self.confusion.classes()).map(|label| self.confusion.taken_for(label, label)).sum()
    }

    /// The fraction that was; NaN without images.
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.images as f64
    }

    /// The fraction whose label was among the first five; NaN without images.
    pub fn top5_accuracy(&self) -> f64 {
        self.top5 as f64 / self.images as f64
    }

    /// The mean loss; NaN without images.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.images as f64
    }

    /// The mean of [`ClassEvaluation::class_accuracies`] over the classes that have images; NaN without images.
    pub fn balanced_accuracy(&self) -> f64 {
        mean(self.class_accuracies().into_iter().filter(|accuracy| !accuracy.is_nan()))
    }

    /// The mean over classes of the harmonic mean of precision and recall. A class counts if images are of it, or were
    /// taken for it. NaN without images.
    pub fn macro_f1(&self) -> f64 {
        let confusion = &self.confusion;
        let mut taken_for = vec![0; confusion.classes()];
        confusion.rows().flatten().for_each(|(class, count)| taken_for[*class as usize] += count);
        let class = |(class, taken_for): (usize, usize)| (confusion.taken_for(class, class), taken_for, class);
        let counts = taken_for.into_iter().enumerate().map(class);
        let all = counts.map(|(right, taken_for, class)| (right, taken_for + confusion.images(class)));
        mean(all.filter(|(_, all)| *all > 0).map(|(right, all)| 2.0 * right as f64 / all as f64))
    }

    /// For each class, the fraction of its images that was classified right; NaN where there are none.
    pub fn class_accuracies(&self) -> Vec<f64> {
        let confusion = &self.confusion;
        let accuracy = |label| confusion.taken_for(label, label) as f64 / confusion.images(label) as f64;
        (0..confusion.classes()).map(accuracy).collect()
    }
}

/// The logits of all images so far.
pub struct ClassJudge {
    evaluation: ClassEvaluation,
    ranking: Ranking,
}

impl ClassJudge {
    /// Of no images yet.
    pub fn new(classes: usize) -> ClassJudge {
        ClassJudge { evaluation: ClassEvaluation::new(classes), ranking: Ranking::new(classes) }
    }
}

impl Judge for ClassJudge {
    fn add(&mut self, outputs: &[f32], batch: &Batch) -> Result<(), TrainError> {
        self.ranking.add(outputs, &batch.labels);
        self.evaluation.add(outputs, &batch.labels, &batch.examples);
        Ok(())
    }

    fn verdict(self: Box<Self>, skipped: Vec<String>) -> Evaluation {
        let auroc = self.ranking.area();
        Evaluation::Classes(Box::new(ClassEvaluation { auroc, skipped, ..self.evaluation }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEW;
    use super::*;

    #[test]
    fn counts_are_those_of_the_logits() {
        let mut evaluation = ClassEvaluation::new(7);
        let logits = [
            [9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], // right
            [9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], // the sixth best
            [9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], // the fifth best
            [7.0, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0], // equal to a class before it
        ];
        evaluation.add(logits.as_flattened(), &[0, 2, 3, 2], &[0, 1, 2, 3]);
        assert_eq!((evaluation.images, evaluation.correct(), evaluation.top5), (4, 1, 3));
        assert_eq!(evaluation.confusion.whole_row(2), [2, 0, 0, 0, 0, 0, 0]);
        assert_eq!(evaluation.accuracy(), 0.25);
        let classes = evaluation.class_accuracies();
        assert_eq!(classes[0], 1.0);
        assert_eq!(classes[2], 0.0);
        assert!(classes[6].is_nan());
        assert!(ClassEvaluation::new(7).mean_loss().is_nan());
    }

    /// An infinite logit is one.
    #[test]
    fn no_image_is_right_by_a_logit_that_is_no_number() {
        const NAN: f32 = f32::NAN;
        for (logits, label, expected) in [
            ([NAN; 7], 0, (0, 0, None)),
            ([NAN; 7], 3, (0, 0, None)),
            ([NAN, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0, (0, 0, Some(1))),
            ([NAN, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0], 2, (1, 1, Some(2))),
            ([1.0, NAN, 0.0, 0.0, 0.0, 0.0, 0.0], 1, (0, 0, Some(0))),
            ([f32::NEG_INFINITY, NAN, NAN, NAN, NAN, NAN, NAN], 0, (1, 1, Some(0))),
            ([1.0, 2.0, NAN, f32::INFINITY, NAN, NAN, 0.0], 0, (0, 1, Some(3))),
        ] {
            let mut evaluation = ClassEvaluation::new(7);
            evaluation.add(&logits, &[label], &[0]);
            let taken_for = evaluation.confusion.rows().flatten().next().map(|(other, _)| *other);
            assert_eq!((evaluation.correct(), evaluation.top5, taken_for), expected, "{logits:?}, label {label}");
            assert_eq!(
                (evaluation.images, evaluation.mistakes.len()),
                (1, 1 - expected.0),
                "{logits:?}, label {label}"
            );
        }
    }

    #[test]
    fn the_worst_mistakes_and_a_sample_are_kept() {
        let mut evaluation = ClassEvaluation::new(3);
        // Every third image is wrong, the more so the later it comes; the worst of them are not all in one batch.
        for first in (0..600).step_by(100) {
            let examples: Vec<usize> = (first..first + 100).collect();
            let row = |example: &usize| {
                if example.is_multiple_of(3) { [*example as f32 / 100.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] }
            };
            let logits: Vec<f32> = examples.iter().flat_map(row).collect();
            evaluation.add(&logits, &[1; 100], &examples);
        }
        let examples = |guesses: &[Guess]| guesses.iter().map(|guess| guess.example).collect::<Vec<_>>();
        let worst: Vec<usize> = (0..200).rev().map(|index| 3 * index).take(FEW).collect();
        assert_eq!(examples(&evaluation.mistakes), worst);
        // softmax of 5.97, 0, 0
        let (first, power) = (evaluation.mistakes[0], 5.97f32 as f64);
        let probability = power.exp() / (power.exp() + 2.0);
        assert_eq!((first.label, first.taken_for), (1, 0));
        assert!(
            (first.probability - probability).abs() < 1e-12 && (first.loss - (power - probability.ln())).abs() < 1e-12
        );

        let mut sample = examples(&evaluation.sample);
        sample.sort_unstable();
        assert_eq!(sample.len(), FEW);
        assert!(
            sample.windows(2).all(|pair| pair[1] - pair[0] < 3 * 600 / FEW),
            "it is spread over the set: {sample:?}"
        );
        let text = serde_json::to_string(&evaluation).expect("plain data becomes JSON");
        let read: ClassEvaluation = serde_json::from_str(&text).expect("it was written here");
        assert_eq!((examples(&read.mistakes), read.confusion), (worst, evaluation.confusion));
    }
}
