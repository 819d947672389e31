//! How well a network tells which of several classes the pixels of images are of.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Evaluation, Judge, keep, mean, place};
use crate::kernels::IGNORED;
use crate::recipe::Measure;
use crate::train::TrainError;
use crate::train::data::Batch;

/// What became of a set of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentEvaluation {
    /// How many there were.
    pub images: usize,
    /// The sum of the losses of their pixels, but for those that are ignored.
    pub loss: f64,
    /// What became of the pixels of each class.
    pub classes: Vec<ClassPixels>,
    /// Files that were left out, and why.
    pub skipped: Vec<String>,
    /// A few of the images with wrong pixels, those with the largest part of them first.
    pub mistakes: Vec<SegmentGuess>,
    /// A few images from all over the set.
    pub sample: Vec<SegmentGuess>,
}

/// Pixels of a class; those that are ignored do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassPixels {
    /// How many are of it.
    pub truth: u64,
    /// How many were taken for it.
    pub taken_for: u64,
    /// How many are of it and were taken for it.
    pub both: u64,
}

/// An image, and how much of it was right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SegmentGuess {
    /// Its number in its split.
    pub example: usize,
    /// The fraction of its pixels that was right.
    pub accuracy: f64,
    /// The mean intersection over union of its classes.
    pub mean_iou: f64,
}

impl ClassPixels {
    /// The intersection over union; NaN where no pixel is of the class or was taken for it.
    pub fn iou(&self) -> f64 {
        self.both as f64 / (self.truth + self.taken_for - self.both) as f64
    }

    /// The fraction of its pixels that was right; NaN where there are none.
    pub fn accuracy(&self) -> f64 {
        self.both as f64 / self.truth as f64
    }

    fn add(&mut self, other: ClassPixels) {
        self.truth += other.truth;
        self.taken_for += other.taken_for;
        self.both += other.both;
    }
}

/// The mean over the classes that pixels are of or were taken for, as torchmetrics has it.
fn mean_iou(classes: &[ClassPixels]) -> f64 {
    mean(classes.iter().map(ClassPixels::iou).filter(|iou| !iou.is_nan()))
}

fn accuracy(classes: &[ClassPixels]) -> f64 {
    let sum = |of: fn(&ClassPixels) -> u64| classes.iter().map(of).sum::<u64>() as f64;
    sum(|class| class.both) / sum(|class| class.truth)
}

impl SegmentEvaluation {
    /// How many pixels there were that are not ignored.
    pub fn pixels(&self) -> u64 {
        self.classes.iter().map(|class| class.truth).sum()
    }

    /// NaN where it is not known.
    pub(super) fn measured(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Loss => self.loss / self.pixels() as f64,
            Measure::MeanIou => mean_iou(&self.classes),
            Measure::PixelAccuracy => accuracy(&self.classes),
            Measure::Accuracy
            | Measure::BalancedAccuracy
            | Measure::MacroF1
            | Measure::Auroc
            | Measure::CalibrationError
            | Measure::MeanPrecision
            | Measure::MeanDistance
            | Measure::Explained => f64::NAN,
        }
    }
}

/// Counts the pixels of all images.
pub struct SegmentJudge {
    evaluation: SegmentEvaluation,
}

impl SegmentJudge {
    /// Of no images yet.
    pub fn new(classes: usize) -> SegmentJudge {
        let (skipped, mistakes, sample) = (Vec::new(), Vec::new(), Vec::new());
        let classes = vec![ClassPixels::default(); classes];
        SegmentJudge { evaluation: SegmentEvaluation { images: 0, loss: 0.0, classes, skipped, mistakes, sample } }
    }
}

impl Judge for SegmentJudge {
    fn add(&mut self, outputs: &[f32], batch: &Batch) -> Result<(), TrainError> {
        let SegmentEvaluation { images, loss, classes, mistakes, sample, .. } = &mut self.evaluation;
        let count = batch.examples.len();
        let (each, plane) = (outputs.len() / count, batch.labels.len() / count);
        let judged: Vec<(f64, Vec<ClassPixels>)> = outputs
            .par_chunks_exact(each)
            .zip(batch.labels.par_chunks_exact(plane))
            .map(|(scores, labels)| judged(scores, labels, classes.len()))
            .collect();
        for ((sum, counts), example) in judged.into_iter().zip(&batch.examples) {
            *images += 1;
            *loss += sum;
            classes.iter_mut().zip(&counts).for_each(|(total, counts)| total.add(*counts));
            let guess = SegmentGuess { example: *example, accuracy: accuracy(&counts), mean_iou: mean_iou(&counts) };
            // Of some images nothing is known.
            if !guess.accuracy.is_nan() {
                keep(sample, guess, |guess| place(guess.example));
                if guess.accuracy < 1.0 {
                    keep(mistakes, guess, |guess| guess.accuracy);
                }
            }
        }
        Ok(())
    }

    fn verdict(self: Box<Self>, skipped: Vec<String>) -> Evaluation {
        Evaluation::Segments(SegmentEvaluation { skipped, ..self.evaluation })
    }
}

/// The sum of the losses of an image's pixels, and what they were taken for, from scores C×H×W.
fn judged(scores: &[f32], labels: &[u32], classes: usize) -> (f64, Vec<ClassPixels>) {
    let taken_for = likeliest(scores, labels.len());
    let plane = labels.len();
    let mut sums = vec![0.0f64; plane];
    let largest: Vec<f64> = taken_for
        .iter()
        .enumerate()
        .map(|(at, class)| class.map_or(f64::NAN, |class| f64::from(scores[usize::from(class) * plane + at])))
        .collect();
    for scores in scores.chunks_exact(plane) {
        for ((sum, score), largest) in sums.iter_mut().zip(scores).zip(&largest) {
            *sum += (f64::from(*score) - largest).exp();
        }
    }
    let (mut loss, mut counts) = (0.0, vec![ClassPixels::default(); classes]);
    for (at, label) in labels.iter().enumerate().filter(|(_, label)| **label != IGNORED) {
        let label = *label as usize;
        loss += sums[at].ln() + largest[at] - f64::from(scores[label * plane + at]);
        counts[label].truth += 1;
        if let Some(class) = taken_for[at].map(usize::from) {
            counts[class].taken_for += 1;
            counts[label].both += u64::from(class == label);
        }
    }
    (loss, counts)
}

/// For each of so many pixels the class with the largest score, from scores C×H×W; of several the first. `None` where
/// the network gives no number.
pub fn likeliest(scores: &[f32], pixels: usize) -> Vec<Option<u16>> {
    let mut best: Vec<(f32, Option<u16>)> = vec![(f32::NAN, None); pixels];
    for (scores, class) in scores.chunks_exact(pixels).zip(0..) {
        for (best, score) in best.iter_mut().zip(scores) {
            if *score > best.0 || best.1.is_none() && !score.is_nan() {
                *best = (*score, Some(class));
            }
        }
    }
    best.into_iter().map(|(_, class)| class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `tests/fixtures/segment.py`: `classes | images | labels | scores | loss | mean IoU | pixel accuracy |
    /// IoUs`, what PyTorch and torchmetrics make of them.
    const FIXTURE: &str = include_str!("../../../tests/fixtures/segment.txt");

    fn judged(classes: usize, images: usize, labels: &[u32], scores: &[f32]) -> SegmentEvaluation {
        let mut judge = Box::new(SegmentJudge::new(classes));
        let (plane, each) = (labels.len() / images, scores.len() / images);
        // In batches, the last of which is smaller.
        for start in (0..images).step_by(2) {
            let end = images.min(start + 2);
            let examples: Vec<usize> = (start..end).collect();
            let labels = labels[start * plane..end * plane].to_vec();
            let batch = Batch { labels, examples, ..Batch::default() };
            judge.add(&scores[start * each..end * each], &batch).expect("they are counted");
        }
        match judge.verdict(Vec::new()) {
            Evaluation::Segments(evaluation) => evaluation,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn measures_are_torchmetrics() {
        for line in FIXTURE.lines() {
            let number = |word: &str| if word == "-" { f64::NAN } else { word.parse().expect("a number") };
            let parts: Vec<Vec<f64>> = line.split(" | ").map(|part| part.split(' ').map(number).collect()).collect();
            let labels = |label: &f64| if *label == 255.0 { IGNORED } else { *label as u32 };
            let labels: Vec<u32> = parts[2].iter().map(labels).collect();
            let scores: Vec<f32> = parts[3].iter().map(|score| *score as f32).collect();
            let evaluation = judged(parts[0][0] as usize, parts[1][0] as usize, &labels, &scores);
            // torchmetrics counts in 32 bits.
            let near = |found: f64, expected: f64| {
                (found - expected).abs() <= 1e-6 * expected.abs().max(1.0) || found.is_nan() && expected.is_nan()
            };
            for (measure, part) in [(Measure::Loss, 4), (Measure::MeanIou, 5), (Measure::PixelAccuracy, 6)] {
                let found = evaluation.measured(measure);
                assert!(near(found, parts[part][0]), "{measure}: {found}, {line}");
            }
            for (class, expected) in evaluation.classes.iter().zip(&parts[7]) {
                assert!(near(class.iou(), *expected), "{class:?}, {line}");
            }
        }
        assert_eq!(FIXTURE.lines().count(), 6);
    }

    #[test]
    fn the_worst_come_first() {
        let scores = [[2.0, 2.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]].concat();
        let evaluation = judged(2, 3, &[[0; 4], [0, 0, 1, 1], [IGNORED; 4]].concat(), &[&scores[..]; 3].concat());
        assert_eq!(evaluation.mistakes, [SegmentGuess { example: 0, accuracy: 0.5, mean_iou: 0.25 }]);
        assert_eq!((evaluation.sample.len(), evaluation.images, evaluation.pixels()), (2, 3, 8));
        let text = serde_json::to_string(&Evaluation::Segments(evaluation.clone())).expect("plain data becomes JSON");
        let read: Evaluation = serde_json::from_str(&text).expect("it was written here");
        assert_eq!(read, Evaluation::Segments(evaluation));
        let nothing = judged(2, 1, &[0, 1], &[f32::NAN, 1.0, f32::NAN, f32::NAN]);
        assert!(nothing.measured(Measure::Loss).is_nan() && nothing.measured(Measure::PixelAccuracy) == 0.0);
        assert_eq!(likeliest(&[f32::NAN, 1.0, f32::NEG_INFINITY, f32::NAN], 2), [Some(1), Some(0)]);
    }
}
