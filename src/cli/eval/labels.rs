//! How well labels are told, for people and for programs.

use serde::Serialize;

use super::WIDEST_NAME;
use crate::diagnostic::printable;
use crate::recipe::Measure;
use crate::train::evaluate::{Evaluation, LabelResult, LabelsEvaluation};
use crate::train::scores::{Scores, shown, title};

/// For programs.
#[derive(Serialize)]
pub struct Report<'a> {
    auroc: f64,
    exact: f64,
    images: usize,
    labels: Vec<Label<'a>>,
    loss: f64,
    macro_f1: f64,
    map: f64,
    name: &'a str,
}

#[derive(Serialize)]
struct Label<'a> {
    auroc: Option<f64>,
    average_precision: Option<f64>,
    f1: f64,
    images: usize,
    name: &'a str,
    precision: f64,
    recall: f64,
    threshold: f64,
}

impl<'a> Report<'a> {
    pub fn new(network: &'a str, evaluation: &'a LabelsEvaluation, scores: &Scores, names: &'a [String]) -> Report<'a> {
        let label = |(label, name): (&'a LabelResult, &'a String)| Label {
            auroc: label.auroc,
            average_precision: label.average_precision,
            f1: label.f1(),
            images: label.images,
            name,
            precision: label.precision(),
            recall: label.recall(),
            threshold: label.threshold,
        };
        Report {
            auroc: scores.get(Measure::Auroc),
            exact: scores.get(Measure::Accuracy),
            images: evaluation.images,
            labels: evaluation.labels.iter().zip(names).map(label).collect(),
            loss: scores.get(Measure::Loss),
            macro_f1: scores.get(Measure::MacroF1),
            map: scores.get(Measure::MeanPrecision),
            name: network,
        }
    }
}

pub fn text(evaluation: &Evaluation, labels: &LabelsEvaluation, names: &[String]) -> String {
    let scores = evaluation.scores();
    let mut facts = vec![("images", labels.images.to_string())];
    for measure in [Measure::Loss, Measure::Accuracy, Measure::MeanPrecision, Measure::MacroF1, Measure::Auroc] {
        let name = if measure == Measure::Accuracy { "all labels right" } else { title(measure) };
        facts.push((name, shown(measure, scores.get(measure))));
    }
    let mut text: String = facts.into_iter().map(|(name, value)| format!("{name:22}  {value}\n")).collect();
    let names: Vec<String> = names.iter().map(|name| printable(name)).collect();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(5, WIDEST_NAME);
    let heads = ["images", "AP", "precision", "recall", "F1", "threshold"];
    text.push_str(&format!("\n{:widest$}{}\n", "label", heads.map(|head| format!("  {head:>9}")).concat()));
    for (label, name) in labels.labels.iter().zip(&names) {
        let part = |value: f64| if value.is_nan() { "–".to_owned() } else { format!("{value:.4}") };
        let cells = [
            label.images.to_string(),
            part(label.average_precision.unwrap_or(f64::NAN)),
            part(label.precision()),
            part(label.recall()),
            part(label.f1()),
            part(label.threshold),
        ];
        text.push_str(&format!("{name:widest$}{}\n", cells.map(|cell| format!("  {cell:>9}")).concat()));
    }
    text
}
