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
    rows.filter(|(index, row)| largest(row) == objective.label(*index) as usize).count()
}

/// The index of the largest number; of the first one, if several are.
pub fn largest<T: Real>(row: &[T]) -> usize {
    let larger = |best: usize, index: usize| if row[index] > row[best] { index } else { best };
    (0..row.len()).reduce(larger).unwrap_or(0)
}
