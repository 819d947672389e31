//! A network with weights.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archc::device::{Cuda, Device, DeviceError, Precision};
use archc::executor::Evaluator;
use archc::expand::{expand, portable};
use archc::export::{Exported, FORMATS, Options};
use archc::kernels::Algorithms;
use archc::lower::lower;
use archc::network::Network;
use archc::program::{Mode, ProgramWeight};
use archc::random::initial_weights;
use archc::recipe::{MaxPixels, Transform};
use archc::train::checkpoint::{About, save_weights};
use archc::train::data::{DataError, Dataset, read_image};
use archc::weights;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyByteArray, PyBytes};
use rayon::prelude::*;

use crate::diagnostic::error;
use crate::network;
use crate::pool::alone;

/// A network with weights of its own, on a device.
#[pyclass(frozen, module = "archc._archc")]
pub struct Core {
    pub network: Py<network::Network>,
    pub device: Device,
    state: Mutex<State>,
}

/// What changes.
pub struct State {
    /// Of the network's program, in its order.
    weights: Vec<Vec<f32>>,
    /// With these weights, once one was asked for.
    evaluator: Option<Box<dyn Evaluator>>,
    /// The largest batch for which there was memory.
    fits: usize,
    /// What the classes are called, as far as it is known.
    pub classes: Vec<String>,
    /// Epochs that the weights were trained.
    pub epoch: usize,
    /// Steps that the weights were trained.
    pub step: u64,
    /// What becomes of an image before the network reads it.
    pub transforms: Vec<Transform>,
    /// From which probability on an image is said to have a label.
    pub thresholds: Vec<f64>,
}

impl State {
    /// Takes other weights.
    pub fn set(&mut self, weights: Vec<Vec<f32>>) {
        (self.weights, self.evaluator) = (weights, None);
    }

    /// The weights.
    pub fn weights(&self) -> &[Vec<f32>] {
        &self.weights
    }

    /// Logits of a batch.
    fn forward(&mut self, network: &Network, device: &Device, images: &[f32]) -> Result<Vec<f32>, String> {
        let batch = images.len() / network.graph.input.elements();
        if batch > self.fits {
            device.check_memory(network, Mode::Eval, batch).map_err(|error| error.to_string())?;
            self.fits = batch;
        }
        let evaluator = match self.evaluator.take() {
            Some(evaluator) => evaluator,
            None => device.evaluator(lower(network), self.weights.clone()).map_err(|error| error.to_string())?,
        };
        let logits = self.evaluator.insert(evaluator).evaluate(images).map_err(|error| error.to_string());
        logits.map(<[f32]>::to_vec)
    }
}

fn parse_device(name: &str) -> PyResult<Device> {
    let cuda = |number| Device::Cuda(Cuda { number, numbers: Precision::F32, algorithms: Algorithms::default() });
    let device = match name.split_once(':') {
        None if name == "cpu" => Some(Device::default()),
        None if name == "cuda" => Some(cuda(0)),
        Some(("cuda", number)) => number.parse().map(cuda).ok(),
        _ => None,
    };
    device.ok_or_else(|| PyValueError::new_err(format!("expected the device `cpu` or `cuda:0`, not `{name}`")))
}

#[pymethods]
impl Core {
    #[new]
    fn new(py: Python<'_>, network: Py<network::Network>, seed: u64, device: &str) -> PyResult<Core> {
        let device = parse_device(device)?;
        device.check().map_err(|reason| error(py, format!("cannot compute on `{device}`: {reason}")))?;
        let compiled = &network.get().compiled.network;
        let weights = alone(py, || {
            device.check_memory(compiled, Mode::Eval, 1)?;
            Ok::<_, DeviceError>(initial_weights(&lower(compiled), seed))
        })?;
        let state = State {
            weights: weights.map_err(|reason| error(py, reason))?,
            evaluator: None,
            fits: 1,
            classes: names(compiled),
            epoch: 0,
            step: 0,
            transforms: compiled.data.as_ref().map_or(Vec::new(), |data| data.eval.clone()),
            thresholds: Vec::new(),
        };
        Ok(Core { network, device, state: Mutex::new(state) })
    }

    /// Logits of images N×C×H×W, both as f32.
    fn forward<'py>(&self, py: Python<'py>, images: &[u8]) -> PyResult<Bound<'py, PyByteArray>> {
        let images = floats(images);
        let network = self.compiled();
        let mut state = self.state(py);
        let (state, device) = (&mut *state, &self.device);
        let logits = alone(py, || state.forward(network, device, &images))?;
        Ok(PyByteArray::new(py, &bytes(&logits.map_err(|reason| error(py, reason))?)))
    }

    /// Image files as the network reads them, as f32.
    fn images<'py>(&self, py: Python<'py>, paths: Vec<PathBuf>) -> PyResult<Bound<'py, PyBytes>> {
        let network = self.compiled();
        let transforms = self.transforms(py)?;
        let max_pixels = network.data.as_ref().map_or(MaxPixels::default(), |data| data.max_pixels);
        let read = || -> Result<Vec<Vec<f32>>, DataError> {
            paths.par_iter().map(|path| read_image(path, &transforms, network.graph.input, max_pixels)).collect()
        };
        let images = alone(py, read)?.map_err(|reason| error(py, reason))?;
        Ok(PyBytes::new(py, &bytes(&images.concat())))
    }

    /// Every weight and running statistic: its name, its shape, and its numbers as f32.
    fn weights<'py>(&self, py: Python<'py>) -> Vec<(String, Vec<usize>, Bound<'py, PyByteArray>)> {
        let state = self.state(py);
        let declared = lower(self.compiled()).weights;
        let one = |(declared, values): (ProgramWeight, &Vec<f32>)| {
            (declared.name, declared.shape, PyByteArray::new(py, &bytes(values)))
        };
        declared.into_iter().zip(&state.weights).map(one).collect()
    }

    /// Takes weights: for each its name, its shape, and its numbers as f32.
    fn set_weights(&self, py: Python<'_>, arrays: Vec<(String, Vec<usize>, Bound<'_, PyBytes>)>) -> PyResult<()> {
        let sizes = arrays.iter().map(|(name, shape, _)| (name.as_str(), shape.as_slice())).collect();
        let declared = lower(self.compiled()).weights;
        let names =
            weights::matching(&declared, &sizes).map_err(|mismatch| PyValueError::new_err(mismatch.to_string()))?;
        let numbers = |name: &str| {
            let found = arrays.iter().find(|(other, ..)| other == name);
            found.map_or(Vec::new(), |(_, _, numbers)| floats(numbers.as_bytes()))
        };
        let values: Vec<Vec<f32>> = names.into_iter().map(numbers).collect();
        if let Some(index) = values.iter().position(|values| values.iter().any(|value| !value.is_finite())) {
            let name = &declared[index].name;
            return Err(PyValueError::new_err(format!("`{name}` holds numbers that are not finite")));
        }
        self.state(py).set(values);
        Ok(())
    }

    /// Takes the weights of a file.
    fn load(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let network = self.compiled();
        let (values, note) =
            py.detach(|| weights::load(&path, &lower(network).weights)).map_err(|reason| error(py, reason))?;
        let about = note.as_deref().and_then(About::read);
        let mut completed = network.clone();
        let mut state = self.state(py);
        state.set(values);
        state.classes = names(network);
        state.thresholds = about.as_ref().map_or(Vec::new(), |about| about.thresholds.clone());
        if let Some(about) = about {
            about.complete(&mut completed);
            (state.epoch, state.step) = (about.epoch, about.step);
            if (1..=outputs(network)).contains(&about.classes.len()) {
                state.classes = about.classes;
            }
        }
        state.transforms = completed.data.map_or(Vec::new(), |data| data.eval);
        Ok(())
    }

    /// Writes the weights with the network's text.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let (network, state) = (self.compiled(), self.state(py));
        let text = match &network.data {
            Some(data) => portable(network, &archc::recipe::Data { eval: state.transforms.clone(), ..data.clone() }),
            None => expand(&Network { train: None, ..network.clone() }),
        };
        let about = About {
            network: network.name.clone(),
            classes: state.classes.clone(),
            epoch: state.epoch,
            step: state.step,
            text: Some(text).filter(|text| text.len() <= LONGEST_TEXT),
            transforms: state.transforms.iter().map(ToString::to_string).collect(),
            thresholds: state.thresholds.clone(),
        };
        save_weights(&path, &lower(network).weights, &state.weights, &about).map_err(|reason| error(py, reason))
    }

    /// Writes the network for other programs; what was written, in words.
    #[pyo3(signature = (path, format, *, opset, batch, softmax, sigmoid, preprocess, keep_bn, fp16, external_data))]
    #[expect(clippy::too_many_arguments, reason = "they are the options of a format, each by its name")]
    fn export(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: &str,
        opset: Option<u32>,
        batch: Option<usize>,
        softmax: bool,
        sigmoid: bool,
        preprocess: bool,
        keep_bn: bool,
        fp16: bool,
        external_data: bool,
    ) -> PyResult<String> {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
        let Some(chosen) = FORMATS.iter().find(|one| one.name() == format) else {
            return Err(PyValueError::new_err(format!(
                "expected one of the formats {}, not `{format}`",
                names.join(", ")
            )));
        };
        let options = Options { opset, batch, softmax, sigmoid, preprocess, keep_bn, fp16, external_data };
        let given = [
            ("opset", opset.is_some()),
            ("batch", batch.is_some()),
            ("softmax", softmax),
            ("sigmoid", sigmoid),
            ("preprocess", preprocess),
            ("keep-bn", keep_bn),
            ("weights-as", fp16),
            ("external-data", external_data),
        ];
        if let Some((name, _)) = given.iter().find(|(name, given)| *given && !chosen.options().contains(name)) {
            return Err(PyValueError::new_err(format!(
                "`{name}` means nothing for the format `{format}`: leave it out"
            )));
        }
        let mut network = self.compiled().clone();
        if preprocess && let Some(data) = &mut network.data {
            data.eval = self.transforms(py)?;
        }
        let state = self.state(py);
        let (weights, classes) = (state.weights.clone(), state.classes.clone());
        let task = network.data.as_ref().map(|data| data.task);
        let exported = Exported { network, weights, classes, task, steps: state.step };
        drop(state);
        let written = py.detach(|| chosen.write(exported, &options, &path)).map_err(|reason| error(py, reason))?;
        Ok(written.summary)
    }

    /// What the classes are called, as far as it is known.
    #[getter]
    fn classes(&self, py: Python<'_>) -> Vec<String> {
        self.state(py).classes.clone()
    }

    /// Where it computes.
    #[getter]
    fn device(&self) -> String {
        self.device.to_string()
    }
}

/// A longer text of a network is left out of a file of weights.
const LONGEST_TEXT: usize = 4 << 20;

impl Core {
    /// The network.
    pub fn compiled(&self) -> &Network {
        &self.network.get().compiled.network
    }

    /// What changes, while nobody else uses it.
    pub fn state(&self, py: Python<'_>) -> MutexGuard<'_, State> {
        self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of an image, with numbers where they have to be measured.
    fn transforms(&self, py: Python<'_>) -> PyResult<Vec<Transform>> {
        let transforms = self.state(py).transforms.clone();
        let network = self.compiled();
        let Some(data) = network.data.as_ref().filter(|_| transforms.contains(&Transform::NormalizeMeasured)) else {
            return Ok(transforms);
        };
        // Nobody knows the numbers but the images.
        let open = || Dataset::open(data, network.graph.input, None);
        let dataset = alone(py, open)?.map_err(|reason| error(py, reason))?;
        let measured = dataset.data().eval.clone();
        self.state(py).transforms.clone_from(&measured);
        Ok(measured)
    }
}

/// What the classes of a network are called by its data.
fn names(network: &Network) -> Vec<String> {
    let names = network.data.as_ref().map_or(&[][..], |data| data.set.classes());
    if names.len() > outputs(network) { Vec::new() } else { names.iter().map(|name| (*name).to_owned()).collect() }
}

/// Into how many classes a network tells apart.
pub fn outputs(network: &Network) -> usize {
    network.graph.shape(network.output).elements()
}

/// Numbers from the bytes that they are made of.
pub fn floats(bytes: &[u8]) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks();
    numbers.iter().map(|number| f32::from_ne_bytes(*number)).collect()
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
}
