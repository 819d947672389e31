//! What runs in one mode: the steps, and where their values are.

use crate::program::call::Order;
use crate::program::fuse::fuse;
use crate::program::plan::{self, Plan};
use crate::program::{Mode, Program};

#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) mode: Mode,
    /// With its steps joined.
    pub(crate) program: Program,
    pub(crate) plan: Plan,
    /// Which weights each step uses.
    pub(crate) used: Vec<Used>,
}

/// The weights of a step, as indices into the program's.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) trainable: Vec<usize>,
    pub(crate) statistics: Vec<usize>,
}

impl Schedule {
    pub(crate) fn new(program: &Program, mode: Mode, order: Order) -> Schedule {
        let program = fuse(program.clone(), mode);
        let plan = match mode {
            Mode::Train => plan::training(&program, order),
            Mode::Eval => plan::evaluation(&program, order),
        };
        let used = program.steps.iter().map(|step| {
            let (trainable, statistics) = step.weights.iter().partition(|index| program.weights[**index].trainable);
            Used { trainable, statistics }
        });
        Schedule { mode, used: used.collect(), plan, program }
    }

    /// The trainable weights of all steps of the backward pass.
    pub(crate) fn trained(&self) -> impl Iterator<Item = usize> {
        self.plan.backward.iter().flat_map(|planned| self.used[planned.step].trainable.iter().copied())
    }
}
