//! How well the pixels of each class are told apart, and which images have the most wrong ones.

use std::path::Path;

use super::super::TrainError;
use super::super::data::Dataset;
use super::super::evaluate::{ClassPixels, SegmentEvaluation, SegmentGuess};
use super::super::findings::Findings;
use super::super::scores::shown;
use super::gallery::{Shown, gallery, tiles};
use super::images;
use super::page::Head::{Number, Text};
use super::page::{Cell, section, table};
use crate::quantity::exact;
use crate::recipe::Measure;

/// The parts of the page about the best weights.
///
/// # Errors
/// If the picture cannot be written into `folder`.
pub fn sections(
    findings: &Findings,
    evaluation: &SegmentEvaluation,
    names: &[String],
    dataset: &Dataset,
    folder: &Path,
) -> Result<String, TrainError> {
    let told = |guess: &SegmentGuess| {
        let truth = dataset.validation.targets().caption(guess.example, names);
        let is_right = guess.accuracy == 1.0;
        let taken_for = if is_right { truth.clone() } else { format!("mean IoU {:.4},", guess.mean_iou) };
        Shown { example: guess.example, truth, taken_for, probability: guess.accuracy }
    };
    let [wrong, sampled]: [Vec<Shown>; 2] =
        [&evaluation.mistakes, &evaluation.sample].map(|guesses| guesses.iter().map(told).collect());
    let (mistakes, sample) = (tiles(&wrong, dataset), tiles(&sampled, dataset));
    let gallery_of_sample = gallery(&sampled, &sample, dataset);
    images(folder, "validation images with their masks, and the fraction of pixels that is right", sample)?;
    let scores = findings.evaluation.scores();
    let of = |measure: Measure| shown(measure, scores.get(measure));
    let heading = format!(
        "Results of epoch {} on {} images: mean IoU {}, pixel accuracy {}, loss {}",
        findings.epoch,
        exact(evaluation.images as u64),
        of(Measure::MeanIou),
        of(Measure::PixelAccuracy),
        of(Measure::Loss),
    );
    Ok([
        section(&heading, "scroll", &classes(evaluation, names)),
        section("Most pixels wrong", "gallery", &gallery(&wrong, &mistakes, dataset)),
        section("Some validation images", "gallery", &gallery_of_sample),
    ]
    .concat())
}

fn classes(evaluation: &SegmentEvaluation, names: &[String]) -> String {
    let row = |(class, name): (&ClassPixels, &String)| {
        vec![
            Cell::text(name),
            Cell::number(exact(class.truth)),
            Cell::bar(class.iou()),
            Cell::bar(class.accuracy()),
            Cell::number(exact(class.taken_for)),
        ]
    };
    let heads = [Text("class"), Number("pixels"), Text("IoU"), Text("accuracy"), Number("pixels predicted")];
    table(&heads, evaluation.classes.iter().zip(names).map(row))
}
