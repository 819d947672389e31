//! `archc train FILE`, `archc train --resume RUN`, `archc train FILE --plot-schedule`

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;

use super::machine::Machine;
use super::names::{Names, say};
use super::plot_schedule::plot;
use super::signals::listen;
use super::source::{Changes, compile_and_report, language};
use super::trained::{recipe, unreadable};
use super::workers::{Workers, follow};
use super::{Failure, data::count, given, terminal};
use crate::device::Device;
use crate::expand::expand;
use crate::import::Language;
use crate::lower::lower;
use crate::network::Network;
use crate::program::Program;
use crate::quantity;
use crate::random::initial_weights;
use crate::recipe::{self, EarlyStopping, Per};
use crate::system::{Environment, peak_memory};
use crate::train::checkpoint::weights_file;
use crate::train::data::{DataError, Dataset, named};
use crate::train::folder::{self, Given, NETWORK, RunOrigin};
use crate::train::identity::Arithmetic;
use crate::train::progress::{Progress, Verbosity};
use crate::train::record::Record;
use crate::train::scores::{shown, title};
use crate::train::whole::{Standing, standing};
use crate::train::{Ended, Run, SAVE_EVERY, Setting, TrainError, report, train, workers};
use crate::weights::{self, Reading, WeightsError};

/// Train a network, in a folder for the run
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::TRAIN)]
#[command(
    mut_arg("rename", |option| option.requires("weights")),
    mut_arg("ema", |option| option.requires("weights")),
    mut_arg("strict", |option| option.requires("weights"))
)]
pub struct Train {
    /// The network, in YAML or TOML
    #[arg(value_name = "FILE", required_unless_present = "resume")]
    file: Option<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    /// The folder for metrics and checkpoints [default: runs/NAME-1, runs/NAME-2, …]
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Resume the run in this folder
    #[arg(long, value_name = "RUN", conflicts_with_all = ["file", "out", "weights", "rename", "ema", "strict"])]
    resume: Option<PathBuf>,
    /// Start from these weights: safetensors, or PyTorch's .pth
    #[arg(long, value_name = "WEIGHTS")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    names: Names,
    /// Plot the learning rate over the run, also into an SVG or PNG file if one is named, and do not train
    #[arg(
        long, value_name = "FILE.png", num_args = 0..=1, require_equals = true,
        conflicts_with_all = ["resume", "out", "weights", "quiet", "verbose", "workers"],
    )]
    plot_schedule: Option<Option<PathBuf>>,
    /// With `--plot-schedule`: overwrite an existing file
    #[arg(long, requires = "plot_schedule")]
    force: bool,
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Also print the steps that are recorded
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    workers: Workers,
}

impl Train {
    pub fn run(mut self) -> Result<(), Failure> {
        if let Some(run) = &self.resume {
            standing(run).map_err(|error| Failure::Message(format!("{error}{}", rest(run))))?;
            self.machine.keep(run);
        }
        if let (Some(run), Some(place)) = (&self.resume, self.workers.place()) {
            return self.machine.run(|| follow(run, place, &self.machine.device()));
        }
        self.workers.check(&self.machine.device())?;
        let threads = self.machine.share(self.workers.size());
        self.machine.run(|| self.train(threads))
    }

    /// On so many threads, with those of other processes.
    fn train(&self, threads: usize) -> Result<(), Failure> {
        let path = match (&self.resume, &self.file) {
            (Some(run), _) => run.join(NETWORK),
            (None, Some(file)) => file.clone(),
            (None, None) => unreachable!("clap asks for one of them"),
        };
        let mut network = compile_and_report(&path, &self.changes)?.network;
        if let Some(recipe) = &mut network.train {
            // As in a file: so a run that is begun once more finds them.
            recipe.rename.splice(0..0, self.names.renames().cloned());
        }
        let recipe = &match (recipe(&network), language(&path)) {
            (Err(_), Language::Foreign(_)) => return Err(no_recipe(&path)),
            (found, _) => found?.clone(),
        };
        if let Some(file) = &self.plot_schedule {
            // Only what changes within an epoch asks how many steps it has.
            let steps = match recipe.schedule.per {
                Per::Epoch => 1,
                Per::Step => steps_to_draw(&network, recipe)?,
            };
            let data =
                network.data.as_ref().filter(|_| recipe.schedule.per == Per::Step).map(named).unwrap_or_default();
            let read: Vec<PathBuf> = std::iter::once(path).chain(data).collect();
            return plot(recipe, steps, file.as_deref(), self.force, &read);
        }
        workers::check(self.workers.size(), recipe)?;
        let reading = given::reading(&network, recipe, &self.names);
        let dataset = given::open_data(&network, &reading, self.resume.as_deref(), self.weights.as_deref())?;
        network.data = Some(dataset.data().clone());
        self.machine.check_memory_of(self.workers.size(), &network, recipe.batch.min(dataset.train.len()))?;
        let program = lower(&network);

        // Held until the end.
        let _lock;
        let device = &self.machine.device();
        let (mut run, folder) = match &self.resume {
            Some(folder) => {
                _lock = folder::lock(folder)?;
                // Once more: another process may have had the folder until now.
                let run = match standing(folder)? {
                    Standing::Begun => {
                        Run::resume(program, recipe, &dataset, folder, device).map_err(|error| lost(error, folder))?
                    }
                    Standing::NotBegun(given) => {
                        let weights = given.as_ref().map(unchanged).transpose()?;
                        let averaged = given.as_ref().is_some_and(|given| given.averaged);
                        begun(program, weights, recipe, &Reading { averaged, ..reading }, &dataset, device)?
                    }
                };
                (run, folder.clone())
            }
            None => {
                let run = begun(program, self.weights.as_deref(), recipe, &reading, &dataset, device)?;
                // Read to its end, so not before it is known to be a file of weights.
                let given = self.weights.as_deref().map(|path| Given::of(path, self.names.ema)).transpose()?;
                let folder = folder::create(self.out.as_deref(), &network.name)?;
                _lock = folder::lock(&folder)?;
                folder::write_origin(&folder, &self.origin(recipe.seed, given))?;
                (run, folder)
            }
        };
        folder::write_network(&folder, &expand(&network))?;

        let setting = Setting { network: &network, recipe, dataset: &dataset, folder: &folder, save_every: SAVE_EVERY };
        if self.workers.size() > 1 {
            run.save_first(&folder)?;
            let others = self.workers.start(&folder, threads, dataset.classes())?;
            run.lead(setting, others).map_err(|error| self.failed(error, &folder))?;
        }
        let (stop, signal) = listen()?;
        let mut progress = Progress::new(self.verbosity(), recipe.epochs, dataset.steps(recipe), terminal::width());
        progress.line(&self.announcement(&setting, &run));
        let ended = train(&mut run, setting, &mut progress, &stop);
        progress.finish();
        // Also of a run that failed there is something to be seen.
        let reported = report::write(&folder, &network, recipe, &dataset, ended.as_ref().copied());
        let ended = ended.map_err(|error| self.failed(error, &folder))?;
        reported?;
        match ended {
            Ended::Finished | Ended::Early if self.quiet => Ok(()),
            Ended::Finished => terminal::print(&conclusion(&setting, &run)?),
            Ended::Early => terminal::print(&(early(recipe) + &conclusion(&setting, &run)?)),
            Ended::Stopped => {
                let (step, epoch) = (run.position().step, run.position().epoch + 1);
                let folder = folder.display();
                terminal::complain(&format!(
                    "stopped after step {step}, in epoch {epoch}, and saved; to go on:\n  archc train --resume {folder}{}",
                    self.workers.option()
                ));
                Err(Failure::Stopped { signal: signal.load(Ordering::Relaxed) })
            }
        }
    }

    fn origin(&self, seed: u64, given: Option<Given>) -> RunOrigin {
        let device = self.machine.device();
        let Arithmetic { dtype, exact, .. } = Arithmetic::of(&device);
        RunOrigin {
            command: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
            version: env!("CARGO_PKG_VERSION"),
            seed,
            threads: rayon::current_num_threads(),
            workers: self.workers.size(),
            device: device.to_string(),
            dtype,
            exact,
            weights: self.weights.clone(),
            given,
            environment: Environment::here(),
        }
    }

    fn announcement(&self, setting: &Setting, run: &Run) -> String {
        let Setting { network, dataset, folder, .. } = setting;
        let from = match run.position().step {
            0 => String::new(),
            step => format!(", on from step {step}"),
        };
        let (classes, known) = (dataset.classes().len(), network.graph.shape(network.output).channels());
        let few = match classes < known {
            true => format!(" of {} where it tells {known} apart", count(classes, "class")),
            false => String::new(),
        };
        let given = match (&self.weights, setting.recipe.replace.as_slice()) {
            (None, _) => String::new(),
            (Some(weights), []) => format!(", with the weights of {}", weights.display()),
            (Some(weights), anew) => format!(", with the weights of {} except {}", weights.display(), anew.join(", ")),
        };
        format!(
            "{}: {} parameters, {} training and {} validation images{few}, {}{given}, into {}{from}",
            network.name,
            network.totals().params,
            dataset.train.len(),
            dataset.validation.len(),
            self.workers.described(rayon::current_num_threads()),
            folder.display(),
        )
    }

    /// Where a process of the run has ended, how to go on.
    fn failed(&self, error: TrainError, folder: &Path) -> Failure {
        match error {
            TrainError::Lost(lost) => Failure::Message(self.workers.lost(folder)(&lost)),
            error => error.into(),
        }
    }

    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Usual,
        }
    }
}

/// Steps of an epoch. Where the images are not here it is some number: the schedule looks the same.
fn steps_to_draw(network: &Network, recipe: &recipe::Train) -> Result<usize, Failure> {
    const SOME: usize = 1000;
    match network.data.as_ref().map(|data| Dataset::open(data, network.graph.input, None)) {
        Some(Ok(dataset)) => Ok(recipe.steps(dataset.steps(recipe))),
        Some(Err(DataError::NotFound { .. })) | None => {
            terminal::complain(&format!("drawn as with {SOME} steps an epoch: the images are not here"));
            Ok(SOME)
        }
        Some(Err(error)) => Err(unreadable(error)),
    }
}

/// How to use what is left of a run that cannot go on.
fn rest(run: &Path) -> String {
    let (network, weights) = (run.join(NETWORK), weights_file(run, "last"));
    match network.exists() && weights.exists() {
        true => format!(
            "; to begin a new run with its weights:\n  archc train {} --weights {}",
            network.display(),
            weights.display()
        ),
        false => String::new(),
    }
}

/// Why a run cannot go on. Where its state is damaged, its weights may be not.
fn lost(error: TrainError, folder: &Path) -> Failure {
    let rest = match &error {
        TrainError::Weights(WeightsError::Format { .. } | WeightsError::Io { .. }) => rest(folder),
        _ => String::new(),
    };
    Failure::Message(format!("{error}{rest}"))
}

/// The weights that a run was given, if they are still those.
fn unchanged(given: &Given) -> Result<&Path, Failure> {
    let Given { path, sha256, averaged } = given;
    // Earlier versions did not write it down.
    if sha256.is_empty() || Given::of(path, *averaged)?.sha256 == *sha256 {
        return Ok(path);
    }
    Err(Failure::Message(format!("{} holds other weights than those that the run was given", path.display())))
}

/// A run before its first step.
fn begun(
    program: Program,
    weights: Option<&Path>,
    recipe: &recipe::Train,
    reading: &Reading,
    dataset: &Dataset,
    device: &Device,
) -> Result<Run, Failure> {
    let start = match weights {
        Some(path) => given_weights(path, &program, recipe, reading)?,
        None => initial_weights(&program, recipe.seed),
    };
    Ok(Run::new(program, start, recipe, dataset, device)?)
}

/// The weights of a file; the recipe says which begin anew.
fn given_weights(
    path: &Path,
    program: &Program,
    recipe: &recipe::Train,
    reading: &Reading,
) -> Result<Vec<Vec<f32>>, Failure> {
    let given = weights::load_as(path, &program.weights, reading).map_err(|error| match &error {
        WeightsError::Mismatch { mismatch, .. } => {
            Failure::Message(format!("{error}{}", given::begin_anew(program, recipe, mismatch).unwrap_or_default()))
        }
        _ => error.into(),
    })?;
    say(&given.remarks);
    let initial = initial_weights(program, recipe.seed);
    Ok(given.weights.into_iter().zip(initial).map(|(given, initial)| given.unwrap_or(initial)).collect())
}

fn early(recipe: &recipe::Train) -> String {
    let Some(EarlyStopping { better, patience }) = recipe.early_stopping else { return String::new() };
    format!("stopped early: {patience} validations without a better {}\n", better.by)
}

/// What came out, and what it took.
fn conclusion(setting: &Setting, run: &Run) -> Result<String, Failure> {
    let Setting { dataset, folder, .. } = setting;
    let position = run.position();
    let Some(best) = position.best else { return Ok(String::new()) };
    let waiting = run.waiting();
    let waited = match waiting.total.is_zero() {
        true => String::new(),
        false => format!(", the steps waited for images {:.1} % of the time", 100.0 * waiting.share()),
    };
    let record = Record::read(folder)?;
    let memory = peak_memory().map_or(String::new(), |peak| format!(", {} of memory at most", quantity::bytes(peak)));
    let what = if dataset.validation.is_empty() { "training" } else { "validation" };
    let (value, measure) = (shown(best.by, best.value), title(best.by));
    Ok(format!(
        "best of {}: {value} {what} {measure} in epoch {}, {}\n{} in all, {:.0} images/s{waited}{memory}\nsee {}\n",
        count(position.epoch, "epoch"),
        best.epoch,
        weights_file(folder, "best").display(),
        quantity::duration(record.seconds()),
        record.images_per_s(),
        folder.join(report::FILE).display(),
    ))
}

/// That a foreign file's recipe cannot be followed without knowing more.
fn no_recipe(path: &Path) -> Failure {
    Failure::Message(format!(
        "{} counts its recipe in steps, and archc counts epochs; say how many training images there are with \
         `--images N`, or give a recipe with `--set train.epochs=10`",
        path.display()
    ))
}
