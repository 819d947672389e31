//! What logits are worth: the loss, and how often the largest is the right one.

use crate::kernels::{self, Objective, Real};

/// How well a batch was classified.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// Cross-entropy, the mean over the batch.
    pub loss: f64,
    /// Images whose largest logit is their label's.
    pub correct: usize,
    /// What the mean was divided by: the number of images, or the sum of their labels' class weights.
    pub weight: f64,
}

/// Loss and hits of logits N×classes.
pub fn classify<T: Real>(logits: &[T], labels: &[u32]) -> Loss {
    let objective = Objective::from(labels);
    let weight = objective.total_weight();
    Loss { loss: kernels::cross_entropy(logits, labels), correct: correct(logits, &objective), weight }
}

/// Images whose largest logit is their label's.
pub(super) fn correct<T: Real>(logits: &[T], objective: &Objective) -> usize {
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
