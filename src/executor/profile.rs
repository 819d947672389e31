//! How long each step of a program takes.

use std::time::{Duration, Instant};

/// The time that a step took, over all passes since the profile began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// In forward passes.
    pub forward: Duration,
    /// In backward passes; the adding of gradients to others is not counted.
    pub backward: Duration,
}

/// Which of a step's times grows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pass {
    Forward,
    Backward,
}

/// Measures only if it was begun.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    spent: Vec<Spent>,
}

impl Profile {
    /// Starts at zero for a program of so many steps.
    pub(crate) fn begin(&mut self, steps: usize) {
        self.spent = vec![Spent::default(); steps];
    }

    /// Whether it was begun.
    pub(crate) fn is_on(&self) -> bool {
        !self.spent.is_empty()
    }

    /// By the step's index; empty unless begun.
    pub(crate) fn spent(&self) -> &[Spent] {
        &self.spent
    }

    /// Does the work of a step.
    pub(crate) fn time<R>(&mut self, pass: Pass, step: usize, work: impl FnOnce() -> R) -> R {
        let Some(spent) = self.spent.get_mut(step) else { return work() };
        let clock = Instant::now();
        let result = work();
        match pass {
            Pass::Forward => spent.forward += clock.elapsed(),
            Pass::Backward => spent.backward += clock.elapsed(),
        }
        result
    }
}
