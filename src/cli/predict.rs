//! `archc predict FILE --weights W IMAGE…`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::eval::class_name;
use super::machine::Machine;
use super::source::SourceArguments;
use super::terminal::{self, Format};
use super::{Failure, trained};
use crate::diagnostic::printable;
use crate::executor::Evaluator;
use crate::recipe::{MaxPixels, Transform};
use crate::train::data::{DataError, Dataset, read_image};

/// Predict the classes of images
#[derive(Debug, Args)]
pub struct Predict {
    #[command(flatten)]
    source: SourceArguments,
    /// Its weights: safetensors, or PyTorch's .pth
    #[arg(long, value_name = "WEIGHTS")]
    weights: PathBuf,
    /// Images, in any common format
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Text, or JSON for programs, one object per line and image
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    machine: Machine,
}

/// How many classes are named for each image.
const NAMED: usize = 5;

impl Predict {
    pub fn run(self) -> Result<(), Failure> {
        self.machine.run(|| self.predict())
    }

    /// Goes on after an image that cannot be read.
    fn predict(&self) -> Result<(), Failure> {
        let network = self.source.compile()?.network;
        let (mut evaluator, about) = trained::load(&network, &self.weights, &self.machine.device())?;
        // Measured numbers are not in the file.
        let dataset = match &network.data {
            Some(data) if data.eval.contains(&Transform::NormalizeMeasured) => Some(trained::open_data(&network)?),
            _ => None,
        };
        let data = dataset.as_ref().map(Dataset::data).or(network.data.as_ref());
        let transforms = data.map_or(&[] as &[Transform], |data| &data.eval);
        let max_pixels = data.map_or(MaxPixels::default(), |data| data.max_pixels);
        let names: Vec<String> = match (about, data) {
            (Some(about), _) => about.classes,
            (None, _) if dataset.is_some() => dataset.as_ref().map_or(Vec::new(), |dataset| dataset.classes().to_vec()),
            (None, Some(data)) => data.set.classes().iter().map(|name| (*name).to_owned()).collect(),
            (None, None) => Vec::new(),
        };
        let mut sound = true;
        for path in &self.images {
            let read = || read_image(path, transforms, network.graph.input, max_pixels);
            match probabilities(&mut *evaluator, path, read) {
                Ok(probabilities) => terminal::put(self.format, &self.describe(path, &probabilities, &names))?,
                Err(Failure::Message(message)) => {
                    terminal::refuse(&message);
                    sound = false;
                }
                Err(failure) => return Err(failure),
            }
        }
        if sound { Ok(()) } else { Err(Failure::Reported) }
    }

    fn describe(&self, path: &Path, probabilities: &[f64], names: &[String]) -> String {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
        order.truncate(NAMED);
        match self.format {
            Format::Json => {
                let entry = |class: &usize| json!({"class": *class, "name": class_name(names, *class), "probability": probabilities[*class]});
                let predictions: Vec<_> = order.iter().map(entry).collect();
                format!("{}\n", json!({"image": path.to_string_lossy(), "predictions": predictions}))
            }
            Format::Text => {
                let line = |class: &usize| {
                    format!("  {:>6.2} %  {}\n", 100.0 * probabilities[*class], printable(&class_name(names, *class)))
                };
                let lines: String = order.iter().map(line).collect();
                format!("{}\n{lines}", printable(&path.display().to_string()))
            }
        }
    }
}

/// The softmax of the logits.
fn probabilities(
    evaluator: &mut dyn Evaluator,
    path: &Path,
    image: impl FnOnce() -> Result<Vec<f32>, DataError>,
) -> Result<Vec<f64>, Failure> {
    let image = image()?;
    let logits = evaluator.evaluate(&image)?;
    let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, x| largest.max(f64::from(*x)));
    let powers: Vec<f64> = logits.iter().map(|x| (f64::from(*x) - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    if !total.is_finite() {
        let (class, logit) =
            logits.iter().enumerate().find(|(_, logit)| !logit.is_finite()).expect("one is the reason");
        return Err(Failure::Message(format!(
            "{}: the network gives class {class} a score of {logit}, from which no probabilities follow: are these its weights?",
            path.display()
        )));
    }
    Ok(powers.into_iter().map(|power| power / total).collect())
}
