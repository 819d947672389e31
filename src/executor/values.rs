//! The numbers of a pass, where the plan has put them.

use super::few::Few;
use super::schedule::Schedule;
use crate::ir::{Shape, ValueId};
use crate::kernels::{Buffer, Real};
use crate::program::Step;
use crate::program::plan::ValueLocation;

/// All values of a pass, to look at.
#[derive(Clone, Copy)]
pub(super) struct Values<'a, T> {
    /// With the channels last.
    pub(super) images: &'a [T],
    /// N
    pub(super) batch: usize,
    pub(super) schedule: &'a Schedule,
    pub(super) buffers: &'a [Buffer<T>],
}

impl<'a, T: Real> Values<'a, T> {
    /// How many numbers a value has in the whole batch.
    fn elements(&self, value: ValueId) -> usize {
        self.batch * self.schedule.program.shape(value).elements()
    }

    pub(super) fn of(&self, value: ValueId) -> &'a [T] {
        match self.schedule.plan.values[value.index()] {
            ValueLocation::Input => self.images,
            ValueLocation::Buffer(buffer) => &self.buffers[buffer][..self.elements(value)],
            ValueLocation::Nowhere => unreachable!("nobody reads what does not take part"),
        }
    }

    /// Their shapes, and, if they are read, their numbers; otherwise others may be in their place by now.
    pub(super) fn inputs(&self, step: &Step, read: bool) -> Few<(&'a [T], Shape)> {
        let input = |input: &ValueId| (if read { self.of(*input) } else { &[] }, self.schedule.program.shape(*input));
        Few::new(step.inputs.iter().map(input), || (&[], Shape::Vector(0)))
    }

    /// Where the gradients of a step's inputs go: into the buffers of those that have one.
    pub(super) fn gradients<'b>(&self, step: &Step, buffers: &'b mut [Option<Buffer<T>>]) -> Few<Option<&'b mut [T]>> {
        let part = |(buffer, input): (&'b mut Option<Buffer<T>>, &ValueId)| {
            buffer.as_mut().map(|buffer| &mut buffer[..self.elements(*input)])
        };
        Few::new(buffers.iter_mut().zip(&step.inputs).map(part), || None)
    }
}
