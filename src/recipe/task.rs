//! What a network is to say of an image.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Measure;

/// `task:` under `data:`. It decides what a label is, which losses fit, and what validation measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// `class`: of several classes, the one that the image is of.
    #[default]
    Class,
    /// `multilabel`: of several labels, all that the image has.
    Multilabel,
    /// `regression`: one number or several.
    Regression,
    /// `segment`: of several classes, the one that each pixel is of.
    Segment,
}

impl Task {
    /// Every one, in the order in which they are listed to users.
    pub const ALL: [Task; 4] = [Task::Class, Task::Multilabel, Task::Regression, Task::Segment];

    /// As `task:` has it.
    pub fn name(self) -> &'static str {
        match self {
            Task::Class => "class",
            Task::Multilabel => "multilabel",
            Task::Regression => "regression",
            Task::Segment => "segment",
        }
    }

    /// What an image has, for people.
    pub fn of_image(self) -> &'static str {
        match self {
            Task::Class => "one class an image",
            Task::Multilabel => "any number of labels an image",
            Task::Regression => "numbers",
            Task::Segment => "one class a pixel",
        }
    }

    /// Whether it is the usual one, which files leave out.
    pub fn is_class(&self) -> bool {
        *self == Task::Class
    }

    /// What validation measures, in the order of a run's files.
    pub fn measures(self) -> &'static [Measure] {
        match self {
            Task::Class => &[
                Measure::Loss,
                Measure::Accuracy,
                Measure::BalancedAccuracy,
                Measure::MacroF1,
                Measure::Auroc,
                Measure::CalibrationError,
            ],
            Task::Multilabel => {
                &[Measure::Loss, Measure::Accuracy, Measure::MeanPrecision, Measure::MacroF1, Measure::Auroc]
            }
            Task::Regression => &[Measure::Loss, Measure::MeanDistance, Measure::Explained],
            Task::Segment => &[Measure::Loss, Measure::MeanIou, Measure::PixelAccuracy],
        }
    }

    /// What the best weights are chosen by unless the recipe says otherwise.
    pub fn best_by(self) -> Measure {
        match self {
            Task::Class => Measure::Accuracy,
            Task::Multilabel => Measure::MeanPrecision,
            Task::Regression => Measure::Explained,
            Task::Segment => Measure::MeanIou,
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
