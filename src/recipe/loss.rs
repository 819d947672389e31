//! What the network is trained to give.

use std::fmt;

use super::Task;

/// `loss:`.
#[derive(Debug, Clone, PartialEq)]
pub enum Loss {
    /// `cross_entropy`
    CrossEntropy(CrossEntropy),
    /// `binary_cross_entropy`
    Binary(BinaryCrossEntropy),
    /// `asymmetric`
    Asymmetric(Asymmetric),
    /// `l1`, `mse` or `huber`
    Regression(Regression),
    /// `dice` or `dice_ce`
    Dice(Dice),
}

/// `cross_entropy label_smoothing=0.1`. Source:
/// <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropy {
    /// The part of each target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// How much each class matters.
    pub class_weights: ClassWeights,
}

/// `binary_cross_entropy pos_weight=auto`: each label is a question of its own. Source:
/// <https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html>.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BinaryCrossEntropy {
    /// The part of each target that is a half.
    pub label_smoothing: f64,
    /// How much more it matters that a label is there than that it is not; `auto` as if it were there as often as not.
    pub pos_weight: ClassWeights,
}

/// `asymmetric gamma_neg=4 gamma_pos=1 clip=0.05`. Source: Ridnik et al., "Asymmetric Loss For Multi-Label
/// Classification" (2021); defaults are those of the authors' code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asymmetric {
    /// γ₋: how little an absent label matters that is known to be absent.
    pub gamma_neg: f64,
    /// γ₊: how little a present label matters that is known to be present.
    pub gamma_pos: f64,
    /// m: an absent label does not matter at all below this probability.
    pub clip: f64,
}

/// How far a number is from the truth. Source: <https://docs.pytorch.org/docs/stable/nn.html#loss-functions>.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Regression {
    /// `l1`: the difference.
    L1,
    /// `mse`: its square.
    Mse,
    /// `huber delta=1`: its square near the truth, and its multiple far from it.
    Huber {
        /// δ, where one becomes the other.
        delta: f64,
    },
}

/// `dice smooth=1`: how much of each class two masks do not share; `dice_ce`: with the cross-entropy of the pixels
/// added. Source: segmentation_models.pytorch's `DiceLoss` in its mode `multiclass`; the sum is MONAI's `DiceCELoss`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dice {
    /// Added above and below the fraction.
    pub smooth: f64,
    /// What is added to it.
    pub cross_entropy: Option<CrossEntropy>,
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

impl Default for Asymmetric {
    fn default() -> Asymmetric {
        Asymmetric { gamma_neg: 4.0, gamma_pos: 1.0, clip: 0.05 }
    }
}

impl Loss {
    /// What a task is trained with unless the recipe says otherwise.
    pub fn of(task: Task) -> Loss {
        match task {
            Task::Class | Task::Segment => Loss::CrossEntropy(CrossEntropy::default()),
            Task::Multilabel => Loss::Binary(BinaryCrossEntropy::default()),
            Task::Regression => Loss::Regression(Regression::Mse),
        }
    }

    /// The tasks that it is for.
    pub fn tasks(&self) -> &'static [Task] {
        match self {
            Loss::CrossEntropy(_) => &[Task::Class, Task::Segment],
            Loss::Binary(_) | Loss::Asymmetric(_) => &[Task::Multilabel],
            Loss::Regression(_) => &[Task::Regression],
            Loss::Dice(_) => &[Task::Segment],
        }
    }

    /// What images have that it is for, for people.
    pub fn of_images(&self) -> String {
        self.tasks().iter().map(|task| task.of_image()).collect::<Vec<_>>().join(" or ")
    }

    /// As the notation calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Loss::CrossEntropy(_) => "cross_entropy",
            Loss::Binary(_) => "binary_cross_entropy",
            Loss::Asymmetric(_) => "asymmetric",
            Loss::Regression(Regression::L1) => "l1",
            Loss::Regression(Regression::Mse) => "mse",
            Loss::Regression(Regression::Huber { .. }) => "huber",
            Loss::Dice(Dice { cross_entropy: None, .. }) => "dice",
            Loss::Dice(Dice { cross_entropy: Some(_), .. }) => "dice_ce",
        }
    }

    /// The weights that the file gives, and what they are called.
    pub fn weights(&self) -> Option<(&'static str, &ClassWeights)> {
        match self {
            Loss::CrossEntropy(loss) => Some(("class_weights", &loss.class_weights)),
            Loss::Binary(loss) => Some(("pos_weight", &loss.pos_weight)),
            Loss::Dice(loss) => loss.cross_entropy.as_ref().map(|loss| ("class_weights", &loss.class_weights)),
            Loss::Asymmetric(_) | Loss::Regression(_) => None,
        }
    }
}

impl ClassWeights {
    /// As the notation writes it, behind other arguments.
    fn write(&self, f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
        match self {
            ClassWeights::Equal => Ok(()),
            ClassWeights::Auto => write!(f, " {key}=auto"),
            ClassWeights::Given(weights) => write!(f, " {key}={{{weights:?}}}"),
        }
    }
}

/// As the notation writes it.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Loss::CrossEntropy(CrossEntropy { label_smoothing, class_weights: weights })
            | Loss::Binary(BinaryCrossEntropy { label_smoothing, pos_weight: weights }) => {
                write!(f, " label_smoothing={label_smoothing:?}")?;
                self.weights().map_or(Ok(()), |(key, _)| weights.write(f, key))
            }
            Loss::Asymmetric(Asymmetric { gamma_neg, gamma_pos, clip }) => {
                write!(f, " gamma_neg={gamma_neg:?} gamma_pos={gamma_pos:?} clip={clip:?}")
            }
            Loss::Regression(Regression::L1 | Regression::Mse) => Ok(()),
            Loss::Regression(Regression::Huber { delta }) => write!(f, " delta={delta:?}"),
            Loss::Dice(Dice { smooth, cross_entropy }) => {
                write!(f, " smooth={smooth:?}")?;
                let Some(CrossEntropy { label_smoothing, class_weights }) = cross_entropy else { return Ok(()) };
                write!(f, " label_smoothing={label_smoothing:?}")?;
                class_weights.write(f, "class_weights")
            }
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
