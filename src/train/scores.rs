//! The numbers by which weights are judged.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::recipe::{Measure, Task};

/// A number for each measure of a task; NaN where it is not known. Written as the entries `val_loss`, `val_acc` and so
/// on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    task: Task,
    values: [f64; Measure::ALL.len()],
}

impl Scores {
    /// Nothing is known.
    pub const fn none(task: Task) -> Scores {
        Scores { task, values: [f64::NAN; Measure::ALL.len()] }
    }

    /// Those in a line of a run's files. What is missing or null is not known.
    pub fn read(line: &Value) -> Scores {
        let mut scores = Scores::none(told_by(|measure| line.get(key(measure)).is_some()));
        for measure in Measure::ALL {
            scores.set(measure, line.get(key(measure)).and_then(Value::as_f64).unwrap_or(f64::NAN));
        }
        scores
    }

    /// The task that they are of.
    pub fn task(&self) -> Task {
        self.task
    }

    /// What is measured of it.
    pub fn measures(&self) -> &'static [Measure] {
        self.task.measures()
    }

    /// One of them.
    pub fn get(&self, measure: Measure) -> f64 {
        self.values[measure as usize]
    }

    /// Says how much one of them is.
    pub fn set(&mut self, measure: Measure, value: f64) {
        self.values[measure as usize] = value;
    }
}

/// The task whose measures these are, by one that it alone has.
fn told_by(has: impl Fn(Measure) -> bool) -> Task {
    let own = [
        (Measure::MeanPrecision, Task::Multilabel),
        (Measure::Explained, Task::Regression),
        (Measure::MeanIou, Task::Segment),
    ];
    own.into_iter().find(|(measure, _)| has(*measure)).map_or(Task::Class, |(_, task)| task)
}

/// What a measure is called in `metrics.jsonl`.
fn key(measure: Measure) -> &'static str {
    match measure {
        Measure::Loss => "val_loss",
        Measure::Accuracy => "val_acc",
        Measure::BalancedAccuracy => "val_balanced_acc",
        Measure::MacroF1 => "val_macro_f1",
        Measure::Auroc => "val_auroc",
        Measure::CalibrationError => "val_ece",
        Measure::MeanPrecision => "val_map",
        Measure::MeanDistance => "val_mae",
        Measure::Explained => "val_r2",
        Measure::MeanIou => "val_mean_iou",
        Measure::PixelAccuracy => "val_pixel_acc",
    }
}

/// What a measure is called on a page.
pub fn title(measure: Measure) -> &'static str {
    match measure {
        Measure::Loss => "loss",
        Measure::Accuracy => "accuracy",
        Measure::BalancedAccuracy => "balanced accuracy",
        Measure::MacroF1 => "macro F1",
        Measure::Auroc => "AUROC",
        Measure::CalibrationError => "ECE",
        Measure::MeanPrecision => "mean average precision",
        Measure::MeanDistance => "mean absolute error",
        Measure::Explained => "R²",
        Measure::MeanIou => "mean IoU",
        Measure::PixelAccuracy => "pixel accuracy",
    }
}

/// A value of a measure, for people: accuracies are parts of a hundred.
pub fn shown(measure: Measure, value: f64) -> String {
    match measure {
        _ if !value.is_finite() => "–".to_owned(),
        Measure::Accuracy | Measure::BalancedAccuracy | Measure::PixelAccuracy => format!("{:.2} %", 100.0 * value),
        _ => format!("{value:.4}"),
    }
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.measures().iter().map(|measure| (key(*measure), self.get(*measure))))
    }
}

/// Scores as a state has them, by the measures' names and as bits.
pub(super) mod bits {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Scores, told_by};
    use crate::recipe::Measure;

    pub fn serialize<S: Serializer>(scores: &Scores, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(scores.measures().iter().map(|one| (one.name(), scores.get(*one).to_bits())))
    }

    /// Earlier versions knew fewer measures.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scores, D::Error> {
        let written = BTreeMap::<String, u64>::deserialize(deserializer)?;
        let bits = |measure: Measure| written.get(measure.name());
        let mut scores = Scores::none(told_by(|measure| bits(measure).is_some()));
        for measure in Measure::ALL {
            scores.set(measure, bits(measure).map_or(f64::NAN, |bits| f64::from_bits(*bits)));
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::evaluate::{ClassEvaluation, Evaluation};
    use crate::train::ranking::Ranking;

    /// From `tests/fixtures/metrics.py`: what scikit-learn and torchmetrics make of logits.
    const FIXTURE: &str = include_str!("../../tests/fixtures/metrics.txt");

    fn evaluated(classes: usize, labels: &[u32], logits: &[f32]) -> ClassEvaluation {
        let (mut evaluation, mut ranking) = (ClassEvaluation::new(classes), Ranking::new(classes));
        // In batches, the last of which is smaller.
        for (index, labels) in labels.chunks(7).enumerate() {
            let logits = &logits[7 * index * classes..][..labels.len() * classes];
            let examples: Vec<usize> = (7 * index..).take(labels.len()).collect();
            evaluation.add(logits, labels, &examples);
            ranking.add(logits, labels);
        }
        evaluation.auroc = ranking.area();
        evaluation
    }

    #[test]
    fn measures_are_scikit_learns_and_torchmetrics() {
        for line in FIXTURE.lines() {
            let parts: Vec<&str> = line.split(" | ").collect();
            let numbers = |part: usize| -> Vec<f64> {
                parts[part].split(' ').map(|word| word.parse().expect("a number")).collect()
            };
            let classes = numbers(0)[0] as usize;
            let labels: Vec<u32> = numbers(1).into_iter().map(|label| label as u32).collect();
            let logits: Vec<f32> = numbers(2).into_iter().map(|logit| logit as f32).collect();
            let evaluation = evaluated(classes, &labels, &logits);
            let scores = Evaluation::Classes(Box::new(evaluation.clone())).scores();
            for (measure, part, tolerance) in [
                (Measure::BalancedAccuracy, 3, 1e-12),
                (Measure::MacroF1, 4, 1e-12),
                (Measure::Auroc, 5, 1e-12),
                (Measure::CalibrationError, 6, 1e-7),
            ] {
                let found = scores.get(measure);
                match parts[part] {
                    "-" => assert!(found.is_nan(), "{measure}: {found}, {line}"),
                    _ => assert!((found - numbers(part)[0]).abs() < tolerance, "{measure}: {found}, {line}"),
                }
            }
            let bins = evaluation.calibration.bins().iter().filter(|bin| bin.images > 0);
            let (accuracies, confidences): (Vec<f64>, Vec<f64>) =
                bins.map(|bin| (bin.accuracy(), bin.confidence())).unzip();
            for (found, expected) in [(&accuracies, numbers(7)), (&confidences, numbers(8))] {
                let close = found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
                assert!(found.len() == expected.len() && close, "{found:?}, {expected:?}");
            }
        }
        assert_eq!(FIXTURE.lines().count(), 8);
    }

    /// In f32 all of these probabilities are 0 or 1.
    #[test]
    fn sure_scores_keep_their_order() {
        let logits = [[0.0, 30.0], [0.0, 31.0], [0.0, 32.0], [0.0, 33.0]];
        for (labels, expected) in [([0, 0, 1, 1], 1.0), ([0, 1, 0, 1], 0.75), ([1, 1, 0, 0], 0.0)] {
            assert_eq!(evaluated(2, &labels, logits.as_flattened()).auroc, Some(expected), "{labels:?}");
        }
    }

    #[test]
    fn nothing_is_known_of_nothing() {
        for (classes, labels, logits) in
            [(3, &[][..], &[][..]), (1, &[0, 0], &[1.0, 2.0]), (2, &[0, 1], &[f32::NAN; 4])]
        {
            let evaluation = evaluated(classes, labels, logits);
            assert_eq!(evaluation.auroc, None, "{labels:?}");
            // What is written can be read again.
            let text = serde_json::to_string(&evaluation.calibration).expect("plain data becomes JSON");
            assert_eq!(
                serde_json::from_str::<crate::train::calibration::Calibration>(&text).ok(),
                Some(evaluation.calibration)
            );
        }
        assert!(Evaluation::Classes(Box::new(evaluated(3, &[], &[]))).scores().get(Measure::MacroF1).is_nan());
    }
}
