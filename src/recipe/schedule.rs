//! How the learning rate changes.

use std::fmt;

/// A curve, and how it is followed. Lengths are in epochs, fractions of them only where it is followed from step to
/// step.
#[derive(Debug, Clone, PartialEq)]
pub struct LrSchedule {
    /// The curve, which begins when the warm-up is over.
    pub curve: Curve,
    /// `per=step`, or `per=epoch`: how often the rate changes.
    pub per: Per,
    /// How the rate gets to the curve's first.
    pub warmup: Warmup,
}

/// When the rate changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Before each epoch.
    Epoch,
    /// Before each step.
    Step,
}

/// `warmup=5 warmup_from=0.1`: a straight line, or one of another power, from a part of the curve's first rate to all
/// of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warmup {
    /// How long it takes; 0 without one.
    pub epochs: f64,
    /// The part that it begins with.
    pub from: f64,
    /// 1 for a straight line.
    pub power: f64,
}

impl Warmup {
    /// The curve begins at once. The part is PyTorch's for LinearLR.
    pub const NONE: Warmup = Warmup { epochs: 0.0, from: 1.0 / 3.0, power: 1.0 };
}

/// The rate over time, from the optimizer's own. Source: <https://docs.pytorch.org/docs/stable/optim.html>.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// `constant`
    Constant,
    /// `step 30 gamma=0.1`
    Step {
        /// Epochs between two reductions.
        every: f64,
        /// The factor.
        gamma: f64,
    },
    /// `multistep 50 100 gamma=0.1`
    MultiStep {
        /// Epochs after which to reduce, ascending.
        milestones: Vec<f64>,
        /// The factor.
        gamma: f64,
    },
    /// `exponential 0.95`
    Exponential {
        /// The factor of an epoch.
        gamma: f64,
    },
    /// `cosine` or `cosine min=1e-5`: half a cosine over all epochs.
    Cosine {
        /// The rate at the end.
        min: f64,
    },
    /// `cosine restart=10 mult=2`: half a cosine again and again.
    Restarts {
        /// Epochs of the first.
        first: f64,
        /// How many times as long each is as the one before.
        mult: usize,
        /// The rate that each falls to.
        min: f64,
    },
    /// `polynomial power=2`: down to 0 over all epochs.
    Polynomial {
        /// 1 for a straight line.
        power: f64,
    },
    /// `inverse 0.01 power=0.75`: times (1 + γ·t) to the power of −p, t in epochs.
    Inverse {
        /// γ, how fast it falls.
        gamma: f64,
        /// p
        power: f64,
    },
    /// `onecycle rise=0.3 div=25 final_div=1e4`: up to the optimizer's rate and down again.
    OneCycle(OneCycle),
    /// `plateau patience=10 factor=0.1`: lower when validation gets no better.
    Plateau(Plateau),
}

/// Up and down. Source: <https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html>,
/// without its cycle of the momentum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycle {
    /// The part of the run in which the rate rises.
    pub rise: f64,
    /// How many times smaller than the highest rate the first is.
    pub div: f64,
    /// How many times smaller than the first rate the last is.
    pub final_div: f64,
    /// `linear`: straight lines in place of cosines.
    pub linear: bool,
    /// `three_phase`: down to the first rate as fast as up, and then to the last.
    pub three_phase: bool,
}

/// Lower when nothing gets better. Source:
/// <https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html>.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plateau {
    /// What should get better.
    pub better: Better,
    /// The factor.
    pub factor: f64,
    /// Validations that may pass without it.
    pub patience: usize,
    /// Validations after a reduction that do not count.
    pub cooldown: usize,
    /// The lowest rate.
    pub min: f64,
}

/// When a validation is better than the best before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Better {
    /// What is compared.
    pub by: Measure,
    /// By how much it must be better.
    pub margin: Margin,
}

/// What a validation is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// The mean loss.
    Loss,
    /// The fraction of images that is classified right.
    #[default]
    Accuracy,
    /// The same fraction of each class's images, averaged over classes.
    BalancedAccuracy,
    /// The harmonic mean of precision and recall of each class, averaged over classes.
    MacroF1,
    /// The area under the receiver operating characteristic of each class against the rest, averaged over classes.
    Auroc,
    /// The expected calibration error: how far confidence is from accuracy.
    CalibrationError,
    /// The mean average precision: how far the images with a label come before those without it, averaged over labels.
    MeanPrecision,
    /// The mean absolute error: how far numbers are from the truth.
    MeanDistance,
    /// R²: the part of the variance of numbers that is explained.
    Explained,
    /// The mean intersection over union: of the pixels that are of a class or are taken for it, the fraction that is
    /// both, averaged over classes.
    MeanIou,
    /// The fraction of pixels that is classified right.
    PixelAccuracy,
}

/// By how much something must be better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// By this part of the best.
    Relative(f64),
    /// By this much.
    Absolute(f64),
}

impl LrSchedule {
    /// A curve that is followed from epoch to epoch, without a warm-up.
    pub const fn new(curve: Curve) -> LrSchedule {
        LrSchedule { curve, per: Per::Epoch, warmup: Warmup::NONE }
    }
}

impl Measure {
    /// Every one, in the order in which they are listed to users.
    pub const ALL: [Measure; 11] = [
        Measure::Loss,
        Measure::Accuracy,
        Measure::BalancedAccuracy,
        Measure::MacroF1,
        Measure::Auroc,
        Measure::CalibrationError,
        Measure::MeanPrecision,
        Measure::MeanDistance,
        Measure::Explained,
        Measure::MeanIou,
        Measure::PixelAccuracy,
    ];

    /// As the notation has it.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Loss => "loss",
            Measure::Accuracy => "accuracy",
            Measure::BalancedAccuracy => "balanced_accuracy",
            Measure::MacroF1 => "macro_f1",
            Measure::Auroc => "auroc",
            Measure::CalibrationError => "ece",
            Measure::MeanPrecision => "map",
            Measure::MeanDistance => "mae",
            Measure::Explained => "r2",
            Measure::MeanIou => "mean_iou",
            Measure::PixelAccuracy => "pixel_accuracy",
        }
    }

    /// What a name stands for.
    pub fn of(name: &str) -> Option<Measure> {
        Measure::ALL.into_iter().find(|measure| measure.name() == name)
    }

    /// Whether more is better.
    pub fn rises(self) -> bool {
        !matches!(self, Measure::Loss | Measure::CalibrationError | Measure::MeanDistance)
    }

    /// Whether one value is better than another. Any is better than none, which is NaN.
    pub fn is_better(self, value: f64, than: f64) -> bool {
        match self.rises() {
            _ if than.is_nan() => !value.is_nan(),
            true => value > than,
            false => value < than,
        }
    }
}

/// As the notation has it.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As the notation writes it, with nothing left to a default.
impl fmt::Display for LrSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.curve.fmt(f)?;
        if self.per == Per::Step {
            f.write_str(" per=step")?;
        }
        let Warmup { epochs, from, power } = self.warmup;
        if epochs > 0.0 {
            write!(f, " warmup={} warmup_from={from:?}", written(epochs))?;
        }
        if power == 1.0 { Ok(()) } else { write!(f, " warmup_power={power:?}") }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Curve::Constant => write!(f, "constant"),
            Curve::Step { every, gamma } => write!(f, "step {} gamma={gamma:?}", written(*every)),
            Curve::MultiStep { milestones, gamma } => {
                write!(f, "multistep")?;
                milestones.iter().try_for_each(|milestone| write!(f, " {}", written(*milestone)))?;
                write!(f, " gamma={gamma:?}")
            }
            Curve::Exponential { gamma } => write!(f, "exponential gamma={gamma:?}"),
            Curve::Cosine { min } => write!(f, "cosine min={min:?}"),
            Curve::Restarts { first, mult, min } => {
                write!(f, "cosine restart={} mult={mult} min={min:?}", written(*first))
            }
            Curve::Polynomial { power } => write!(f, "polynomial power={power:?}"),
            Curve::Inverse { gamma, power } => write!(f, "inverse gamma={gamma:?} power={power:?}"),
            Curve::OneCycle(OneCycle { rise, div, final_div, linear, three_phase }) => {
                write!(f, "onecycle rise={rise:?} div={div:?} final_div={final_div:?}")?;
                f.write_str(if *linear { " linear" } else { "" })?;
                f.write_str(if *three_phase { " three_phase" } else { "" })
            }
            Curve::Plateau(Plateau { better, factor, patience, cooldown, min }) => {
                write!(f, "plateau factor={factor:?} patience={patience} {better} cooldown={cooldown} min={min:?}")
            }
        }
    }
}

/// Epochs, which are whole numbers as a rule; one that is too large for a whole number is written as it can be read.
fn written(epochs: f64) -> String {
    let text = format!("{epochs:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

impl fmt::Display for Better {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by={}", self.by)?;
        match self.margin {
            Margin::Relative(part) => write!(f, " threshold={part:?}"),
            Margin::Absolute(much) => write!(f, " threshold={much:?} absolute"),
        }
    }
}
