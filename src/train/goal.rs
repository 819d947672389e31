//! What a run is to reach: the recipe's loss, with what it takes of the training images.

use super::data::{Batch, Split, Targets};
use super::mix::{BatchKey, mix};
use crate::ir::Shape;
use crate::kernels::{
    BinaryObjective, BinaryRule, Criterion, Distance, NumbersObjective, Objective, PixelEntropy, PixelsObjective,
};
use crate::recipe::{Asymmetric, ClassWeights, CrossEntropy, Loss, Mix, Regression};

/// A loss with a weight for each class or label, if it has such.
#[derive(Debug)]
pub struct Goal {
    loss: Loss,
    /// Nothing if all weigh the same.
    weights: Vec<f64>,
    /// Whether it is pixels that have classes.
    of_pixels: bool,
}

impl Goal {
    /// The loss of a recipe for a network that tells so many classes, labels or numbers.
    pub fn new(loss: &Loss, train: &Split, outputs: usize) -> Goal {
        let of_pixels = matches!(train.targets(), Targets::Masks(_));
        let weights = match loss {
            Loss::CrossEntropy(loss) => loss.class_weights.resolved(train.labels(), outputs),
            Loss::Binary(loss) => match &loss.pos_weight {
                ClassWeights::Equal => Vec::new(),
                ClassWeights::Given(weights) => weights.clone(),
                ClassWeights::Auto => as_often(&train.targets().counts(outputs), train.len()),
            },
            Loss::Dice(loss) => loss
                .cross_entropy
                .as_ref()
                .map_or(Vec::new(), |loss| loss.class_weights.resolved(train.labels(), outputs)),
            Loss::Asymmetric(_) | Loss::Regression(_) => Vec::new(),
        };
        Goal { loss: loss.clone(), weights, of_pixels }
    }

    /// Mixes a batch in one of these ways: see [`mix`].
    pub fn mix(&self, ways: &[Mix], batch: &mut Batch, shape: Shape, place: BatchKey) -> Option<f64> {
        let pixels = if self.of_pixels { batch.labels.as_mut_slice() } else { &mut [] };
        mix(ways, &mut batch.images, pixels, shape, place)
    }

    /// What the outputs for a batch should be, of which the part `mixed` of each image is its own.
    pub fn criterion<'a>(&'a self, batch: &'a Batch, mixed: Option<f64>) -> Criterion<'a> {
        let labels = |rule| {
            Criterion::Labels(BinaryObjective { targets: &batch.targets, batch: batch.examples.len(), mixed, rule })
        };
        let pixels = |entropy: Option<&CrossEntropy>, dice: Option<f64>| {
            let (labels, batch) = (&batch.labels, batch.examples.len());
            let cross_entropy = entropy
                .map(|loss| PixelEntropy { label_smoothing: loss.label_smoothing, class_weights: &self.weights });
            Criterion::Pixels(PixelsObjective { labels, batch, cross_entropy, dice })
        };
        match &self.loss {
            Loss::CrossEntropy(loss) if self.of_pixels => pixels(Some(loss), None),
            Loss::Dice(loss) => pixels(loss.cross_entropy.as_ref(), Some(loss.smooth)),
            Loss::CrossEntropy(loss) => Criterion::Classes(Objective {
                labels: &batch.labels,
                mixed,
                label_smoothing: loss.label_smoothing,
                class_weights: &self.weights,
            }),
            Loss::Binary(loss) => labels(BinaryRule::CrossEntropy {
                label_smoothing: loss.label_smoothing,
                positive_weights: &self.weights,
            }),
            Loss::Asymmetric(Asymmetric { gamma_neg, gamma_pos, clip }) => {
                labels(BinaryRule::Asymmetric { gamma_positive: *gamma_pos, gamma_negative: *gamma_neg, margin: *clip })
            }
            Loss::Regression(rule) => Criterion::Numbers(NumbersObjective {
                targets: &batch.targets,
                batch: batch.examples.len(),
                mixed,
                distance: match *rule {
                    Regression::L1 => Distance::Absolute,
                    Regression::Mse => Distance::Squared,
                    Regression::Huber { delta } => Distance::Huber { delta },
                },
            }),
        }
    }
}

/// For each label, how many images are without it for each that has it, so that both sides weigh the same; 1 where one
/// side is empty.
fn as_often(counts: &[usize], images: usize) -> Vec<f64> {
    let weight = |count: &usize| match *count {
        0 => 1.0,
        count if count == images => 1.0,
        count => (images - count) as f64 / count as f64,
    };
    counts.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_labels_weigh_as_much_as_their_absence() {
        assert_eq!(as_often(&[2, 5, 8, 0, 10], 10), [4.0, 1.0, 0.25, 1.0, 1.0]);
    }
}
