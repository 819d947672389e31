//! What the network is trained to give.

use std::fmt;

/// `cross_entropy label_smoothing=0.1`. Source:
/// <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropy {
    /// The part of each target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// How much each class matters; all the same if there are none.
    pub class_weights: Vec<f64>,
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
        if class_weights.is_empty() { Ok(()) } else { write!(f, " class_weights={{{class_weights:?}}}") }
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
