//! Runs a program on a GPU: what [`crate::executor::Executor`] does on the processor, by the same plan.

mod reserve;

use std::mem;

use super::call::{Backward, Forward, Saved, Weight};
use super::input::{Input, Place as Batch};
use super::weights::{Layout, Weights};
use super::{Gpu, Memory, Result, Storage, View};
use crate::executor::Evaluator;
use crate::executor::profile::{Pass, Profile, Spent};
use crate::executor::schedule::Schedule;
use crate::ir::{Shape, ValueId};
use crate::kernels::cuda::{self as kernels, clamp, elementwise, finite, turn};
use crate::kernels::{MaskKey, Mode};
use crate::program::plan::{BackwardStep, Place, Target, reads_output};
use crate::program::{Bounds, Program, Step};

/// Where something begins that a step keeps, in bytes, and how large it is.
pub type Part = (usize, usize);

/// Where a step keeps its numbers, indices and bytes.
pub type Parts = [Part; 3];

/// A program with its weights and the memory that it runs in.
#[derive(Debug)]
pub struct Executor {
    pub(super) gpu: Gpu,
    pub(super) program: Program,
    pub(super) training: Schedule<Parts>,
    evaluation: Schedule<Parts>,
    pub(super) weights: Weights,
    /// Of weights that learn; none in evaluation.
    pub(super) gradients: Option<Memory>,
    /// Shared by both schedules.
    pub(super) buffers: Vec<Memory>,
    /// What the steps of a forward pass keep.
    saved: Memory,
    /// The images of a batch, if their order or type is another than the caller's.
    turned: Memory,
    pub(super) input: Input,
    /// Outputs in f32, N×C×H×W.
    staged: Memory,
    /// Whether a number was found that is not finite.
    flag: Memory,
    profile: Profile,
    /// What was evaluated last.
    output: Vec<f32>,
}

impl Executor {
    /// For evaluation, with all weights of the program, in its order.
    ///
    /// # Errors
    /// If an operation has no kernel for GPUs, or memory is short.
    pub fn new(gpu: Gpu, program: Program, weights: &[Vec<f32>]) -> Result<Executor> {
        let none = vec![false; program.weights.len()];
        Executor::with(gpu, program, weights, &none)
    }

    /// For training: `decays` says on which weights λ acts.
    ///
    /// # Errors
    /// As [`Executor::new`].
    pub fn learning(gpu: Gpu, program: Program, weights: &[Vec<f32>], decays: &[bool]) -> Result<Executor> {
        let mut executor = Executor::with(gpu, program, weights, decays)?;
        let gradients = executor.gpu.allocate(executor.weights.layout.learning * size_of::<f32>())?;
        // Between weights there is nothing that anybody writes.
        executor.gpu.clear(gradients.view())?;
        executor.gradients = Some(gradients);
        Ok(executor)
    }

    fn with(gpu: Gpu, program: Program, weights: &[Vec<f32>], decays: &[bool]) -> Result<Executor> {
        let lengths = program.weights.iter().map(|weight| weight.elements());
        assert!(lengths.eq(weights.iter().map(Vec::len)), "weights must be the program's");
        program.steps.iter().try_for_each(|step| {
            let shapes = step.inputs.iter().chain([&step.output]).map(|value| program.shape(*value));
            kernels::check(&step.op, shapes).map_err(|error| error.during(&step.name))
        })?;
        let order = gpu.settings().order;
        let training: Schedule<Parts> = Schedule::new(&program, Mode::Train, order);
        let evaluation: Schedule<Parts> = Schedule::new(&program, Mode::Eval, order);
        let mut learns = vec![false; program.weights.len()];
        for index in training.plan.backward.iter().flat_map(|planned| &training.used[planned.step].trainable) {
            learns[*index] = program.weights[*index].learns();
        }
        let layout = Layout::new(&program, order, &learns, decays);
        let buffers = training.plan.buffers.len().max(evaluation.plan.buffers.len());
        let empty = || gpu.allocate(0);
        Ok(Executor {
            weights: Weights::new(&gpu, layout, weights)?,
            gradients: None,
            buffers: (0..buffers).map(|_| empty()).collect::<Result<_>>()?,
            saved: empty()?,
            turned: empty()?,
            input: Input::new(&gpu)?,
            staged: empty()?,
            flag: gpu.allocate(size_of::<u32>())?,
            profile: Profile::default(),
            output: Vec::new(),
            gpu,
            program,
            training,
            evaluation,
        })
    }

    fn schedule(&self, mode: Mode) -> &Schedule<Parts> {
        match mode {
            Mode::Train => &self.training,
            Mode::Eval => &self.evaluation,
        }
    }

    fn width(&self) -> usize {
        self.gpu.settings().storage.width()
    }

    /// Whether images are computed with as they come.
    fn takes_images(&self) -> bool {
        use crate::program::call::Order;
        let one_order = self.program.shape(ValueId::INPUT).has_one_order();
        let settings = self.gpu.settings();
        settings.storage == Storage::F32 && (one_order || settings.order == Order::ChannelsFirst)
    }

    /// Runs forward on a batch that was brought, after [`Executor::reserve`]. `each` sees every output that is computed.
    pub(super) fn forward(
        &mut self,
        mode: Mode,
        (batch, images): (usize, Batch),
        key: MaskKey,
        mut each: impl FnMut(&Executor, &Step, View) -> Result<()>,
    ) -> Result<()> {
        let mut profile = mem::take(&mut self.profile);
        let done = self.forward_profiled(mode, (batch, images), key, &mut each, &mut profile);
        self.profile = profile;
        done
    }

    fn forward_profiled(
        &self,
        mode: Mode,
        (batch, images): (usize, Batch),
        key: MaskKey,
        each: &mut impl FnMut(&Executor, &Step, View) -> Result<()>,
        profile: &mut Profile,
    ) -> Result<()> {
        if !self.takes_images() {
            let to = self.value(mode, batch, images, ValueId::INPUT);
            turn::images(&self.gpu, batch, self.program.shape(ValueId::INPUT), self.input.images(images), to)?;
        }
        let schedule = self.schedule(mode);
        for &index in &schedule.plan.steps {
            let (step, used) = (&schedule.program.steps[index], &schedule.used[index]);
            let output = self.value(mode, batch, images, step.output);
            let call = Forward {
                gpu: &self.gpu,
                batch,
                mode,
                // The node's index, which does not change when steps are joined.
                key: MaskKey { place: step.output.index() as u64 - 1, ..key },
                epilogue: step.epilogue,
                inputs: &self.inputs(mode, batch, images, step, true),
                weights: &self.trainable(&used.trainable),
                statistics: &used.statistics.iter().map(|index| self.weights.statistic(*index)).collect::<Vec<_>>(),
                output,
                output_shape: self.program.shape(step.output),
                saved: self.saved(mode, index),
            };
            self.timed(profile, Pass::Forward, index, || kernels::forward(&step.op, call))
                .map_err(|error| error.during(format!("`{}`", step.name)))?;
            each(self, step, output)?;
        }
        Ok(())
    }

    /// After a forward pass in training mode and the loss's gradient.
    pub(super) fn backward(&mut self, batch: usize, images: Batch) -> Result<()> {
        let mut profile = mem::take(&mut self.profile);
        let planned = self.training.plan.backward.iter();
        let done = planned.clone().try_for_each(|planned| {
            let name = &self.training.program.steps[planned.step].name;
            let done = self.backward_step(planned, batch, images, &mut profile);
            done.map_err(|error| error.during(format!("the gradient of `{name}`")))
        });
        self.profile = profile;
        done
    }

    fn backward_step(&self, planned: &BackwardStep, batch: usize, images: Batch, profile: &mut Profile) -> Result<()> {
        let (mode, schedule) = (Mode::Train, &self.training);
        let (step, used) = (&schedule.program.steps[planned.step], &schedule.used[planned.step]);
        let (targets, shape) = (&planned.input_gradients, |value: &ValueId| self.program.shape(*value));
        let gradient = self.buffer(planned.output_gradient, batch, shape(&step.output));
        let output = if reads_output(step) { self.value(mode, batch, images, step.output) } else { View::NONE };
        let input_gradients: Vec<Option<View>> = targets
            .iter()
            .zip(&step.inputs)
            .map(|(target, input)| target.written().map(|place| self.buffer(place, batch, shape(input))))
            .collect();
        let all = self.gradients.as_ref().map_or(View::NONE, Memory::view);
        let weight_gradients: Vec<Option<View>> =
            used.trainable.iter().map(|index| self.weights.layout.gradient(all, *index)).collect();
        self.timed(profile, Pass::Backward, planned.step, || {
            let [before, bounds] = step.op.gradient_bounds(step.epilogue.bounds, step.inputs.len());
            if before != Bounds::NONE {
                clamp::cut_gradient(&self.gpu, before, output, gradient)?;
            }
            if input_gradients.iter().chain(&weight_gradients).all(Option::is_none) {
                return Ok(());
            }
            let call = Backward {
                gpu: &self.gpu,
                batch,
                mode,
                bounds,
                inputs: &self.inputs(mode, batch, images, step, step.op.backward_reads().inputs),
                weights: &self.trainable(&used.trainable),
                output,
                output_shape: shape(&step.output),
                saved: self.saved(mode, planned.step),
                output_gradient: gradient,
                input_gradients: &input_gradients,
                weight_gradients: &weight_gradients,
            };
            kernels::backward(&step.op, call)
        })?;
        for (target, input) in targets.iter().zip(&step.inputs) {
            let of = |place| self.buffer(place, batch, shape(input));
            match *target {
                Target::Add { aside, sum } => elementwise::add_all(&self.gpu, of(sum), of(aside))?,
                Target::Sum(sum) => elementwise::add_all(&self.gpu, of(sum), gradient)?,
                Target::Copy(copy) => self.gpu.copy(gradient, of(copy))?,
                Target::Nobody | Target::Write(_) | Target::Same => {}
            }
        }
        Ok(())
    }

    /// Queues the work of a step; measures it, waiting for its end, if a profile was begun.
    fn timed(&self, profile: &mut Profile, pass: Pass, step: usize, work: impl FnOnce() -> Result<()>) -> Result<()> {
        if profile.spent().is_empty() {
            return work();
        }
        self.gpu.wait()?;
        profile.time(pass, step, || work().and_then(|()| self.gpu.wait()))
    }

    /// The part of a buffer that a batch of values of this shape fills.
    pub(super) fn buffer(&self, buffer: usize, batch: usize, shape: Shape) -> View<'_> {
        self.buffers[buffer].view().part(0, batch * shape.elements() * self.width())
    }

    /// The numbers of a value.
    pub(super) fn value(&self, mode: Mode, batch: usize, images: Batch, value: ValueId) -> View<'_> {
        let shape = self.program.shape(value);
        match self.schedule(mode).plan.values[value.index()] {
            Place::Input if self.takes_images() => {
                self.input.images(images).part(0, batch * self.program.shape(ValueId::INPUT).elements() * self.width())
            }
            Place::Input => self.turned.view().part(0, batch * shape.elements() * self.width()),
            Place::Buffer(buffer) => self.buffer(buffer, batch, shape),
            Place::Nowhere => unreachable!("nobody reads what does not take part"),
        }
    }

    /// Their shapes, and, if they are read, their numbers; otherwise others may be in their place by now.
    fn inputs(&self, mode: Mode, batch: usize, images: Batch, step: &Step, read: bool) -> Vec<(View<'_>, Shape)> {
        let numbers = |value| if read { self.value(mode, batch, images, value) } else { View::NONE };
        step.inputs.iter().map(|value| (numbers(*value), self.program.shape(*value))).collect()
    }

    fn trainable(&self, indices: &[usize]) -> Vec<Weight<'_>> {
        indices.iter().map(|index| self.weights.weight(*index)).collect()
    }

    fn saved(&self, mode: Mode, step: usize) -> Saved<'_> {
        let [reals, indices, bytes] = self.schedule(mode).saved[step].map(|(start, bytes)| match bytes {
            0 => View::NONE,
            bytes => self.saved.view().part(start, bytes),
        });
        Saved { reals, indices, bytes }
    }

    /// Whether all numbers are finite. Waits.
    pub(super) fn is_finite(&self, values: View, storage: Storage) -> Result<bool> {
        finite::all(&self.gpu, values, storage, self.flag.view())?;
        let mut flag = [0u32];
        self.gpu.download(self.flag.view(), &mut flag)?;
        Ok(flag == [0])
    }

    /// All weights, in the program's order. Waits.
    pub(super) fn download_weights(&self) -> Result<Vec<Vec<f32>>> {
        let mut all = vec![0f32; self.weights.layout.length];
        self.gpu.download(self.weights.all(), &mut all)?;
        Ok(self.weights.layout.split(&all, |_| true))
    }
}

impl Evaluator for Executor {
    fn program(&self) -> &Program {
        &self.program
    }

    fn evaluate(&mut self, images: &[f32]) -> Result<&[f32]> {
        let shape = self.program.shape(self.program.output);
        let image = self.program.shape(ValueId::INPUT).elements();
        let count = images.len() / image;
        let mut all = mem::take(&mut self.output);
        all.resize(count * shape.elements(), 0.0);
        let some = self.evaluation.plan.examples_at_once(count);
        for (images, all) in images.chunks(some * image).zip(all.chunks_mut(some * shape.elements())) {
            let batch = images.len() / image;
            self.reserve(Mode::Eval, batch)?;
            let place = self.input.bring(&self.gpu, images, &[])?;
            let key = MaskKey { seed: 0, step: 0, place: 0 };
            self.forward(Mode::Eval, (batch, place), key, |_, _, _| Ok(()))?;
            let staged = self.staged.view().part(0, size_of_val(all));
            let output = self.value(Mode::Eval, batch, place, self.program.output);
            turn::outputs(&self.gpu, batch, shape, output, staged)?;
            self.gpu.download(staged, all)?;
            self.input.used(&self.gpu, place)?;
        }
        self.output = all;
        Ok(&self.output)
    }

    fn steps(&self, mode: Mode) -> &[Step] {
        &self.schedule(mode).program.steps
    }

    fn begin_profile(&mut self) {
        self.profile.begin(self.program.steps.len());
    }

    fn profile(&self) -> &[Spent] {
        self.profile.spent()
    }
}
