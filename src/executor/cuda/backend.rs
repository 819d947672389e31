//! A GPU as a [`Backend`]: what a step does is queued in the device's stream.

use super::Machine;
use crate::cuda::call::{Backward, Forward, Saved, Weight};
use crate::cuda::input::{Input, Slot};
use crate::cuda::{DType, Error, Result, View};
use crate::executor::driver::{Backend, Run, Work};
use crate::executor::schedule::Schedule;
use crate::ir::{Shape, ValueId};
use crate::kernels::MaskKey;
use crate::kernels::cuda::{self as kernels, clamp, elementwise, transpose};
use crate::program::call::Order;
use crate::program::plan::{BackwardStep, Buffer, ValueLocation};
use crate::program::{Bounds, Program};

/// A batch on the device.
#[derive(Debug)]
pub struct CudaBackend<'a> {
    machine: &'a Machine,
    /// As they came, N×C×H×W in f32.
    images: View<'a>,
    labels: View<'a>,
}

impl<'a> CudaBackend<'a> {
    /// A batch that was brought, for which there is room.
    pub(super) fn new(machine: &'a Machine, input: &'a Input, images: Slot, run: Run) -> Result<CudaBackend<'a>> {
        let (labels, images) = (input.labels(images), input.images(images));
        let program = &run.schedule.program;
        if !machine.takes_images(program) {
            let to = machine.value(images, run.schedule, run.batch, ValueId::INPUT);
            transpose::images(&machine.gpu, run.batch, program.shape(ValueId::INPUT), images, to)?;
        }
        Ok(CudaBackend { machine, images, labels })
    }

    /// Where it is.
    pub fn machine(&self) -> &'a Machine {
        self.machine
    }

    /// Its labels; none in evaluation.
    pub fn labels(&self) -> View<'a> {
        self.labels
    }

    /// The numbers of a value.
    pub fn value(&self, run: Run, value: ValueId) -> View<'a> {
        self.machine.value(self.images, run.schedule, run.batch, value)
    }

    /// The numbers that a buffer has of a value, or of a gradient of its shape.
    pub fn buffer(&self, run: Run, buffer: Buffer, value: ValueId) -> View<'a> {
        self.machine.buffer(buffer, run.batch * run.schedule.program.shape(value).elements())
    }

    /// The output of a step.
    pub fn output(&self, work: Work) -> View<'a> {
        self.of(work, work.step().output)
    }

    fn of(&self, work: Work, value: ValueId) -> View<'a> {
        self.machine.value(self.images, work.schedule, work.batch, value)
    }

    /// Their shapes, and, if they are read, their numbers; otherwise others may be in their place by now.
    fn inputs(&self, work: Work, read: bool) -> Vec<(View<'a>, Shape)> {
        let numbers = |value| if read { self.of(work, value) } else { View::NONE };
        let input = |value: &ValueId| (numbers(*value), work.schedule.program.shape(*value));
        work.step().inputs.iter().map(input).collect()
    }

    fn weights(&self, work: Work) -> Vec<Weight<'a>> {
        work.used().trainable.iter().map(|index| self.machine.weights.weight(*index)).collect()
    }

    fn saved(&self, work: Work) -> Saved<'a> {
        let [reals, indices, bytes] =
            self.machine.parts[work.schedule.mode as usize][work.index].map(|(start, bytes)| match bytes {
                0 => View::NONE,
                bytes => self.machine.saved.view().part(start, bytes),
            });
        Saved { reals, indices, bytes }
    }
}

impl Machine {
    /// Whether images are computed with as they come.
    pub(super) fn takes_images(&self, program: &Program) -> bool {
        let one_order = program.shape(ValueId::INPUT).has_one_order();
        let settings = self.gpu.settings();
        settings.storage == DType::F32 && (one_order || settings.order == Order::ChannelsFirst)
    }

    /// So many numbers of a buffer.
    fn buffer(&self, buffer: Buffer, elements: usize) -> View<'_> {
        self.buffers[buffer].view().part(0, elements * self.width())
    }

    /// The numbers of a value; `images` are those of the batch, as they came.
    pub(super) fn value<'a>(&'a self, images: View<'a>, schedule: &Schedule, batch: usize, value: ValueId) -> View<'a> {
        let elements = batch * schedule.program.shape(value).elements();
        match schedule.plan.values[value.index()] {
            ValueLocation::Input if self.takes_images(&schedule.program) => images.part(0, elements * self.width()),
            ValueLocation::Input => self.transposed.view().part(0, elements * self.width()),
            ValueLocation::Buffer(buffer) => self.buffer(buffer, elements),
            ValueLocation::Nowhere => unreachable!("nobody reads what does not take part"),
        }
    }
}

impl Backend for CudaBackend<'_> {
    type Error = Error;

    fn forward(&mut self, work: Work, key: MaskKey) -> Result<()> {
        let (step, used) = (work.step(), work.used());
        let statistics = used.statistics.iter().map(|index| self.machine.weights.statistic(*index));
        let call = Forward {
            device: &self.machine.gpu,
            batch: work.batch,
            mode: work.schedule.mode,
            key,
            epilogue: step.epilogue,
            inputs: &self.inputs(work, true),
            weights: &self.weights(work),
            statistics: &statistics.collect::<Vec<_>>(),
            output: self.output(work),
            output_shape: work.schedule.program.shape(step.output),
            saved: self.saved(work),
        };
        kernels::forward(&step.op, call)
    }

    fn cut(&mut self, work: Work, bounds: Bounds, gradient: Buffer) -> Result<()> {
        let gradient = self.machine.buffer(gradient, work.elements(work.step().output));
        clamp::clamp_gradient(&self.machine.gpu, bounds, self.output(work), gradient)
    }

    fn backward(&mut self, work: Work, planned: &BackwardStep, bounds: Bounds) -> Result<()> {
        let step = work.step();
        let targets = planned.input_gradients.iter().zip(&step.inputs);
        let input_gradients: Vec<Option<View>> = targets
            .map(|(target, input)| target.written().map(|place| self.machine.buffer(place, work.elements(*input))))
            .collect();
        let (all, layout) = (self.machine.all_gradients(), &self.machine.weights.layout);
        let weight_gradients: Vec<Option<View>> =
            work.used().trainable.iter().map(|index| layout.gradient(all, *index)).collect();
        // Weights may be frozen.
        if input_gradients.iter().chain(&weight_gradients).all(Option::is_none) {
            return Ok(());
        }
        let call = Backward {
            device: &self.machine.gpu,
            batch: work.batch,
            mode: work.schedule.mode,
            bounds,
            inputs: &self.inputs(work, step.op.backward_reads().inputs),
            weights: &self.weights(work),
            output: if work.reads_output() { self.output(work) } else { View::NONE },
            output_shape: work.schedule.program.shape(step.output),
            saved: self.saved(work),
            output_gradient: self.machine.buffer(planned.output_gradient, work.elements(step.output)),
            input_gradients: &input_gradients,
            weight_gradients: &weight_gradients,
        };
        kernels::backward(&step.op, call)
    }

    fn add(&mut self, sum: Buffer, part: Buffer, elements: usize) -> Result<()> {
        let [sum, part] = [sum, part].map(|buffer| self.machine.buffer(buffer, elements));
        elementwise::add_all(&self.machine.gpu, sum, part)
    }

    fn copy(&mut self, to: Buffer, from: Buffer, elements: usize) -> Result<()> {
        let [to, from] = [to, from].map(|buffer| self.machine.buffer(buffer, elements));
        self.machine.gpu.copy(from, to)
    }

    fn finish(&mut self) -> Result<()> {
        self.machine.gpu.wait()
    }

    fn during(error: Error, what: impl FnOnce() -> String) -> Error {
        error.during(what())
    }
}
