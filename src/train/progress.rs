//! What a run shows while it goes: a bar and a line an epoch on a terminal, only the lines elsewhere.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::metrics::{EpochMetrics, EpochTimes, StepMetrics, ValidationMetrics};
use super::observer::Observer;
use super::position::Sums;
use super::scores::{Scores, shown};
use crate::diagnostic::printable_lines;
use crate::quantity;
use crate::recipe::Measure;
use crate::system;

/// The bar of a run, over all of its steps.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    lines: Lines,
    epochs: usize,
    batches: usize,
    /// When something was last printed where there is no bar.
    printed: Instant,
    verbosity: Verbosity,
    memory: MemoryUse,
    /// Characters that a line has room for, if there is a limit.
    width: Option<usize>,
    /// What was said about images that cannot be read.
    left_out: HashSet<String>,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Nothing but what goes wrong.
    Quiet,
    /// A line an epoch.
    Usual,
    /// Also a line for every step that is written down.
    Verbose,
}

/// What the process takes of the machine's memory, looked up now and then.
#[derive(Debug)]
struct MemoryUse {
    text: String,
    measured: Option<Instant>,
}

/// Whether lines are printed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    None,
    /// Above the bar.
    Terminal,
    /// With a sign of life now and then, in place of the bar.
    Plain,
}

/// How long a pipe stays silent at most.
const SILENCE: Duration = Duration::from_secs(30);

/// Training that waits longer, in parts of its time, has slow data.
const STARVED: f64 = 0.05;

/// Images that cannot be read are named, up to so many.
const MOST_NAMED: usize = 20;

impl Progress {
    /// For a run of so many epochs of so many batches each: a bar on the standard error stream if that is a terminal,
    /// lines on the standard output, which may have a width to keep to.
    pub fn new(verbosity: Verbosity, epochs: usize, batches: usize, width: Option<usize>) -> Progress {
        if verbosity == Verbosity::Quiet {
            return Progress::silent();
        }
        let lines = if std::io::stderr().is_terminal() { Lines::Terminal } else { Lines::Plain };
        Progress { width, ..Progress::with(ProgressDrawTarget::stderr(), lines, verbosity, epochs, batches) }
    }

    /// Shows nothing.
    pub fn silent() -> Progress {
        Progress::with(ProgressDrawTarget::hidden(), Lines::None, Verbosity::Quiet, 0, 0)
    }

    fn with(target: ProgressDrawTarget, lines: Lines, verbosity: Verbosity, epochs: usize, batches: usize) -> Progress {
        let style = ProgressStyle::with_template("{prefix}  {wide_bar}  {pos}/{len}, {eta} left\n  {wide_msg}")
            .expect("the template is valid");
        let bar = ProgressBar::with_draw_target(Some((epochs as u64).saturating_mul(batches as u64)), target)
            .with_style(style);
        let memory = MemoryUse { text: String::new(), measured: None };
        Progress {
            bar,
            lines,
            epochs,
            batches,
            printed: Instant::now(),
            verbosity,
            memory,
            width: None,
            left_out: HashSet::new(),
        }
    }

    /// Batches that are done, over all epochs.
    fn done(&self, epoch: usize, batches: usize) -> u64 {
        (epoch as u64).saturating_mul(self.batches as u64).saturating_add(batches as u64)
    }

    /// Prints a line, above the bar. Files may have any name.
    pub fn line(&mut self, text: &str) {
        if self.lines != Lines::None {
            let text = printable_lines(text);
            // A run goes on when nobody reads its output any more.
            self.bar.suspend(|| writeln!(io::stdout().lock(), "{text}").unwrap_or_default());
            self.printed = Instant::now();
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn start(&mut self, epoch: usize, batch: usize) {
        self.bar.set_position(self.done(epoch, batch));
        self.bar.reset_eta();
    }

    fn step(&mut self, epoch: usize, batches: usize, sums: &Sums) {
        let images = sums.images as f64;
        // Numbers are never just right.
        let accuracy = match sums.correct {
            0 => String::new(),
            correct => format!(", accuracy {:.2} %", 100.0 * correct as f64 / images),
        };
        let (loss, rate) = (sums.mean_loss(), images / sums.seconds);
        let state = format!("loss {loss:.4}{accuracy}, {rate:.0} images/s{}", self.memory.text());
        if self.lines == Lines::Plain && self.printed.elapsed() > SILENCE {
            self.line(&format!("epoch {}/{}, batch {batches}/{}: {state}", epoch + 1, self.epochs, self.batches));
        }
        self.bar.set_prefix(format!("epoch {}/{}", epoch + 1, self.epochs));
        self.bar.set_message(state);
        self.bar.set_position(self.done(epoch, batches));
    }

    fn logged(&mut self, metrics: &StepMetrics) {
        if self.verbosity == Verbosity::Verbose {
            let StepMetrics { step, epoch, lr, loss } = metrics;
            self.line(&format!("epoch {epoch}/{}   step {step}   lr {lr:.3e}   loss {loss:.4}", self.epochs));
        }
    }

    fn validation(&mut self, metrics: &ValidationMetrics) {
        let ValidationMetrics { step, epoch, scores } = metrics;
        if let Some(result) = result(scores) {
            self.line(&format!("epoch {epoch}/{}   after step {step}   {result}", self.epochs));
        }
    }

    fn epoch(&mut self, metrics: &EpochMetrics, times: &EpochTimes) {
        let EpochMetrics { epoch, lr, train_loss, train_acc, validation } = metrics;
        let EpochTimes { seconds, images_per_s, data_wait, .. } = times;
        let mut parts = vec![
            (0, format!("epoch {epoch}/{}", self.epochs)),
            (2, format!("lr {lr:.3e}")),
            (0, format!("training {train_loss:.4}{}", percent(*train_acc))),
        ];
        parts.extend(result(validation).map(|result| (0, result)));
        parts.extend([(0, format!("{seconds:.1} s")), (3, format!("{images_per_s:.0} images/s"))]);
        if *data_wait > STARVED {
            parts.push((1, format!("waited for images {:.0} % of the time", 100.0 * data_wait)));
        }
        self.line(&joined(parts, self.width));
    }

    /// Each is named once, however often it is met.
    fn left_out(&mut self, images: &[String]) {
        for image in images {
            if self.left_out.contains(image) {
                continue;
            }
            match self.left_out.len() {
                ..MOST_NAMED => self.line(&format!("left out: {image}")),
                MOST_NAMED => self.line("left out: more images, which `archc data info` lists"),
                _ => return,
            }
            self.left_out.insert(image.clone());
        }
    }
}

/// A fraction, if it is known.
fn percent(part: f64) -> String {
    if part.is_nan() { String::new() } else { format!(" {:.2} %", 100.0 * part) }
}

/// `validation 0.1234 98.76 %`, if there was any.
fn result(scores: &Scores) -> Option<String> {
    let (loss, accuracy) = (scores.get(Measure::Loss), scores.get(Measure::Accuracy));
    let text = format!("validation {loss:.4}{}{}", percent(accuracy), beside(scores));
    (!loss.is_nan()).then_some(text)
}

/// What the best weights of a task are chosen by, if that is not the accuracy.
fn beside(scores: &Scores) -> String {
    let by = scores.task().best_by();
    match by == Measure::Accuracy {
        true => String::new(),
        false => format!(" {by} {}", shown(by, scores.get(by))),
    }
}

/// A line of parts. Each has a number: where there is no room for all, those with the largest one are left out first,
/// and none with 0.
fn joined(mut parts: Vec<(u8, String)>, width: Option<usize>) -> String {
    loop {
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        let line = texts.join("   ");
        let largest = parts.iter().map(|(number, _)| *number).max().unwrap_or(0);
        if largest == 0 || width.is_none_or(|width| line.chars().count() <= width) {
            return line;
        }
        parts.retain(|(number, _)| *number < largest);
    }
}

impl MemoryUse {
    /// `, 84.2 MiB`, where the system tells. Looking it up takes longer than a small network's step.
    fn text(&mut self) -> &str {
        if self.measured.is_none_or(|measured| measured.elapsed() > Duration::from_secs(1)) {
            self.measured = Some(Instant::now());
            self.text = system::memory().map_or(String::new(), |bytes| format!(", {}", quantity::bytes(bytes)));
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_to_its_width() {
        let parts =
            || [(0, "epoch"), (2, "lr"), (0, "loss"), (1, "wait"), (2, "speed")].map(|(n, text)| (n, text.to_owned()));
        for (width, expected) in [
            (None, "epoch   lr   loss   wait   speed"),
            (Some(32), "epoch   lr   loss   wait   speed"),
            (Some(31), "epoch   loss   wait"),
            (Some(18), "epoch   loss"),
            (Some(1), "epoch   loss"),
        ] {
            assert_eq!(joined(parts().into(), width), expected, "{width:?}");
        }
    }
}
