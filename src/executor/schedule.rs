//! What runs in one mode: the steps, the memory, and what they keep.

use crate::kernels::Saved;
use crate::program::fuse::fuse;
use crate::program::plan::{self, Plan};
use crate::program::{Mode, Program};

#[derive(Debug)]
pub(super) struct Schedule<T> {
    /// With its steps joined.
    pub(super) program: Program,
    pub(super) plan: Plan,
    /// Which weights each step uses.
    pub(super) used: Vec<Used>,
    /// What each step keeps for its backward pass.
    pub(super) saved: Vec<Saved<T>>,
}

/// The weights of a step, as indices into the program's.
#[derive(Debug)]
pub(super) struct Used {
    pub(super) trainable: Vec<usize>,
    pub(super) statistics: Vec<usize>,
}

impl<T: Clone + Default> Schedule<T> {
    pub(super) fn new(program: &Program, mode: Mode) -> Schedule<T> {
        let program = fuse(program.clone(), mode);
        let plan = match mode {
            Mode::Train => plan::training(&program),
            Mode::Eval => plan::evaluation(&program),
        };
        let used = program.steps.iter().map(|step| {
            let (trainable, statistics) = step.weights.iter().partition(|index| program.weights[**index].trainable);
            Used { trainable, statistics }
        });
        Schedule { used: used.collect(), saved: vec![Saved::default(); program.steps.len()], plan, program }
    }
}
