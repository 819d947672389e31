//! How near the network comes to each number, and which images it is far from.

use std::path::Path;

use super::super::TrainError;
use super::super::data::Dataset;
use super::super::evaluate::{ColumnResult, NumberGuess, NumbersEvaluation};
use super::super::findings::Findings;
use super::super::scores::shown;
use super::gallery::{Shown, gallery, tiles};
use super::page::Head::{Number, Text};
use super::page::{Cell, section, table};
use super::{images, pictures};
use crate::plot::{Picture, Scatter};
use crate::quantity::exact;
use crate::recipe::Measure;

/// Numbers of which there is a picture, at most.
const DRAWN: usize = 12;

/// The parts of the page about the best weights.
///
/// # Errors
/// If the pictures cannot be written into `folder`.
pub fn sections(
    findings: &Findings,
    evaluation: &NumbersEvaluation,
    names: &[String],
    dataset: &Dataset,
    folder: &Path,
) -> Result<String, TrainError> {
    let listed = |numbers: &[f32]| numbers.iter().map(|number| format!("{number:.4}")).collect::<Vec<_>>().join(", ");
    let told = |guess: &NumberGuess| Shown {
        example: guess.example,
        truth: listed(&guess.truth),
        taken_for: listed(&guess.given),
        probability: f64::NAN,
    };
    let [far, sampled]: [Vec<Shown>; 2] =
        [&evaluation.mistakes, &evaluation.sample].map(|guesses| guesses.iter().map(told).collect());
    let (mistakes, sample) = (tiles(&far, dataset), tiles(&sampled, dataset));
    let gallery_of_sample = gallery(&sampled, &sample, dataset);
    images(folder, "validation images: truth, and prediction", sample)?;
    let mut drawn = String::new();
    for (index, (column, name)) in evaluation.columns.iter().zip(names).take(DRAWN).enumerate() {
        let scatter = Scatter { title: name.clone(), points: column.points.clone() };
        drawn.push_str(&scatter.svg());
        // Names of columns may be no names of files.
        pictures(folder, &format!("{}{}", super::PREDICTIONS, index + 1), &scatter)?;
    }
    let scores = findings.evaluation.scores();
    let of = |measure: Measure| shown(measure, scores.get(measure));
    let heading = format!(
        "Results of epoch {} on {} images: R² {}, mean absolute error {}, mean squared error {}",
        findings.epoch,
        exact(evaluation.images as u64),
        of(Measure::Explained),
        of(Measure::MeanDistance),
        of(Measure::Loss),
    );
    Ok([
        section(&heading, "scroll", &columns(evaluation, names)),
        section("Truth and prediction", "charts", &drawn),
        section("Farthest from the truth", "gallery", &gallery(&far, &mistakes, dataset)),
        section("Some validation images", "gallery", &gallery_of_sample),
    ]
    .concat())
}

fn columns(evaluation: &NumbersEvaluation, names: &[String]) -> String {
    let number = |value: Option<f64>| Cell::number(value.map_or(String::new(), |value| format!("{value:.4}")));
    let row = |(column, name): (&ColumnResult, &String)| {
        vec![Cell::text(name), number(column.r2), number(column.mae), number(column.mse.map(f64::sqrt))]
    };
    let heads = [Text("number"), Number("R²"), Number("mean absolute error"), Number("root mean squared error")];
    table(&heads, evaluation.columns.iter().zip(names).map(row))
}
