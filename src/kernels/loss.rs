//! Cross-entropy on logits, the mean over the batch, with PyTorch's label smoothing, class weights and mixed targets
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>).
//!
//! Operations: two exponentials for each logit, in f64. There are so few logits that it takes less than 0.1 % of a
//! step.

use super::Real;

/// The mean of log Σ exp(x) − x\[label\]. Logits are N×classes, labels are N numbers below the number of classes.
///
/// # Panics
/// If a label is out of range.
pub fn cross_entropy<T: Real>(logits: &[T], labels: &[u32]) -> f64 {
    let classes = logits.len() / labels.len();
    let losses = logits.chunks_exact(classes).zip(labels).map(|(x, label)| log_total(x) - x[*label as usize].to_f64());
    losses.sum::<f64>() / labels.len() as f64
}

/// What the logits of a batch should be, and how much that matters.
#[derive(Debug, Clone, Copy)]
pub struct Objective<'a> {
    /// N numbers below the number of classes.
    pub labels: &'a [u32],
    /// In a mixed batch, the part of each target that is the example's own label. The rest is the label of the example
    /// as far from the end of the batch as this one is from its beginning.
    pub mixed: Option<f64>,
    /// ε: the part of each target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// w, one for each class, above 0; 1 each if there are none.
    pub class_weights: &'a [f64],
}

/// Labels alone.
impl<'a, L: AsRef<[u32]> + ?Sized> From<&'a L> for Objective<'a> {
    fn from(labels: &'a L) -> Objective<'a> {
        Objective { labels: labels.as_ref(), mixed: None, label_smoothing: 0.0, class_weights: &[] }
    }
}

impl Objective<'_> {
    /// What the sum over the batch is divided by: Σ w\[label\], and for mixed batches N, as in PyTorch.
    pub fn total_weight(&self) -> f64 {
        match self.mixed {
            None if !self.class_weights.is_empty() => self.labels.iter().map(|label| self.weight(*label)).sum(),
            _ => self.labels.len() as f64,
        }
    }

    /// The label with the largest part in example `index`'s target.
    pub fn label(&self, index: usize) -> u32 {
        let [(own, part), (other, _)] = self.parts(index);
        if part >= 0.5 { own } else { other }
    }

    /// Both labels in example `index`'s target, with their parts.
    fn parts(&self, index: usize) -> [(u32, f64); 2] {
        let (own, other) = (self.labels[index], self.labels[self.labels.len() - 1 - index]);
        let part = self.mixed.unwrap_or(1.0);
        [(own, part), (other, 1.0 - part)]
    }

    fn weight(&self, label: u32) -> f64 {
        if self.class_weights.is_empty() { 1.0 } else { self.class_weights[label as usize] }
    }
}

/// The loss Σ u\[c\]·(log Σ exp(x) − x\[c\]) / [`Objective::total_weight`], summed over the batch, of which u are the
/// targets times the class weights, and its gradient with respect to the logits, (Σu · softmax(x) − u) / total weight.
///
/// # Panics
/// If a label is out of range.
pub fn cross_entropy_gradient<T: Real>(logits: &[T], objective: &Objective, gradient: &mut [T]) -> f64 {
    let classes = logits.len() / objective.labels.len();
    let total = objective.total_weight();
    let options = Options::new(objective.label_smoothing, objective.class_weights, classes, total);
    let rows = logits.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes)).enumerate();
    let losses = rows.map(|(index, (x, gradient))| options.gradient(x, objective.parts(index), gradient));
    losses.sum::<f64>() * options.share
}

/// How far the logits of one example are from its labels, whatever it is an example of.
pub(super) struct Options<'a> {
    /// The part of each target that each class has whatever the labels are, before class weights.
    even: f64,
    /// The part that the labels have.
    labelled: f64,
    class_weights: &'a [f64],
    all_weights: f64,
    /// 1 by what the sum of the losses is divided by.
    share: f64,
}

impl<'a> Options<'a> {
    /// Those of so many classes; the sum of the losses is divided by `total`.
    pub(super) fn new(label_smoothing: f64, class_weights: &'a [f64], classes: usize, total: f64) -> Options<'a> {
        let (even, labelled) = (label_smoothing / classes as f64, 1.0 - label_smoothing);
        let all_weights = if class_weights.is_empty() { classes as f64 } else { class_weights.iter().sum() };
        Options { even, labelled, class_weights, all_weights, share: 1.0 / total }
    }

    fn weight(&self, label: usize) -> f64 {
        if self.class_weights.is_empty() { 1.0 } else { self.class_weights[label] }
    }

    /// The loss of an example with two labels in its target before it is divided, and its part of the gradient.
    pub(super) fn gradient<T: Real>(&self, x: &[T], parts: [(u32, f64); 2], gradient: &mut [T]) -> f64 {
        let log_total = log_total(x);
        let parts = parts.map(|(label, part)| (label as usize, self.labelled * part * self.weight(label as usize)));
        let sum = self.even * self.all_weights + parts[0].1 + parts[1].1;
        let scale = sum * self.share;
        for (gradient, x) in gradient.iter_mut().zip(x) {
            *gradient = T::of((x.to_f64() - log_total).exp() * scale);
        }
        let mut loss = sum * log_total;
        for (label, part) in parts {
            gradient[label] += T::of(-part * self.share);
            loss -= part * x[label].to_f64();
        }
        if self.even > 0.0 {
            for (class, (gradient, x)) in gradient.iter_mut().zip(x).enumerate() {
                let part = self.even * self.weight(class);
                *gradient += T::of(-part * self.share);
                loss -= part * x.to_f64();
            }
        }
        loss
    }
}

/// log Σ exp(x), the maximum taken out first, so that nothing overflows.
pub(super) fn log_total<T: Real>(x: &[T]) -> f64 {
    let largest = x.iter().fold(f64::NEG_INFINITY, |largest, x| largest.max(x.to_f64()));
    largest + x.iter().map(|x| (x.to_f64() - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f64; 6] = [0.5, -1.0, 2.0, 1.5, 0.25, -3.0];
    const LABELS: [u32; 2] = [2, 1];

    #[test]
    fn is_the_mean_negative_log_probability() {
        let loss = |x: &[f64], label: usize| -(x[label].exp() / x.iter().map(|x| x.exp()).sum::<f64>()).ln();
        let expected = (loss(&LOGITS[..3], 2) + loss(&LOGITS[3..], 1)) / 2.0;
        assert!((cross_entropy(&LOGITS, &LABELS) - expected).abs() < 1e-14);
    }

    #[test]
    fn has_the_gradient_that_differences_give() {
        let mut gradient = [9.0; 6];
        assert_eq!(
            cross_entropy_gradient(&LOGITS, &Objective::from(&LABELS), &mut gradient),
            cross_entropy(&LOGITS, &LABELS)
        );
        for (index, gradient) in gradient.iter().enumerate() {
            let at = |step: f64| {
                let mut logits = LOGITS;
                logits[index] += step;
                cross_entropy(&logits, &LABELS)
            };
            let difference = (at(1e-4) - at(-1e-4)) / 2e-4;
            assert!((gradient - difference).abs() < 1e-8, "{index}: {gradient} {difference}");
        }
    }

    #[test]
    fn survives_large_logits() {
        let mut gradient = [0.0f32; 2];
        assert_eq!(cross_entropy_gradient(&[1e4, -1e4], &Objective::from(&[0]), &mut gradient), 0.0);
        assert_eq!(cross_entropy_gradient(&[1e4, -1e4], &Objective::from(&[1]), &mut gradient), 2e4);
        assert_eq!(gradient, [1.0, -1.0]);
        assert!(cross_entropy(&[f32::NAN, 0.0], &[1]).is_nan());
    }

    /// From `tests/fixtures/loss.py`: `smoothing | weights | mixed | labels | logits | loss | gradient`, `-` for
    /// nothing.
    const PYTORCH: &str = include_str!("../../tests/fixtures/losses.txt");

    fn numbers(text: &str) -> Vec<f64> {
        text.split(' ').filter(|word| *word != "-").map(|word| word.parse().expect("a number")).collect()
    }

    #[test]
    fn values_and_gradients_are_pytorchs() {
        for line in PYTORCH.lines() {
            let parts: Vec<Vec<f64>> = line.split(" | ").map(numbers).collect();
            let [smoothing, weights, mixed, labels, logits, loss, expected] = parts.as_slice() else {
                panic!("seven parts, not {line}")
            };
            let labels: Vec<u32> = labels.iter().map(|label| *label as u32).collect();
            let objective = Objective {
                labels: &labels,
                mixed: mixed.first().copied(),
                label_smoothing: smoothing[0],
                class_weights: weights,
            };
            let mut gradient = vec![9.0; logits.len()];
            let found = cross_entropy_gradient(logits, &objective, &mut gradient);
            assert!((found - loss[0]).abs() < 1e-12, "{line}: {found}");
            for (index, (found, expected)) in gradient.iter().zip(expected).enumerate() {
                assert!((found - expected).abs() < 1e-12, "{line}, {index}: {found}");
            }
        }
        assert_eq!(PYTORCH.lines().count(), 10);
    }

    #[test]
    fn a_mixed_image_counts_for_its_larger_part() {
        let labels = [3, 4, 5];
        for (mixed, expected) in [(None, [3, 4, 5]), (Some(0.7), [3, 4, 5]), (Some(0.2), [5, 4, 3])] {
            let objective = Objective { mixed, ..Objective::from(&labels) };
            assert_eq!([0, 1, 2].map(|index| objective.label(index)), expected, "{mixed:?}");
        }
    }
}
