//! `archc eval FILE`

mod labels;
mod numbers;
mod segments;

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Failure;
use super::machine::Machine;
use super::terminal::{self, Format};
use super::trained::{self, Trained};
use crate::diagnostic::printable;
use crate::recipe::{Data, DataSet, Measure, Table, Task};
use crate::train::calibration::Bin;
use crate::train::confusion::Confusion;
use crate::train::data::told;
use crate::train::evaluate::{ClassEvaluation, Evaluation, evaluate};
use crate::train::scores::{shown, title};

/// Evaluate a trained network on its validation images, or others
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::EVAL)]
pub struct Eval {
    #[command(flatten)]
    trained: Trained,
    /// The folder, the archive or the table of the images, in place of the one in the file
    #[arg(long, value_name = "IMAGES")]
    data: Option<PathBuf>,
    /// The split to use
    #[arg(long, value_enum, default_value_t = Which::Validation)]
    split: Which,
    /// Images per batch
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Tables, or JSON for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    machine: Machine,
}

/// A part of the data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that the network learns from, as they are evaluated.
    Train,
    /// Those that it is judged by while it learns.
    Validation,
    /// Those that it has not met in any way.
    Test,
}

impl Eval {
    pub fn run(self) -> Result<(), Failure> {
        self.machine.run(|| {
            let mut network = self.trained.network()?;
            if let Some(path) = &self.data {
                let data = network.data.get_or_insert_with(|| Data::of(DataSet::Folder, None));
                let path = path.to_string_lossy().into_owned();
                let set = told(Path::new(&path));
                if set == Some(DataSet::Table) {
                    let own = data.table.take().unwrap_or_else(|| Table::of(""));
                    (data.set, data.path, data.table) = (DataSet::Table, None, Some(Table { file: path, ..own }));
                } else if !matches!(data.task, Task::Class | Task::Segment) && set != Some(DataSet::Medmnist) {
                    let (task, path) = (data.task, printable(&path));
                    return Err(Failure::Message(format!(
                        "`{path}` does not say what its images have: with `task: {task}`, name a table"
                    )));
                } else {
                    // A named set may lie in any folder.
                    let set = match set {
                        Some(DataSet::Folder) | None if !data.set.is_own() => data.set,
                        set => set.unwrap_or(DataSet::Folder),
                    };
                    (data.set, data.path, data.table) = (set, Some(path), None);
                }
            }
            let weights = self.trained.weights()?;
            let (mut evaluator, about) = self.trained.evaluator(&network, &self.machine.device())?;
            trained::measured(&mut network, about.as_ref());
            let dataset = match &about {
                Some(about) => trained::open_known_data(&network, &weights, about, "")?,
                None => trained::open_data(&network)?,
            };
            let split = match self.split {
                Which::Train => dataset.train.clone(),
                Which::Validation => dataset.validation.clone(),
                Which::Test => {
                    let (split, left_out) = dataset.test().map_err(trained::unreadable)?;
                    trained::say_left_out(&left_out);
                    split
                }
            };
            if split.is_empty() {
                return Err(Failure::Message("the data set has no such images".to_owned()));
            }
            let batches = dataset.evaluation_batches(&split, self.batch as usize);
            let thresholds = trained::thresholds(&network, about.as_ref());
            let evaluation = evaluate(&mut *evaluator, &dataset, &thresholds, batches, &AtomicBool::new(false))?;
            let evaluation = evaluation.expect("nobody stops it");
            trained::say_left_out(evaluation.skipped());
            let names: Vec<String> =
                (0..evaluator.classes()).map(|class| class_name(dataset.classes(), class)).collect();
            match self.format {
                Format::Text => terminal::print(&text(&evaluation, &names)),
                Format::Json => terminal::write(|output| {
                    json(&mut *output, &network.name, &evaluation, &names)?;
                    output.write_all(b"\n")
                }),
            }
        })
    }
}

/// For programs.
fn json(output: impl io::Write, network: &str, evaluation: &Evaluation, names: &[String]) -> serde_json::Result<()> {
    match evaluation {
        Evaluation::Classes(of_classes) => serde_json::to_writer(output, &Report::new(network, of_classes, names)),
        Evaluation::Labels(of_labels) => {
            let report = labels::Report::new(network, of_labels, &evaluation.scores(), names);
            serde_json::to_writer(output, &report)
        }
        Evaluation::Numbers(of_numbers) => {
            let report = numbers::Report::new(network, of_numbers, &evaluation.scores(), names);
            serde_json::to_writer(output, &report)
        }
        Evaluation::Segments(of_pixels) => {
            let report = segments::Report::new(network, of_pixels, &evaluation.scores(), names);
            serde_json::to_writer(output, &report)
        }
    }
}

/// For people.
fn text(evaluation: &Evaluation, names: &[String]) -> String {
    match evaluation {
        Evaluation::Classes(of_classes) => of_each_class(evaluation, of_classes, names),
        Evaluation::Labels(of_labels) => labels::text(evaluation, of_labels, names),
        Evaluation::Numbers(of_numbers) => numbers::text(evaluation, of_numbers, names),
        Evaluation::Segments(of_pixels) => segments::text(evaluation, of_pixels, names),
    }
}

/// Longer names are written, but not what stands below or above them filled up to their length.
const WIDEST_NAME: usize = 200;

/// The name of a class; its number, if the data set has fewer classes than the network.
pub fn class_name(names: &[String], class: usize) -> String {
    names.get(class).cloned().unwrap_or_else(|| class.to_string())
}

/// For programs. Of many classes it is long, and written as it is made.
#[derive(Serialize)]
struct Report<'a> {
    auroc: Option<f64>,
    balanced_accuracy: f64,
    calibration: Vec<Part>,
    classes: Vec<Class<'a>>,
    confusion: &'a Confusion,
    ece: f64,
    images: usize,
    loss: f64,
    macro_f1: f64,
    name: &'a str,
    top1: f64,
    top5: f64,
}

/// Images of about the same confidence.
#[derive(Serialize)]
struct Part {
    accuracy: f64,
    confidence: f64,
    images: usize,
}

#[derive(Serialize)]
struct Class<'a> {
    accuracy: f64,
    images: usize,
    name: &'a str,
}

impl<'a> Report<'a> {
    fn new(network: &'a str, evaluation: &'a ClassEvaluation, names: &'a [String]) -> Report<'a> {
        let confusion = &evaluation.confusion;
        let class = |((class, name), accuracy): ((usize, &'a String), f64)| Class {
            accuracy,
            images: confusion.images(class),
            name,
        };
        let part = |bin: &Bin| Part { accuracy: bin.accuracy(), confidence: bin.confidence(), images: bin.images };
        Report {
            auroc: evaluation.auroc,
            balanced_accuracy: evaluation.balanced_accuracy(),
            calibration: evaluation.calibration.bins().iter().map(part).collect(),
            classes: names.iter().enumerate().zip(evaluation.class_accuracies()).map(class).collect(),
            confusion,
            ece: evaluation.calibration.error(),
            images: evaluation.images,
            loss: evaluation.mean_loss(),
            macro_f1: evaluation.macro_f1(),
            name: network,
            top1: evaluation.accuracy(),
            top5: evaluation.top5_accuracy(),
        }
    }
}

/// The most classes whose confusion matrix is printed for people.
const LARGEST_MATRIX: usize = 20;

fn of_each_class(evaluation: &Evaluation, of_classes: &ClassEvaluation, names: &[String]) -> String {
    let (scores, evaluation) = (evaluation.scores(), of_classes);
    let facts = [
        ("images", evaluation.images.to_string()),
        ("loss", shown(Measure::Loss, scores.get(Measure::Loss))),
        ("top-1", shown(Measure::Accuracy, evaluation.accuracy())),
        ("top-5", shown(Measure::Accuracy, evaluation.top5_accuracy())),
    ];
    let others = [Measure::BalancedAccuracy, Measure::MacroF1, Measure::Auroc, Measure::CalibrationError];
    let others = others.map(|measure| (title(measure), shown(measure, scores.get(measure))));
    let facts = facts.into_iter().chain(others);
    let mut text: String = facts.map(|(name, value)| format!("{name:17}  {value}\n")).collect();
    text.push('\n');
    // A file of weights may call classes anything.
    let names: Vec<String> = names.iter().map(|name| printable(name)).collect();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(WIDEST_NAME);
    let matrix = names.len() <= LARGEST_MATRIX;
    let counts = evaluation.confusion.rows().flatten().map(|(_, count)| count).max();
    let counts = counts.map_or(1, |count| count.to_string().len() + 1).max(4);
    let mut line =
        |cells: std::fmt::Arguments| text.write_fmt(format_args!("{cells}\n")).expect("a String takes everything");
    let heads: String = (0..names.len()).filter(|_| matrix).map(|class| format!("{class:>counts$}")).collect();
    let taken_for = if matrix { "   predicted" } else { "" };
    line(format_args!("{:>5} {:widest$} {:>10}{taken_for}{heads}", "class", "", "accuracy"));
    let gap = " ".repeat(taken_for.len());
    for (class, accuracy) in evaluation.class_accuracies().into_iter().enumerate() {
        let row = if matrix { evaluation.confusion.whole_row(class) } else { Vec::new() };
        let cells: String = row.iter().map(|count| format!("{count:>counts$}")).collect();
        let accuracy = if accuracy.is_nan() { "no images".to_owned() } else { format!("{:.2} %", 100.0 * accuracy) };
        line(format_args!("{class:>5} {:widest$} {accuracy:>10}{gap}{cells}", names[class]));
    }
    text
}
