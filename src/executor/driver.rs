//! The loop over a plan, the same on every device.
//!
//! ```text
//! forward    each step of the plan, in order
//! gradients  forward, the loss, then the planned backward steps:
//!            cut the output's gradient → the step's own backward pass → add or copy to gradients that others share in
//! ```

use super::profile::{Pass, Profile};
use super::schedule::{Schedule, Used};
use crate::ir::ValueId;
use crate::kernels::MaskKey;
use crate::program::plan::{BackwardStep, Buffer, GradientTarget, ValueLocation, reads_output};
use crate::program::{Bounds, Step};

/// What computes: a processor or a GPU, with weights and the buffers of the plan, and the images of a batch.
pub(crate) trait Backend {
    /// Why it might not.
    type Error;

    /// Fills the output of a step, and keeps what its backward pass needs.
    fn forward(&mut self, work: Work, key: MaskKey) -> Result<(), Self::Error>;

    /// Cuts the gradient of a step's output where the output was cut.
    fn cut(&mut self, work: Work, bounds: Bounds, gradient: Buffer) -> Result<(), Self::Error>;

    /// Fills the gradients of a step's inputs and weights that are wanted. What the output's gradient is still to be
    /// cut by is for the operation itself.
    fn backward(&mut self, work: Work, planned: &BackwardStep, bounds: Bounds) -> Result<(), Self::Error>;

    /// Adds so many numbers of one buffer to those of another.
    fn add(&mut self, sum: Buffer, part: Buffer, elements: usize) -> Result<(), Self::Error>;

    /// Copies so many numbers of one buffer to another.
    fn copy(&mut self, to: Buffer, from: Buffer, elements: usize) -> Result<(), Self::Error>;

    /// Waits for the end of what was queued, so that time can be measured.
    fn finish(&mut self) -> Result<(), Self::Error>;

    /// The error of a step, with its name.
    fn during(error: Self::Error, what: impl FnOnce() -> String) -> Self::Error;
}

/// One step in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) schedule: &'a Schedule,
    /// Of the step, in the schedule's program.
    pub(crate) index: usize,
    /// N
    pub(crate) batch: usize,
}

impl<'a> Work<'a> {
    pub(crate) fn step(self) -> &'a Step {
        &self.schedule.program.steps[self.index]
    }

    /// Its weights.
    pub(crate) fn used(self) -> &'a Used {
        &self.schedule.used[self.index]
    }

    /// Where its output is.
    pub(crate) fn output(self) -> Buffer {
        match self.schedule.plan.values[self.step().output.index()] {
            ValueLocation::Buffer(buffer) => buffer,
            ValueLocation::Input | ValueLocation::Nowhere => unreachable!("a step that computes has a buffer"),
        }
    }

    /// How many numbers a value has in the whole batch.
    pub(crate) fn elements(self, value: ValueId) -> usize {
        self.batch * self.schedule.program.shape(value).elements()
    }

    /// Whether its backward pass reads its output.
    pub(crate) fn reads_output(self) -> bool {
        reads_output(self.step())
    }
}

/// Some examples on their way through a program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) schedule: &'a Schedule,
    /// N
    pub(crate) batch: usize,
    /// Of the run and the step; the place is set for each node.
    pub(crate) key: MaskKey,
}

impl<'a> Run<'a> {
    fn work(self, index: usize) -> Work<'a> {
        Work { schedule: self.schedule, index, batch: self.batch }
    }

    /// All outputs. `each` sees the device after every step.
    pub(crate) fn forward<B: Backend>(
        self,
        device: &mut B,
        profile: &mut Profile,
        mut each: impl FnMut(&mut B, Work) -> Result<(), B::Error>,
    ) -> Result<(), B::Error> {
        for &index in &self.schedule.plan.steps {
            let work = self.work(index);
            let step = work.step();
            // The node's index, which does not change when steps are joined.
            let key = MaskKey { place: step.output.index() as u64 - 1, ..self.key };
            timed(device, profile, Pass::Forward, index, |device| device.forward(work, key))
                .map_err(|error| B::during(error, || format!("`{}`", step.name)))?;
            each(device, work)?;
        }
        Ok(())
    }

    /// All outputs, the loss, and the gradient of every weight that learns. `loss` puts its own gradient where the plan
    /// says, if it does.
    pub(crate) fn gradients<B: Backend, L>(
        self,
        device: &mut B,
        profile: &mut Profile,
        loss: impl FnOnce(&mut B) -> Result<L, B::Error>,
    ) -> Result<L, B::Error> {
        self.forward(device, profile, |_, _| Ok(()))?;
        let loss = loss(device)?;
        for planned in &self.schedule.plan.backward {
            let work = self.work(planned.step);
            backward(device, profile, work, planned)
                .map_err(|error| B::during(error, || format!("the gradient of `{}`", work.step().name)))?;
        }
        Ok(loss)
    }
}

fn backward<B: Backend>(
    device: &mut B,
    profile: &mut Profile,
    work: Work,
    planned: &BackwardStep,
) -> Result<(), B::Error> {
    let (step, targets, gradient) = (work.step(), &planned.input_gradients, planned.output_gradient);
    timed(device, profile, Pass::Backward, planned.step, |device| {
        let [before, within] = step.op.gradient_bounds(step.epilogue.bounds, step.inputs.len());
        if before != Bounds::NONE {
            device.cut(work, before, gradient)?;
        }
        if targets.iter().all(|target| target.written().is_none()) && work.used().trainable.is_empty() {
            return Ok(());
        }
        device.backward(work, planned, within)
    })?;
    for (target, input) in targets.iter().zip(&step.inputs) {
        let elements = work.elements(*input);
        match *target {
            GradientTarget::Add { aside, sum } => device.add(sum, aside, elements)?,
            GradientTarget::Sum(sum) => device.add(sum, gradient, elements)?,
            GradientTarget::Copy(copy) => device.copy(copy, gradient, elements)?,
            GradientTarget::Nobody | GradientTarget::Write(_) | GradientTarget::Same => {}
        }
    }
    Ok(())
}

/// Does the work of a step, and measures it up to its end if a profile was begun.
fn timed<B: Backend>(
    device: &mut B,
    profile: &mut Profile,
    pass: Pass,
    step: usize,
    work: impl FnOnce(&mut B) -> Result<(), B::Error>,
) -> Result<(), B::Error> {
    if !profile.is_on() {
        return work(device);
    }
    device.finish()?;
    profile.time(pass, step, || work(device).and_then(|()| device.finish()))
}
