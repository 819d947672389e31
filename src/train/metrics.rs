//! What a run writes down as it goes: one JSON object a line, for other programs to read.
//!
//! `metrics.jsonl` gets a line an epoch, `steps.jsonl` one every so many steps, `validations.jsonl` one for each
//! validation: what two runs of one seed agree on to the last byte. How long epochs took is in `times.jsonl`. A resumed
//! run first cuts off what was written after its checkpoint, so that the files look as if it had never stopped. The
//! same numbers go to TensorBoard: see
//! [`events`](super::events).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;

use super::Waiting;
use super::evaluate::Evaluation;
use super::events::Events;
use super::position::Position;
use super::scores::Scores;
use crate::recipe::Measure;
use crate::regular;

/// The files' names.
pub(super) const FILES: [&str; 4] = ["metrics.jsonl", "times.jsonl", "steps.jsonl", "validations.jsonl"];

/// A line of `metrics.jsonl`. What is not a number, such as the loss on an empty validation set, is written as null.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EpochMetrics {
    /// From 1.
    pub epoch: usize,
    /// Learning rate.
    pub lr: f64,
    /// Mean over the training images as they were seen.
    pub train_loss: f64,
    /// Fraction of them that was right.
    pub train_acc: f64,
    /// How the validation came out.
    #[serde(flatten)]
    pub validation: Scores,
}

/// A line of `times.jsonl`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EpochTimes {
    /// From 1.
    pub epoch: usize,
    /// Training and validation, by the clock.
    pub seconds: f64,
    /// Training images a second, without validation.
    pub images_per_s: f64,
    /// The part of the training time in which no batch was ready, since this process began with the epoch.
    pub data_wait: f64,
}

/// A line of `steps.jsonl`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct StepMetrics {
    /// From 1, over all epochs.
    pub step: u64,
    /// From 1.
    pub epoch: usize,
    /// Learning rate.
    pub lr: f64,
    /// Of this step's batch.
    pub loss: f64,
}

/// A line of `validations.jsonl`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ValidationMetrics {
    /// Steps that were done, over all epochs.
    pub step: u64,
    /// From 1.
    pub epoch: usize,
    /// How it came out.
    #[serde(flatten)]
    pub scores: Scores,
}

impl EpochMetrics {
    /// Those of the epoch that is under way and has no more batches. It may have had no validation.
    pub(super) fn new(position: &Position) -> EpochMetrics {
        let sums = &position.sums;
        let validated = position.validated.filter(|validated| validated.epoch == position.epoch);
        EpochMetrics {
            epoch: position.epoch + 1,
            lr: position.lr,
            train_loss: sums.mean_loss(),
            train_acc: sums.scores(position.identity.task).get(Measure::Accuracy),
            validation: validated.map_or(Scores::none(position.identity.task), |validated| validated.scores),
        }
    }
}

impl EpochTimes {
    /// Those of the epoch that is under way and has no more batches.
    pub(super) fn new(position: &Position, waiting: Waiting) -> EpochTimes {
        let sums = &position.sums;
        EpochTimes {
            epoch: position.epoch + 1,
            seconds: sums.seconds + position.validation_seconds,
            images_per_s: sums.images as f64 / sums.seconds,
            data_wait: waiting.share(),
        }
    }
}

impl ValidationMetrics {
    /// Of a validation after `step` steps, in this epoch (from 0).
    pub(super) fn new(step: u64, epoch: usize, evaluation: &Evaluation) -> ValidationMetrics {
        ValidationMetrics { step, epoch: epoch + 1, scores: evaluation.scores() }
    }
}

/// The files, open for more lines.
#[derive(Debug)]
pub struct Metrics {
    epochs: File,
    times: File,
    steps: File,
    validations: File,
    events: Events,
}

impl Metrics {
    /// Opens the files of a run that is so far, creates them if need be, and removes all later lines.
    pub fn open(folder: &Path, position: &Position) -> io::Result<Metrics> {
        let validated = position.validated.map_or(0, |validated| validated.step);
        Ok(Metrics {
            epochs: open_until(&folder.join("metrics.jsonl"), "epoch", position.epoch as u64)?,
            times: open_until(&folder.join("times.jsonl"), "epoch", position.epoch as u64)?,
            steps: open_until(&folder.join("steps.jsonl"), "step", position.step)?,
            validations: open_until(&folder.join("validations.jsonl"), "step", validated)?,
            events: Events::open(folder, position.step)?,
        })
    }

    /// Adds a line to `metrics.jsonl` and one to `times.jsonl` for an epoch that ended after so many steps.
    pub fn epoch(&mut self, step: u64, metrics: &EpochMetrics, times: &EpochTimes) -> io::Result<()> {
        write_line(&mut self.epochs, metrics)?;
        write_line(&mut self.times, times)?;
        let EpochMetrics { epoch, train_loss, train_acc, .. } = metrics;
        self.events.add(
            step,
            &[
                ("loss/train", *train_loss),
                ("accuracy/train", *train_acc),
                ("epoch", *epoch as f64),
                ("images_per_s", times.images_per_s),
            ],
        )
    }

    /// Waits until all files are on the disk. Comes before a state that counts on what is in them.
    pub fn sync(&self) -> io::Result<()> {
        self.events.sync()?;
        [&self.epochs, &self.times, &self.steps, &self.validations].into_iter().try_for_each(File::sync_data)
    }

    /// Adds a line to `validations.jsonl`.
    pub fn validation(&mut self, metrics: &ValidationMetrics) -> io::Result<()> {
        let ValidationMetrics { step, scores, .. } = metrics;
        let tag = |measure: &Measure| (format!("{measure}/validation"), scores.get(*measure));
        let tags: Vec<(String, f64)> = scores.measures().iter().map(tag).collect();
        let values: Vec<(&str, f64)> = tags.iter().map(|(tag, value)| (tag.as_str(), *value)).collect();
        self.events.add(*step, &values)?;
        write_line(&mut self.validations, metrics)
    }

    /// Adds a line to `steps.jsonl`.
    pub fn step(&mut self, metrics: &StepMetrics) -> io::Result<()> {
        let StepMetrics { step, lr, loss, .. } = metrics;
        self.events.add(*step, &[("learning_rate", *lr), ("loss/step", *loss)])?;
        write_line(&mut self.steps, metrics)
    }
}

fn write_line(file: &mut File, metrics: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(metrics)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// No line is longer.
const LONGEST_LINE: u64 = 1 << 16;

/// Keeps the whole lines whose `key` is at most `last`; the first other one ends the file.
fn open_until(path: &Path, key: &str, last: u64) -> io::Result<File> {
    let mut file = regular::open_own(path)?;
    let mut lines = BufReader::new(&file);
    let (mut kept, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let bytes = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        let whole = line.ends_with(b"\n");
        let value: Option<serde_json::Value> = serde_json::from_slice(&line).ok();
        let number = value.as_ref().and_then(|value| value.get(key)?.as_u64());
        if !whole || number.is_none_or(|number| number > last) {
            break;
        }
        kept += bytes as u64;
    }
    file.set_len(kept)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Task;
    use crate::train::validate::Validated;

    fn line(epoch: usize) -> EpochMetrics {
        let mut validation = Scores::none(Task::Class);
        validation.set(Measure::Accuracy, 0.25);
        EpochMetrics { epoch, lr: 0.1, train_loss: 1.5, train_acc: 0.5, validation }
    }

    #[test]
    fn a_resumed_run_goes_on_after_its_checkpoint() {
        let first = "{\"epoch\":1,\"lr\":0.1,\"train_loss\":1.5,\"train_acc\":0.5,\"val_loss\":null,\"val_acc\":0.25,\
                     \"val_balanced_acc\":null,\"val_macro_f1\":null,\"val_auroc\":null,\"val_ece\":null}";
        let times = EpochTimes { epoch: 1, seconds: 2.0, images_per_s: 10.0, data_wait: 0.25 };
        let nothing: &[usize] = &[];
        // What is in the file, after which epoch the run goes on, and which epochs are left then.
        for (before, done, left) in [
            ("", 0, nothing),
            ("{\"epoch\":1}\n{\"epoch\":2}\n{\"epoch\":3}\n", 2, &[1, 2]),
            ("{\"epoch\":1}\n{\"epoch\":2}\n", 5, &[1, 2]),
            ("{\"epoch\":1}\n{\"epoch\":2}\n", 0, nothing),
            ("{\"epoch\":1}\n{\"epoch\":2, \"lr\"", 2, &[1]),
            ("{\"epoch\":1}\n{\"epoch\":2}", 2, &[1]),
        ] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("metrics.jsonl");
            std::fs::write(&path, before).expect("room on the disk");
            let position = Position { epoch: done, ..Position::default() };
            let mut metrics = Metrics::open(folder.path(), &position).expect("readable");
            metrics.epoch(1, &line(1), &times).expect("room on the disk");
            let expected: String = left.iter().map(|epoch| format!("{{\"epoch\":{epoch}}}\n")).collect();
            let found = std::fs::read_to_string(&path).expect("readable");
            assert_eq!(found, format!("{expected}{first}\n"), "{before:?} after {done}");
        }
    }

    /// A run may be stopped at the step that it validates at, and killed when the result is written but the state is
    /// not.
    #[test]
    fn a_validation_is_written_once() {
        let text = "{\"step\":5}\n{\"step\":10}\n";
        let validated = |step| Some(Validated { epoch: 0, step, scores: Scores::none(Task::Class) });
        for (step, validated, left) in
            [(10, validated(5), "{\"step\":5}\n"), (10, None, ""), (10, validated(10), text), (12, validated(10), text)]
        {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("validations.jsonl");
            std::fs::write(&path, text).expect("room on the disk");
            Metrics::open(folder.path(), &Position { step, validated, ..Position::default() }).expect("readable");
            assert_eq!(std::fs::read_to_string(&path).expect("readable"), left, "{step} {validated:?}");
        }
    }
}
