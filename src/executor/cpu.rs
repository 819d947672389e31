//! The processor as a [`Backend`]: weights, buffers and what steps keep are its own; kernels do the work.

use std::convert::Infallible;
use std::mem;

use super::driver::{Backend, Run, Work};
use super::few::Few;
use super::schedule::Schedule;
use super::values::Values;
use crate::ir::ValueId;
use crate::kernels::{self, Algorithms, Backward, Buffer, Cpu, Forward, MaskKey, Mode, Prepared, Real, Saved, layout};
use crate::program::Bounds;
use crate::program::plan::{self, BackwardStep};

/// What stays from one batch to the next.
#[derive(Debug)]
pub(super) struct CpuMemory<T> {
    /// In the program's order.
    pub(super) weights: Vec<Vec<T>>,
    /// In the program's order; empty for what has none.
    pub(super) gradients: Vec<Vec<T>>,
    /// Shared by training and evaluation.
    pub(super) buffers: Vec<Buffer<T>>,
    /// What each step of training and of evaluation keeps.
    pub(super) saved: [Vec<Saved<T>>; 2],
    pub(super) algorithms: Algorithms,
    /// What each step of the evaluation has made of its weights; empty if that is not kept.
    pub(super) prepared: Vec<Prepared<T>>,
    /// What batches had for running statistics to follow, where these wait.
    pub(super) observed: Option<Vec<f64>>,
    /// The images of the last batch, N×H×W×C; empty where that is the order in which they came.
    pub(super) transposed: Vec<T>,
}

/// A batch and where it is computed.
pub(super) struct CpuBackend<'a, T> {
    pub(super) memory: &'a mut CpuMemory<T>,
    /// As they came, N×C×H×W.
    images: &'a [T],
}

impl<T: Real> CpuMemory<T> {
    /// All values of a pass over these images.
    fn values<'a>(&'a self, images: &'a [T], schedule: &'a Schedule, batch: usize) -> Values<'a, T> {
        let one_order = schedule.program.shape(ValueId::INPUT).has_one_order();
        Values { images: if one_order { images } else { &self.transposed }, batch, schedule, buffers: &self.buffers }
    }
}

impl<'a, T: Real> CpuBackend<'a, T> {
    /// Brings a batch of images, N×C×H×W, and makes room for it.
    pub(super) fn new(memory: &'a mut CpuMemory<T>, run: Run, images: &'a [T]) -> CpuBackend<'a, T> {
        let Run { schedule, batch, .. } = run;
        let shape = schedule.program.shape(ValueId::INPUT);
        if !shape.has_one_order() {
            memory.transposed.resize(images.len(), T::ZERO);
            layout::channels_last(shape, images, &mut memory.transposed);
        }
        for (buffer, elements) in memory.buffers.iter_mut().zip(&schedule.plan.buffers) {
            buffer.reserve(elements * batch);
        }
        CpuBackend { memory, images }
    }

    /// The numbers of a value.
    pub(super) fn value<'b>(&'b self, schedule: &'b Schedule, batch: usize, value: ValueId) -> &'b [T] {
        self.memory.values(self.images, schedule, batch).of(value)
    }
}

impl<T: Real> Backend for CpuBackend<'_, T> {
    type Error = Infallible;

    fn forward(&mut self, work: Work, key: MaskKey) -> Result<(), Infallible> {
        let (step, used, mode) = (work.step(), work.used(), work.schedule.mode);
        let memory = &mut *self.memory;
        let mut output = mem::take(&mut memory.buffers[work.output()]);
        let mut statistics = lend(&mut memory.weights, &used.statistics);
        let mut saved = mem::take(&mut memory.saved[mode as usize][work.index]);
        let mut prepared = mem::take(&mut memory.prepared);
        let mut observed = mem::take(&mut memory.observed);
        let values = memory.values(self.images, work.schedule, work.batch);
        kernels::forward(
            &step.op,
            Forward {
                batch: work.batch,
                mode,
                device: Cpu {
                    algorithms: memory.algorithms,
                    prepared: prepared.get_mut(work.index).filter(|_| mode == Mode::Eval),
                    observed: observed.as_mut(),
                },
                key,
                epilogue: step.epilogue,
                inputs: &values.inputs(step, true),
                weights: &slices(&memory.weights, &used.trainable),
                statistics: &mut Few::new(statistics.iter_mut().map(Vec::as_mut_slice), Default::default),
                output: &mut output[..work.elements(step.output)],
                output_shape: work.schedule.program.shape(step.output),
                saved: &mut saved,
            },
        );
        (memory.prepared, memory.observed) = (prepared, observed);
        memory.saved[mode as usize][work.index] = saved;
        give_back(&mut memory.weights, &used.statistics, &mut statistics);
        memory.buffers[work.output()] = output;
        Ok(())
    }

    fn cut(&mut self, work: Work, bounds: Bounds, gradient: plan::Buffer) -> Result<(), Infallible> {
        let mut numbers = mem::take(&mut self.memory.buffers[gradient]);
        let output = self.value(work.schedule, work.batch, work.step().output);
        kernels::clamp_gradient(bounds, output, &mut numbers[..output.len()]);
        self.memory.buffers[gradient] = numbers;
        Ok(())
    }

    fn backward(&mut self, work: Work, planned: &BackwardStep, bounds: Bounds) -> Result<(), Infallible> {
        let (step, used, targets) = (work.step(), work.used(), &planned.input_gradients);
        let memory = &mut *self.memory;
        let take = |target: &plan::GradientTarget| target.written().map(|place| mem::take(&mut memory.buffers[place]));
        let mut input_gradients = Few::new(targets.iter().map(take), || None);
        let mut weight_gradients = lend(&mut memory.gradients, &used.trainable);
        let values = memory.values(self.images, work.schedule, work.batch);
        kernels::backward(
            &step.op,
            Backward {
                batch: work.batch,
                mode: work.schedule.mode,
                device: memory.algorithms,
                bounds,
                inputs: &values.inputs(step, step.op.backward_reads().inputs),
                weights: &slices(&memory.weights, &used.trainable),
                output: if work.reads_output() { values.of(step.output) } else { &[] },
                output_shape: work.schedule.program.shape(step.output),
                saved: &memory.saved[work.schedule.mode as usize][planned.step],
                output_gradient: &memory.buffers[planned.output_gradient][..work.elements(step.output)],
                input_gradients: &mut values.gradients(step, &mut input_gradients),
                weight_gradients: &mut Few::new(weight_gradients.iter_mut().map(|g| Some(g.as_mut_slice())), || None),
            },
        );
        give_back(&mut memory.gradients, &used.trainable, &mut weight_gradients);
        for (target, buffer) in targets.iter().zip(input_gradients.iter_mut()) {
            if let (Some(place), Some(buffer)) = (target.written(), buffer) {
                memory.buffers[place] = mem::take(buffer);
            }
        }
        Ok(())
    }

    fn add(&mut self, sum: plan::Buffer, part: plan::Buffer, elements: usize) -> Result<(), Infallible> {
        let [sum, part] = self.two(sum, part);
        kernels::add_all(&mut sum[..elements], &part[..elements]);
        Ok(())
    }

    fn copy(&mut self, to: plan::Buffer, from: plan::Buffer, elements: usize) -> Result<(), Infallible> {
        let [to, from] = self.two(to, from);
        kernels::copy_all(&mut to[..elements], &from[..elements]);
        Ok(())
    }

    /// Nothing is queued.
    fn finish(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn during(error: Infallible, _: impl FnOnce() -> String) -> Infallible {
        error
    }
}

impl<T: Real> CpuBackend<'_, T> {
    fn two(&mut self, a: plan::Buffer, b: plan::Buffer) -> [&mut Buffer<T>; 2] {
        self.memory.buffers.get_disjoint_mut([a, b]).expect("a gradient is not added to itself")
    }
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
