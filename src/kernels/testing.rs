//! How every operation is tested: its output against a sum written naively in f64, its gradients against central
//! differences, f32 against f64, one thread against several, a GPU against the processor.
//!
//! All numbers here are N×C×H×W, so that a naive sum reads like its formula; they are transposed where a kernel is
//! called.

use std::sync::LazyLock;

use rand_core::Rng;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::layout::{channels_first, channels_last};
use super::{Algorithms, Backward, Cpu, Forward, MaskKey, Mode, Real, Saved, backward, clamp_gradient, forward};
use crate::ir::Shape;
use crate::program::{Bounds, Epilogue, Op};
use crate::random::{Purpose, generator};

/// One operation over one set of shapes.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) op: Op,
    pub(super) epilogue: Epilogue,
    pub(super) mode: Mode,
    pub(super) batch: usize,
    pub(super) inputs: Vec<Shape>,
    pub(super) output: Shape,
    /// Lengths of the trainable weights.
    pub(super) weights: Vec<usize>,
    /// Lengths of the running statistics.
    pub(super) buffers: Vec<usize>,
}

/// What an operation reads.
#[derive(Debug, Clone)]
pub(super) struct Numbers<T> {
    pub(super) inputs: Vec<Vec<T>>,
    pub(super) weights: Vec<Vec<T>>,
    pub(super) buffers: Vec<Vec<T>>,
}

/// What one run makes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome<T> {
    pub(super) output: Vec<T>,
    pub(super) input_gradients: Vec<Vec<T>>,
    pub(super) weight_gradients: Vec<Vec<T>>,
    /// Running statistics afterwards.
    pub(super) buffers: Vec<Vec<T>>,
}

/// Which gradients somebody needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wanted {
    All,
    OfInputs,
    OfWeights,
}

/// Tolerances are relative to the largest number of the tensor.
const AGAINST_NAIVE: f64 = 1e-12;
const AGAINST_DIFFERENCES: f64 = 1e-6;
/// Sums of up to a thousand terms, each rounded to 2⁻²⁴.
pub(super) const F32_AGAINST_F64: f64 = 1e-5;
/// Error of a central difference: h²·f‴/6 and 2⁻⁵³·f/h.
const H: f64 = 1e-4;

static POOLS: LazyLock<[ThreadPool; 2]> = LazyLock::new(|| {
    [1, 3].map(|threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started"))
});

impl Case {
    /// An operation in training mode with one input and no weights.
    pub(super) fn new(op: Op, batch: usize, input: Shape, output: Shape) -> Case {
        let epilogue = Epilogue::NONE;
        Case { op, epilogue, mode: Mode::Train, batch, inputs: vec![input], output, weights: vec![], buffers: vec![] }
    }

    /// Numbers that are exact in f32. Those of an input are further than 2·[`H`] from each other, and further than H
    /// from zero, so that a difference quotient crosses no kink.
    pub(super) fn draw(&self) -> Numbers<f64> {
        let mut words = generator(7, Purpose::Init, 0, 0);
        let mut uniform = move || f64::from(words.next_u32() as f32 / 2f32.powi(32));
        let exact = |value: f64| f64::from(value as f32);
        let mut input = |shape: &Shape| {
            let length = self.batch * shape.elements();
            assert!(length < 10_000, "an input is small");
            let mut values: Vec<f64> =
                (0..length).map(|index| exact((index as f64 + 0.3) / length as f64 * 4.0 - 2.0)).collect();
            for index in (1..length).rev() {
                values.swap(index, (uniform() * index as f64) as usize);
            }
            values
        };
        let inputs = self.inputs.iter().map(&mut input).collect();
        let mut weights = |lengths: &[usize], shift: f64| -> Vec<Vec<f64>> {
            lengths.iter().map(|length| (0..*length).map(|_| exact(uniform() - shift)).collect()).collect()
        };
        // Running variances are positive.
        Numbers { inputs, weights: weights(&self.weights, 0.5), buffers: weights(&self.buffers, -0.5) }
    }

    /// Forward and backward over given numbers, for a single input.
    pub(super) fn run_on(&self, input: &[f64], output_gradient: &[f64]) -> Outcome<f64> {
        let numbers = Numbers { inputs: vec![input.to_vec()], weights: vec![], buffers: vec![] };
        self.run(&numbers, output_gradient, Wanted::All)
    }

    /// A gradient of the output.
    pub(super) fn output_gradient(&self) -> Vec<f64> {
        let mut words = generator(8, Purpose::Init, 0, 0);
        let length = self.batch * self.output.elements();
        (0..length).map(|_| f64::from(words.next_u32() as f32 / 2f32.powi(31) - 1.0)).collect()
    }

    /// Inputs and output are channels-last.
    fn forward<T: Real>(&self, numbers: &mut Numbers<T>, saved: &mut Saved<T>) -> Vec<T> {
        // Not zero, to see whether everything is overwritten.
        let mut output = vec![T::of(f64::NAN); self.batch * self.output.elements()];
        let mut buffers: Vec<&mut [T]> = numbers.buffers.iter_mut().map(Vec::as_mut_slice).collect();
        let call = Forward {
            batch: self.batch,
            mode: self.mode,
            device: Cpu { algorithms: Algorithms::Fastest, prepared: None, observed: None },
            key: MaskKey { seed: 1, step: 2, place: 3 },
            epilogue: self.epilogue,
            inputs: &with_shapes(&numbers.inputs, &self.inputs),
            weights: &slices(&numbers.weights),
            statistics: &mut buffers,
            output: &mut output,
            output_shape: self.output,
            saved,
        };
        forward(&self.op, call);
        output
    }

    pub(super) fn run<T: Real>(&self, numbers: &Numbers<T>, output_gradient: &[T], wanted: Wanted) -> Outcome<T> {
        let mut numbers =
            Numbers { inputs: transposed(channels_last, &self.inputs, &numbers.inputs), ..numbers.clone() };
        let outputs = [self.output];
        let mut output_gradient = transposed(channels_last, &outputs, &[output_gradient.to_vec()]).concat();
        // As after a larger batch.
        let mut saved = Saved { reals: vec![T::of(f64::NAN); 3], indices: vec![9; 3], bytes: vec![9; 3] };
        let output = self.forward(&mut numbers, &mut saved);
        // What the backward pass does not read is not there.
        let reads = self.op.backward_reads();
        let nothing = vec![Vec::new(); self.inputs.len()];
        let inputs = if reads.inputs { &numbers.inputs } else { &nothing };
        let [before, bounds] = self.op.gradient_bounds(self.epilogue.bounds, self.inputs.len());
        if before != Bounds::NONE {
            clamp_gradient(before, &output, &mut output_gradient);
        }
        let unset = |values: &Vec<T>| vec![T::of(f64::NAN); values.len()];
        let mut input_gradients: Vec<Vec<T>> = numbers.inputs.iter().map(unset).collect();
        let mut weight_gradients: Vec<Vec<T>> = numbers.weights.iter().map(unset).collect();
        let call = Backward {
            batch: self.batch,
            mode: self.mode,
            device: Algorithms::Fastest,
            bounds,
            inputs: &with_shapes(inputs, &self.inputs),
            weights: &slices(&numbers.weights),
            output: if reads.output { &output } else { &[] },
            output_shape: self.output,
            saved: &saved,
            output_gradient: &output_gradient,
            input_gradients: &mut wanted_slices(&mut input_gradients, wanted != Wanted::OfWeights),
            weight_gradients: &mut wanted_slices(&mut weight_gradients, wanted != Wanted::OfInputs),
        };
        backward(&self.op, call);
        Outcome {
            output: transposed(channels_first, &outputs, &[output]).concat(),
            input_gradients: transposed(channels_first, &self.inputs, &input_gradients),
            weight_gradients,
            buffers: numbers.buffers,
        }
    }
}

/// Runs a case in every way. `naive` computes the output.
pub(super) fn check(case: &Case, naive: impl Fn(&Numbers<f64>) -> Vec<f64>) -> Outcome<f64> {
    let numbers = case.draw();
    let output_gradient = case.output_gradient();
    let outcome = case.run(&numbers, &output_gradient, Wanted::All);
    close(case, "output", &outcome.output, &naive(&numbers), AGAINST_NAIVE);
    check_differences(case, &numbers, &output_gradient, &outcome);
    #[cfg(feature = "cuda")]
    super::cuda::tests::check(case, &numbers, &output_gradient, F32_AGAINST_F64);

    let single = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    let singles = |values: &[Vec<f64>]| values.iter().map(|values| single(values)).collect::<Vec<_>>();
    let numbers = Numbers {
        inputs: singles(&numbers.inputs),
        weights: singles(&numbers.weights),
        buffers: singles(&numbers.buffers),
    };
    let output_gradient = single(&output_gradient);
    let [one, three] = POOLS.each_ref().map(|pool| pool.install(|| case.run(&numbers, &output_gradient, Wanted::All)));
    assert_eq!(one, three, "{case:?}: one thread and three");
    let of_inputs = case.run(&numbers, &output_gradient, Wanted::OfInputs);
    let of_weights = case.run(&numbers, &output_gradient, Wanted::OfWeights);
    assert_eq!(one.input_gradients, of_inputs.input_gradients, "{case:?}: the inputs' gradients alone");
    assert_eq!(one.weight_gradients, of_weights.weight_gradients, "{case:?}: the weights' gradients alone");
    let double = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
    close(case, "f32 output", &double(&one.output), &outcome.output, F32_AGAINST_F64);
    let gradients = [
        ("f32 input gradient", &one.input_gradients, &outcome.input_gradients),
        ("f32 weight gradient", &one.weight_gradients, &outcome.weight_gradients),
        ("f32 running statistic", &one.buffers, &outcome.buffers),
    ];
    for (what, found, expected) in gradients {
        for (found, expected) in found.iter().zip(expected) {
            close(case, what, &double(found), expected, F32_AGAINST_F64);
        }
    }
    outcome
}

/// (f(x + h) − f(x − h)) / 2h for the numbers that have a gradient, or some hundreds of them, where
/// f = Σ output·output_gradient.
fn check_differences(case: &Case, numbers: &Numbers<f64>, output_gradient: &[f64], outcome: &Outcome<f64>) {
    type Choose = fn(&mut Numbers<f64>) -> &mut Vec<Vec<f64>>;
    let kinds: [(&str, Choose, &Vec<Vec<f64>>); 2] = [
        ("input gradient", |numbers| &mut numbers.inputs, &outcome.input_gradients),
        ("weight gradient", |numbers| &mut numbers.weights, &outcome.weight_gradients),
    ];
    let loss = |choose: Choose, tensor: usize, index: usize, step: f64| {
        let mut numbers = numbers.clone();
        choose(&mut numbers)[tensor][index] += step;
        numbers.inputs = transposed(channels_last, &case.inputs, &numbers.inputs);
        let output = case.forward(&mut numbers, &mut Saved::default());
        let output = &transposed(channels_first, &[case.output], &[output])[0];
        output.iter().zip(output_gradient).map(|(y, g)| y * g).sum::<f64>()
    };
    for (what, choose, gradients) in kinds {
        for (tensor, gradient) in gradients.iter().enumerate() {
            let difference = |index| (loss(choose, tensor, index, H) - loss(choose, tensor, index, -H)) / (2.0 * H);
            let chosen = || (0..gradient.len()).step_by(gradient.len().div_ceil(500));
            let differences: Vec<f64> = chosen().map(difference).collect();
            let gradient: Vec<f64> = chosen().map(|index| gradient[index]).collect();
            close(case, what, &gradient, &differences, AGAINST_DIFFERENCES);
        }
    }
}

/// |found − expected|∞ ≤ tolerance·|expected|∞
pub(super) fn close(case: &Case, what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{case:?}: length of the {what}");
    let largest = expected.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance * largest, "{case:?}: {what}[{index}] is {found}, expected {expected}");
    }
}

/// Every value in the other order.
fn transposed<T: Real>(transpose: fn(Shape, &[T], &mut [T]), shapes: &[Shape], values: &[Vec<T>]) -> Vec<Vec<T>> {
    let transpose = |(shape, values): (&Shape, &Vec<T>)| {
        let mut transposed = vec![T::ZERO; values.len()];
        transpose(*shape, values, &mut transposed);
        transposed
    };
    shapes.iter().zip(values).map(transpose).collect()
}

fn slices<T>(values: &[Vec<T>]) -> Vec<&[T]> {
    values.iter().map(Vec::as_slice).collect()
}

fn with_shapes<'a, T>(values: &'a [Vec<T>], shapes: &[Shape]) -> Vec<(&'a [T], Shape)> {
    values.iter().map(Vec::as_slice).zip(shapes.iter().copied()).collect()
}

fn wanted_slices<T>(values: &mut [Vec<T>], wanted: bool) -> Vec<Option<&mut [T]>> {
    values.iter_mut().map(|values| wanted.then_some(values.as_mut_slice())).collect()
}
