//! A network as an ordinary Candle module: variables for weights, and operations that Candle's autograd differentiates.
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use candle_nn::{ModuleT, Optimizer, SGD, loss::cross_entropy};
//!
//! # fn main() -> candle_core::Result<()> {
//! let network = archc::compile("input: [1, 8, 8]\nlayers: [conv 4 3x3 p1 -> relu -> flatten -> linear 10]").unwrap();
//! let model = network.build(&Device::Cpu, 1)?;
//! let mut optimizer = SGD::new(model.vars(), 0.1)?;
//! let images = Tensor::ones((2, 1, 8, 8), DType::F32, &Device::Cpu)?;
//! let loss = cross_entropy(&model.forward_t(&images, true)?, &Tensor::new(&[3u32, 3], &Device::Cpu)?)?;
//! optimizer.backward_step(&loss)?;
//! # Ok(()) }
//! ```
//!
//! The trainer does not use it: it runs the same kernels in memory that it plans itself, which is faster.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{DType, Device, Result, Tensor, Var, WithDType, bail};
use candle_nn::ModuleT;

use crate::ir::{Shape, ValueId};
use crate::kernels::candle::Call;
use crate::kernels::layout::sizes;
use crate::kernels::{MaskKey, Mode};
use crate::lower::lower;
use crate::network::Network;
use crate::program::call::Order;
use crate::program::{Program, ProgramWeight, Step};
use crate::random::initial_weights;
use crate::weights::{self, WeightsError};

/// A program with its weights.
#[derive(Debug)]
pub struct Model {
    program: Program,
    /// In the program's order.
    weights: Vec<Var>,
    seed: u64,
    /// Passes in training mode so far: each has its own dropout masks.
    passes: AtomicU64,
}

impl Network {
    /// The network on a device, in f32, with starting weights drawn from the seed.
    ///
    /// # Errors
    /// If there are no kernels for the device, or not enough memory.
    pub fn build(&self, device: &Device, seed: u64) -> Result<Model> {
        let program = lower(self);
        if !device.is_cpu() {
            let first = program.steps.first().map_or("any layer", |step| &step.name);
            bail!(
                "there are no kernels for {:?} yet, so `{first}` cannot run there: build on the CPU",
                device.location()
            );
        }
        let values = initial_weights::<f32>(&program, seed).into_iter().zip(&program.weights);
        let weights = values.map(|(values, weight)| Tensor::from_vec(values, weight.shape.as_slice(), device));
        let weights = weights.collect::<Result<Vec<_>>>()?;
        Model::new(program, &weights, seed)
    }
}

impl Model {
    /// A program with given weights, all of one type, f32 or f64, in the program's order; the seed is dropout's.
    ///
    /// # Errors
    /// If the weights are not as many as the program has, or not of its sizes.
    pub fn new(program: Program, weights: &[Tensor], seed: u64) -> Result<Model> {
        if weights.len() != program.weights.len() {
            bail!("the network has {} weights, not {}", program.weights.len(), weights.len());
        }
        for (weight, tensor) in program.weights.iter().zip(weights) {
            if weight.shape != tensor.dims() {
                bail!("`{}` has the sizes {:?}, not {:?}", weight.name, weight.shape, tensor.dims());
            }
        }
        let weights = weights.iter().map(Var::from_tensor).collect::<Result<_>>()?;
        Ok(Model { program, weights, seed, passes: AtomicU64::new(0) })
    }

    /// What it computes.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// All weights and running statistics with their names, in the network's order.
    pub fn weights(&self) -> impl Iterator<Item = (&ProgramWeight, &Var)> {
        self.program.weights.iter().zip(&self.weights)
    }

    /// What an optimizer changes.
    pub fn vars(&self) -> Vec<Var> {
        self.weights().filter(|(weight, _)| weight.trainable).map(|(_, var)| var.clone()).collect()
    }

    /// Takes the weights of a file, safetensors or a `.pth` of PyTorch, by name.
    ///
    /// # Errors
    /// If the file cannot be read, or its tensors are not those of the network: nothing is changed then.
    pub fn load(&self, path: &Path) -> std::result::Result<(), WeightsError> {
        let wide = self.weights.iter().any(|var| var.dtype() == DType::F64);
        let tensors = match wide {
            true => self.tensors::<f64>(weights::load(path, &self.program.weights)?.0),
            false => self.tensors::<f32>(weights::load(path, &self.program.weights)?.0),
        };
        let set =
            |tensors: Vec<Tensor>| self.weights.iter().zip(&tensors).try_for_each(|(var, tensor)| var.set(tensor));
        tensors.and_then(set).map_err(|error| unusable(path, &error))
    }

    /// The weights with other numbers.
    fn tensors<T: WithDType>(&self, values: Vec<Vec<T>>) -> Result<Vec<Tensor>> {
        let one =
            |(var, values): (&Var, Vec<T>)| Tensor::from_vec(values, var.shape(), var.device())?.to_dtype(var.dtype());
        self.weights.iter().zip(values).map(one).collect()
    }

    /// Writes the weights as safetensors in f32, under the names that PyTorch gives them.
    ///
    /// # Errors
    /// If the file cannot be written: what was there before stays.
    pub fn save(&self, path: &Path) -> std::result::Result<(), WeightsError> {
        let values = self.weights.iter().map(|var| weights::values(var)).collect::<Result<Vec<Vec<f32>>>>();
        let values = values.map_err(|error| unusable(path, &error))?;
        let passes = self.passes.load(Ordering::Relaxed);
        weights::save(path, &weights::entries(&self.program.weights, &values), passes, "")
    }

    fn step(&self, step: &Step, index: usize, pass: u64, mode: Mode, inputs: &[&Tensor]) -> Result<Tensor> {
        let (shape, output) = (self.program.shape(step.inputs[0]), self.program.shape(step.output));
        if step.op.is_view(mode, Order::ChannelsLast, shape) {
            return inputs[0].reshape(sizes(inputs[0].dims()[0], output));
        }
        let of =
            |trainable| step.weights.iter().filter(move |weight| self.program.weights[**weight].trainable == trainable);
        let weights: Vec<&Tensor> = of(true).map(|weight| self.weights[*weight].as_tensor()).collect();
        let call = |inputs, output| Call {
            op: step.op.clone(),
            mode,
            key: MaskKey { seed: self.seed, step: pass, place: index as u64 },
            inputs,
            output,
            statistics: of(false).map(|weight| self.weights[*weight].clone()).collect(),
        };
        let ([first, others @ ..], [_, other_values @ ..]) = (inputs, step.inputs.as_slice()) else {
            unreachable!("an operation has an input");
        };
        let pairwise = step.op.traits().pairwise.filter(|_| !others.is_empty());
        let Some(joined) = pairwise else {
            let shapes = step.inputs.iter().map(|input| self.program.shape(*input)).collect();
            return call(shapes, output).apply(inputs, &weights);
        };
        // One after the other: Candle's operations have three arguments at most.
        let (mut value, mut shape) = ((*first).clone(), shape);
        for (other, other_value) in others.iter().zip(other_values) {
            let other_shape = self.program.shape(*other_value);
            let joined = joined(shape, other_shape);
            value = call(vec![shape, other_shape], joined).apply(&[&value, other], &weights)?;
            shape = joined;
        }
        Ok(value)
    }
}

impl ModuleT for Model {
    /// Logits of images N×C×H×W; if the network ends in a map, it is N×C×H×W too. In training mode batch norms use the
    /// batch's statistics and dropout drops.
    fn forward_t(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        let expected = self.program.shape(ValueId::INPUT);
        if images.dims().split_first().is_none_or(|(batch, sizes)| *batch == 0 || sizes != expected.dims()) {
            bail!("the network reads images N×{expected}, not {:?}", images.dims());
        }
        let (mode, pass) = match train {
            true => (Mode::Train, self.passes.fetch_add(1, Ordering::Relaxed)),
            false => (Mode::Eval, 0),
        };
        let mut values: Vec<Option<Tensor>> = vec![None; self.program.shapes.len()];
        // The kernels work with the channels last.
        values[ValueId::INPUT.index()] = Some(transposed(images, expected, [0, 2, 3, 1])?);
        for (index, step) in self.program.steps.iter().enumerate() {
            let inputs = step.inputs.iter().map(|input| values[input.index()].as_ref().expect("steps are in order"));
            let inputs: Vec<&Tensor> = inputs.collect();
            let output = self.step(step, index, pass, mode, &inputs)?;
            values[step.output.index()] = Some(output);
        }
        let output = values.swap_remove(self.program.output.index()).expect("some step makes the output");
        transposed(&output, self.program.shape(self.program.output), [0, 3, 1, 2])
    }
}

fn unusable(path: &Path, error: &candle_core::Error) -> WeightsError {
    WeightsError::Format { path: path.to_owned(), message: error.to_string() }
}

/// Moves the axes of a map; a vector has no axes to move.
fn transposed(value: &Tensor, shape: Shape, axes: [usize; 4]) -> Result<Tensor> {
    match shape {
        Shape::Map { .. } => value.permute(axes)?.contiguous(),
        Shape::Vector(_) => Ok(value.clone()),
    }
}
