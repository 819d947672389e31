//! How well a network does on a set of images.

use std::sync::atomic::{AtomicBool, Ordering};

use super::data::{Batches, DataError};
use crate::executor::{Executor, largest};
use crate::kernels;

/// What became of a set of images.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// How many there were.
    pub images: usize,
    /// The sum of their losses.
    pub loss: f64,
    /// Those whose label has one of the five largest logits.
    pub top5: usize,
    /// Images by label (row) and by what the network took them for (column).
    pub confusion: Vec<Vec<usize>>,
    /// Files that were left out, and why.
    pub skipped: Vec<String>,
}

impl Evaluation {
    /// Of no images yet.
    pub fn new(classes: usize) -> Evaluation {
        Evaluation { images: 0, loss: 0.0, top5: 0, confusion: vec![vec![0; classes]; classes], skipped: Vec::new() }
    }

    /// Takes in the logits N×classes of images with these labels.
    pub fn add(&mut self, logits: &[f32], labels: &[u32]) {
        self.images += labels.len();
        self.loss += kernels::cross_entropy(logits, labels) * labels.len() as f64;
        for (row, label) in logits.chunks_exact(self.confusion.len()).zip(labels) {
            let label = *label as usize;
            self.confusion[label][largest(row)] += 1;
            let ahead = row.iter().enumerate().filter(|(i, x)| **x > row[label] || (**x == row[label] && *i < label));
            self.top5 += usize::from(ahead.count() < 5);
        }
    }

    /// Those that were classified right.
    pub fn correct(&self) -> usize {
        self.confusion.iter().enumerate().map(|(label, row)| row[label]).sum()
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

    /// For each class, the fraction of its images that was classified right; NaN where there are none.
    pub fn class_accuracies(&self) -> Vec<f64> {
        let accuracy = |(label, row): (usize, &Vec<usize>)| row[label] as f64 / row.iter().sum::<usize>() as f64;
        self.confusion.iter().enumerate().map(accuracy).collect()
    }
}

/// Evaluates the network on all of `batches`; `None` if `stop` was set before the end.
pub fn evaluate(
    executor: &mut Executor<f32>,
    mut batches: Batches,
    stop: &AtomicBool,
) -> Result<Option<Evaluation>, DataError> {
    let mut evaluation = Evaluation::new(executor.classes());
    while !stop.load(Ordering::Relaxed) {
        let Some(batch) = batches.next() else {
            evaluation.skipped = batches.skipped().iter().map(ToString::to_string).collect();
            return Ok(Some(evaluation));
        };
        let batch = batch?;
        evaluation.add(executor.evaluate(&batch.images), &batch.labels);
        batches.recycle(batch);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_logits() {
        let mut evaluation = Evaluation::new(7);
        let logits = [
            [9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], // right
            [9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], // the sixth best
            [9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], // the fifth best
            [7.0, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0], // equal to a class before it
        ];
        evaluation.add(logits.as_flattened(), &[0, 2, 3, 2]);
        assert_eq!((evaluation.images, evaluation.correct(), evaluation.top5), (4, 1, 3));
        assert_eq!(evaluation.confusion[2], [2, 0, 0, 0, 0, 0, 0]);
        assert_eq!(evaluation.accuracy(), 0.25);
        let classes = evaluation.class_accuracies();
        assert_eq!(classes[0], 1.0);
        assert_eq!(classes[2], 0.0);
        assert!(classes[6].is_nan());
        assert!(Evaluation::new(7).mean_loss().is_nan());
    }
}
