//! What runs in one mode: the steps, the memory, and what they keep.

use crate::program::call::Order;
use crate::program::fuse::fuse;
use crate::program::plan::{self, Plan};
use crate::program::{Mode, Program};

#[derive(Debug)]
pub(crate) struct Schedule<S> {
    /// With its steps joined.
    pub(crate) program: Program,
    pub(crate) plan: Plan,
    /// Which weights each step uses.
    pub(crate) used: Vec<Used>,
    /// What each step keeps for its backward pass.
    pub(crate) saved: Vec<S>,
}

/// The weights of a step, as indices into the program's.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) trainable: Vec<usize>,
    pub(crate) statistics: Vec<usize>,
}

impl<S: Clone + Default> Schedule<S> {
    pub(crate) fn new(program: &Program, mode: Mode, order: Order) -> Schedule<S> {
        let program = fuse(program.clone(), mode);
        let plan = match mode {
            Mode::Train => plan::training(&program, order),
            Mode::Eval => plan::evaluation(&program, order),
        };
        let used = program.steps.iter().map(|step| {
            let (trainable, statistics) = step.weights.iter().partition(|index| program.weights[**index].trainable);
            Used { trainable, statistics }
        });
        Schedule { used: used.collect(), saved: vec![S::default(); program.steps.len()], plan, program }
    }
}
