//! What a run's folder says about the run.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::TrainError;
use super::folder::{self, NETWORK};
use super::metrics::{EpochMetrics, EpochTimes, ValidationMetrics};
use super::scores::Scores;
use crate::recipe::Measure;
use crate::{compile, regular};

/// Longer files are not read.
const LONGEST_NETWORK: u64 = 32 << 20;
const LONGEST_LINES: u64 = 64 << 20;

/// A run as it is on the disk.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where it is.
    pub folder: PathBuf,
    /// What it is called: its folder.
    pub name: String,
    /// The network's name.
    pub network: String,
    /// How many parameters the network has; `None` if another version of this program knew other layers.
    pub params: Option<u64>,
    /// Epochs that the recipe has.
    pub planned: Option<usize>,
    /// What may differ between runs: the network's layers, the `data` and `train` sections with nothing left to a
    /// default, and where the run was started.
    pub settings: Vec<(String, Value)>,
    /// Those that are over.
    pub epochs: Vec<EpochMetrics>,
    /// How long they took.
    pub times: Vec<EpochTimes>,
    /// All validations, also within an epoch.
    pub validations: Vec<ValidationMetrics>,
}

impl Record {
    /// Reads what is in the folder of a run.
    ///
    /// # Errors
    /// If there is no run in it, or its files cannot be read.
    pub fn read(folder: &Path) -> Result<Record, TrainError> {
        let failed = |path: PathBuf| move |source| TrainError::Io { action: "read", path, source };
        let path = folder.join(NETWORK);
        let text = regular::read_to_string(&path, LONGEST_NETWORK).map_err(failed(path))?;
        let network = compile(&text).ok();
        let mut settings = sections(&text);
        let setting = |key: &str| settings.iter().find(|(name, _)| name == key).and_then(|(_, value)| value.as_str());
        let planned = setting("train.epochs").and_then(|epochs| epochs.parse().ok());
        // A run that was copied from elsewhere may be without it.
        let origin = folder::origin(folder).ok().flatten();
        if let Some(origin) = origin {
            // The seed is one of the recipe's settings already; what holds more than one value is no setting.
            let single = |(key, value): &(String, Value)| key != "seed" && !value.is_object() && !value.is_array();
            settings.extend(origin.into_iter().filter(single));
        }
        Ok(Record {
            folder: folder.to_owned(),
            name: folder.display().to_string(),
            network: network.as_ref().map_or_else(String::new, |network| network.name.clone()),
            params: network.map(|network| network.totals().params),
            planned,
            settings,
            epochs: lines(folder, "metrics.jsonl")?.iter().filter_map(epoch).collect(),
            times: lines(folder, "times.jsonl")?.iter().filter_map(times).collect(),
            validations: lines(folder, "validations.jsonl")?.iter().filter_map(validation).collect(),
        })
    }

    /// One of the settings.
    pub fn setting(&self, key: &str) -> Option<&Value> {
        self.settings.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// What its best weights were chosen by: the loss where what the recipe asks for was never defined.
    pub fn best_by(&self) -> Measure {
        let asked = self.setting("train.best_by").and_then(Value::as_str).and_then(Measure::of).unwrap_or_default();
        let is_known = |by: Measure| self.validations.iter().any(|line| !line.scores.get(by).is_nan());
        if !is_known(asked) && is_known(Measure::Loss) { Measure::Loss } else { asked }
    }

    /// The first epoch with the best value of a measure, and that value: of validation, or where there is none, of
    /// training.
    pub fn best(&self, by: Measure) -> Option<(usize, f64)> {
        let validated = self.validations.iter().map(|line| (line.epoch, line.scores.get(by)));
        let trained = self.epochs.iter().map(|line| match by {
            Measure::Loss => (line.epoch, line.train_loss),
            Measure::Accuracy => (line.epoch, line.train_acc),
            _ => (line.epoch, f64::NAN),
        });
        best(by, validated).or_else(|| best(by, trained))
    }

    /// Training images a second, over all epochs; NaN before the first is over.
    pub fn images_per_s(&self) -> f64 {
        let rates = self.times.iter().map(|times| times.images_per_s).filter(|rate| *rate > 0.0);
        rates.clone().count() as f64 / rates.map(|rate| 1.0 / rate).sum::<f64>()
    }

    /// How long its epochs took.
    pub fn seconds(&self) -> f64 {
        self.times.iter().map(|times| times.seconds).sum()
    }
}

/// The first of the best values.
fn best(by: Measure, values: impl Iterator<Item = (usize, f64)>) -> Option<(usize, f64)> {
    values.filter(|(_, value)| !value.is_nan()).reduce(
        |best, next| {
            if by.is_better(next.1, best.1) { next } else { best }
        },
    )
}

/// The objects of one of a run's files, up to the first line that is not whole. What is not there has none.
///
/// # Errors
/// If the file is there but cannot be read.
pub fn lines(folder: &Path, name: &str) -> Result<Vec<Value>, TrainError> {
    let path = folder.join(name);
    match regular::read_to_string(&path, LONGEST_LINES) {
        Ok(text) => Ok(text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(TrainError::Io { action: "read", path, source }),
    }
}

/// What [`Metrics`](super::metrics::Metrics) wrote as a line. What is missing or null is no number.
fn epoch(line: &Value) -> Option<EpochMetrics> {
    Some(EpochMetrics {
        epoch: line.get("epoch")?.as_u64()? as usize,
        lr: number(line, "lr"),
        train_loss: number(line, "train_loss"),
        train_acc: number(line, "train_acc"),
        validation: Scores::read(line),
    })
}

/// The same of another file.
fn times(line: &Value) -> Option<EpochTimes> {
    Some(EpochTimes {
        epoch: line.get("epoch")?.as_u64()? as usize,
        seconds: number(line, "seconds"),
        images_per_s: number(line, "images_per_s"),
        data_wait: number(line, "data_wait"),
    })
}

/// The same of a third.
fn validation(line: &Value) -> Option<ValidationMetrics> {
    Some(ValidationMetrics {
        step: line.get("step")?.as_u64()?,
        epoch: line.get("epoch")?.as_u64()? as usize,
        scores: Scores::read(line),
    })
}

fn number(line: &Value, key: &str) -> f64 {
    line.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// The settings in the text that [`expand`](crate::expand::expand) makes of a network: `train.batch: 100`, and so on.
/// All layers and their initial values are one.
fn sections(text: &str) -> Vec<(String, Value)> {
    let (mut section, mut layers, mut hash) = ("", 0, FNV_OFFSET);
    let mut settings = Vec::new();
    for line in text.lines() {
        match (section, line.strip_prefix("  ")) {
            (_, None) => match line.split_once(": ") {
                Some(("name", _)) => {}
                Some((key, value)) => settings.push((key.to_owned(), Value::from(value))),
                None => section = line.trim_end_matches(':'),
            },
            ("data" | "train", Some(entry)) => {
                if let Some((key, value)) = entry.split_once(": ") {
                    settings.push((format!("{section}.{key}"), Value::from(value)));
                }
            }
            (_, Some(entry)) => {
                layers += usize::from(section == "layers");
                hash = entry.bytes().fold(hash, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(FNV_PRIME));
            }
        }
    }
    settings.push(("layers".to_owned(), Value::from(format!("{layers} ({hash:08x})"))));
    settings
}

/// Of the 32-bit hash FNV-1a: it tells networks apart. Source: RFC 9923.
const FNV_OFFSET: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::expand;

    const NETWORK: &str = "name: tiny\ninput: [1, 8, 8]\nclasses: 10\nlayers: [flatten, linear 10]\ndata: {set: digits}\n\
                           train: {epochs: 4, batch: 50, optimizer: adam}\n";

    fn written(network: &str, metrics: &str, times: &str, validations: &str) -> Record {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let network = compile(network).unwrap_or_else(|errors| panic!("{errors}"));
        for (name, text) in [
            ("network.yaml", expand(&network).as_str()),
            ("metrics.jsonl", metrics),
            ("times.jsonl", times),
            ("validations.jsonl", validations),
        ] {
            std::fs::write(folder.path().join(name), text).expect("room on the disk");
        }
        Record::read(folder.path()).expect("readable")
    }

    #[test]
    fn a_folder_tells_of_its_run() {
        // A line that is not whole is none.
        let metrics = "{\"epoch\":1,\"train_acc\":0.25}\n{\"epoch\":2,\"train_acc\":0.5}\n\
                       {\"epoch\":3,\"train_acc\":0.5,\"train_loss\":null}\n{\"epoch\":4,\"train_a";
        let times = [2, 3, 4].map(|seconds| format!("{{\"epoch\":{},\"seconds\":{seconds}}}\n", seconds - 1)).concat();
        // The second of two equal accuracies is no better; the best may lie within an epoch.
        let validations = [(10, 1, "0.5"), (15, 2, "0.75"), (20, 2, "0.625"), (30, 3, "0.75"), (35, 4, "null")]
            .map(|(step, epoch, acc)| format!("{{\"step\":{step},\"epoch\":{epoch},\"val_acc\":{acc}}}\n"))
            .concat();
        let record = written(NETWORK, metrics, &times, &validations);
        assert_eq!((record.network.as_str(), record.params, record.planned), ("tiny", Some(650), Some(4)));
        assert_eq!((record.epochs.len(), record.best(Measure::Accuracy), record.seconds()), (3, Some((2, 0.75)), 9.0));
        assert!(record.epochs[2].train_loss.is_nan());
        assert_eq!(written(NETWORK, metrics, &times, "").best(Measure::Accuracy), Some((2, 0.5)), "of training");
        for (key, value) in [("input", "[1, 8, 8]"), ("data.set", "digits"), ("train.batch", "50")] {
            assert_eq!(record.setting(key), Some(&Value::from(value)), "{key}");
        }
    }

    #[test]
    fn settings_differ_where_networks_do() {
        // Without images, which would have to be of the input's size.
        let network = NETWORK.replace("data: {set: digits}\n", "");
        let record = written(&network, "", "", "");
        for (from, to, expected) in [
            ("batch: 50", "batch: 60", Some("train.batch")),
            ("[1, 8, 8]", "[1, 4, 16]", Some("input")),
            ("[flatten,", "[flatten, relu,", Some("layers")),
            ("linear 10]", "linear 10 bias=false]", Some("layers")),
            ("name: tiny", "name: other", None),
        ] {
            let other = written(&network.replace(from, to), "", "", "");
            let differ = record.settings.iter().filter(|(key, value)| other.setting(key) != Some(value));
            let keys: Vec<&str> = differ.map(|(key, _)| key.as_str()).collect();
            assert_eq!(keys, Vec::from_iter(expected), "{to}");
        }
    }
}
