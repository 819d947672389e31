//! `archc bench FILE`

mod profile;

use std::hint::black_box;
use std::time::{Duration, Instant};

use clap::Args;
use rand_core::Rng;
use serde_json::json;

use self::profile::Profile;
use super::Failure;
use super::machine::Machine;
use super::source::{SourceArguments, usual_batch};
use super::terminal::{self, Format};
use crate::device::Device;
use crate::executor::{Evaluator, check_batch};
use crate::kernels::{Criterion, MaskKey};
use crate::lower::lower;
use crate::network::Network;
use crate::program::Mode;
use crate::random::{Purpose, generator, initial_weights};
use crate::recipe::Optimizer;
use crate::system::peak_memory;
use crate::train::learner::{Learner, LearnerStart, Wait};
use crate::train::optimizer::OptimizerState;

/// Time a network's training step, or inference, on random images
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::BENCH)]
pub struct Bench {
    #[command(flatten)]
    source: SourceArguments,
    /// Images per step [default: the file's batch]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// Time the forward pass in evaluation mode instead
    #[arg(long)]
    inference: bool,
    /// Show where the time goes, layer by layer
    #[arg(long)]
    profile: bool,
    /// The number of steps to time
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Text, or JSON for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    machine: Machine,
}

/// Steps before those that are timed: they allocate memory and fill caches.
const WARM_UP: u32 = 2;

/// Bytes.
const MB: f64 = 1024.0 * 1024.0;

/// What is trained with where the file does not say.
const USUAL_OPTIMIZER: Optimizer = Optimizer { weight_decay: 5e-4, ..Optimizer::sgd(0.01, 0.9) };

impl Bench {
    pub fn run(self) -> Result<(), Failure> {
        self.machine.run(|| {
            let network = self.source.compile()?.network;
            let batch = usual_batch(&network, self.batch);
            let rule = network.train.as_ref().map_or(USUAL_OPTIMIZER, |recipe| recipe.optimizer);
            let measured = self.measure(&network, batch, rule)?;
            terminal::put(self.format, &self.describe(&network, batch, &measured))
        })
    }

    fn mode(&self) -> Mode {
        if self.inference { Mode::Eval } else { Mode::Train }
    }

    fn measure(&self, network: &Network, batch: usize, rule: Optimizer) -> Result<Measured, Failure> {
        self.machine.check_memory(network, self.mode(), batch)?;
        let program = lower(network);
        let weights = initial_weights(&program, 0);
        let device = self.machine.device();
        let free = device.free_memory()?;
        let mut job = if self.inference {
            Job::Inference(device.evaluator(program, weights)?)
        } else {
            check_batch(&program, batch).map_err(Failure::Message)?;
            let optimizer = OptimizerState::new(rule, &program);
            let start = LearnerStart { program, weights, optimizer, average: None, clip: None, accumulate: 1 };
            Job::Training(device.learner(start)?)
        };

        let classes = network.graph.shape(network.output).elements();
        let mut random = generator(0, Purpose::Synthetic, 0, 0);
        let elements = batch * network.graph.input.elements();
        let images: Vec<f32> =
            (0..elements).map(|_| (random.next_u32() as f32 / u32::MAX as f32).mul_add(2.0, -1.0)).collect();
        let labels: Vec<u32> = (0..batch).map(|image| (image % classes) as u32).collect();
        let mut updating = Duration::ZERO;
        let mut steps = Vec::new();
        for index in 0..u64::from(WARM_UP) + u64::from(self.steps) {
            if index == u64::from(WARM_UP) {
                (steps, updating) = (Vec::new(), Duration::ZERO);
                if self.profile {
                    job.evaluator_mut().begin_profile();
                }
            }
            let clock = Instant::now();
            match &mut job {
                Job::Inference(evaluator) => drop(black_box(evaluator.evaluate(&images)?)),
                Job::Training(learner) => {
                    learner.learn(&images, Criterion::from(&labels), MaskKey { seed: 0, step: index, place: 0 })?;
                    while learner.outcome(Wait::Earlier)?.is_some() {}
                    let clock = Instant::now();
                    learner.update(rule.lr, index)?;
                    updating += clock.elapsed();
                }
            }
            steps.push(clock.elapsed());
        }
        if let Job::Training(learner) = &mut job {
            while learner.outcome(Wait::All)?.is_some() {}
        }
        // What is free on the processor says nothing of one program.
        let device_mb = match (device, free, device.free_memory()?) {
            (Device::Cuda(_), Some(before), Some(after)) => Some(before.saturating_sub(after) as f64 / MB),
            _ => None,
        };
        let profile =
            self.profile.then(|| Profile::new(network, job.evaluator(), self.mode(), batch, &steps, updating));
        Ok(Measured { step_s: median(&mut steps), device_mb, profile })
    }

    fn describe(&self, network: &Network, batch: usize, Measured { step_s, device_mb, profile }: &Measured) -> String {
        let threads = rayon::current_num_threads();
        let images_per_s = batch as f64 / *step_s;
        let params = network.totals().params;
        let peak_mb = peak_memory().map(|bytes| bytes as f64 / MB);
        match self.format {
            Format::Json => {
                let mut line = json!({
                    "name": network.name,
                    "batch": batch,
                    "device": self.machine.device().to_string(),
                    "threads": threads,
                    "step_s": step_s,
                    "images_per_s": images_per_s,
                    "params": params,
                    "peak_rss_mb": peak_mb,
                });
                if let Some(memory) = device_mb {
                    line["device_mb"] = json!(memory);
                }
                if let Some(profile) = profile {
                    line["profile"] = json!(profile);
                }
                format!("{line}\n")
            }
            Format::Text => {
                let what = if self.inference { "inference" } else { "training step" };
                let memory = peak_mb.map_or(String::new(), |peak| format!(", {peak:.0} MB at most"));
                let on_device = device_mb.map_or(String::new(), |taken| format!(", {taken:.0} MB of the GPU"));
                let summary = format!(
                    "{}: {what} of {batch} images {:.2} ms, {images_per_s:.1} images/s, {threads} threads, {params} parameters{memory}{on_device}\n",
                    network.name,
                    1e3 * step_s,
                );
                summary + &profile.as_ref().map_or(String::new(), |profile| profile.draw(terminal::colour()))
            }
        }
    }
}

/// What is timed.
enum Job {
    Inference(Box<dyn Evaluator>),
    Training(Box<dyn Learner>),
}

impl Job {
    fn evaluator(&self) -> &dyn Evaluator {
        match self {
            Job::Inference(evaluator) => &**evaluator,
            Job::Training(learner) => learner.evaluator(),
        }
    }

    fn evaluator_mut(&mut self) -> &mut dyn Evaluator {
        match self {
            Job::Inference(evaluator) => &mut **evaluator,
            Job::Training(learner) => learner.evaluator_mut(),
        }
    }
}

/// What was found out.
struct Measured {
    /// Seconds a step.
    step_s: f64,
    /// What was taken of a GPU's memory.
    device_mb: Option<f64>,
    profile: Option<Profile>,
}

/// In seconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    (times[(times.len() - 1) / 2] + times[times.len() / 2]).as_secs_f64() / 2.0
}
