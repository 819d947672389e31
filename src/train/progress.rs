//! What a run shows while it goes: a bar and a line an epoch on a terminal, only the lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::checkpoint::Sums;
use super::metrics::{EpochMetrics, StepMetrics, ValidationMetrics};
use crate::report::quantity;
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
    memory: Memory,
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
struct Memory {
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

impl Progress {
    /// For a run of so many epochs of so many batches each: a bar on the standard error stream if that is a terminal,
    /// lines on the standard output.
    pub fn new(verbosity: Verbosity, epochs: usize, batches: usize) -> Progress {
        if verbosity == Verbosity::Quiet {
            return Progress::silent();
        }
        let lines = if std::io::stderr().is_terminal() { Lines::Terminal } else { Lines::Plain };
        Progress::with(ProgressDrawTarget::stderr(), lines, verbosity, epochs, batches)
    }

    /// Shows nothing.
    pub fn silent() -> Progress {
        Progress::with(ProgressDrawTarget::hidden(), Lines::None, Verbosity::Quiet, 0, 0)
    }

    fn with(target: ProgressDrawTarget, lines: Lines, verbosity: Verbosity, epochs: usize, batches: usize) -> Progress {
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg}, {eta} left")
            .expect("the template is valid");
        let bar = ProgressBar::with_draw_target(Some((epochs * batches) as u64), target).with_style(style);
        let memory = Memory { text: String::new(), measured: None };
        Progress { bar, lines, epochs, batches, printed: Instant::now(), verbosity, memory }
    }

    /// The run goes on at this batch of this epoch (both from 0).
    pub fn start(&self, epoch: usize, batch: usize) {
        self.bar.set_position((epoch * self.batches + batch) as u64);
        self.bar.reset_eta();
    }

    /// So many batches of this epoch (from 0) are done; `sums` are the epoch's so far.
    pub fn step(&mut self, epoch: usize, batches: usize, sums: &Sums) {
        let images = sums.images as f64;
        let state = format!(
            "loss {:.4}, accuracy {:.2} %, {:.0} images/s{}",
            sums.loss / images,
            100.0 * sums.correct as f64 / images,
            images / sums.seconds,
            self.memory.text(),
        );
        if self.lines == Lines::Plain && self.printed.elapsed() > SILENCE {
            self.line(&format!("epoch {}/{}, batch {batches}/{}: {state}", epoch + 1, self.epochs, self.batches));
        }
        self.bar.set_prefix(format!("epoch {}/{}", epoch + 1, self.epochs));
        self.bar.set_message(state);
        self.bar.set_position((epoch * self.batches + batches) as u64);
    }

    /// A step was written down.
    pub fn logged(&mut self, metrics: &StepMetrics) {
        if self.verbosity == Verbosity::Verbose {
            let StepMetrics { step, epoch, lr, loss } = metrics;
            self.line(&format!("epoch {epoch}/{}   step {step}   lr {lr:.3e}   loss {loss:.4}", self.epochs));
        }
    }

    /// Within an epoch, something was validated.
    pub fn validation(&mut self, metrics: &ValidationMetrics) {
        let ValidationMetrics { step, epoch, val_loss, val_acc } = metrics;
        if !val_acc.is_nan() {
            let result = format!("validation {val_loss:.4} {:.2} %", 100.0 * val_acc);
            self.line(&format!("epoch {epoch}/{}   after step {step}   {result}", self.epochs));
        }
    }

    /// An epoch is over.
    pub fn epoch(&mut self, metrics: &EpochMetrics) {
        let EpochMetrics { epoch, lr, train_loss, train_acc, val_loss, val_acc, seconds, images_per_s, data_wait } =
            metrics;
        let validation = if val_acc.is_nan() {
            String::new()
        } else {
            format!("   validation {val_loss:.4} {:.2} %", 100.0 * val_acc)
        };
        let starved = match *data_wait > STARVED {
            true => format!("   waited for images {:.0} % of the time", 100.0 * data_wait),
            false => String::new(),
        };
        self.line(&format!(
            "epoch {epoch}/{}   lr {lr:.3e}   training {train_loss:.4} {:.2} %{validation}   {seconds:.1} s   {images_per_s:.0} images/s{starved}",
            self.epochs,
            100.0 * train_acc,
        ));
    }

    /// Prints a line, above the bar.
    pub fn line(&mut self, text: &str) {
        if self.lines != Lines::None {
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

impl Memory {
    /// `, 84.2 MiB`, where the system tells. Looking it up takes longer than a small network's step.
    fn text(&mut self) -> &str {
        if self.measured.is_none_or(|measured| measured.elapsed() > Duration::from_secs(1)) {
            self.measured = Some(Instant::now());
            self.text = system::memory().map_or(String::new(), |bytes| format!(", {}", quantity::bytes(bytes)));
        }
        &self.text
    }
}
