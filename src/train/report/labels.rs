//! How well each label is told, and which images are not.

use std::path::Path;

use super::super::TrainError;
use super::super::data::Dataset;
use super::super::evaluate::{LabelGuess, LabelResult, LabelsEvaluation};
use super::super::findings::Findings;
use super::super::scores::{shown, title};
use super::gallery::{Shown, gallery, tiles};
use super::images;
use super::page::Head::{Number, Text};
use super::page::{Cell, section, settings, table};
use crate::quantity::exact;
use crate::recipe::Measure;

/// The parts of the page about the best weights.
///
/// # Errors
/// If the picture cannot be written into `folder`.
pub fn sections(
    findings: &Findings,
    evaluation: &LabelsEvaluation,
    names: &[String],
    dataset: &Dataset,
    folder: &Path,
) -> Result<String, TrainError> {
    let listed = |labels: &[u32]| match labels {
        [] => "–".to_owned(),
        labels => labels.iter().map(|label| names[*label as usize].as_str()).collect::<Vec<_>>().join(", "),
    };
    let told = |guess: &LabelGuess| Shown {
        example: guess.example,
        truth: listed(&guess.labels),
        taken_for: listed(&guess.taken_for),
        probability: f64::NAN,
    };
    let [mistaken, sampled]: [Vec<Shown>; 2] =
        [&evaluation.mistakes, &evaluation.sample].map(|guesses| guesses.iter().map(told).collect());
    let (mistakes, sample) = (tiles(&mistaken, dataset), tiles(&sampled, dataset));
    let gallery_of_sample = gallery(&sampled, &sample, dataset);
    images(folder, "validation images: truth, and prediction", sample)?;
    let scores = findings.evaluation.scores();
    let heading = format!(
        "Results of epoch {}: {} of {} with all labels right, mean average precision {}, loss {:.4}",
        findings.epoch,
        exact(evaluation.correct as u64),
        exact(evaluation.images as u64),
        shown(Measure::MeanPrecision, scores.get(Measure::MeanPrecision)),
        scores.get(Measure::Loss),
    );
    let measures = [Measure::MeanPrecision, Measure::MacroF1, Measure::Auroc];
    let measures = measures.map(|measure| (title(measure).to_owned(), shown(measure, scores.get(measure))));
    let wrong = evaluation.images - evaluation.correct;
    Ok([
        section(&heading, "scroll", &labels(evaluation, names)),
        section("Over all labels", "", &settings(measures.into_iter())),
        section(
            &format!("Worst mistakes, of {}", exact(wrong as u64)),
            "gallery",
            &gallery(&mistaken, &mistakes, dataset),
        ),
        section("Some validation images", "gallery", &gallery_of_sample),
    ]
    .concat())
}

fn labels(evaluation: &LabelsEvaluation, names: &[String]) -> String {
    let row = |(label, name): (&LabelResult, &String)| {
        vec![
            Cell::text(name),
            Cell::number(exact(label.images as u64)),
            Cell::bar(label.average_precision.unwrap_or(f64::NAN)),
            Cell::bar(label.precision()),
            Cell::bar(label.recall()),
            Cell::bar(label.f1()),
            Cell::number(format!("{:.4}", label.threshold)),
        ]
    };
    let heads = [
        Text("label"),
        Number("images"),
        Text("average precision"),
        Text("precision"),
        Text("recall"),
        Text("F1"),
        Number("threshold"),
    ];
    table(&heads, evaluation.labels.iter().zip(names).map(row))
}
