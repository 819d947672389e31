//! How well a network tells the classes of pixels apart, for people and for programs.

use serde::Serialize;

use super::WIDEST_NAME;
use crate::diagnostic::printable;
use crate::recipe::Measure;
use crate::train::evaluate::{ClassPixels, Evaluation, SegmentEvaluation};
use crate::train::scores::{Scores, shown, title};

/// For programs.
#[derive(Serialize)]
pub struct Report<'a> {
    classes: Vec<Class<'a>>,
    images: usize,
    loss: f64,
    mean_iou: f64,
    name: &'a str,
    pixel_accuracy: f64,
    pixels: u64,
}

#[derive(Serialize)]
struct Class<'a> {
    accuracy: f64,
    iou: f64,
    name: &'a str,
    pixels: u64,
    predicted: u64,
}

impl<'a> Report<'a> {
    pub fn new(network: &'a str, segments: &SegmentEvaluation, scores: &Scores, names: &'a [String]) -> Report<'a> {
        let class = |(class, name): (&ClassPixels, &'a String)| Class {
            accuracy: class.accuracy(),
            iou: class.iou(),
            name,
            pixels: class.truth,
            predicted: class.taken_for,
        };
        Report {
            classes: segments.classes.iter().zip(names).map(class).collect(),
            images: segments.images,
            loss: scores.get(Measure::Loss),
            mean_iou: scores.get(Measure::MeanIou),
            name: network,
            pixel_accuracy: scores.get(Measure::PixelAccuracy),
            pixels: segments.pixels(),
        }
    }
}

pub fn text(evaluation: &Evaluation, segments: &SegmentEvaluation, names: &[String]) -> String {
    let scores = evaluation.scores();
    let mut facts = vec![("images", segments.images.to_string())];
    for measure in [Measure::Loss, Measure::MeanIou, Measure::PixelAccuracy] {
        facts.push((title(measure), shown(measure, scores.get(measure))));
    }
    let mut text: String = facts.into_iter().map(|(name, value)| format!("{name:14}  {value}\n")).collect();
    let names: Vec<String> = names.iter().map(|name| printable(name)).collect();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(5, WIDEST_NAME);
    text.push_str(&format!("\nclass  {:widest$}  {:>9}  {:>9}  {:>12}\n", "", "IoU", "accuracy", "pixels"));
    for (number, (class, name)) in segments.classes.iter().zip(&names).enumerate() {
        let iou = shown(Measure::MeanIou, class.iou());
        let accuracy = shown(Measure::PixelAccuracy, class.accuracy());
        text.push_str(&format!("{number:>5}  {name:widest$}  {iou:>9}  {accuracy:>9}  {:>12}\n", class.truth));
    }
    text
}
