//! What came of an epoch.

use archc::recipe::Measure;
use archc::train::metrics::{EpochMetrics, EpochTimes};
use pyo3::prelude::*;

/// An epoch that is over. What cannot be told, such as the loss of a validation that there was not, is None.
#[pyclass(frozen, get_all, module = "archc")]
#[derive(Debug)]
pub struct Epoch {
    /// Its number, from 1.
    epoch: usize,
    /// The learning rate.
    lr: f64,
    /// The mean loss of the training images as they were seen.
    train_loss: Option<f64>,
    /// The fraction of them that was right.
    train_acc: Option<f64>,
    /// The mean loss of the validation images.
    val_loss: Option<f64>,
    /// The fraction of them that is right.
    val_acc: Option<f64>,
    /// The mean of the classes' accuracies.
    val_balanced_acc: Option<f64>,
    /// The mean of the classes' F1 scores.
    val_macro_f1: Option<f64>,
    /// The area under the ROC curve, one class against the rest, as a mean over the classes.
    val_auroc: Option<f64>,
    /// The expected calibration error.
    val_ece: Option<f64>,
    /// How long training and validation took.
    seconds: f64,
    /// Training images a second.
    images_per_s: f64,
    /// Whether no epoch before it was as good.
    is_best: bool,
}

impl Epoch {
    pub fn new(metrics: &EpochMetrics, times: &EpochTimes, is_best: bool) -> Epoch {
        let known = |value: f64| (!value.is_nan()).then_some(value);
        let validation = |measure| known(metrics.validation.get(measure));
        Epoch {
            epoch: metrics.epoch,
            lr: metrics.lr,
            train_loss: known(metrics.train_loss),
            train_acc: known(metrics.train_acc),
            val_loss: validation(Measure::Loss),
            val_acc: validation(Measure::Accuracy),
            val_balanced_acc: validation(Measure::BalancedAccuracy),
            val_macro_f1: validation(Measure::MacroF1),
            val_auroc: validation(Measure::Auroc),
            val_ece: validation(Measure::CalibrationError),
            seconds: times.seconds,
            images_per_s: times.images_per_s,
            is_best,
        }
    }
}

#[pymethods]
impl Epoch {
    fn __repr__(&self) -> String {
        let part = |name: &str, value: Option<f64>| value.map_or(String::new(), |value| format!(", {name}={value:.4}"));
        let parts = [
            part("train_loss", self.train_loss),
            part("train_acc", self.train_acc),
            part("val_loss", self.val_loss),
            part("val_acc", self.val_acc),
        ];
        format!("Epoch(epoch={}, lr={:e}{})", self.epoch, self.lr, parts.concat())
    }
}
