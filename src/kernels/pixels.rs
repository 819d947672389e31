//! Losses of outputs that tell the class of each pixel. A pixel that is [`IGNORED`] has no part in any of them.
//!
//! ```text
//! cross-entropy   that of the pixels, their mean weighed by their classes
//! Dice            1/C · Σ_c 1 − (2·Σ p·t + 2·s)/(Σ p + Σ t + 2·s), over the classes c that pixels are of; sums are
//!                 over all pixels of the batch, p is the softmax, t is 1 where a pixel is of the class and else 0
//! ```
//!
//! Sources: PyTorch's `CrossEntropyLoss` with `ignore_index`; segmentation_models.pytorch's `DiceLoss` with
//! `mode="multiclass"`; their sum is MONAI's `DiceCELoss`. Without any pixel to learn from the loss is 0, where PyTorch
//! has no number.
//!
//! Pixels are summed up in groups of a fixed size, and the groups in their order, so that threads change nothing.

use rayon::prelude::*;

use super::Real;
use super::loss::{Options, log_total};

/// What stands in the place of the class of a pixel of which nothing is known.
pub const IGNORED: u32 = u32::MAX;

/// Pixels of a group.
const GROUP: usize = 2048;

/// Nothing is divided by less.
const LEAST: f64 = 2e-7;

/// What the outputs for a batch should be.
#[derive(Debug, Clone, Copy)]
pub struct PixelsObjective<'a> {
    /// N×H×W classes.
    pub labels: &'a [u32],
    /// N
    pub batch: usize,
    /// The cross-entropy, if it is a part of the loss.
    pub cross_entropy: Option<PixelEntropy<'a>>,
    /// s of the Dice loss, if that is a part.
    pub dice: Option<f64>,
}

/// What the cross-entropy of pixels goes by.
#[derive(Debug, Clone, Copy, Default)]
pub struct PixelEntropy<'a> {
    /// ε: the part of each target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// w, one for each class, above 0; 1 each if there are none.
    pub class_weights: &'a [f64],
}

impl PixelsObjective<'_> {
    /// What a batch counts for among others: of the cross-entropy alone, what its pixels weigh; of whole masks, how
    /// many there are.
    pub fn total_weight(&self) -> f64 {
        match (&self.cross_entropy, self.dice) {
            (Some(entropy), None) => self.weight(entropy),
            _ => self.batch as f64,
        }
    }

    /// What the pixels weigh that are not ignored.
    fn weight(&self, entropy: &PixelEntropy) -> f64 {
        let known = self.labels.iter().filter(|label| **label != IGNORED);
        known.map(|label| entropy.class_weights.get(*label as usize).copied().unwrap_or(1.0)).sum()
    }

    /// The loss of outputs N×H×W×C.
    pub fn loss<T: Real>(&self, outputs: &[T]) -> f64 {
        self.gradient(outputs, &mut vec![T::ZERO; outputs.len()])
    }

    /// The loss of outputs N×H×W×C, and its gradient with respect to them.
    ///
    /// # Panics
    /// If a label is neither a class nor [`IGNORED`].
    pub fn gradient<T: Real>(&self, outputs: &[T], gradient: &mut [T]) -> f64 {
        let classes = outputs.len() / self.labels.len();
        let entropy = match &self.cross_entropy {
            Some(entropy) => self.entropy(entropy, classes, outputs, gradient),
            None => {
                gradient.fill(T::ZERO);
                0.0
            }
        };
        entropy + self.dice.map_or(0.0, |smooth| self.dice(smooth, classes, outputs, gradient))
    }

    fn entropy<T: Real>(&self, entropy: &PixelEntropy, classes: usize, outputs: &[T], gradient: &mut [T]) -> f64 {
        let total = self.weight(entropy);
        if total == 0.0 {
            gradient.fill(T::ZERO);
            return 0.0;
        }
        let options = Options::new(entropy.label_smoothing, entropy.class_weights, classes, total);
        let groups = outputs.par_chunks(GROUP * classes).zip(gradient.par_chunks_mut(GROUP * classes));
        let group = |((outputs, gradient), labels): ((&[T], &mut [T]), &[u32])| {
            let mut sum = 0.0;
            let rows = outputs.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes));
            for ((x, gradient), label) in rows.zip(labels) {
                match *label {
                    IGNORED => gradient.fill(T::ZERO),
                    label => sum += options.gradient(x, [(label, 1.0), (label, 0.0)], gradient),
                }
            }
            sum
        };
        let sums: Vec<f64> = groups.zip(self.labels.par_chunks(GROUP)).map(group).collect();
        sums.iter().sum::<f64>() / total
    }

    /// Adds its gradient to what is there.
    fn dice<T: Real>(&self, smooth: f64, classes: usize, outputs: &[T], gradient: &mut [T]) -> f64 {
        let overlap = self.overlap(classes, outputs);
        // For each class, the derivative with respect to p where a pixel is of it, and where it is not.
        let (mut within, mut outside, mut total) = (vec![0.0; classes], vec![0.0; classes], 0.0);
        for (class, [shared, likely, there]) in overlap.into_iter().enumerate().filter(|(_, [.., there])| *there > 0.0)
        {
            let (above, below) = (2.0 * (shared + smooth), (likely + there + 2.0 * smooth).max(LEAST));
            total += 1.0 - above / below;
            outside[class] = above / (below * below) / classes as f64;
            within[class] = outside[class] - 2.0 / below / classes as f64;
        }
        let groups = outputs.par_chunks(GROUP * classes).zip(gradient.par_chunks_mut(GROUP * classes));
        groups.zip(self.labels.par_chunks(GROUP)).for_each(|((outputs, gradient), labels)| {
            let mut parts = vec![0.0; classes];
            let rows = outputs.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes));
            for ((x, gradient), label) in rows.zip(labels).filter(|(_, label)| **label != IGNORED) {
                softmax(x, &mut parts);
                let slope = |class: usize| if class == *label as usize { within[class] } else { outside[class] };
                let mean: f64 = parts.iter().enumerate().map(|(class, part)| part * slope(class)).sum();
                for (class, (gradient, part)) in gradient.iter_mut().zip(&parts).enumerate() {
                    *gradient += T::of(part * (slope(class) - mean));
                }
            }
        });
        total / classes as f64
    }

    /// For each class, Σ p·t, Σ p and Σ t.
    fn overlap<T: Real>(&self, classes: usize, outputs: &[T]) -> Vec<[f64; 3]> {
        let group = |(outputs, labels): (&[T], &[u32])| {
            let (mut sums, mut parts) = (vec![[0.0; 3]; classes], vec![0.0; classes]);
            for (x, label) in outputs.chunks_exact(classes).zip(labels).filter(|(_, label)| **label != IGNORED) {
                softmax(x, &mut parts);
                sums.iter_mut().zip(&parts).for_each(|([_, likely, _], part)| *likely += part);
                let [shared, _, there] = &mut sums[*label as usize];
                *shared += parts[*label as usize];
                *there += 1.0;
            }
            sums
        };
        let groups = outputs.par_chunks(GROUP * classes).zip(self.labels.par_chunks(GROUP));
        let all: Vec<Vec<[f64; 3]>> = groups.map(group).collect();
        let mut total = vec![[0.0; 3]; classes];
        for sums in all {
            total.iter_mut().zip(sums).for_each(|(total, sums)| (0..3).for_each(|at| total[at] += sums[at]));
        }
        total
    }
}

fn softmax<T: Real>(x: &[T], parts: &mut [f64]) {
    let log_total = log_total(x);
    parts.iter_mut().zip(x).for_each(|(part, x)| *part = (x.to_f64() - log_total).exp());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `tests/fixtures/segment.py`: `smoothing | weights | dice | batch | labels | logits | loss | gradient`, `-`
    /// for nothing. The smoothing is missing where there is no cross-entropy, and `dice` where there is none.
    const PYTORCH: &str = include_str!("../../tests/fixtures/pixel_losses.txt");

    fn numbers(text: &str) -> Vec<f64> {
        text.split(' ').filter(|word| *word != "-").map(|word| word.parse().expect("a number")).collect()
    }

    fn labels(numbers: &[f64]) -> Vec<u32> {
        numbers.iter().map(|label| if *label == 255.0 { IGNORED } else { *label as u32 }).collect()
    }

    #[test]
    fn values_and_gradients_are_pytorchs() {
        for line in PYTORCH.lines() {
            let parts: Vec<Vec<f64>> = line.split(" | ").map(numbers).collect();
            let [smoothing, weights, dice, batch, truth, logits, loss, expected] = parts.as_slice() else {
                panic!("eight parts, not {line}")
            };
            let entropy =
                smoothing.first().map(|smoothing| PixelEntropy { label_smoothing: *smoothing, class_weights: weights });
            let labels = labels(truth);
            let objective = PixelsObjective {
                labels: &labels,
                batch: batch[0] as usize,
                cross_entropy: entropy,
                dice: dice.first().copied(),
            };
            let mut gradient = vec![9.0; logits.len()];
            let found = objective.gradient(logits, &mut gradient);
            assert!((found - loss[0]).abs() < 1e-12 && found == objective.loss(logits), "{line}: {found}");
            for (index, (found, expected)) in gradient.iter().zip(expected).enumerate() {
                assert!((found - expected).abs() < 1e-12, "{line}, {index}: {found}");
            }
        }
        assert_eq!(PYTORCH.lines().count(), 12);
    }

    #[test]
    fn threads_change_nothing_and_nothing_is_learned_from_nothing() {
        let labels: Vec<u32> = (0..3 * GROUP as u32 + 5).map(|at| if at % 7 == 0 { IGNORED } else { at % 3 }).collect();
        let logits: Vec<f32> = (0..3 * labels.len()).map(|at| 5.0 * (at as f32).sin()).collect();
        let computed = |labels: &[u32], threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a few threads");
            let cross_entropy = Some(PixelEntropy { label_smoothing: 0.1, class_weights: &[1.0, 0.3, 2.0] });
            let objective = PixelsObjective { labels, batch: 1, cross_entropy, dice: Some(0.0) };
            let mut gradient = vec![9.0f32; logits.len()];
            let loss = pool.install(|| objective.gradient(&logits, &mut gradient));
            (loss.to_bits(), gradient)
        };
        let one = computed(&labels, 1);
        assert_eq!(computed(&labels, 5), one);
        assert!(one.1.chunks(3).zip(&labels).all(|(row, label)| (row == [0.0; 3]) == (*label == IGNORED)));
        assert_eq!(computed(&vec![IGNORED; labels.len()], 2), (0, vec![0.0; logits.len()]));
    }
}
