//! How well each class is told apart, and which images are not.

use std::path::Path;

use super::super::TrainError;
use super::super::data::Dataset;
use super::super::evaluate::{ClassEvaluation, Evaluation, Guess};
use super::super::findings::Findings;
use super::super::scores::{shown, title};
use super::gallery::{Shown, gallery, tiles};
use super::labels;
use super::numbers;
use super::page::Head::{Number, Text};
use super::page::{Cell, section, settings, table};
use super::{images, pictures, segments};
use crate::plot::{self, Chart, Line, Matrix, Picture, Stroke, Unit};
use crate::quantity::exact;
use crate::recipe::Measure;

/// The parts of the page about the best weights.
///
/// # Errors
/// If the pictures cannot be written into `folder`.
pub fn sections(findings: &Findings, dataset: &Dataset, folder: &Path) -> Result<String, TrainError> {
    let name = |class: usize| dataset.classes().get(class).cloned().unwrap_or_else(|| class.to_string());
    match &findings.evaluation {
        Evaluation::Classes(evaluation) => {
            let names = (0..evaluation.confusion.classes()).map(name).collect();
            of_classes(findings, evaluation, names, dataset, folder)
        }
        Evaluation::Labels(evaluation) => {
            let names: Vec<String> = (0..evaluation.labels.len()).map(name).collect();
            labels::sections(findings, evaluation, &names, dataset, folder)
        }
        Evaluation::Numbers(evaluation) => {
            let names: Vec<String> = (0..evaluation.columns.len()).map(name).collect();
            numbers::sections(findings, evaluation, &names, dataset, folder)
        }
        Evaluation::Segments(evaluation) => {
            let names: Vec<String> = (0..evaluation.classes.len()).map(name).collect();
            segments::sections(findings, evaluation, &names, dataset, folder)
        }
    }
}

fn of_classes(
    findings: &Findings,
    evaluation: &ClassEvaluation,
    names: Vec<String>,
    dataset: &Dataset,
    folder: &Path,
) -> Result<String, TrainError> {
    let epoch = findings.epoch;
    let wrong = evaluation.images - evaluation.correct();
    let title = format!(
        "Results of epoch {epoch}: {} of {} right, {:.2} % among the first five, loss {:.4}",
        exact(evaluation.correct() as u64),
        exact(evaluation.images as u64),
        100.0 * evaluation.top5_accuracy(),
        evaluation.mean_loss(),
    );
    let matrix = match names.len() {
        ..=plot::LARGEST => {
            let counts: Vec<_> = (0..names.len()).map(|class| evaluation.confusion.whole_row(class)).collect();
            let matrix = Matrix { names: &names, counts: &counts };
            pictures(folder, super::CONFUSION, &matrix)?;
            matrix.svg()
        }
        _ => String::new(),
    };
    let calibration = calibration(evaluation);
    pictures(folder, super::CALIBRATION, &calibration)?;
    let told = |guess: &Guess| {
        let [truth, taken_for] = [guess.label, guess.taken_for].map(|class| names[class as usize].clone());
        Shown { example: guess.example, truth, taken_for, probability: guess.probability }
    };
    let [mistaken, sampled]: [Vec<Shown>; 2] =
        [&evaluation.mistakes, &evaluation.sample].map(|guesses| guesses.iter().map(told).collect());
    let (mistakes, sample) = (tiles(&mistaken, dataset), tiles(&sampled, dataset));
    let gallery_of_sample = gallery(&sampled, &sample, dataset);
    images(folder, "validation images: truth, and prediction", sample)?;
    let classes = section(&title, "scroll", &classes(evaluation, &names));
    let matrix = section("Confusion matrix", "wide", &matrix);
    Ok([
        // Where there is room, side by side.
        match names.len() {
            ..=NARROW => format!("<div class=\"pair\">\n{classes}{matrix}</div>\n"),
            _ => classes + &matrix,
        },
        section("For classes of unequal size", "", &scores(&findings.evaluation)),
        section("Calibration", "wide", &calibration.svg()),
        section("Most often confused", "", &confused(evaluation, &names)),
        section(
            &format!("Worst mistakes, of {}", exact(wrong as u64)),
            "gallery",
            &gallery(&mistaken, &mistakes, dataset),
        ),
        section("Some validation images", "gallery", &gallery_of_sample),
    ]
    .concat())
}

fn classes(evaluation: &ClassEvaluation, names: &[String]) -> String {
    let accuracies = evaluation.class_accuracies();
    let row = |(class, row): (usize, &[(u32, usize)])| {
        let others = row.iter().filter(|(other, _)| *other as usize != class);
        let mistaken = others.rev().max_by_key(|(_, count)| *count);
        vec![
            Cell::text(&names[class]),
            Cell::number(exact(evaluation.confusion.images(class) as u64)),
            Cell::bar(accuracies[class]),
            Cell::text(
                mistaken.map_or(String::new(), |(other, count)| format!("{} ({count})", names[*other as usize])),
            ),
        ]
    };
    let heads = [Text("class"), Number("images"), Text("accuracy"), Text("most often predicted as")];
    table(&heads, evaluation.confusion.rows().enumerate().map(row))
}

/// What does not go by how many images a class has, but for the last.
fn scores(evaluation: &Evaluation) -> String {
    let scores = evaluation.scores();
    let measures = [Measure::BalancedAccuracy, Measure::MacroF1, Measure::Auroc, Measure::CalibrationError];
    settings(measures.into_iter().map(|measure| (title(measure).to_owned(), shown(measure, scores.get(measure)))))
}

/// How often images are right that are about equally likely to be.
fn calibration(evaluation: &ClassEvaluation) -> Chart {
    let bins = evaluation.calibration.bins().iter().filter(|bin| bin.images > 0);
    let points = bins.map(|bin| (100.0 * bin.confidence(), bin.accuracy())).collect();
    let line = |name: &str, points, colour, stroke| Line { name: name.to_owned(), points, colour, stroke };
    let title =
        format!("accuracy by confidence, ECE {}", shown(Measure::CalibrationError, evaluation.calibration.error()));
    let lines = vec![
        line("validation", points, 1, Stroke::Solid),
        line("as right as sure", vec![(0.0, 0.0), (100.0, 1.0)], 6, Stroke::Dashed),
    ];
    Chart { title, x: "confidence in %".to_owned(), unit: Unit::Percent, lines }
}

/// Classes whose matrix can be read at half of the page's width.
const NARROW: usize = 20;

/// Pairs of classes that are listed.
const PAIRS: usize = 10;

fn confused(evaluation: &ClassEvaluation, names: &[String]) -> String {
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for (class, row) in evaluation.confusion.rows().enumerate() {
        let others = row.iter().filter(|(other, _)| *other as usize != class);
        pairs.extend(others.map(|(other, count)| (*count, class, *other as usize)));
    }
    // Of equal counts, the first class comes first.
    pairs.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    pairs.truncate(PAIRS);
    if pairs.is_empty() {
        return String::new();
    }
    let row = |(count, class, other): (usize, usize, usize)| {
        vec![Cell::text(&names[class]), Cell::text(&names[other]), Cell::number(exact(count as u64))]
    };
    table(&[Text("class"), Text("predicted"), Number("images")], pairs.into_iter().map(row))
}
