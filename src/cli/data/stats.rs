//! `archc data stats`

use clap::Args;
use serde_json::json;

use super::{Images, by_class, count, subject};
use crate::cli::Failure;
use crate::cli::terminal::{self, Format};
use crate::recipe::Task;
use crate::train::data::Statistics;

/// Measure the mean and deviation of each channel and the balance of the classes, as lines for the file
#[derive(Debug, Args)]
pub struct Stats {
    #[command(flatten)]
    images: Images,
    /// Text, or JSON for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Stats {
    pub fn run(self) -> Result<(), Failure> {
        let subject = subject(&self.images.what, &self.images.changes)?;
        let collection = subject.open()?;
        let (train, left_out) = subject.sound(&collection.train)?;
        let statistics = Statistics::measure(&train, subject.channels(), subject.recipe.bad_images)?;
        let counts = by_class(&train, collection.classes.len())?;
        let least = counts.iter().copied().min().unwrap_or(0);
        let most = counts.iter().copied().max().unwrap_or(0);
        let (task, kind) = (subject.recipe.task, subject.kind());
        let Statistics { mean, std } = &statistics;
        let text = match self.format {
            Format::Json => {
                let object = json!({
                    "set": subject.recipe.set.name(),
                    "images": train.len(),
                    "left_out": left_out,
                    "mean": mean,
                    "std": std,
                    "by_class": counts,
                });
                format!("{object}\n")
            }
            Format::Text => {
                let normalize =
                    statistics.normalize().map_or_else(|problem| problem.to_string(), |one| one.to_string());
                let balance = match (least, most) {
                    _ if task == Task::Regression => format!("{} training images with numbers", train.len()),
                    _ if task == Task::Segment => format!("from {least} to {most} training pixels of a class"),
                    (least, most) if least == most => format!("{least} training images of every {kind}"),
                    _ => format!("from {least} to {most} training images of a {kind}"),
                };
                let weights = match least < most {
                    true if task == Task::Multilabel => "\nfor `train:`, so that rare labels matter more\n  \
                                                         loss: binary_cross_entropy pos_weight=auto\n"
                        .to_owned(),
                    true => {
                        format!("\nfor `train:`, so that every class weighs the same\n  loss: {}\n", weights(&counts))
                    }
                    false => String::new(),
                };
                let left_out = if left_out > 0 { format!(" and {left_out} left out") } else { String::new() };
                format!(
                    "{}: {}{left_out}, {}\n{balance}\n\nfor `train:` and `eval:` of `data:`\n  - {normalize}\n{weights}",
                    subject.name,
                    count(train.len(), "training image"),
                    count(counts.len(), kind),
                )
            }
        };
        terminal::put(self.format, &text)
    }
}

/// The loss in which each class weighs as if it had as many images as the others; over the images, the weights have a
/// mean of 1.
fn weights(counts: &[usize]) -> String {
    let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    // Of a class without pixels there is nothing to weigh.
    let weight = |count: &usize| if *count > 0 { mean / *count as f64 } else { 1.0 };
    let weights: Vec<String> = counts.iter().map(|count| format!("{:.3}", weight(count))).collect();
    format!("{{cross_entropy: {{class_weights: [{}]}}}}", weights.join(", "))
}
