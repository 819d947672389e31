//! Runs a program with the kernels, in buffers that it owns: forward, loss, and a backward pass in the order that
//! [`plan`] laid out.
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

mod few;
pub mod profile;
mod scores;

use std::mem;

use rayon::prelude::*;

use self::few::Few;
use self::profile::{Pass, Profile, Spent};
use self::scores::correct;
pub use self::scores::{Loss, classify, largest};
use crate::graph::{Shape, ValueId};
use crate::kernels::{self, Algorithms, Backward, Buffer, Forward, MaskKey, Mode, Prepared, Real, Saved, layout};
use crate::program::plan::{self, Place, Plan, Target};
use crate::program::{Program, Step};

/// A program with its weights and the memory that it runs in.
#[derive(Debug)]
pub struct Executor<T> {
    program: Program,
    training: Plan,
    evaluation: Plan,
    /// In the program's order.
    weights: Vec<Vec<T>>,
    /// In the program's order; empty for what has none.
    gradients: Vec<Vec<T>>,
    /// Which weights each step of the program uses.
    used: Vec<Used>,
    /// What each step of the program keeps for its backward pass.
    saved: Vec<Saved<T>>,
    /// Shared by both plans.
    buffers: Vec<Buffer<T>>,
    algorithms: Algorithms,
    /// What each step of the program has made of its weights for evaluation; empty if that is not kept.
    prepared: Vec<Prepared<T>>,
    profile: Profile,
    /// The images of the last batch, N×H×W×C; empty where that is the order in which they came.
    images: Vec<T>,
    /// What [`Executor::evaluate`] has turned last; empty where nothing needs to be.
    output: Vec<T>,
}

/// The weights of a step, as indices into the program's.
#[derive(Debug)]
struct Used {
    trainable: Vec<usize>,
    statistics: Vec<usize>,
}

impl<T: Real> Executor<T> {
    /// `weights` are all of the program's, running statistics too, in its order.
    ///
    /// # Panics
    /// If they are not as many as the program has, or one has another number of elements.
    pub fn new(program: Program, weights: Vec<Vec<T>>) -> Executor<T> {
        let lengths = program.weights.iter().map(|weight| weight.elements());
        assert!(lengths.eq(weights.iter().map(Vec::len)), "weights must be the program's");
        let (training, evaluation) = (plan::training(&program), plan::evaluation(&program));
        let used = program.steps.iter().map(|step| {
            let (trainable, statistics) = step.weights.iter().partition(|index| program.weights[**index].trainable);
            Used { trainable, statistics }
        });
        let used: Vec<Used> = used.collect();
        let mut gradients = vec![Vec::new(); weights.len()];
        for index in training.backward.iter().flat_map(|planned| &used[planned.step].trainable) {
            gradients[*index] = vec![T::ZERO; weights[*index].len()];
        }
        let saved = vec![Saved::default(); program.steps.len()];
        let buffers = (0..training.buffers.len().max(evaluation.buffers.len())).map(|_| Buffer::default()).collect();
        Executor {
            program,
            training,
            evaluation,
            weights,
            gradients,
            used,
            saved,
            buffers,
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
        self.prepared.iter_mut().for_each(|prepared| prepared.ready = false);
    }

    /// Keeps what kernels make of the weights from one [`Executor::evaluate`] to the next, until the weights change. Small
    /// batches are faster for it; convolutions take up to four times their weights of memory.
    pub fn keep_prepared(&mut self) {
        self.prepared = self.program.steps.iter().map(|_| Prepared::default()).collect();
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
        self.prepared.iter_mut().for_each(|prepared| prepared.ready = false);
    }

    /// Logits N×classes of images N×C×H×W in evaluation mode. If the network ends in a map, it is N×C×H×W too.
    pub fn evaluate<'a>(&'a mut self, images: &'a [T]) -> &'a [T] {
        let batch = self.batch(images);
        self.forward(Mode::Eval, batch, MaskKey { seed: 0, step: 0, place: 0 });
        let values = batch.values(&self.program, &self.evaluation, &self.buffers, &self.images);
        let (output, shape) = (values.of(self.program.output), self.program.shape(self.program.output));
        if shape.has_one_order() {
            return output;
        }
        self.output.resize(output.len(), T::ZERO);
        layout::channels_first(shape, output, &mut self.output);
        &self.output
    }

    /// The loss in training mode and its gradient with respect to every weight; running statistics move on. `key` names
    /// the run's seed and the step; its place is set for each node.
    ///
    /// # Panics
    /// If a label is not below the number of logits.
    pub fn step_gradients(&mut self, images: &[T], labels: &[u32], key: MaskKey) -> Loss {
        let batch = self.batch(images);
        self.forward(Mode::Train, batch, key);
        let Some(place) = self.training.loss_gradient else {
            let logits =
                batch.values(&self.program, &self.training, &self.buffers, &self.images).of(self.program.output);
            return classify(logits, labels);
        };
        let mut gradient = mem::take(&mut self.buffers[place]);
        let logits = batch.values(&self.program, &self.training, &self.buffers, &self.images).of(self.program.output);
        let loss = kernels::cross_entropy_gradient(logits, labels, &mut gradient[..logits.len()]);
        let correct = correct(logits, labels);
        self.buffers[place] = gradient;
        self.backward(batch);
        Loss { loss, correct }
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
        self.forward(Mode::Train, batch, key);
        let values = batch.values(&self.program, &self.training, &self.buffers, &self.images);
        let mut steps = self.training.steps.iter().map(|index| &self.program.steps[*index]);
        let first = steps.find(|step| not_finite(values.of(step.output)))?;
        Some(format!("the output of `{}`", first.name))
    }

    /// The first weight with a number that is not finite.
    pub fn weight_not_finite(&self) -> Option<String> {
        let index = self.weights.iter().position(|values| not_finite(values))?;
        Some(format!("the weight `{}`", self.program.weights[index].name))
    }

    /// From now on, notes how long each step takes.
    pub fn begin_profile(&mut self) {
        self.profile.begin(self.program.steps.len());
    }

    /// What was noted since [`Executor::begin_profile`], by the index of the step in the program.
    pub fn profile(&self) -> &[Spent] {
        self.profile.spent()
    }

    /// How many logits an image gets.
    pub fn classes(&self) -> usize {
        self.program.shape(self.program.output).elements()
    }

    /// What speaks against training on a batch of this size.
    pub fn check_batch(&self, size: usize) -> Result<(), String> {
        self.program.steps.iter().try_for_each(|step| {
            let input = self.program.shape(step.inputs[0]);
            kernels::check(&step.op, Mode::Train, size, input).map_err(|reason| format!("`{}`: {reason}", step.name))
        })
    }

    fn batch<'a>(&mut self, images: &'a [T]) -> Batch<'a, T> {
        let shape = self.program.shape(ValueId::INPUT);
        if !shape.has_one_order() {
            self.images.resize(images.len(), T::ZERO);
            layout::channels_last(shape, images, &mut self.images);
        }
        Batch { images, size: images.len() / shape.elements() }
    }

    fn forward(&mut self, mode: Mode, batch: Batch<T>, key: MaskKey) {
        let plan = match mode {
            Mode::Train => &self.training,
            Mode::Eval => &self.evaluation,
        };
        for (buffer, elements) in self.buffers.iter_mut().zip(&plan.buffers) {
            buffer.reserve(elements * batch.size);
        }
        for &index in &plan.steps {
            let (step, used) = (&self.program.steps[index], &self.used[index]);
            let Place::Buffer(place) = plan.values[step.output.index()] else {
                unreachable!("a step that computes has a buffer");
            };
            let mut output = mem::take(&mut self.buffers[place]);
            let mut statistics = lend(&mut self.weights, &used.statistics);
            let values = batch.values(&self.program, plan, &self.buffers, &self.images);
            self.profile.time(Pass::Forward, index, || {
                kernels::forward(
                    &step.op,
                    Forward {
                        batch: batch.size,
                        mode,
                        algorithms: self.algorithms,
                        prepared: self.prepared.get_mut(index).filter(|_| mode == Mode::Eval),
                        key: MaskKey { place: index as u64, ..key },
                        inputs: &values.inputs(step),
                        weights: &slices(&self.weights, &used.trainable),
                        buffers: &mut Few::new(statistics.iter_mut().map(Vec::as_mut_slice), Default::default),
                        output: &mut output[..values.elements(step.output)],
                        output_shape: self.program.shape(step.output),
                        saved: &mut self.saved[index],
                    },
                )
            });
            give_back(&mut self.weights, &used.statistics, &mut statistics);
            self.buffers[place] = output;
        }
    }

    /// After a forward pass in training mode and the loss's gradient.
    fn backward(&mut self, batch: Batch<T>) {
        for planned in &self.training.backward {
            let (step, used) = (&self.program.steps[planned.step], &self.used[planned.step]);
            let targets = &planned.input_gradients;
            let take = |target: &Target| target.written().map(|place| mem::take(&mut self.buffers[place]));
            let mut input_gradients = Few::new(targets.iter().map(take), || None);
            let mut weight_gradients = lend(&mut self.gradients, &used.trainable);
            let values = batch.values(&self.program, &self.training, &self.buffers, &self.images);
            self.profile.time(Pass::Backward, planned.step, || {
                kernels::backward(
                    &step.op,
                    Backward {
                        batch: batch.size,
                        mode: Mode::Train,
                        algorithms: self.algorithms,
                        inputs: &values.inputs(step),
                        weights: &slices(&self.weights, &used.trainable),
                        output: values.of(step.output),
                        output_shape: self.program.shape(step.output),
                        saved: &self.saved[planned.step],
                        output_gradient: &self.buffers[planned.output_gradient][..values.elements(step.output)],
                        input_gradients: &mut values.gradients(step, &mut input_gradients),
                        weight_gradients: &mut Few::new(
                            weight_gradients.iter_mut().map(|g| Some(g.as_mut_slice())),
                            || None,
                        ),
                    },
                )
            });
            give_back(&mut self.gradients, &used.trainable, &mut weight_gradients);
            for (target, buffer) in targets.iter().zip(input_gradients.iter_mut()) {
                if let (Some(place), Some(buffer)) = (target.written(), buffer) {
                    self.buffers[place] = mem::take(buffer);
                }
            }
            for (target, input) in targets.iter().zip(&step.inputs) {
                let elements = batch.size * self.program.shape(*input).elements();
                if let Target::Add { aside, sum } = *target {
                    let mut total = mem::take(&mut self.buffers[sum]);
                    add(&mut total[..elements], &self.buffers[aside][..elements]);
                    self.buffers[sum] = total;
                }
            }
        }
    }
}

/// The images of a step, N×C×H×W.
#[derive(Clone, Copy)]
struct Batch<'a, T> {
    images: &'a [T],
    /// N
    size: usize,
}

impl<'a, T: Real> Batch<'a, T> {
    /// `turned` are the images with the channels last, if they have to be turned.
    fn values(self, program: &'a Program, plan: &'a Plan, buffers: &'a [Buffer<T>], turned: &'a [T]) -> Values<'a, T> {
        let images = if program.shape(ValueId::INPUT).has_one_order() { self.images } else { turned };
        Values { images, batch: self.size, program, plan, buffers }
    }
}

/// All values of a pass, to look at.
#[derive(Clone, Copy)]
struct Values<'a, T> {
    /// With the channels last.
    images: &'a [T],
    /// N
    batch: usize,
    program: &'a Program,
    plan: &'a Plan,
    buffers: &'a [Buffer<T>],
}

impl<'a, T: Real> Values<'a, T> {
    /// How many numbers a value has in the whole batch.
    fn elements(&self, value: ValueId) -> usize {
        self.batch * self.program.shape(value).elements()
    }

    fn of(&self, value: ValueId) -> &'a [T] {
        match self.plan.values[value.index()] {
            Place::Input => self.images,
            Place::Buffer(buffer) => &self.buffers[buffer][..self.elements(value)],
            Place::Nowhere => unreachable!("nobody reads what does not take part"),
        }
    }

    fn inputs(&self, step: &Step) -> Few<(&'a [T], Shape)> {
        let input = |input: &ValueId| (self.of(*input), self.program.shape(*input));
        Few::new(step.inputs.iter().map(input), || (&[], Shape::Vector(0)))
    }

    /// Where the gradients of a step's inputs go: into the buffers of those that have one.
    fn gradients<'b>(&self, step: &Step, buffers: &'b mut [Option<Buffer<T>>]) -> Few<Option<&'b mut [T]>> {
        let part = |(buffer, input): (&'b mut Option<Buffer<T>>, &ValueId)| {
            buffer.as_mut().map(|buffer| &mut buffer[..self.elements(*input)])
        };
        Few::new(buffers.iter_mut().zip(&step.inputs).map(part), || None)
    }
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

/// sum ← sum + values
fn add<T: Real>(sum: &mut [T], values: &[T]) {
    const CHUNK: usize = 1 << 14;
    sum.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(|(sum, values)| {
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += *value);
    });
}

#[cfg(test)]
mod tests;
