//! Runs a program with the kernels, in buffers that it owns: forward, loss, and a backward pass in the order that
//! [`plan`](crate::program::plan) laid out.
//!
//! Values are channels-last, as the kernels want them: images N×C×H×W are turned when they come in, and an output that is
//! a map when it goes out. Each gradient is written once where it is needed; where a value has several readers, theirs
//! are added. Buffers are allocated by the first step of the largest batch and then reused.
//!
//! ```text
//! let mut executor = Executor::<f32>::new(program, weights);
//! let loss = executor.step_gradients(&images, &labels, key);    // images N×C×H×W, labels N
//! executor.update(|weights, gradients| optimizer.update(lr, weights, gradients));
//! let logits = executor.evaluate(&images);                      // N×classes
//! ```

mod evaluator;
mod few;
pub mod profile;
pub(crate) mod schedule;
mod scores;
mod values;

use std::mem;

pub use self::evaluator::Evaluator;
use self::few::Few;
use self::profile::{Pass, Profile, Spent};
use self::schedule::Schedule;
use self::scores::correct;
pub use self::scores::{Loss, classify, largest};
use self::values::Batch;
use crate::ir::ValueId;
use crate::kernels::{
    self, Algorithms, Backward, Buffer, Forward, MaskKey, Mode, Objective, Prepared, Real, Saved, layout,
};
use crate::program::call::Order;
use crate::program::plan::{Place, Target, reads_output};
use crate::program::{Bounds, Program, Step};

/// A program with its weights and the memory that it runs in.
#[derive(Debug)]
pub struct Executor<T> {
    program: Program,
    training: Schedule<Saved<T>>,
    evaluation: Schedule<Saved<T>>,
    /// In the program's order.
    weights: Vec<Vec<T>>,
    /// In the program's order; empty for what has none.
    gradients: Vec<Vec<T>>,
    /// Shared by both schedules.
    buffers: Vec<Buffer<T>>,
    algorithms: Algorithms,
    /// What each step of the evaluation has made of its weights; empty if that is not kept.
    prepared: Vec<Prepared<T>>,
    profile: Profile,
    /// The images of the last batch, N×H×W×C; empty where that is the order in which they came.
    images: Vec<T>,
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
        let schedule = |mode| Schedule::<Saved<T>>::new(&program, mode, Order::ChannelsLast);
        let (training, evaluation) = (schedule(Mode::Train), schedule(Mode::Eval));
        let mut gradients = vec![Vec::new(); weights.len()];
        for index in training.plan.backward.iter().flat_map(|planned| &training.used[planned.step].trainable) {
            gradients[*index] = vec![T::ZERO; weights[*index].len()];
        }
        let buffers = training.plan.buffers.len().max(evaluation.plan.buffers.len());
        Executor {
            program,
            training,
            evaluation,
            weights,
            gradients,
            buffers: (0..buffers).map(|_| Buffer::default()).collect(),
            images: Vec::new(),
            output: Vec::new(),
            algorithms: Algorithms::default(),
            prepared: Vec::new(),
            profile: Profile::default(),
        }
    }

    /// Says which algorithms the kernels may choose from; all of them unless said.
    pub fn set_algorithms(&mut self, algorithms: Algorithms) {
        self.algorithms = algorithms;
        self.forget_prepared();
    }

    /// Keeps what kernels make of the weights from one [`Executor::evaluate`] to the next, until the weights change. Small
    /// batches are faster for it; convolutions take up to four times their weights of memory.
    pub fn keep_prepared(&mut self) {
        self.prepared = self.evaluation.program.steps.iter().map(|_| Prepared::default()).collect();
    }

    fn forget_prepared(&mut self) {
        self.prepared.iter_mut().for_each(|prepared| prepared.ready = false);
    }

    /// What it runs.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// All weights and running statistics, in the program's order.
    pub fn weights(&self) -> &[Vec<T>] {
        &self.weights
    }

    /// The gradients of the last [`Executor::step_gradients`], in the program's order; empty for running statistics and
    /// for weights that do not take part.
    pub fn gradients(&self) -> &[Vec<T>] {
        &self.gradients
    }

    /// Lets an optimizer change the weights by their gradients.
    pub fn update(&mut self, change: impl FnOnce(&mut [Vec<T>], &[Vec<T>])) {
        change(&mut self.weights, &self.gradients);
        self.forget_prepared();
    }

    /// Logits N×classes of images N×C×H×W in evaluation mode. If the network ends in a map, it is N×C×H×W too. Large images
    /// go through the network [a few at a time](crate::program::plan::Plan::examples_at_once).
    pub fn evaluate(&mut self, images: &[T]) -> &[T] {
        let shape = self.program.shape(self.program.output);
        let image = self.program.shape(ValueId::INPUT).elements();
        let mut all = mem::take(&mut self.output);
        all.resize(images.len() / image * shape.elements(), T::ZERO);
        let some = self.evaluation.plan.examples_at_once(images.len() / image);
        for (images, all) in images.chunks(some * image).zip(all.chunks_mut(some * shape.elements())) {
            let batch = self.batch(images);
            self.forward(Mode::Eval, batch, MaskKey { seed: 0, step: 0, place: 0 }, |_, _| {});
            let output = batch.values(&self.evaluation, &self.buffers, &self.images).of(self.program.output);
            match shape.has_one_order() {
                true => all.copy_from_slice(output),
                false => layout::channels_first(shape, output, all),
            }
        }
        self.output = all;
        &self.output
    }

    /// The loss in training mode and its gradient with respect to every weight; running statistics move on. The objective is
    /// the images' labels, or more; `key` names the run's seed and the step; its place is set for each node.
    ///
    /// # Panics
    /// If a label is not below the number of logits.
    pub fn step_gradients<'a>(&mut self, images: &[T], objective: impl Into<Objective<'a>>, key: MaskKey) -> Loss {
        let objective = objective.into();
        let batch = self.batch(images);
        self.forward(Mode::Train, batch, key, |_, _| {});
        self.forget_prepared();
        let Some(place) = self.training.plan.loss_gradient else {
            let logits = batch.values(&self.training, &self.buffers, &self.images).of(self.program.output);
            return classify(logits, objective.labels);
        };
        let mut gradient = mem::take(&mut self.buffers[place]);
        let logits = batch.values(&self.training, &self.buffers, &self.images).of(self.program.output);
        let loss = kernels::cross_entropy_gradient(logits, &objective, &mut gradient[..logits.len()]);
        let correct = correct(logits, &objective);
        self.buffers[place] = gradient;
        self.backward(batch);
        Loss { loss, correct, weight: objective.total_weight() }
    }

    /// Runs forward in training mode and tells where the first number arises that is not finite: in a weight, in the
    /// images or in a node. `None` if there is none.
    pub fn first_not_finite(&mut self, images: &[T], key: MaskKey) -> Option<String> {
        if let Some(weight) = self.weight_not_finite() {
            return Some(weight);
        }
        if not_finite(images) {
            return Some("the images".to_owned());
        }
        let batch = self.batch(images);
        let mut first = None;
        self.forward(Mode::Train, batch, key, |step, output| {
            if first.is_none() && not_finite(output) {
                first = Some(format!("the output of `{}`", step.name));
            }
        });
        first
    }

    /// The first weight with a number that is not finite.
    pub fn weight_not_finite(&self) -> Option<String> {
        let index = self.weights.iter().position(|values| not_finite(values))?;
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

    /// How many logits an image gets.
    pub fn classes(&self) -> usize {
        self.program.shape(self.program.output).elements()
    }

    /// What speaks against training on a batch of this size.
    pub fn check_batch(&self, size: usize) -> Result<(), String> {
        check_batch(&self.program, size)
    }

    fn batch<'a>(&mut self, images: &'a [T]) -> Batch<'a, T> {
        let shape = self.program.shape(ValueId::INPUT);
        if !shape.has_one_order() {
            self.images.resize(images.len(), T::ZERO);
            layout::channels_last(shape, images, &mut self.images);
        }
        Batch { images, size: images.len() / shape.elements() }
    }

    /// `each` sees every output that is computed.
    fn forward(&mut self, mode: Mode, batch: Batch<T>, key: MaskKey, mut each: impl FnMut(&Step, &[T])) {
        let schedule = match mode {
            Mode::Train => &mut self.training,
            Mode::Eval => &mut self.evaluation,
        };
        for (buffer, elements) in self.buffers.iter_mut().zip(&schedule.plan.buffers) {
            buffer.reserve(elements * batch.size);
        }
        let mut all_saved = mem::take(&mut schedule.saved);
        for &index in &schedule.plan.steps {
            let (step, used) = (&schedule.program.steps[index], &schedule.used[index]);
            let Place::Buffer(place) = schedule.plan.values[step.output.index()] else {
                unreachable!("a step that computes has a buffer");
            };
            let mut output = mem::take(&mut self.buffers[place]);
            let mut statistics = lend(&mut self.weights, &used.statistics);
            let values = batch.values(schedule, &self.buffers, &self.images);
            let filled = &mut output[..values.elements(step.output)];
            self.profile.time(Pass::Forward, index, || {
                kernels::forward(
                    &step.op,
                    Forward {
                        batch: batch.size,
                        mode,
                        algorithms: self.algorithms,
                        prepared: self.prepared.get_mut(index).filter(|_| mode == Mode::Eval),
                        // The node's index, which does not change when steps are joined.
                        key: MaskKey { place: step.output.index() as u64 - 1, ..key },
                        epilogue: step.epilogue,
                        inputs: &values.inputs(step, true),
                        weights: &slices(&self.weights, &used.trainable),
                        buffers: &mut Few::new(statistics.iter_mut().map(Vec::as_mut_slice), Default::default),
                        output: filled,
                        output_shape: self.program.shape(step.output),
                        saved: &mut all_saved[index],
                    },
                )
            });
            each(step, filled);
            give_back(&mut self.weights, &used.statistics, &mut statistics);
            self.buffers[place] = output;
        }
        schedule.saved = all_saved;
    }

    /// After a forward pass in training mode and the loss's gradient.
    fn backward(&mut self, batch: Batch<T>) {
        let schedule = &self.training;
        for planned in &schedule.plan.backward {
            let (step, used) = (&schedule.program.steps[planned.step], &schedule.used[planned.step]);
            let targets = &planned.input_gradients;
            let elements = batch.size * self.program.shape(step.output).elements();
            let mut gradient = mem::take(&mut self.buffers[planned.output_gradient]);
            let take = |target: &Target| target.written().map(|place| mem::take(&mut self.buffers[place]));
            let mut input_gradients = Few::new(targets.iter().map(take), || None);
            let mut weight_gradients = lend(&mut self.gradients, &used.trainable);
            let values = batch.values(schedule, &self.buffers, &self.images);
            let output = if reads_output(step) { values.of(step.output) } else { &[] };
            self.profile.time(Pass::Backward, planned.step, || {
                let [before, bounds] = step.op.gradient_bounds(step.epilogue.bounds, step.inputs.len());
                if before != Bounds::NONE {
                    kernels::cut_gradient(before, output, &mut gradient[..elements]);
                }
                if targets.iter().all(|target| target.written().is_none()) && used.trainable.is_empty() {
                    return;
                }
                kernels::backward(
                    &step.op,
                    Backward {
                        batch: batch.size,
                        mode: Mode::Train,
                        algorithms: self.algorithms,
                        bounds,
                        inputs: &values.inputs(step, step.op.backward_reads().inputs),
                        weights: &slices(&self.weights, &used.trainable),
                        output,
                        output_shape: self.program.shape(step.output),
                        saved: &schedule.saved[planned.step],
                        output_gradient: &gradient[..elements],
                        input_gradients: &mut values.gradients(step, &mut input_gradients),
                        weight_gradients: &mut Few::new(
                            weight_gradients.iter_mut().map(|g| Some(g.as_mut_slice())),
                            || None,
                        ),
                    },
                );
            });
            give_back(&mut self.gradients, &used.trainable, &mut weight_gradients);
            for (target, buffer) in targets.iter().zip(input_gradients.iter_mut()) {
                if let (Some(place), Some(buffer)) = (target.written(), buffer) {
                    self.buffers[place] = mem::take(buffer);
                }
            }
            for (target, input) in targets.iter().zip(&step.inputs) {
                let elements = batch.size * self.program.shape(*input).elements();
                match *target {
                    Target::Add { aside, sum } => {
                        let mut total = mem::take(&mut self.buffers[sum]);
                        kernels::add_all(&mut total[..elements], &self.buffers[aside][..elements]);
                        self.buffers[sum] = total;
                    }
                    Target::Sum(sum) => kernels::add_all(&mut self.buffers[sum][..elements], &gradient[..elements]),
                    Target::Copy(copy) => kernels::copy_all(&mut self.buffers[copy][..elements], &gradient[..elements]),
                    Target::Nobody | Target::Write(_) | Target::Same => {}
                }
            }
            self.buffers[planned.output_gradient] = gradient;
        }
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

/// Moves arrays out of a list, to be written while the others are read.
fn lend<T>(all: &mut [Vec<T>], places: &[usize]) -> Few<Vec<T>> {
    Few::new(places.iter().map(|place| mem::take(&mut all[*place])), Vec::new)
}

fn give_back<T>(all: &mut [Vec<T>], places: &[usize], lent: &mut [Vec<T>]) {
    places.iter().zip(lent).for_each(|(place, values)| all[*place] = mem::take(values));
}

fn slices<'a, T>(all: &'a [Vec<T>], places: &[usize]) -> Few<&'a [T]> {
    Few::new(places.iter().map(|place| all[*place].as_slice()), Default::default)
}

#[cfg(test)]
mod tests;
