//! What the network is trained to give.

use std::fmt;

/// `cross_entropy label_smoothing=0.1`. Source:
/// <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropy {
    /// The part of each target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// How much each class matters.
    pub class_weights: ClassWeights,
}

/// How much each class matters to the loss.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ClassWeights {
    /// All the same.
    #[default]
    Equal,
    /// `auto`: the less, the more training images it has, so that all classes together weigh the same.
    Auto,
    /// As the file says, each above 0.
    Given(Vec<f64>),
}

impl ClassWeights {
    /// A weight for each of `classes`, or none if all are the same; `labels` are the training images'. As
    /// scikit-learn's `class_weight="balanced"`, a class weighs images/(classes·its images), over the classes that have
    /// any; the others weigh as much as an image does on average, 1.
    pub fn resolved(&self, labels: &[u32], classes: usize) -> Vec<f64> {
        match self {
            ClassWeights::Equal => Vec::new(),
            ClassWeights::Given(weights) => weights.clone(),
            ClassWeights::Auto => {
                let mut counts = vec![0usize; classes];
                labels.iter().for_each(|label| counts[*label as usize] += 1);
                let present = counts.iter().filter(|count| **count > 0).count();
                let weight = |count| labels.len() as f64 / (present as f64 * count as f64);
                counts.into_iter().map(|count| if count > 0 { weight(count) } else { 1.0 }).collect()
            }
        }
    }
}

/// `mixup 0.2`: each training batch is mixed with itself, by a part that is drawn from Beta(α, α).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mix {
    /// How.
    pub kind: MixKind,
    /// α
    pub alpha: f64,
    /// How likely a batch is mixed at all.
    pub probability: f64,
}

/// How two images become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MixKind {
    /// `mixup`: their sum. Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2018).
    Mixup,
    /// `cutmix`: one with a rectangle of the other. Source: Yun et al., "CutMix" (2019).
    CutMix,
}

/// As the notation writes it.
impl fmt::Display for CrossEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CrossEntropy { label_smoothing, class_weights } = self;
        write!(f, "cross_entropy label_smoothing={label_smoothing:?}")?;
        match class_weights {
            ClassWeights::Equal => Ok(()),
            ClassWeights::Auto => f.write_str(" class_weights=auto"),
            ClassWeights::Given(weights) => write!(f, " class_weights={{{weights:?}}}"),
        }
    }
}

/// As the notation writes it, with nothing left to a default.
impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mix { kind, alpha, probability } = self;
        let name = match kind {
            MixKind::Mixup => "mixup",
            MixKind::CutMix => "cutmix",
        };
        write!(f, "{name} alpha={alpha:?} probability={probability:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_scikit_learns() {
        // sklearn.utils.class_weight.compute_class_weight("balanced", classes=np.unique(y), y=y), 1.9.1
        let rare: Vec<u32> = [0; 8].into_iter().chain([1; 2]).collect();
        let three: Vec<u32> = [0; 1].into_iter().chain([2; 3]).chain([3; 8]).collect();
        for (labels, classes, expected) in [
            (&rare, 2, &[0.625, 2.5][..]),
            (&rare, 3, &[0.625, 2.5, 1.0]),
            (&three, 4, &[4.0, 1.0, 1.333_333_333_333_333_3, 0.5]),
        ] {
            assert_eq!(ClassWeights::Auto.resolved(labels, classes), expected);
            assert!(ClassWeights::Equal.resolved(labels, classes).is_empty());
        }
    }
}
