//! A case of the CPU's tests on a GPU.

use super::{download, each_gpu, emulator, rounded, upload};
use crate::cuda::call::{Backward, Forward, Saved, Weight};
use crate::cuda::{DType, Gpu, Memory, Result, View};
use crate::ir::Shape;
use crate::kernels::cuda::{backward, clamp, convert, forward, transpose};
use crate::kernels::testing::{Case, Numbers, Outcome, Wanted, close};
use crate::kernels::{MaskKey, cuda, layout};
use crate::program::call::Order;
use crate::program::memory::Kept;
use crate::program::{Bounds, Op, op};

/// Numbers in memory are rounded to 2⁻⁸, and some of those go into others.
const BF16: f64 = 1.5e-2;

/// Holds what a GPU makes against the CPU's f64, in f32 to `tolerance`; `numbers` are exact in f32.
pub(in crate::kernels) fn check(case: &Case, numbers: &Numbers<f64>, output_gradient: &[f64], tolerance: f64) {
    if cuda::check(&case.op, std::iter::once(case.output)).is_err() {
        return;
    }
    for gpu in each_gpu() {
        let (numbers, output_gradient, tolerance) = match gpu.settings().storage {
            DType::F32 => (numbers.clone(), output_gradient.to_vec(), tolerance),
            DType::Bf16 => (narrowed(case, numbers), narrow(output_gradient), BF16),
        };
        let run = |wanted| {
            let found = run(&gpu, case, &numbers, &output_gradient, wanted);
            found.unwrap_or_else(|error| panic!("{case:?} with {:?}: {error}", gpu.settings()))
        };
        let expected = case.run(&numbers, &output_gradient, Wanted::All);
        let found = run(Wanted::All);
        let what = |name: &str| format!("{name} on a GPU with {:?}", gpu.settings());
        close(case, &what("output"), &found.output, &expected.output, tolerance);
        for (name, found, expected) in [
            ("input gradient", &found.input_gradients, &expected.input_gradients),
            ("weight gradient", &found.weight_gradients, &expected.weight_gradients),
            ("running statistic", &found.buffers, &expected.buffers),
        ] {
            for (found, expected) in found.iter().zip(expected) {
                close(case, &what(name), found, expected, tolerance);
            }
        }
        // As text, in which NaN equals NaN.
        let same = |name: &str, a: &Vec<Vec<f64>>, b: &Vec<Vec<f64>>| {
            assert_eq!(format!("{a:?}"), format!("{b:?}"), "{case:?}: {}", what(name));
        };
        same("the inputs' gradients alone", &found.input_gradients, &run(Wanted::OfInputs).input_gradients);
        same("the weights' gradients alone", &found.weight_gradients, &run(Wanted::OfWeights).weight_gradients);
        emulator::run_in_descending_order(true);
        let descending = run(Wanted::All);
        emulator::run_in_descending_order(false);
        same("output in another order", &vec![found.output], &vec![descending.output]);
        same("gradients in another order", &found.input_gradients, &descending.input_gradients);
        same("weights' gradients in another order", &found.weight_gradients, &descending.weight_gradients);
    }
}

fn narrow(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| rounded(*value)).collect()
}

/// What a GPU sees of the numbers in bf16: inputs, and weights that are multiplied with them.
fn narrowed(case: &Case, numbers: &Numbers<f64>) -> Numbers<f64> {
    let Numbers { inputs, weights, buffers } = numbers.clone();
    let is_factor = |index: usize| index == 0 && stands_in_products(&case.op);
    let weights = weights.iter().enumerate();
    let weights = weights.map(|(index, weight)| if is_factor(index) { narrow(weight) } else { weight.clone() });
    Numbers { inputs: inputs.iter().map(|input| narrow(input)).collect(), weights: weights.collect(), buffers }
}

fn stands_in_products(op: &Op) -> bool {
    matches!(op.traits().weights, op::Weights::Kernel | op::Weights::Matrix)
}

/// A weight as a batch of maps: those of convolutions lie in the run's order.
fn weight_maps(case: &Case, index: usize) -> Shape {
    let length = case.weights[index];
    let (outer, kernel) = match case.op {
        Op::Conv2d(op) if index == 0 => (case.output.channels(), op.window.kernel),
        Op::ConvTranspose2d(op) if index == 0 => (case.inputs[0].channels(), op.0.window.kernel),
        _ => return Shape::Vector(length),
    };
    Shape::map(length / outer / kernel.height / kernel.width, kernel.height, kernel.width)
}

fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// A batch of values as the device has them.
fn to_device(gpu: &Gpu, batch: usize, shape: Shape, values: &[f64]) -> Result<Memory> {
    let from = upload(gpu, &singles(values));
    let to = gpu.allocate(values.len() * gpu.settings().storage.width())?;
    transpose::images(gpu, batch, shape, from.view(), to.view())?;
    Ok(to)
}

fn from_device(gpu: &Gpu, batch: usize, shape: Shape, values: View) -> Result<Vec<f64>> {
    let to = gpu.allocate(values.elements(gpu.settings().storage.width()) * size_of::<f32>())?;
    transpose::outputs(gpu, batch, shape, values, to.view())?;
    Ok(doubles(&download(gpu, &to)))
}

/// A weight in f32 and in the storage type.
struct Weights {
    values: Memory,
    stored: Memory,
}

impl Weights {
    fn new(gpu: &Gpu, shape: Shape, values: &[f64]) -> Result<Weights> {
        let mut own = singles(values);
        if gpu.settings().order == Order::ChannelsLast {
            layout::channels_last(shape, &singles(values), &mut own);
        }
        let values = upload(gpu, &own);
        let stored = gpu.allocate(own.len() * gpu.settings().storage.width())?;
        convert::to_real(gpu, values.view(), stored.view())?;
        Ok(Weights { values, stored })
    }

    fn call(&self) -> Weight<'_> {
        Weight { values: self.values.view(), stored: self.stored.view() }
    }
}

/// A weight's gradient as PyTorch has it.
fn weight_gradient(gpu: &Gpu, shape: Shape, gradient: &Memory) -> Vec<f64> {
    let found: Vec<f32> = download(gpu, gradient);
    let mut own = found.clone();
    if gpu.settings().order == Order::ChannelsLast {
        layout::channels_first(shape, &found, &mut own);
    }
    doubles(&own)
}

/// What a forward pass keeps.
struct Keeping([Memory; 3]);

impl Keeping {
    fn new(gpu: &Gpu, case: &Case) -> Result<Keeping> {
        let Kept { reals, indices, bytes } = case.op.kept(case.mode, case.batch, case.output);
        let reals = gpu.allocate(reals * size_of::<f32>())?;
        Ok(Keeping([reals, gpu.allocate(indices * size_of::<u32>())?, gpu.allocate(bytes)?]))
    }

    fn call(&self) -> Saved<'_> {
        let [reals, indices, bytes] = self.0.each_ref().map(Memory::view);
        Saved { reals, indices, bytes }
    }
}

/// Memory like these, with something else in it.
fn unset(gpu: &Gpu, like: &[Memory]) -> Result<Vec<Memory>> {
    like.iter().map(|memory| gpu.allocate(memory.bytes())).collect()
}

fn wanted_views(memories: &[Memory], wanted: bool) -> Vec<Option<View<'_>>> {
    memories.iter().map(|memory| wanted.then(|| memory.view())).collect()
}

/// As [`Case::run`]: what is not read is not there, and what is written holds something else before.
fn run(
    gpu: &Gpu,
    case: &Case,
    numbers: &Numbers<f64>,
    output_gradient: &[f64],
    wanted: Wanted,
) -> Result<Outcome<f64>> {
    let batch = case.batch;
    let inputs = case.inputs.iter().zip(&numbers.inputs);
    let inputs: Vec<Memory> =
        inputs.map(|(shape, values)| to_device(gpu, batch, *shape, values)).collect::<Result<_>>()?;
    let maps: Vec<Shape> = (0..case.weights.len()).map(|index| weight_maps(case, index)).collect();
    let weights = maps.iter().zip(&numbers.weights);
    let weights: Vec<Weights> =
        weights.map(|(maps, values)| Weights::new(gpu, *maps, values)).collect::<Result<_>>()?;
    let weights_of: Vec<Weight> = weights.iter().map(Weights::call).collect();
    let buffers: Vec<Memory> = numbers.buffers.iter().map(|values| upload(gpu, &singles(values))).collect();
    let keeping = Keeping::new(gpu, case)?;
    let output = gpu.allocate(batch * case.output.elements() * gpu.settings().storage.width())?;
    let views = |read: bool| {
        let view = |memory| if read { Memory::view(memory) } else { View::NONE };
        inputs.iter().map(view).zip(case.inputs.iter().copied()).collect::<Vec<_>>()
    };
    let call = Forward {
        device: gpu,
        batch,
        mode: case.mode,
        key: MaskKey { seed: 1, step: 2, place: 3 },
        epilogue: case.epilogue,
        inputs: &views(true),
        weights: &weights_of,
        statistics: &buffers.iter().map(Memory::view).collect::<Vec<_>>(),
        output: output.view(),
        output_shape: case.output,
        saved: keeping.call(),
    };
    forward(&case.op, call)?;
    let reads = case.op.backward_reads();
    let gradient = to_device(gpu, batch, case.output, output_gradient)?;
    let [before, bounds] = case.op.gradient_bounds(case.epilogue.bounds, case.inputs.len());
    if before != Bounds::NONE {
        clamp::clamp_gradient(gpu, before, output.view(), gradient.view())?;
    }
    let input_gradients = unset(gpu, &inputs)?;
    let weight_gradients: Vec<Memory> =
        weights.iter().map(|weight| gpu.allocate(weight.values.bytes())).collect::<Result<_>>()?;
    let call = Backward {
        device: gpu,
        batch,
        mode: case.mode,
        bounds,
        inputs: &views(reads.inputs),
        weights: &weights_of,
        output: if reads.output { output.view() } else { View::NONE },
        output_shape: case.output,
        saved: keeping.call(),
        output_gradient: gradient.view(),
        input_gradients: &wanted_views(&input_gradients, wanted != Wanted::OfWeights),
        weight_gradients: &wanted_views(&weight_gradients, wanted != Wanted::OfInputs),
    };
    backward(&case.op, call)?;
    let read = |(shape, memory): (&Shape, &Memory)| from_device(gpu, batch, *shape, memory.view());
    let weight_gradients = maps.iter().zip(&weight_gradients);
    Ok(Outcome {
        output: from_device(gpu, batch, case.output, output.view())?,
        input_gradients: case.inputs.iter().zip(&input_gradients).map(read).collect::<Result<_>>()?,
        weight_gradients: weight_gradients.map(|(maps, memory)| weight_gradient(gpu, *maps, memory)).collect(),
        buffers: buffers.iter().map(|memory| doubles(&download(gpu, memory))).collect(),
    })
}
