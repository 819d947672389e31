//! How well a network tells which of several labels images have.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Evaluation, Judge, keep, mean, place, too_many};
use crate::kernels::{BinaryObjective, BinaryRule, sigmoid};
use crate::recipe::Measure;
use crate::train::TrainError;
use crate::train::data::Batch;
use crate::train::ranking::{MOST_SCORES, area_under};

/// What became of a set of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelsEvaluation {
    /// How many there were.
    pub images: usize,
    /// The sum of their losses, each the mean of the binary cross-entropies of its labels.
    pub loss: f64,
    /// Those of which every label was told right.
    pub correct: usize,
    /// What became of each label.
    pub labels: Vec<LabelResult>,
    /// Files that were left out, and why.
    pub skipped: Vec<String>,
    /// A few of the images of which some label was told wrong, those with the largest losses, the largest first.
    pub mistakes: Vec<LabelGuess>,
    /// A few images from all over the set.
    pub sample: Vec<LabelGuess>,
}

/// What became of a label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LabelResult {
    /// How many images have it.
    pub images: usize,
    /// An image is said to have it from this probability on.
    pub threshold: f64,
    /// Images that have it, and are said to.
    pub found: usize,
    /// Images that do not have it, and are said to.
    pub wrong: usize,
    /// How far the images that have it come before the others; `None` if none has it.
    pub average_precision: Option<f64>,
    /// How likely an image that has it comes before one that has not; `None` if all have it or none.
    pub auroc: Option<f64>,
}

/// An image with what it has and what it is said to have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelGuess {
    /// Its number in its split.
    pub example: usize,
    /// Its labels.
    pub labels: Vec<u32>,
    /// Those that it is said to have.
    pub taken_for: Vec<u32>,
    /// The mean of its labels' losses.
    pub loss: f64,
}

impl LabelResult {
    /// Of the images that are said to have it, the part that does; NaN if none is.
    pub fn precision(&self) -> f64 {
        self.found as f64 / (self.found + self.wrong) as f64
    }

    /// Of the images that have it, the part that is said to; NaN if none has.
    pub fn recall(&self) -> f64 {
        self.found as f64 / self.images as f64
    }

    /// The harmonic mean of both; NaN if no image has it or is said to.
    pub fn f1(&self) -> f64 {
        2.0 * self.found as f64 / (self.images + self.found + self.wrong) as f64
    }
}

impl LabelsEvaluation {
    /// NaN where it is not known.
    pub(super) fn measured(&self, measure: Measure) -> f64 {
        let known = |of: fn(&LabelResult) -> Option<f64>| mean(self.labels.iter().filter_map(of));
        match measure {
            Measure::Loss => self.loss / self.images as f64,
            Measure::Accuracy => self.correct as f64 / self.images as f64,
            Measure::MeanPrecision => known(|label| label.average_precision),
            Measure::Auroc => known(|label| label.auroc),
            Measure::MacroF1 => mean(self.labels.iter().map(LabelResult::f1).filter(|f1| !f1.is_nan())),
            Measure::BalancedAccuracy
            | Measure::CalibrationError
            | Measure::MeanDistance
            | Measure::Explained
            | Measure::MeanIou
            | Measure::PixelAccuracy => f64::NAN,
        }
    }
}

/// All scores of all images.
pub struct LabelsJudge {
    labels: usize,
    /// None if they are to be chosen.
    thresholds: Vec<f64>,
    /// Both N×C.
    logits: Vec<f32>,
    has: Vec<bool>,
    losses: Vec<f64>,
    examples: Vec<usize>,
}

impl LabelsJudge {
    /// Of no images yet.
    pub fn new(labels: usize, thresholds: &[f64]) -> LabelsJudge {
        let thresholds = if thresholds.len() == labels { thresholds.to_vec() } else { Vec::new() };
        let (logits, has, losses, examples) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        LabelsJudge { labels, thresholds, logits, has, losses, examples }
    }

    fn result(&self, label: usize) -> LabelResult {
        let column = || self.logits.iter().skip(label).step_by(self.labels).copied();
        let has = || self.has.iter().skip(label).step_by(self.labels).copied();
        let images = has().filter(|has| *has).count();
        let probabilities = || column().map(|logit| sigmoid(f64::from(logit)));
        let is_known = !column().any(f32::is_nan);
        let threshold = match self.thresholds.get(label) {
            Some(threshold) => *threshold,
            None if is_known => best_threshold(probabilities().zip(has()).collect(), images),
            None => USUAL_THRESHOLD,
        };
        let said = || probabilities().map(|probability| probability >= threshold).zip(has());
        let of = |wanted: bool| column().zip(has()).filter(move |(_, has)| *has == wanted).map(|(logit, _)| logit);
        LabelResult {
            images,
            threshold,
            found: said().filter(|(said, has)| *said && *has).count(),
            wrong: said().filter(|(said, has)| *said && !*has).count(),
            average_precision: average_precision(column().zip(has()).collect(), images).filter(|_| is_known),
            auroc: area_under(of(true).collect(), of(false)).filter(|_| is_known),
        }
    }
}

impl Judge for LabelsJudge {
    fn add(&mut self, outputs: &[f32], batch: &Batch) -> Result<(), TrainError> {
        if self.logits.len() + outputs.len() > MOST_SCORES {
            return Err(too_many(self.examples.len() + batch.examples.len(), self.labels));
        }
        self.logits.extend_from_slice(outputs);
        self.has.extend(batch.targets.iter().map(|target| *target > 0.5));
        for (logits, targets) in outputs.chunks_exact(self.labels).zip(batch.targets.chunks_exact(self.labels)) {
            let objective = BinaryObjective { targets, batch: 1, mixed: None, rule: BinaryRule::PLAIN };
            self.losses.push(objective.loss(logits));
        }
        self.examples.extend_from_slice(&batch.examples);
        Ok(())
    }

    fn verdict(self: Box<Self>, skipped: Vec<String>) -> Evaluation {
        let labels: Vec<LabelResult> = (0..self.labels).into_par_iter().map(|label| self.result(label)).collect();
        let (mut correct, mut mistakes, mut sample) = (0, Vec::new(), Vec::new());
        let rows = self.logits.chunks_exact(self.labels).zip(self.has.chunks_exact(self.labels));
        for (((logits, has), loss), example) in rows.zip(&self.losses).zip(&self.examples) {
            let said = |(logit, label): (&f32, &LabelResult)| sigmoid(f64::from(*logit)) >= label.threshold;
            let said: Vec<bool> = logits.iter().zip(&labels).map(said).collect();
            let is_right = said == has && !logits.iter().any(|logit| logit.is_nan());
            let numbers = |these: &[bool]| (0..).zip(these).filter(|(_, is)| **is).map(|(number, _)| number).collect();
            let guess =
                || LabelGuess { example: *example, labels: numbers(has), taken_for: numbers(&said), loss: *loss };
            correct += usize::from(is_right);
            if !is_right {
                keep(&mut mistakes, guess(), |guess| -guess.loss);
            }
            keep(&mut sample, guess(), |guess| place(guess.example));
        }
        let (images, loss) = (self.examples.len(), self.losses.iter().sum());
        Evaluation::Labels(LabelsEvaluation { images, loss, correct, labels, skipped, mistakes, sample })
    }
}

/// The threshold of a label of which nothing better is known.
pub const USUAL_THRESHOLD: f64 = 0.5;

/// The probability from which on images are said to have a label, so that its F1 is the best: of several, the highest.
/// It lies in the middle between two images, so that rounding moves none of them.
fn best_threshold(mut probabilities: Vec<(f64, bool)>, images: usize) -> f64 {
    probabilities.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
    let (mut best, mut threshold, mut found) = (0.0, USUAL_THRESHOLD, 0usize);
    for (at, (probability, has)) in probabilities.iter().enumerate() {
        found += usize::from(*has);
        let next = probabilities.get(at + 1).map_or(0.0, |(next, _)| *next);
        let f1 = 2.0 * found as f64 / (images + at + 1) as f64;
        // Equal ones are said to have it together.
        if next < *probability && f1 > best {
            (best, threshold) = (f1, f64::midpoint(*probability, next));
        }
    }
    threshold
}

/// Σ (Rₙ − Rₙ₋₁)·Pₙ over the scores from the highest, of which equal ones count together, as scikit-learn's
/// `average_precision_score`; `None` if no image has the label.
fn average_precision(mut scores: Vec<(f32, bool)>, images: usize) -> Option<f64> {
    scores.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
    let (mut sum, mut found, mut counted) = (0.0, 0usize, 0usize);
    for (at, (score, has)) in scores.iter().enumerate() {
        found += usize::from(*has);
        if scores.get(at + 1).is_none_or(|(next, _)| next != score) {
            sum += (found - counted) as f64 * (found as f64 / (at + 1) as f64);
            counted = found;
        }
    }
    (images > 0).then(|| sum / images as f64)
}

#[cfg(test)]
mod tests;
