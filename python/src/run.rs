//! Training, an epoch at a time.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

use archc::expand::expand;
use archc::lower::lower;
use archc::network::Network;
use archc::program::Mode;
use archc::recipe::Train;
use archc::system::Environment;
use archc::train::data::Dataset;
use archc::train::folder::{self, RunOrigin};
use archc::train::identity::Arithmetic;
use archc::train::metrics::{EpochMetrics, EpochTimes};
use archc::train::observer::Observer;
use archc::train::position::Sums;
use archc::train::{self, Ended, SAVE_EVERY, Setting, TrainError, Training, report};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyDict;
use tempfile::TempDir;

use crate::core::{Core, floats, outputs};
use crate::diagnostic::error;
use crate::epoch::Epoch;
use crate::pool::{alone, released};

/// A run of training.
#[pyclass(frozen, module = "archc._archc")]
pub struct Run {
    core: Py<Core>,
    folder: PathBuf,
    epochs: usize,
    steps: usize,
    stop: AtomicBool,
    state: Mutex<State>,
}

struct State {
    network: Network,
    recipe: Train,
    dataset: Dataset,
    run: train::Run,
    training: Training,
    ended: Option<Ended>,
    /// Removed when nobody asks for the run any more, unless the user has named the folder.
    temporary: Option<TempDir>,
    _lock: File,
}

/// Images of the user's, as the network reads them, with their labels; then those to validate with.
type Given = (Vec<u8>, Vec<u32>, Vec<u8>, Vec<u32>);

/// How far an epoch is: its number from 1, batches that are done, the mean loss and the fraction that was right.
type Step = (usize, usize, f64, f64);

/// Passes on what a run does.
struct Listener<'a> {
    tell: Option<&'a Sender<Step>>,
    epoch: Option<(EpochMetrics, EpochTimes)>,
}

impl Observer for Listener<'_> {
    fn step(&mut self, epoch: usize, batches: usize, sums: &Sums) {
        let accuracy = sums.correct as f64 / sums.images as f64;
        if let Some(tell) = self.tell {
            // Who does not listen any more has asked to stop.
            let _ = tell.send((epoch + 1, batches, sums.mean_loss(), accuracy));
        }
    }

    fn epoch(&mut self, metrics: &EpochMetrics, times: &EpochTimes) {
        self.epoch = Some((*metrics, *times));
    }
}

#[pymethods]
impl Run {
    #[new]
    #[pyo3(signature = (core, given, out, settings))]
    fn new(
        py: Python<'_>,
        core: Py<Core>,
        given: Option<Given>,
        out: Option<PathBuf>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Run> {
        let owner = core.get();
        let mut network = owner.network.get().with_recipe(py, settings)?.network;
        network.name.clone_from(&owner.compiled().name);
        let Some(recipe) = network.train.clone() else {
            let why = "does not say how to train it; give `epochs` and `optimizer`, or a section such as\n  \
                       train: {epochs: 10, batch: 64, optimizer: adam}";
            return Err(error(py, format!("`{}` {why}", network.name)));
        };
        let (classes, weights) = {
            let state = owner.state(py);
            (state.classes.clone(), state.weights().to_vec())
        };
        let (device, is_given) = (owner.device, given.is_some());
        let begin = || -> Result<Run, TrainError> {
            let dataset = match given {
                Some(given) => of_values(&network, classes, given)?,
                None => of_file(&network, &classes)?,
            };
            // Of images that a program gives, a file can say nothing.
            network.data = Some(dataset.data().clone()).filter(|_| !is_given);
            device.check_memory(&network, Mode::Train, recipe.batch.min(dataset.train.len()))?;
            let temporary = match &out {
                Some(_) => None,
                None => Some(temporary()?),
            };
            let mut run = train::Run::new(lower(&network), weights, &recipe, &dataset, &device)?;
            let wanted = out.as_deref().or(temporary.as_ref().map(TempDir::path));
            let folder = folder::create(wanted, &network.name)?;
            let lock = folder::lock(&folder)?;
            folder::write_origin(&folder, &origin(&recipe, &device))?;
            folder::write_network(&folder, &expand(&network))?;
            let setting = Setting {
                network: &network,
                recipe: &recipe,
                dataset: &dataset,
                folder: &folder,
                save_every: SAVE_EVERY,
            };
            let mut listener = Listener { tell: None, epoch: None };
            let training = Training::begin(&mut run, setting, &mut listener)?;
            Ok(Run {
                core,
                folder: folder.clone(),
                epochs: recipe.epochs,
                steps: recipe.steps(dataset.steps(&recipe)),
                stop: AtomicBool::new(false),
                state: Mutex::new(State {
                    network,
                    recipe,
                    dataset,
                    run,
                    training,
                    ended: None,
                    temporary,
                    _lock: lock,
                }),
            })
        };
        alone(py, begin)?.map_err(|reason| error(py, reason))
    }

    /// Does an epoch; None if the run is over, or was stopped within the epoch.
    fn epoch(&self, py: Python<'_>, on_step: Option<Bound<'_, PyAny>>) -> PyResult<Option<Epoch>> {
        let mut state = self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        if state.ended.is_some() {
            return Ok(None);
        }
        self.stop.store(false, Ordering::Relaxed);
        let tells = on_step.is_some();
        let (run, inner) = (self, &mut *state);
        let work = |tell: &Sender<Step>| run.work(inner, tells.then_some(tell));
        let hear = |step: Step| on_step.as_ref().map_or(Ok(()), |hear| hear.call1(step).map(drop));
        let done = released(py, &self.stop, work, hear);
        let State { run, dataset, .. } = &mut *state;
        let learned = run.weights().map_err(|reason| error(py, reason))?;
        let position = run.position();
        let best = position.best.map(|best| best.epoch);
        {
            let mut owner = self.core.get().state(py);
            owner.set(learned);
            (owner.epoch, owner.step) = (position.epoch, position.step);
            owner.thresholds.clone_from(&position.thresholds);
            owner.classes = dataset.classes().to_vec();
            if !dataset.data().eval.is_empty() {
                owner.transforms.clone_from(&dataset.data().eval);
            }
        }
        let epoch = done?.map_err(|reason| error(py, reason))?;
        Ok(epoch.map(|(metrics, times)| Epoch::new(&metrics, &times, best == Some(metrics.epoch))))
    }

    /// Stops the run after the step under way.
    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Where checkpoints and metrics are.
    #[getter]
    fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// How many epochs there will be.
    #[getter]
    fn epochs(&self) -> usize {
        self.epochs
    }

    /// How many steps an epoch has.
    #[getter]
    fn steps(&self) -> usize {
        self.steps
    }

    /// How it ended: `"finished"`, `"early"` or `"stopped"`; None while it goes on.
    #[getter]
    fn ended(&self, py: Python<'_>) -> Option<&'static str> {
        let state = self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        state.ended.map(|ended| match ended {
            Ended::Finished => "finished",
            Ended::Early => "early",
            Ended::Stopped => "stopped",
        })
    }
}

impl Run {
    fn work(
        &self,
        state: &mut State,
        tell: Option<&Sender<Step>>,
    ) -> Result<Option<(EpochMetrics, EpochTimes)>, TrainError> {
        let State { network, recipe, dataset, run, training, ended, temporary, .. } = state;
        let setting = Setting { network, recipe, dataset, folder: &self.folder, save_every: SAVE_EVERY };
        let mut listener = Listener { tell, epoch: None };
        let result = training.epoch(run, setting, &mut listener, &self.stop);
        let over = match &result {
            Ok(None) => None,
            Ok(Some(end)) => Some(Ok(*end)),
            Err(error) => Some(Err(error)),
        };
        if let Some(over) = over {
            // What went wrong in between may have left anything behind.
            *ended = Some(over.unwrap_or(Ended::Stopped));
            if temporary.is_none() {
                report::write(&self.folder, network, recipe, dataset, over)?;
            }
        }
        result.map(|_| listener.epoch)
    }
}

fn temporary() -> Result<TempDir, TrainError> {
    let failed = |source| TrainError::Io { action: "create", path: std::env::temp_dir(), source };
    TempDir::with_prefix("archc-").map_err(failed)
}

fn of_values(network: &Network, classes: Vec<String>, given: Given) -> Result<Dataset, TrainError> {
    let (images, labels, other_images, other_labels) = given;
    let count = outputs(network);
    let names = if classes.len() == count { classes } else { (0..count).map(|class| class.to_string()).collect() };
    let (train, validation) = ((floats(&images), labels), (floats(&other_images), other_labels));
    Ok(Dataset::of_values(network.graph.input, names, train, validation)?)
}

/// The images that the network's file names, with their classes numbered as the weights know them.
fn of_file(network: &Network, classes: &[String]) -> Result<Dataset, TrainError> {
    let Some(data) = &network.data else {
        let why = "does not say which images it is for; give images and labels, or a section such as\n  \
                   data: {set: folder, path: photos}";
        return Err(TrainError::Refused(format!("`{}` {why}", network.name)));
    };
    let mut dataset = Dataset::open(data, network.graph.input, Some(outputs(network)))?;
    if !classes.is_empty()
        && let Err(unknown) = dataset.number_as(classes)
    {
        let unknown = unknown.join(", ");
        return Err(TrainError::Refused(format!("the weights do not know these classes of the data set: {unknown}")));
    }
    Ok(dataset)
}

fn origin(recipe: &Train, device: &archc::device::Device) -> RunOrigin {
    let Arithmetic { dtype, exact, .. } = Arithmetic::of(device);
    RunOrigin {
        command: vec!["archc.Model.train".to_owned()],
        version: env!("CARGO_PKG_VERSION"),
        seed: recipe.seed,
        threads: rayon::current_num_threads(),
        workers: 1,
        device: device.to_string(),
        dtype,
        exact,
        weights: None,
        given: None,
        environment: Environment::here(),
    }
}
