//! What `make.py` wrote for one network, and how closely it must be met.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use archc::compile;
use archc::lower::lower;
use archc::program::Program;
use archc::weights;
use candle_core::{Device, Tensor, WithDType};

/// The networks with a file in `networks/` and one in `values/`.
pub const NETWORKS: [&str; 11] = [
    "convnet",
    "vgg_bn",
    "alexnet",
    "resnet_basic",
    "resnet_bottleneck",
    "resnet50_layer4",
    "mobile",
    "up_and_down",
    "pyramid",
    "convnext",
    "merges",
];

/// A network with PyTorch's numbers for it; the keys are explained in `make.py`.
pub struct Fixture {
    pub program: Program,
    name: &'static str,
    tensors: BTreeMap<String, Tensor>,
}

impl Fixture {
    pub fn load(name: &'static str) -> Fixture {
        let path = path(&format!("values/{name}.safetensors"));
        let tensors = candle_core::safetensors::load(path, &Device::Cpu).expect("make.py wrote it");
        Fixture { program: program(name), name, tensors: tensors.into_iter().collect() }
    }

    /// The tensor under a key.
    pub fn tensor(&self, key: &str) -> &Tensor {
        self.tensors.get(key).unwrap_or_else(|| panic!("{}: no `{key}` in the fixture", self.name))
    }

    /// The numbers under a key.
    pub fn get<T: WithDType>(&self, key: &str) -> Vec<T> {
        weights::values(self.tensor(key)).expect("the fixture's types convert")
    }

    /// For each weight of the program, the numbers under `prefix/NAME`.
    pub fn weights<T: WithDType>(&self, prefix: &str) -> Vec<Vec<T>> {
        self.program.weights.iter().map(|weight| self.get(&format!("{prefix}/{}", weight.name))).collect()
    }

    /// Fails if `found` is further from the numbers under `key` than `T` may be.
    pub fn check<T: Precision>(&self, key: &str, found: &[T]) {
        let expected: Vec<f64> = self.get(key);
        assert_eq!(found.len(), expected.len(), "{}: {key}", self.name);
        let errors = found.iter().zip(&expected).map(|(found, expected)| (found.to_f64() - expected).abs());
        let (error, allowed) =
            (largest(errors), T::allowed(largest(expected.iter().copied()), self.largest_gradient()));
        assert!(error <= allowed, "{}: {key} is off by {error:.1e}, {allowed:.1e} is allowed", self.name);
    }

    /// As [`Fixture::check`], for what is found for each weight of the program that has a number under `prefix`.
    pub fn check_weights<T: Precision>(&self, prefix: &str, found: &[Vec<T>]) {
        let mut checked = 0;
        for (weight, found) in self.program.weights.iter().zip(found) {
            let key = format!("{prefix}/{}", weight.name);
            if self.tensors.contains_key(&key) {
                self.check(&key, found);
                checked += 1;
            }
        }
        let expected = self.tensors.keys().filter(|key| key.starts_with(&format!("{prefix}/"))).count();
        assert_eq!(checked, expected, "{}: the weights under {prefix}", self.name);
    }

    fn largest_gradient(&self) -> f64 {
        let gradients = self.tensors.keys().filter(|key| key.contains("/gradients/"));
        largest(gradients.flat_map(|key| self.get::<f64>(key)))
    }
}

/// The largest absolute value; NaN if there is one.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.map(f64::abs).fold(0.0, |largest, value| if value > largest || value.is_nan() { value } else { largest })
}

/// How far a number may be from PyTorch's in f64.
pub trait Precision: WithDType {
    /// `expected` is the largest expected magnitude, `gradient` the largest of any gradient in the network.
    fn allowed(expected: f64, gradient: f64) -> f64;
}

impl Precision for f64 {
    fn allowed(_: f64, _: f64) -> f64 {
        1e-8
    }
}

impl Precision for f32 {
    fn allowed(expected: f64, gradient: f64) -> f64 {
        1e-4 * expected + 1e-6 * gradient
    }
}

/// The network of `networks/NAME.yaml`, lowered.
pub fn program(name: &str) -> Program {
    let text = std::fs::read_to_string(path(&format!("networks/{name}.yaml"))).expect("it is in the repository");
    lower(&compile(&text).unwrap_or_else(|errors| panic!("{name}:\n{errors}")))
}

/// A file beside this one.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}
