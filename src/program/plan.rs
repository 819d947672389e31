//! Which buffer holds which value and which gradient: the memory that a program runs in.
//!
//! A value lives from the step that makes it to the last one that reads it, forward or
//! [backward](super::Op::backward_reads). Whatever is dead gives its buffer to whoever comes next, so that in the
//! backward pass the gradients take the places of the activations that are no longer needed.
//!
//! ```text
//!              conv → tanh → flatten → linear
//! values        A      B       B         A        tanh's backward pass reads its output only: conv's is dead
//! gradients     A      C       C         D        flatten gives the numbers of a 1×1 map another name
//! ```
//!
//! All sizes are for one example; the batch multiplies them.

mod pool;

use self::pool::Pool;
use super::call::Order;
use super::{Bounds, Mode, Program, Step};
use crate::ir::ValueId;

/// The index of a buffer.
pub type Buffer = usize;

/// Where everything is while a program runs in one mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Elements that each buffer needs for one example, largest first.
    pub buffers: Vec<usize>,
    /// Elements of those that the forward pass writes.
    pub forward: usize,
    /// The steps that take part, by their index in the program, in order: without those that the output does not
    /// depend on, and without those that change nothing.
    pub steps: Vec<usize>,
    /// Where each value is, by [`ValueId::index`].
    pub values: Vec<ValueLocation>,
    /// The backward pass, in its order: last step first. Empty in evaluation.
    pub backward: Vec<BackwardStep>,
    /// Where the loss puts its gradient with respect to the output; `None` if no weight can be trained.
    pub loss_gradient: Option<Buffer>,
}

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueLocation {
    /// It is the network's input, which the caller holds.
    Input,
    /// In this buffer.
    Buffer(Buffer),
    /// It does not take part.
    Nowhere,
}

/// One step of the backward pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackwardStep {
    /// The step, by its index in the program.
    pub step: usize,
    /// Where the gradient with respect to its output is.
    pub output_gradient: Buffer,
    /// For each input, where its gradient goes.
    pub input_gradients: Vec<GradientTarget>,
}

/// Where the gradient of an input goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GradientTarget {
    /// Nothing before it can be trained.
    Nobody,
    /// The first of the value's readers writes.
    Write(Buffer),
    /// All others write aside, and the result is added.
    Add {
        /// Where it is written.
        aside: Buffer,
        /// Where it is added.
        sum: Buffer,
    },
    /// The output's gradient [is](super::Op::passes_gradient) the input's, and its buffer with it.
    Same,
    /// The output's gradient is copied.
    Copy(Buffer),
    /// The output's gradient is added.
    Sum(Buffer),
}

impl GradientTarget {
    /// The buffer that the backward pass of the reader writes.
    pub fn written(self) -> Option<Buffer> {
        match self {
            GradientTarget::Write(buffer) | GradientTarget::Add { aside: buffer, .. } => Some(buffer),
            GradientTarget::Nobody | GradientTarget::Same | GradientTarget::Copy(_) | GradientTarget::Sum(_) => None,
        }
    }
}

/// The memory of forward and backward passes, with maps in this order.
pub fn training(program: &Program, order: Order) -> Plan {
    Layout::new(program, Mode::Train, order).plan(true)
}

/// The memory of forward passes in evaluation, with maps in this order.
pub fn evaluation(program: &Program, order: Order) -> Plan {
    Layout::new(program, Mode::Eval, order).plan(false)
}

/// Whether the backward pass of a step reads its output: for its own sake, or to see what was cut.
pub fn reads_output(step: &Step) -> bool {
    let [before, _] = step.op.gradient_bounds(step.epilogue.bounds, step.inputs.len());
    step.op.backward_reads().output || before != Bounds::NONE
}

/// What is decided before any buffer is.
struct Layout<'a> {
    program: &'a Program,
    /// For each value the one whose numbers it shares: itself, unless its step changes nothing.
    roots: Vec<ValueId>,
    /// Whether the output depends on each value.
    takes_part: Vec<bool>,
    /// The steps that compute.
    steps: Vec<usize>,
}

impl<'a> Layout<'a> {
    fn new(program: &'a Program, mode: Mode, order: Order) -> Layout<'a> {
        debug_assert_eq!(program.validate(), Ok(()), "only valid programs are planned");
        let mut roots = vec![ValueId::INPUT; program.shapes.len()];
        for step in &program.steps {
            let output = step.output.index();
            let is_view = step.op.is_view(mode, order, program.shape(step.inputs[0]));
            roots[output] = if is_view { roots[step.inputs[0].index()] } else { step.output };
        }
        let mut takes_part = vec![false; program.shapes.len()];
        takes_part[program.output.index()] = true;
        for step in program.steps.iter().rev() {
            let wanted = takes_part[step.output.index()];
            step.inputs.iter().for_each(|input| takes_part[input.index()] |= wanted);
        }
        let computes = |step: &Step| takes_part[step.output.index()] && roots[step.output.index()] == step.output;
        let steps = (0..program.steps.len()).filter(|index| computes(&program.steps[*index])).collect();
        Layout { program, roots, takes_part, steps }
    }

    fn step(&self, index: usize) -> &Step {
        &self.program.steps[index]
    }

    fn root(&self, value: ValueId) -> ValueId {
        self.roots[value.index()]
    }

    fn elements(&self, value: ValueId) -> usize {
        self.program.shape(value).elements()
    }

    fn plan(self, backwards: bool) -> Plan {
        let trainable = if backwards { self.trainable() } else { vec![false; self.roots.len()] };
        let dying = self.dying(&trainable);
        let mut pool = Pool::default();
        let mut values = self.nowhere();
        let bury = |pool: &mut Pool, values: &[ValueLocation], time: usize| {
            for value in &dying[time] {
                if let ValueLocation::Buffer(buffer) = values[*value] {
                    pool.give_back(buffer);
                }
            }
        };
        for (time, step) in self.steps.iter().map(|step| self.step(*step)).enumerate() {
            values[step.output.index()] = ValueLocation::Buffer(pool.take(self.elements(step.output)));
            bury(&mut pool, &values, time);
        }
        let forward = pool.elements();
        let count = self.steps.len();
        let output = self.root(self.program.output);
        let mut gradients: Vec<Option<Buffer>> = vec![None; self.roots.len()];
        if trainable[output.index()] {
            gradients[output.index()] = Some(pool.take(self.elements(output)));
        }
        let loss_gradient = gradients[output.index()];
        bury(&mut pool, &values, count);
        let mut backward = Vec::new();
        for (place, &index) in self.steps.iter().enumerate().rev() {
            if let Some(output_gradient) = gradients[self.step(index).output.index()] {
                let input_gradients = self.targets(index, output_gradient, &trainable, &mut gradients, &mut pool);
                if !input_gradients.contains(&GradientTarget::Same) {
                    pool.give_back(output_gradient);
                }
                backward.push(BackwardStep { step: index, output_gradient, input_gradients });
            }
            bury(&mut pool, &values, 2 * count - place);
        }
        self.finish(pool, forward, values, backward, loss_gradient)
    }

    /// Where the gradients of a step's inputs go.
    fn targets(
        &self,
        index: usize,
        output_gradient: Buffer,
        trainable: &[bool],
        gradients: &mut [Option<Buffer>],
        pool: &mut Pool,
    ) -> Vec<GradientTarget> {
        let step = self.step(index);
        let roots: Vec<ValueId> = step.inputs.iter().map(|input| self.root(*input)).collect();
        let mut sorted = roots.clone();
        sorted.sort_unstable();
        let mut handed_on = false;
        let mut targets = Vec::with_capacity(roots.len());
        for (input, root) in roots.iter().enumerate() {
            let passes = step.op.passes_gradient(input);
            let only = |root| {
                sorted.partition_point(|other| other <= root) - sorted.partition_point(|other| other < root) == 1
            };
            targets.push(match gradients[root.index()] {
                _ if !trainable[root.index()] => GradientTarget::Nobody,
                Some(sum) if passes => GradientTarget::Sum(sum),
                Some(sum) => GradientTarget::Add { aside: pool.take(self.elements(*root)), sum },
                // Whoever adds to it later is a step before this one.
                None if passes && !handed_on && only(root) => {
                    handed_on = true;
                    gradients[root.index()] = Some(output_gradient);
                    GradientTarget::Same
                }
                None => {
                    let buffer = pool.take(self.elements(*root));
                    gradients[root.index()] = Some(buffer);
                    if passes { GradientTarget::Copy(buffer) } else { GradientTarget::Write(buffer) }
                }
            });
        }
        for target in &targets {
            if let GradientTarget::Add { aside, .. } = target {
                pool.give_back(*aside);
            }
        }
        targets
    }

    /// For each time the values that nobody reads after it. The steps come one after the other, then the loss, then the
    /// steps' backward passes, the last one first.
    fn dying(&self, trainable: &[bool]) -> Vec<Vec<usize>> {
        let count = self.steps.len();
        let mut last: Vec<usize> = vec![0; self.roots.len()];
        let mut read = |value: ValueId, time: usize| last[value.index()] = last[value.index()].max(time);
        read(self.root(self.program.output), count);
        for (time, step) in self.steps.iter().map(|step| self.step(*step)).enumerate() {
            let (forward, backward) = (time, if trainable[step.output.index()] { 2 * count - time } else { time });
            for input in &step.inputs {
                read(self.root(*input), if step.op.backward_reads().inputs { backward } else { forward });
            }
            read(step.output, if reads_output(step) { backward } else { forward });
        }
        let mut dying = vec![Vec::new(); 2 * count + 1];
        for step in self.steps.iter().map(|step| self.step(*step)) {
            dying[last[step.output.index()]].push(step.output.index());
        }
        dying
    }

    /// For each value, whether a weight that learns has a part in it.
    fn trainable(&self) -> Vec<bool> {
        let mut trainable = vec![false; self.roots.len()];
        for step in self.steps.iter().map(|step| self.step(*step)) {
            let own = step.weights.iter().any(|weight| self.program.weights[*weight].learns());
            let inherited = step.inputs.iter().any(|input| trainable[self.root(*input).index()]);
            trainable[step.output.index()] = own || inherited;
        }
        trainable
    }

    /// Gives values that share numbers the place of their root.
    fn finish(
        self,
        pool: Pool,
        forward: usize,
        mut values: Vec<ValueLocation>,
        backward: Vec<BackwardStep>,
        loss_gradient: Option<Buffer>,
    ) -> Plan {
        for index in (0..values.len()).filter(|index| self.takes_part[*index]) {
            values[index] = values[self.roots[index].index()];
        }
        let buffers = pool.into_sizes();
        Plan { buffers, forward, steps: self.steps, values, backward, loss_gradient }.largest_first()
    }

    fn nowhere(&self) -> Vec<ValueLocation> {
        let mut values = vec![ValueLocation::Nowhere; self.roots.len()];
        values[ValueId::INPUT.index()] = ValueLocation::Input;
        values
    }
}

impl Plan {
    /// How many of `examples` go through a forward pass together, where nothing but memory speaks against it: about as
    /// many as fill 256 MiB of single precision, in equal parts.
    pub fn examples_at_once(&self, examples: usize) -> usize {
        const ELEMENTS: usize = 1 << 26;
        let most = (ELEMENTS / self.elements().max(1)).max(1);
        examples.div_ceil(examples.div_ceil(most).max(1)).max(1)
    }

    /// Elements of all buffers together, for one example.
    pub fn elements(&self) -> usize {
        self.buffers.iter().sum()
    }

    /// Numbers the buffers by size, so that plans of the same program for both modes can share them one by one.
    fn largest_first(mut self) -> Plan {
        let mut order: Vec<Buffer> = (0..self.buffers.len()).collect();
        order.sort_by_key(|buffer| std::cmp::Reverse(self.buffers[*buffer]));
        let mut renamed = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| renamed[*old] = new);

        self.buffers = order.iter().map(|old| self.buffers[*old]).collect();
        for place in &mut self.values {
            if let ValueLocation::Buffer(buffer) = place {
                *buffer = renamed[*buffer];
            }
        }
        for step in &mut self.backward {
            step.output_gradient = renamed[step.output_gradient];
            for target in &mut step.input_gradients {
                match target {
                    GradientTarget::Nobody | GradientTarget::Same => {}
                    GradientTarget::Write(buffer) | GradientTarget::Copy(buffer) | GradientTarget::Sum(buffer) => {
                        *buffer = renamed[*buffer]
                    }
                    GradientTarget::Add { aside, sum } => (*aside, *sum) = (renamed[*aside], renamed[*sum]),
                }
            }
        }
        self.loss_gradient = self.loss_gradient.map(|buffer| renamed[buffer]);
        self
    }
}

#[cfg(test)]
mod tests;
