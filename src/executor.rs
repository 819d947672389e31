//! Runs a program with the kernels, in buffers that it owns: forward, loss, and a backward pass in the order that
//! [`plan`](crate::program::plan) laid out.
//!
//! Values are channels-last, as the kernels want them: images N×C×H×W are transposed when they come in, and an output
//! that is a map when it goes out. Each gradient is written once where it is needed; where a value has several readers,
//! theirs are added. Buffers are allocated by the first step of the largest batch and then reused.
//!
//! ```text
//! let mut executor = Executor::<f32>::new(program, weights);
//! let loss = executor.step_gradients(&images, &labels, key);    // images N×C×H×W, labels N
//! executor.update(|weights, gradients| optimizer.update(lr, weights, gradients));
//! let logits = executor.evaluate(&images);                      // N×classes
//! ```
//!
//! The loop over the plan is `driver`'s, for this and for GPUs; what a step does here is `cpu`'s.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
pub(crate) mod driver;
mod evaluator;
mod few;
mod on_device;
pub mod profile;
pub(crate) mod schedule;
mod scores;
mod statistics;
mod values;

use std::mem;

use self::cpu::{CpuBackend, CpuMemory};
use self::driver::Run;
pub use self::evaluator::Evaluator;
use self::profile::{Profile, Spent};
use self::schedule::Schedule;
use self::scores::correct;
pub use self::scores::{Loss, classify, has_largest, largest};
use crate::ir::ValueId;
use crate::kernels::{Algorithms, Buffer, Criterion, MaskKey, Mode, Prepared, Real, Saved, layout};
use crate::program::call::Order;
use crate::program::{Program, Step};

/// What is said to be the first that is not finite, where no layer has done anything yet.
pub const IMAGES: &str = "the images";

/// A program with its weights and the memory that it runs in.
#[derive(Debug)]
pub struct Executor<T> {
    program: Program,
    training: Schedule,
    evaluation: Schedule,
    memory: CpuMemory<T>,
    profile: Profile,
    /// What [`Executor::evaluate`] has returned last.
    output: Vec<T>,
}

impl<T: Real> Executor<T> {
    /// `weights` are all of the program's, running statistics too, in its order.
    ///
    /// # Panics
    /// If they are not as many as the program has, or one has another number of elements.
    pub fn new(program: Program, weights: Vec<Vec<T>>) -> Executor<T> {
        let lengths = program.weights.iter().map(|weight| weight.elements());
        assert!(lengths.eq(weights.iter().map(Vec::len)), "weights must be the program's");
        let [training, evaluation] =
            [Mode::Train, Mode::Eval].map(|mode| Schedule::new(&program, mode, Order::ChannelsLast));
        let mut gradients = vec![Vec::new(); weights.len()];
        for index in training.trained() {
            gradients[index] = vec![T::ZERO; weights[index].len()];
        }
        let buffers = training.plan.buffers.len().max(evaluation.plan.buffers.len());
        let memory = CpuMemory {
            weights,
            gradients,
            buffers: (0..buffers).map(|_| Buffer::default()).collect(),
            saved: [&training, &evaluation].map(|schedule| vec![Saved::default(); schedule.program.steps.len()]),
            algorithms: Algorithms::default(),
            prepared: Vec::new(),
            observed: None,
            transposed: Vec::new(),
        };
        Executor { program, training, evaluation, memory, profile: Profile::default(), output: Vec::new() }
    }

    /// Says which algorithms the kernels may choose from; all of them unless said.
    pub fn set_algorithms(&mut self, algorithms: Algorithms) {
        self.memory.algorithms = algorithms;
        self.forget_prepared();
    }

    /// Keeps what kernels make of the weights from one [`Executor::evaluate`] to the next, until the weights change.
    /// Small batches are faster for it; convolutions take up to four times their weights of memory.
    pub fn keep_prepared(&mut self) {
        self.memory.prepared = self.evaluation.program.steps.iter().map(|_| Prepared::default()).collect();
    }

    fn forget_prepared(&mut self) {
        self.memory.prepared.iter_mut().for_each(|prepared| prepared.ready = false);
    }

    /// What it runs.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// All weights and running statistics, in the program's order.
    pub fn weights(&self) -> &[Vec<T>] {
        &self.memory.weights
    }

    /// The gradients of the last [`Executor::step_gradients`], in the program's order; empty for running statistics and
    /// for weights that do not take part.
    pub fn gradients(&self) -> &[Vec<T>] {
        &self.memory.gradients
    }

    /// Lets an optimizer change the weights by their gradients.
    pub fn update(&mut self, change: impl FnOnce(&mut [Vec<T>], &[Vec<T>])) {
        change(&mut self.memory.weights, &self.memory.gradients);
        self.forget_prepared();
    }

    /// Logits N×classes of images N×C×H×W in evaluation mode. If the network ends in a map, it is N×C×H×W too. Large
    /// images go through the network [a few at a time](crate::program::plan::Plan::examples_at_once).
    pub fn evaluate(&mut self, images: &[T]) -> &[T] {
        let shape = self.program.shape(self.program.output);
        let image = self.program.shape(ValueId::INPUT).elements();
        self.output.resize(images.len() / image * shape.elements(), T::ZERO);
        let some = self.evaluation.plan.examples_at_once(images.len() / image);
        let all = self.output.chunks_mut(some * shape.elements());
        for (images, all) in images.chunks(some * image).zip(all) {
            let run = Run {
                schedule: &self.evaluation,
                batch: images.len() / image,
                key: MaskKey { seed: 0, step: 0, place: 0 },
            };
            let mut backend = CpuBackend::new(&mut self.memory, run, images);
            let Ok(()) = run.forward(&mut backend, &mut self.profile, |_, _| Ok(()));
            let output = backend.value(run.schedule, run.batch, self.program.output);
            match shape.has_one_order() {
                true => all.copy_from_slice(output),
                false => layout::channels_first(shape, output, all),
            }
        }
        &self.output
    }

    /// The loss in training mode and its gradient with respect to every weight; running statistics move on. The
    /// criterion is the images' labels, or more; `key` names the run's seed and the step; its place is set for each
    /// node.
    ///
    /// # Panics
    /// If a label is not below the number of logits.
    pub fn step_gradients<'a>(&mut self, images: &[T], criterion: impl Into<Criterion<'a>>, key: MaskKey) -> Loss {
        let criterion = criterion.into();
        self.forget_prepared();
        let (batch, output) = (self.count(images), self.program.output);
        let run = Run { schedule: &self.training, batch, key };
        let mut backend = CpuBackend::new(&mut self.memory, run, images);
        let Ok(loss) = run.gradients(&mut backend, &mut self.profile, |backend| {
            let Some(place) = run.schedule.plan.loss_gradient else {
                return Ok(Loss::of(backend.value(run.schedule, run.batch, output), &criterion));
            };
            let mut gradient = mem::take(&mut backend.memory.buffers[place]);
            let logits = backend.value(run.schedule, run.batch, output);
            let loss = criterion.gradient(logits, &mut gradient[..logits.len()]);
            let loss = Loss { loss, correct: correct(logits, &criterion), weight: criterion.total_weight() };
            backend.memory.buffers[place] = gradient;
            Ok(loss)
        });
        loss
    }

    /// Runs forward in training mode and tells where the first number arises that is not finite: in a weight, in the
    /// images or in a node. `None` if there is none.
    pub fn first_not_finite(&mut self, images: &[T], key: MaskKey) -> Option<String> {
        if let Some(weight) = self.weight_not_finite() {
            return Some(weight);
        }
        if not_finite(images) {
            return Some(IMAGES.to_owned());
        }
        let run = Run { schedule: &self.training, batch: self.count(images), key };
        let mut first = None;
        let mut backend = CpuBackend::new(&mut self.memory, run, images);
        let Ok(()) = run.forward(&mut backend, &mut self.profile, |backend, work| {
            if first.is_none() && not_finite(backend.value(work.schedule, work.batch, work.step().output)) {
                first = Some(format!("the output of `{}`", work.step().name));
            }
            Ok(())
        });
        first
    }

    /// The first weight with a number that is not finite.
    pub fn weight_not_finite(&self) -> Option<String> {
        let index = self.memory.weights.iter().position(|values| not_finite(values))?;
        Some(format!("the weight `{}`", self.program.weights[index].name))
    }

    /// The steps that run in a mode: the program's, some of which were joined.
    pub fn steps(&self, mode: Mode) -> &[Step] {
        match mode {
            Mode::Train => &self.training.program.steps,
            Mode::Eval => &self.evaluation.program.steps,
        }
    }

    /// From now on, notes how long each step takes, in one mode or the other.
    pub fn begin_profile(&mut self) {
        self.profile.begin(self.program.steps.len());
    }

    /// What was noted since [`Executor::begin_profile`], by the index in [`Executor::steps`].
    pub fn profile(&self) -> &[Spent] {
        self.profile.spent()
    }

    /// How many classes, labels or numbers are told of an image, or of each of its pixels.
    pub fn classes(&self) -> usize {
        self.program.shape(self.program.output).channels()
    }

    /// What speaks against training on a batch of this size.
    pub fn check_batch(&self, size: usize) -> Result<(), String> {
        check_batch(&self.program, size)
    }

    fn count(&self, images: &[T]) -> usize {
        images.len() / self.program.shape(ValueId::INPUT).elements()
    }
}

/// What speaks against training a program on a batch of this size.
pub(crate) fn check_batch(program: &Program, size: usize) -> Result<(), String> {
    program.steps.iter().try_for_each(|step| {
        let input = program.shape(step.inputs[0]);
        step.op.check(Mode::Train, size, input).map_err(|reason| format!("`{}`: {reason}", step.name))
    })
}

fn not_finite<T: Real>(values: &[T]) -> bool {
    values.iter().any(|value| !value.to_f64().is_finite())
}

#[cfg(test)]
mod tests;
