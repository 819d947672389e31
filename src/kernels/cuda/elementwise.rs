//! Activations, and sums, products and maxima of values of one shape.

use super::Kernel;
use super::shape::{Limits, Widths, wide, widths};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, Grid, KernelSource, Result, View};
use crate::program::op::interface::OpInterface;
use crate::program::op::{Add, Identity, Maximum};
use crate::program::{Activation, Bounds};

const SOURCE: KernelSource = KernelSource { name: "elementwise.cu", text: include_str!("elementwise.cu") };

#[repr(C)]
#[derive(Clone, Copy)]
struct Activate {
    x: u64,
    g: u64,
    y: u64,
    count: u64,
    first: f32,
    second: f32,
    third: f32,
}

// SAFETY: as in elementwise.cu.
unsafe impl Call for Activate {}

impl Kernel for Activation {
    fn forward(&self, call: Forward) -> Result<()> {
        let [name, _] = names(*self);
        activate(call.device, *self, name, [call.inputs[0].0, View::NONE, call.output])
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Some(dx) = call.input_gradients[0] else { return Ok(()) };
        let reads = self.traits().reads;
        let values = match (reads.output, reads.inputs) {
            (true, _) => call.output,
            (_, true) => call.inputs[0].0,
            _ => call.output_gradient,
        };
        let [_, name] = names(*self);
        activate(call.device, *self, name, [values, call.output_gradient, dx])
    }
}

fn activate(gpu: &Gpu, activation: Activation, kernel: Widths, [x, g, y]: [View; 3]) -> Result<()> {
    let [first, second, third] = match activation {
        Activation::LeakyRelu { slope } => [slope, 0.0, 0.0],
        Activation::Elu { alpha } => [alpha, 0.0, 0.0],
        Activation::Multiple { factor } => [factor, 0.0, 0.0],
        Activation::Softplus { beta, threshold } => [beta, threshold, 0.0],
        Activation::Power { exponent, scale, shift } => [exponent, scale, shift],
        _ => [0.0; 3],
    }
    .map(|number| number as f32);
    let (count, width) = size(gpu, y);
    let call = Activate { x: x.pointer(), g: g.pointer(), y: y.pointer(), count: count as u64, first, second, third };
    gpu.launch(&SOURCE, kernel.of(width), Grid::over(count / width), &call)
}

/// Forward and backward.
fn names(activation: Activation) -> [Widths; 2] {
    macro_rules! both {
        ($name:literal) => {
            [widths!(concat!($name, "_forward")), widths!(concat!($name, "_backward"))]
        };
    }
    match activation {
        Activation::Relu => both!("relu"),
        Activation::LeakyRelu { .. } => both!("leaky_relu"),
        Activation::Sigmoid => both!("sigmoid"),
        Activation::Tanh => both!("tanh"),
        Activation::Gelu => both!("gelu"),
        Activation::Silu => both!("silu"),
        Activation::Relu6 => both!("relu6"),
        Activation::HardSigmoid => both!("hard_sigmoid"),
        Activation::HardSwish => both!("hard_swish"),
        Activation::Elu { .. } => both!("elu"),
        Activation::Softplus { .. } => both!("softplus"),
        Activation::Mish => both!("mish"),
        Activation::Multiple { .. } => both!("multiple"),
        Activation::Power { .. } => both!("power"),
    }
}

/// Numbers of a value, and how many are taken at once. Every value begins where 16 bytes do.
fn size(gpu: &Gpu, values: View) -> (usize, usize) {
    let count = values.elements(gpu.settings().storage.width());
    (count, if count < wide(gpu.settings()) { 1 } else { wide(gpu.settings()) })
}

/// The most inputs that a kernel takes at once.
const INPUTS: usize = 8;

#[repr(C)]
#[derive(Clone, Copy)]
struct Combine {
    inputs: [u64; INPUTS],
    y: u64,
    count: u64,
    used: u32,
    bounds: Limits,
}

// SAFETY: as in elementwise.cu.
unsafe impl Call for Combine {}

pub(super) fn combine(gpu: &Gpu, kernel: Widths, inputs: &[View], bounds: Bounds, y: View) -> Result<()> {
    let (count, width) = size(gpu, y);
    let mut pointers = [0; INPUTS];
    pointers.iter_mut().zip(inputs).for_each(|(pointer, input)| *pointer = input.pointer());
    let (used, bounds) = (inputs.len() as u32, bounds.into());
    let call = Combine { inputs: pointers, y: y.pointer(), count: count as u64, used, bounds };
    gpu.launch(&SOURCE, kernel.of(width), Grid::over(count / width), &call)
}

impl Kernel for Add {
    fn forward(&self, call: Forward) -> Result<()> {
        let inputs: Vec<_> = call.inputs.iter().map(|(values, _)| *values).collect();
        add(call.device, &inputs, call.epilogue.bounds, call.output)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        hand_back(call)
    }
}

impl Kernel for Maximum {
    fn forward(&self, call: Forward) -> Result<()> {
        let &[(a, _), (b, _)] = call.inputs else { unreachable!("it has two inputs") };
        combine(call.device, widths!("maximum"), &[a, b], Bounds::NONE, call.output)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let &[(a, _), (b, _)] = call.inputs else { unreachable!("it has two inputs") };
        for (dx, [own, other]) in call.input_gradients.iter().zip([[a, b], [b, a]]) {
            let Some(dx) = *dx else { continue };
            let inputs = [own, other, call.output_gradient];
            combine(call.device, widths!("maximum_gradient"), &inputs, Bounds::NONE, dx)?;
        }
        Ok(())
    }
}

impl Kernel for Identity {
    fn forward(&self, call: Forward) -> Result<()> {
        call.device.copy(call.inputs[0].0, call.output)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        hand_back(call)
    }
}

/// Every input's gradient is the output's.
fn hand_back(call: Backward) -> Result<()> {
    call.input_gradients.iter().flatten().try_for_each(|dx| call.device.copy(call.output_gradient, *dx))
}

/// y ← cut(Σ inputs)
fn add(gpu: &Gpu, inputs: &[View], bounds: Bounds, y: View) -> Result<()> {
    let (first, rest) = inputs.split_at(inputs.len().min(INPUTS));
    let bounds_of = |rest: &[View]| if rest.is_empty() { bounds } else { Bounds::NONE };
    combine(gpu, widths!("add"), first, bounds_of(rest), y)?;
    chain(rest, y, |inputs, rest| combine(gpu, widths!("add"), inputs, bounds_of(rest), y))
}

/// y ← Π inputs, all of one size
pub fn multiply(gpu: &Gpu, inputs: &[View], y: View) -> Result<()> {
    let (first, rest) = inputs.split_at(inputs.len().min(INPUTS));
    combine(gpu, widths!("multiply"), first, Bounds::NONE, y)?;
    chain(rest, y, |inputs, _| combine(gpu, widths!("multiply"), inputs, Bounds::NONE, y))
}

/// What does not fit into one call is taken in with the result so far. `step` also sees what is left after it.
fn chain(mut rest: &[View], y: View, step: impl Fn(&[View], &[View]) -> Result<()>) -> Result<()> {
    while !rest.is_empty() {
        let (some, others) = rest.split_at(rest.len().min(INPUTS - 1));
        let mut inputs = [y; INPUTS];
        inputs[1..=some.len()].copy_from_slice(some);
        step(&inputs[..=some.len()], others)?;
        rest = others;
    }
    Ok(())
}

/// total ← total + values
pub fn add_all(gpu: &Gpu, total: View, values: View) -> Result<()> {
    combine(gpu, widths!("add"), &[total, values], Bounds::NONE, total)
}
