//! Joins operations, so that their numbers pass through memory once.
//!
//! ```text
//! conv → bn                        a convolution with scaled weights, in evaluation
//! bn → add ← shortcut              a batch norm that adds its second input
//! conv|linear|bn|add|pool → relu   an operation that cuts its result
//! … cut at 0 → maxpool             a pool that cuts its result, which has fewer numbers: max(x, 0) and maxima commute
//! ```
//!
//! A value is joined away only if nobody else reads it. Results are the same numbers, but for scaled weights, which
//! round differently.

use super::op::Role;
use super::{Bounds, Epilogue, Mode, Program, Step};
use crate::ir::ValueId;

/// The same program in fewer steps, for one mode. Values, shapes and weights keep their indices.
pub fn fuse(program: Program, mode: Mode) -> Program {
    let (mut fusion, program) = Fusion::new(program);
    for index in 0..fusion.steps.len() {
        if mode == Mode::Eval {
            fusion.fold_norm(index);
        }
        fusion.add_in_norm(index);
        fusion.cut(index);
        fusion.cut_after_pool(index);
    }
    #[expect(clippy::filter_map_identity, reason = "it works in place, and `flatten` does not")]
    let program = Program { steps: fusion.steps.into_iter().filter_map(|step| step).collect(), ..program };
    debug_assert_eq!(program.validate(), Ok(()), "a valid program stays valid");
    program
}

struct Fusion {
    /// Those that are joined to others are gone.
    steps: Vec<Option<Step>>,
    /// The step that makes each value.
    makers: Vec<Option<usize>>,
    /// How often each value is read; the network's output once more.
    readers: Vec<usize>,
}

impl Fusion {
    /// The steps of a program, and the program without them.
    fn new(mut program: Program) -> (Fusion, Program) {
        let mut makers = vec![None; program.shapes.len()];
        let mut readers = vec![0; program.shapes.len()];
        readers[program.output.index()] += 1;
        for (index, step) in program.steps.iter().enumerate() {
            makers[step.output.index()] = Some(index);
            step.inputs.iter().for_each(|input| readers[input.index()] += 1);
        }
        let steps = std::mem::take(&mut program.steps).into_iter().map(Some).collect();
        (Fusion { steps, makers, readers }, program)
    }

    /// What a step is to others, and what it reads.
    fn role(&self, index: usize) -> Option<(Role, &[ValueId])> {
        let step = self.steps[index].as_ref()?;
        Some((step.op.traits().role, &step.inputs))
    }

    /// The step that makes a value, if only one reads it.
    fn only_for_one(&self, value: ValueId) -> Option<(usize, &Step)> {
        let maker = self.makers[value.index()].filter(|_| self.readers[value.index()] == 1)?;
        Some((maker, self.steps[maker].as_ref()?))
    }

    /// Joins the step at `index` to the one that makes its only input, which gives its output from now on.
    fn join(&mut self, index: usize, maker: usize, change: impl FnOnce(&mut Step, Step)) {
        let Some(joined) = self.steps[index].take() else { return };
        self.makers[joined.output.index()] = Some(maker);
        if let Some(step) = &mut self.steps[maker] {
            step.output = joined.output;
            change(step, joined);
        }
    }

    /// conv → bn
    fn fold_norm(&mut self, index: usize) {
        let Some((Role::Norm { eps }, &[input])) = self.role(index) else { return };
        let Some((maker, convolution)) = self.only_for_one(input) else { return };
        if convolution.op.traits().epilogue.norm && convolution.epilogue == Epilogue::NONE {
            self.join(index, maker, |convolution, norm| {
                convolution.epilogue.norm = Some(eps);
                convolution.weights.extend(norm.weights);
            });
        }
    }

    /// bn → add, of two values. The batch norm moves to where the addition was: what it adds may be made after it.
    fn add_in_norm(&mut self, index: usize) {
        let Some((Role::Sum, &[a, b])) = self.role(index) else { return };
        let norm_of = |value| {
            let (maker, step) = self.only_for_one(value)?;
            let alone = step.inputs.len() == 1 && step.epilogue == Epilogue::NONE;
            (alone && matches!(step.op.traits().role, Role::Norm { .. })).then_some(maker)
        };
        // Of two the later one, whose numbers are still in the cache.
        let Some((maker, other)) = norm_of(a).map(|maker| (maker, b)).max(norm_of(b).map(|maker| (maker, a))) else {
            return;
        };
        let Some(norm) = self.steps[maker].take() else { return };
        if let Some(step) = &mut self.steps[index] {
            let inputs = vec![norm.inputs[0], other];
            *step = Step { inputs, output: step.output, ..norm };
        }
    }

    /// … → relu
    fn cut(&mut self, index: usize) {
        let Some((Role::Clamp(bounds), &[input])) = self.role(index) else { return };
        let Some((maker, step)) = self.only_for_one(input) else { return };
        if step.op.takes_bounds() && step.epilogue.bounds == Bounds::NONE {
            self.join(index, maker, |step, _| step.epilogue.bounds = bounds);
        }
    }

    /// … → relu → maxpool
    fn cut_after_pool(&mut self, index: usize) {
        let Some((Role::Maximum, &[input])) = self.role(index) else { return };
        let Some((maker, step)) = self.only_for_one(input) else { return };
        for (place, bounds) in [(index, step.epilogue.bounds), (maker, Bounds::NONE)] {
            if let Some(step) = &mut self.steps[place] {
                step.epilogue.bounds = bounds;
            }
        }
    }
}
