//! Compiling, and what a network answers.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use archc::diagnostic::Diagnostics;
use archc::expand::expand;
use archc::import::Language;
use archc::layers::Layers;
use archc::lower::lower;
use archc::report::{Arrangement, Training, View, check::Table, json};
use archc::syntax::{Format, Override};
use archc::train::checkpoint::About;
use archc::{Checked, Compiled, compile_source, compile_with, files, weights};
use pyo3::exceptions::{PyFileNotFoundError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::diagnostic::{self, Diagnostic, compile_error, error};
use crate::value::overrides;

/// Where sums stop that no machine could hold.
const BEYOND: u64 = u64::MAX;

/// What a text is called that is in no file.
const UNNAMED: &str = "network.yaml";

/// A checked network: every size in it fits.
#[pyclass(frozen, module = "archc")]
#[derive(Debug)]
pub struct Network {
    pub compiled: Compiled,
}

/// A layer in its place.
#[pyclass(frozen, get_all, module = "archc")]
#[derive(Debug)]
pub struct Layer {
    /// Its full name: `"layer1.0.conv1"`.
    name: String,
    /// The layer's name in the language: `"conv"`.
    kind: &'static str,
    /// The call with everything worked out: `"conv 64 3x3 p1"`.
    call: String,
    /// The names of what it reads; `"input"` is the network's.
    inputs: Vec<String>,
    /// The shape of what it makes, for one example.
    output: Py<PyTuple>,
    /// How the size came about: `"(28 − 5 + 2·2)/1 + 1 = 28"`.
    arithmetic: Option<String>,
    /// Parameters, without running statistics.
    parameters: u64,
    /// Multiply–accumulates for one example; None where there are more than can be counted.
    macs: Option<u64>,
    /// Height and width of the part of the input that a position of the output depends on.
    receptive_field: (Option<usize>, Option<usize>),
}

/// Bytes that training takes; None where there are more than can be counted.
#[pyclass(frozen, get_all, module = "archc")]
#[derive(Debug)]
pub struct Memory {
    /// Examples a step.
    batch: usize,
    /// Threads that compute.
    threads: usize,
    /// Weights and running statistics.
    weights: Option<u64>,
    /// Gradients of the weights.
    gradients: Option<u64>,
    /// What the optimizer remembers.
    optimizer: Option<u64>,
    /// What the backward pass needs of the forward pass.
    activations: Option<u64>,
    /// What kernels work in.
    workspace: Option<u64>,
    /// All of it.
    total: Option<u64>,
}

/// Compiles a network.
///
/// `source` is the network's text, or the path of its file: YAML, TOML, a file of Caffe or Darknet, or weights that
/// archc has written, which carry their network. A str is a text if it has a line break or begins with `{`, and a path
/// otherwise.
///
/// Further arguments are values for the names under `let:`. `overrides` replaces any entry of the file:
/// `overrides={"input": (3, 64, 64), "train.epochs": 3}`. Files that are included lie in the file's own folder, or in
/// one of `allow_include`.
///
/// Raises CompileError if there is anything wrong with the text, and FileNotFoundError if there is no such file.
#[pyfunction]
#[pyo3(signature = (source, /, *, overrides = None, allow_include = None, **values))]
pub fn compile(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    overrides: Option<&Bound<'_, PyDict>>,
    allow_include: Option<Vec<PathBuf>>,
    values: Option<&Bound<'_, PyDict>>,
) -> PyResult<Network> {
    let overrides = [crate::value::overrides(None, overrides)?, crate::value::overrides(Some("let"), values)?].concat();
    let written = source.extract::<String>().ok().filter(|text| text.contains('\n') || text.starts_with('{'));
    let compiled = match written {
        Some(text) => py.detach(|| compile_source(UNNAMED, &text, Format::Yaml, &overrides)),
        None => of_file(py, &source.extract::<PathBuf>()?, &allow_include.unwrap_or_default(), &overrides)?,
    };
    compiled.map(|compiled| Network { compiled }).map_err(|said| compile_error(py, &said))
}

fn of_file(
    py: Python<'_>,
    path: &Path,
    allowed: &[PathBuf],
    overrides: &[Override],
) -> PyResult<Result<Compiled, Diagnostics>> {
    let unreadable = |reason: String| {
        let message = format!("cannot read `{}`: {reason}", path.display());
        match path.exists() {
            true => error(py, message),
            false => PyFileNotFoundError::new_err(message),
        }
    };
    let text = match weights::is_one(path) {
        true => carried(path).map_err(|reason| error(py, reason))?,
        false => files::text(path).map_err(unreadable)?,
    };
    let extension = path.extension().map(|extension| extension.to_string_lossy());
    let language = extension.and_then(|extension| Language::from_extension(&extension));
    let language = language.unwrap_or(Language::Own(Format::Yaml));
    let name = path.to_string_lossy();
    Ok(py.detach(|| {
        let load = files::beside(path, allowed, |folder| format!("allow_include={:?} allows it", [folder]));
        compile_with(&Layers::default(), &load, &name, &text, language, overrides)
    }))
}

/// The network's text that a file of weights carries.
fn carried(path: &Path) -> Result<String, String> {
    let stored = weights::read(path).map_err(|error| error.to_string())?;
    let text = stored.note().and_then(About::read).and_then(|about| about.text);
    text.ok_or_else(|| {
        format!(
            "`{}` holds weights, and does not say of which network: compile its file, then load them",
            path.display()
        )
    })
}

#[pymethods]
impl Network {
    /// The name in the file, or the file's own.
    #[getter]
    fn name(&self) -> &str {
        &self.compiled.network.name
    }

    /// The shape of an input: channels, height and width.
    #[getter]
    fn input<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.compiled.network.graph.input.dims())
    }

    /// The shape of an output.
    #[getter]
    fn output<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let network = &self.compiled.network;
        PyTuple::new(py, network.graph.shape(network.output).dims())
    }

    /// How many classes the file says that there are.
    #[getter]
    fn classes(&self) -> Option<usize> {
        self.compiled.network.classes
    }

    /// Parameters: elements of weights and biases, without running statistics. This and the other sums are None where
    /// there are more than can be counted.
    #[getter]
    fn parameters(&self) -> Option<u64> {
        known(self.compiled.network.totals().params)
    }

    /// Those parameters that training changes.
    #[getter]
    fn trainable(&self) -> Option<u64> {
        known(self.compiled.network.totals().trainable)
    }

    /// Elements of running statistics.
    #[getter]
    fn statistics(&self) -> Option<u64> {
        known(self.compiled.network.totals().statistics)
    }

    /// Multiply–accumulates for one example.
    #[getter]
    fn macs(&self) -> Option<u64> {
        known(self.compiled.network.totals().macs)
    }

    /// Elements of all layers' outputs, for one example.
    #[getter]
    fn activations(&self) -> Option<u64> {
        known(self.compiled.network.totals().activations)
    }

    /// Every layer, in an order in which they can be computed.
    #[getter]
    fn layers(&self, py: Python<'_>) -> PyResult<Vec<Layer>> {
        let network = &self.compiled.network;
        let fields = network.receptive_fields();
        let side = |side: usize| (side != usize::MAX).then_some(side);
        let layer = |(index, node): (usize, &archc::graph::Node)| {
            let field = fields[index + 1].size;
            Ok(Layer {
                name: node.name.clone(),
                kind: node.kind,
                call: node.call.to_string(),
                inputs: node.inputs.iter().map(|input| network.graph.name(*input).to_owned()).collect(),
                output: PyTuple::new(py, node.output.dims())?.unbind(),
                arithmetic: network.arithmetic(node),
                parameters: network.params(node),
                macs: known(network.macs(node)),
                receptive_field: (side(field.height), side(field.width)),
            })
        };
        network.graph.nodes.iter().enumerate().map(layer).collect()
    }

    /// The shape of every layer's output, by the layer's name.
    #[getter]
    fn shapes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let shapes = PyDict::new(py);
        for node in &self.compiled.network.graph.nodes {
            shapes.set_item(&node.name, PyTuple::new(py, node.output.dims())?)?;
        }
        Ok(shapes)
    }

    /// The shape of every weight and running statistic, by PyTorch's name for it.
    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let shapes = PyDict::new(py);
        for weight in lower(&self.compiled.network).weights {
            shapes.set_item(weight.name, PyTuple::new(py, weight.shape)?)?;
        }
        Ok(shapes)
    }

    /// What is doubtful about the file.
    #[getter]
    fn warnings(&self, py: Python<'_>) -> PyResult<Vec<Py<Diagnostic>>> {
        diagnostic::all(py, &self.compiled.warnings)
    }

    /// The memory that a training step takes, with so many examples (those of the file unless given) on so many threads
    /// (as many as there are processors unless given).
    #[pyo3(signature = (batch = None, threads = None))]
    fn memory(&self, batch: Option<usize>, threads: Option<usize>) -> PyResult<Memory> {
        let Training { batch, threads } = self.training(batch, threads)?;
        let memory = self.compiled.network.footprint(threads).training(batch);
        Ok(Memory {
            batch,
            threads,
            weights: known(memory.weights),
            gradients: known(memory.gradients),
            optimizer: known(memory.optimizer),
            activations: known(memory.activations),
            workspace: known(memory.workspace),
            total: known(memory.total()),
        })
    }

    /// The largest batch that can be trained with so many bytes of memory; 0 if there is none.
    #[pyo3(signature = (memory, threads = None))]
    fn largest_batch(&self, memory: u64, threads: Option<usize>) -> PyResult<usize> {
        let Training { threads, .. } = self.training(None, threads)?;
        Ok(self.compiled.network.footprint(threads).largest_batch(memory).unwrap_or(0))
    }

    /// The table of `archc check`. `depth` sums up what lies deeper, `tree` shows every level with its sums, `width` is
    /// that of the terminal.
    #[pyo3(signature = (*, width = None, depth = None, tree = false, batch = None))]
    fn table(&self, width: Option<usize>, depth: Option<usize>, tree: bool, batch: Option<usize>) -> PyResult<String> {
        if depth == Some(0) {
            return Err(PyValueError::new_err("depth must be at least 1"));
        }
        let arrangement = if tree { Arrangement::Tree } else { Arrangement::List };
        let view = View { depth, arrangement, ..View::new(self.training(batch, None)?) };
        Ok(Table { network: &self.compiled.network, view, width, colour: false }.to_string())
    }

    /// The same network with one item a layer and nothing left to work out, as YAML that compiles again.
    fn expand(&self) -> String {
        expand(&self.compiled.network)
    }

    /// What `archc check --format json` prints.
    fn to_json(&self) -> PyResult<String> {
        let mut out = Vec::new();
        let result = Ok(Checked::Network(Box::new(self.compiled.clone())));
        let training = self.training(None, None)?;
        json::check(&mut out, &self.compiled.network.name, &result, |_| View::new(training))?;
        Ok(String::from_utf8(out)?)
    }

    /// The source of the network as a PyTorch module.
    fn pytorch(&self, py: Python<'_>) -> PyResult<String> {
        archc::export::pytorch_source(&self.compiled.network).map_err(|reason| error(py, reason))
    }

    /// The network as a `torch.nn.Module` whose parameters have the same names, with PyTorch's initial values.
    fn to_torch<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("archc._torch")?.call_method1("module", (slf,))
    }

    /// The network with weights of its own, drawn from `seed`, on the device `"cpu"` or `"cuda:0"`.
    #[pyo3(signature = (seed = 0, *, device = "cpu"))]
    fn model<'py>(slf: Bound<'py, Self>, seed: u64, device: &str) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("archc._model")?.call_method1("Model", (slf, seed, device))
    }

    fn __str__(&self) -> PyResult<String> {
        self.table(None, None, false, None)
    }

    fn __repr__(&self) -> String {
        let network = &self.compiled.network;
        let (input, output) = (network.graph.input, network.graph.shape(network.output));
        let parameters = known(network.totals().params).map_or("too many".to_owned(), |params| params.to_string());
        format!("<archc.Network {}: {input} → {output}, {parameters} parameters>", network.name)
    }

    /// For notebooks.
    fn _repr_html_<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("archc._html")?.call_method1("table", (slf,))
    }

    /// For pickle and copy: as the text that says everything.
    fn __reduce__<'py>(slf: Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let restore = slf.py().import("archc._archc")?.getattr("compile")?;
        Ok((restore, (slf.get().expand(),)))
    }
}

impl Network {
    fn training(&self, batch: Option<usize>, threads: Option<usize>) -> PyResult<Training> {
        if batch == Some(0) || threads == Some(0) {
            return Err(PyValueError::new_err("batch and threads must be at least 1"));
        }
        let own = self.compiled.network.train.as_ref().map_or(32, |train| train.batch);
        let processors = || available_parallelism().map_or(1, usize::from);
        Ok(Training { batch: batch.unwrap_or(own), threads: threads.unwrap_or_else(processors) })
    }

    /// The network with another `train:` section, as far as it is given.
    pub fn with_recipe(&self, py: Python<'_>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Compiled> {
        let settings = overrides(Some("train"), settings)?;
        let text = expand(&self.compiled.network);
        py.detach(|| compile_source(UNNAMED, &text, Format::Yaml, &settings)).map_err(|said| compile_error(py, &said))
    }
}

fn known(sum: u64) -> Option<u64> {
    (sum != BEYOND).then_some(sum)
}
