//! What a network says of an image, in words and numbers: the one place where tasks part in prediction.

use std::path::Path;

use serde_json::{Value, json};

use super::Format;
use crate::cli::eval::class_name;
use crate::cli::trained;
use crate::diagnostic::printable;
use crate::executor::largest;
use crate::ir::{Pair, Shape};
use crate::kernels::sigmoid;
use crate::network::Network;
use crate::recipe::Task;
use crate::train::checkpoint::About;
use crate::train::evaluate::likeliest;

/// How a network's outputs are to be understood.
pub struct Answer {
    task: Task,
    names: Vec<String>,
    /// From which probability on an image is said to have a label.
    thresholds: Vec<f64>,
    /// How many there are, of an image or of each of its pixels.
    outputs: usize,
    /// Height and width of what the network tells of.
    size: Pair,
}

/// How a table of predictions says what is in its columns.
pub struct Columns {
    /// The column of the classes or labels, or one for each label; none where nobody knows.
    pub labels: Vec<String>,
    /// What stands between labels.
    pub separator: Option<String>,
    /// Whether there is to be a column with the probability of every class.
    pub probabilities: bool,
}

impl Answer {
    /// That of a network, by what its weights say of it.
    pub fn new(network: &Network, about: Option<&About>, names: Vec<String>) -> Answer {
        let task = network.data.as_ref().map_or(Task::Class, |data| data.task);
        let output = network.graph.shape(network.output);
        let outputs = output.channels();
        let size = match output {
            Shape::Map { height, width, .. } => Pair { height, width },
            Shape::Vector(_) => Pair::square(1),
        };
        Answer { task, names, thresholds: trained::thresholds(network, about), outputs, size }
    }

    /// Height and width of the masks that it gives, if it gives such.
    pub fn mask(&self) -> Option<Pair> {
        (self.task == Task::Segment).then_some(self.size)
    }

    /// The probability of every class or label, or the numbers; the likeliest class of every pixel.
    pub fn values(&self, outputs: &[f32]) -> Result<Vec<f64>, String> {
        match self.task {
            Task::Class => softmax(outputs),
            Task::Multilabel => match outputs.iter().position(|logit| logit.is_nan()) {
                Some(label) => Err(no_score("label", label, outputs[label])),
                None => Ok(outputs.iter().map(|logit| sigmoid(f64::from(*logit))).collect()),
            },
            Task::Regression => match outputs.iter().position(|number| !number.is_finite()) {
                Some(at) => Err(format!("the network gives {} for number {at}: are these its weights?", outputs[at])),
                None => Ok(outputs.iter().map(|number| f64::from(*number)).collect()),
            },
            Task::Segment => {
                let classes = likeliest(outputs, self.size.height * self.size.width).into_iter();
                let classes: Option<Vec<f64>> = classes.map(|class| class.map(f64::from)).collect();
                classes.ok_or_else(|| "the network gives a pixel no score: are these its weights?".to_owned())
            }
        }
    }

    /// The names of the columns of [`Format::Csv`].
    pub fn heads(&self) -> &'static str {
        match self.task {
            Task::Class => "image,rank,class,name,probability\n",
            Task::Multilabel => "image,rank,label,name,probability,present\n",
            Task::Regression => "image,number,name,value\n",
            Task::Segment => "image,class,name,pixels\n",
        }
    }

    /// What is said of an image, the likeliest first: no more than `top` classes, or so many labels and all that are
    /// there; or of its pixels, and where its `mask` is.
    pub fn describe(
        &self,
        format: Format,
        path: &Path,
        mask: Option<&Path>,
        probabilities: &[f64],
        top: usize,
    ) -> String {
        if self.task == Task::Segment {
            return self.pixels(format, path, mask, probabilities);
        }
        if self.task == Task::Regression {
            return self.numbers(format, path, probabilities);
        }
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
        // Each label has a threshold of its own, so one that is there may come after one that is not.
        let is_said = |class: usize| self.task == Task::Multilabel && self.is_present(class, probabilities);
        let mut rank = 0..;
        order.retain(|class| rank.next().is_some_and(|rank| rank < top) || is_said(*class));
        let name = |class: usize| class_name(&self.names, class);
        match format {
            Format::Json => {
                let predictions: Vec<_> = order.iter().map(|class| self.entry(*class, probabilities)).collect();
                format!("{}\n", json!({"image": path.to_string_lossy(), "predictions": predictions}))
            }
            Format::Csv => {
                let row = |(rank, class): (usize, &usize)| {
                    let (image, name) = (field(&path.to_string_lossy()), field(&name(*class)));
                    let present = match self.task {
                        Task::Class | Task::Regression | Task::Segment => String::new(),
                        Task::Multilabel => format!(",{}", u8::from(self.is_present(*class, probabilities))),
                    };
                    format!("{image},{},{class},{name},{}{present}\n", rank + 1, probabilities[*class])
                };
                order.iter().enumerate().map(row).collect()
            }
            Format::Text => {
                let line = |class: &usize| {
                    let sign = match self.task {
                        Task::Class | Task::Regression | Task::Segment => "",
                        Task::Multilabel if self.is_present(*class, probabilities) => "✓ ",
                        Task::Multilabel => "  ",
                    };
                    format!("  {:>6.2} %  {sign}{}\n", 100.0 * probabilities[*class], printable(&name(*class)))
                };
                let lines: String = order.iter().map(line).collect();
                format!("{}\n{lines}", printable(&path.display().to_string()))
            }
        }
    }

    fn entry(&self, class: usize, probabilities: &[f64]) -> Value {
        let (name, probability) = (class_name(&self.names, class), probabilities[class]);
        match self.task {
            Task::Class | Task::Regression | Task::Segment => {
                json!({"class": class, "name": name, "probability": probability})
            }
            Task::Multilabel => json!({
                "label": class,
                "name": name,
                "probability": probability,
                "present": self.is_present(class, probabilities),
            }),
        }
    }

    /// The numbers of an image, each under the name of its column.
    fn numbers(&self, format: Format, path: &Path, numbers: &[f64]) -> String {
        let named = || numbers.iter().enumerate().map(|(at, number)| (at, class_name(&self.names, at), *number as f32));
        match format {
            Format::Json => {
                let values: Vec<_> = named().map(|(_, name, value)| json!({"name": name, "value": value})).collect();
                format!("{}\n", json!({"image": path.to_string_lossy(), "values": values}))
            }
            Format::Csv => {
                let image = field(&path.to_string_lossy());
                named().map(|(at, name, value)| format!("{image},{at},{},{value}\n", field(&name))).collect()
            }
            Format::Text => {
                let lines: String =
                    named().map(|(_, name, value)| format!("  {value:>12.4}  {}\n", printable(&name))).collect();
                format!("{}\n{lines}", printable(&path.display().to_string()))
            }
        }
    }

    /// How many pixels each class has.
    fn counts(&self, classes: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.outputs];
        classes.iter().for_each(|class| counts[*class as usize] += 1);
        counts
    }

    /// What the pixels of an image were taken for.
    fn pixels(&self, format: Format, path: &Path, mask: Option<&Path>, classes: &[f64]) -> String {
        let counts = self.counts(classes);
        let named = || counts.iter().enumerate().map(|(class, count)| (class, class_name(&self.names, class), *count));
        match format {
            Format::Json => {
                let classes: Vec<_> = named()
                    .map(|(class, name, pixels)| json!({"class": class, "name": name, "pixels": pixels}))
                    .collect();
                let mask = mask.map(Path::to_string_lossy);
                format!("{}\n", json!({"image": path.to_string_lossy(), "mask": mask, "classes": classes}))
            }
            Format::Csv => {
                let image = field(&path.to_string_lossy());
                named().map(|(class, name, pixels)| format!("{image},{class},{},{pixels}\n", field(&name))).collect()
            }
            Format::Text => {
                let part = |pixels: usize| 100.0 * pixels as f64 / classes.len() as f64;
                let there = named().filter(|(.., pixels)| *pixels > 0);
                let lines: String = there
                    .map(|(_, name, pixels)| format!("  {:>6.2} %  {}\n", part(pixels), printable(&name)))
                    .collect();
                format!("{}\n{lines}", printable(&path.display().to_string()))
            }
        }
    }

    /// Whether there is a probability of each class or label.
    pub fn has_probabilities(&self) -> bool {
        matches!(self.task, Task::Class | Task::Multilabel)
    }

    fn is_present(&self, label: usize, probabilities: &[f64]) -> bool {
        probabilities[label] >= self.thresholds[label]
    }

    /// The heads of a table's columns behind the one that tells images apart.
    pub fn columns(&self, columns: &Columns) -> Vec<String> {
        let named = || columns.labels.first().map_or("label", String::as_str);
        match self.task {
            Task::Class if !columns.probabilities => vec![field(named())],
            Task::Multilabel if !columns.probabilities && columns.separator.is_some() => vec![field(named())],
            Task::Class | Task::Multilabel | Task::Regression | Task::Segment => {
                (0..self.outputs).map(|class| field(&class_name(&self.names, class))).collect()
            }
        }
    }

    /// What stands in them for an image.
    pub fn row(&self, columns: &Columns, probabilities: &[f64]) -> Vec<String> {
        let present = |label: usize| self.is_present(label, probabilities);
        match (self.task, columns.probabilities, &columns.separator) {
            (Task::Segment, ..) => self.counts(probabilities).iter().map(usize::to_string).collect(),
            (Task::Regression, ..) => probabilities.iter().map(|number| (*number as f32).to_string()).collect(),
            (_, true, _) => probabilities.iter().map(f64::to_string).collect(),
            (Task::Class, false, _) => vec![field(&class_name(&self.names, largest(probabilities)))],
            (Task::Multilabel, false, Some(separator)) => {
                let labels = (0..self.outputs).filter(|label| present(*label));
                let names: Vec<String> = labels.map(|label| class_name(&self.names, label)).collect();
                vec![field(&names.join(separator))]
            }
            (Task::Multilabel, false, None) => {
                (0..self.outputs).map(|label| u8::from(present(label)).to_string()).collect()
            }
        }
    }
}

/// A field of a table, as <https://www.rfc-editor.org/rfc/rfc4180> has it.
pub fn field(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// The probabilities that follow from the logits of classes.
fn softmax(logits: &[f32]) -> Result<Vec<f64>, String> {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, x| largest.max(f64::from(*x)));
    let powers: Vec<f64> = logits.iter().map(|x| (f64::from(*x) - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    if !total.is_finite() {
        let (class, logit) =
            logits.iter().enumerate().find(|(_, logit)| !logit.is_finite()).expect("one is the reason");
        return Err(no_score("class", class, *logit));
    }
    Ok(powers.into_iter().map(|power| power / total).collect())
}

fn no_score(what: &str, class: usize, score: f32) -> String {
    format!(
        "the network gives {what} {class} a score of {score}, from which no probabilities follow: are these its weights?"
    )
}
