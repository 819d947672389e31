//! What the outputs of a batch should be, whatever the task: the one place where tasks part in a step.

use super::{
    BinaryObjective, NumbersObjective, Objective, PixelsObjective, Real, cross_entropy, cross_entropy_gradient,
};

/// A task's loss with the targets of a batch.
#[derive(Debug, Clone, Copy)]
pub enum Criterion<'a> {
    /// One class an image.
    Classes(Objective<'a>),
    /// Any number of labels an image.
    Labels(BinaryObjective<'a>),
    /// Numbers.
    Numbers(NumbersObjective<'a>),
    /// One class a pixel.
    Pixels(PixelsObjective<'a>),
}

impl Criterion<'_> {
    /// How many examples there are.
    pub fn batch(&self) -> usize {
        match self {
            Criterion::Classes(objective) => objective.labels.len(),
            Criterion::Labels(objective) => objective.batch,
            Criterion::Numbers(objective) => objective.batch,
            Criterion::Pixels(objective) => objective.batch,
        }
    }

    /// What the sum of the examples' losses is divided by.
    pub fn total_weight(&self) -> f64 {
        match self {
            Criterion::Classes(objective) => objective.total_weight(),
            Criterion::Pixels(objective) => objective.total_weight(),
            Criterion::Labels(_) | Criterion::Numbers(_) => self.batch() as f64,
        }
    }

    /// The loss alone; that of classes without its options.
    pub(crate) fn loss<T: Real>(&self, outputs: &[T]) -> f64 {
        match self {
            Criterion::Classes(objective) => cross_entropy(outputs, objective.labels),
            Criterion::Labels(objective) => objective.loss(outputs),
            Criterion::Numbers(objective) => objective.loss(outputs),
            Criterion::Pixels(objective) => objective.loss(outputs),
        }
    }

    /// The loss, and its gradient with respect to the outputs.
    pub(crate) fn gradient<T: Real>(&self, outputs: &[T], gradient: &mut [T]) -> f64 {
        match self {
            Criterion::Classes(objective) => cross_entropy_gradient(outputs, objective, gradient),
            Criterion::Labels(objective) => objective.gradient(outputs, gradient),
            Criterion::Numbers(objective) => objective.gradient(outputs, gradient),
            Criterion::Pixels(objective) => objective.gradient(outputs, gradient),
        }
    }
}

impl<'a> From<Objective<'a>> for Criterion<'a> {
    fn from(objective: Objective<'a>) -> Criterion<'a> {
        Criterion::Classes(objective)
    }
}

impl<'a> From<BinaryObjective<'a>> for Criterion<'a> {
    fn from(objective: BinaryObjective<'a>) -> Criterion<'a> {
        Criterion::Labels(objective)
    }
}

/// Labels alone.
impl<'a, L: AsRef<[u32]> + ?Sized> From<&'a L> for Criterion<'a> {
    fn from(labels: &'a L) -> Criterion<'a> {
        Criterion::Classes(Objective::from(labels))
    }
}
