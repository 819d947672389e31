//! What outputs are worth: the loss, and how often they are right.

use crate::kernels::{Criterion, Objective, Real};

/// How well a batch was told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// The mean over the batch.
    pub loss: f64,
    /// Images whose largest logit is their label's; of several labels an image, those of which all are told right.
    pub correct: usize,
    /// What the mean was divided by: the number of images, or the sum of their labels' class weights.
    pub weight: f64,
}

/// Loss and hits of logits N×classes.
pub fn classify<T: Real>(logits: &[T], labels: &[u32]) -> Loss {
    Loss::of(logits, &Criterion::from(labels))
}

impl Loss {
    /// That of outputs whose gradient nobody asks for; of classes, the plain cross-entropy.
    pub(super) fn of<T: Real>(outputs: &[T], criterion: &Criterion) -> Loss {
        let (loss, weight) = (criterion.loss(outputs), criterion.total_weight());
        Loss { loss, correct: correct(outputs, criterion), weight }
    }
}

/// Images that are told right.
pub(super) fn correct<T: Real>(outputs: &[T], criterion: &Criterion) -> usize {
    match criterion {
        Criterion::Classes(objective) => with_largest(outputs, objective),
        Criterion::Labels(objective) => objective.correct(outputs),
        // No number is just right or wrong, and hardly ever are all pixels.
        Criterion::Numbers(_) | Criterion::Pixels(_) => 0,
    }
}

/// Images whose largest logit is their label's.
fn with_largest<T: Real>(logits: &[T], objective: &Objective) -> usize {
    let rows = logits.chunks_exact(logits.len() / objective.labels.len()).enumerate();
    let is_right = |(index, row): &(usize, &[T])| has_largest(row, objective.label(*index) as usize);
    rows.filter(is_right).count()
}

/// Whether the largest number is the label's.
pub fn has_largest<T: Real>(row: &[T], label: usize) -> bool {
    !row[label].to_f64().is_nan() && largest(row) == label
}

/// The index of the largest number; of the first one, if several are. What is no number (NaN) is chosen only where
/// nothing else is.
pub fn largest<T: Real>(row: &[T]) -> usize {
    let is_number = |index: usize| !row[index].to_f64().is_nan();
    let is_larger = |index, best| row[index] > row[best] || is_number(index) && !is_number(best);
    (0..row.len()).reduce(|best, index| if is_larger(index, best) { index } else { best }).unwrap_or(0)
}
