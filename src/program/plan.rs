//! Which buffer holds which value and which gradient: the memory that a program runs in.
//!
//! A value lives from the step that makes it to the last one that reads it; in training that is the backward pass of
//! the step that made it. Whatever is dead gives its buffer to whoever comes next, so that in the backward pass the
//! gradients take the places of the activations that are no longer needed.
//!
//! ```text
//!              conv → tanh → flatten → linear
//! values        A      B       B         C        flatten gives the numbers of a 1×1 map another name
//! gradients     C      E       E         D        C grows, and holds conv's gradient, once the logits are not needed
//! ```
//!
//! All sizes are for one example; the batch multiplies them.

use std::collections::BTreeSet;

use super::{Mode, Program, Step};
use crate::graph::ValueId;

/// The index of a buffer.
pub type Buffer = usize;

/// Where everything is while a program runs in one mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Elements that each buffer needs for one example, largest first.
    pub buffers: Vec<usize>,
    /// The steps that take part, by their index in the program, in order: without those that the output does not
    /// depend on, and without those that change nothing.
    pub steps: Vec<usize>,
    /// Where each value is, by [`ValueId::index`].
    pub values: Vec<Place>,
    /// The backward pass, in its order: last step first. Empty in evaluation.
    pub backward: Vec<BackwardStep>,
    /// Where the loss puts its gradient with respect to the output; `None` if no weight can be trained.
    pub loss_gradient: Option<Buffer>,
}

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
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
    pub input_gradients: Vec<Target>,
}

/// Where the gradient of an input goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
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
}

impl Target {
    /// The buffer that the backward pass of the reader writes.
    pub fn written(self) -> Option<Buffer> {
        match self {
            Target::Nobody => None,
            Target::Write(buffer) | Target::Add { aside: buffer, .. } => Some(buffer),
        }
    }
}

/// The memory of forward and backward passes.
pub fn training(program: &Program) -> Plan {
    Layout::new(program, Mode::Train).training()
}

/// The memory of forward passes in evaluation.
pub fn evaluation(program: &Program) -> Plan {
    Layout::new(program, Mode::Eval).evaluation()
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
    fn new(program: &'a Program, mode: Mode) -> Layout<'a> {
        let mut roots = vec![ValueId::INPUT; program.shapes.len()];
        for step in &program.steps {
            let output = step.output.index();
            let is_view = step.op.is_view(mode, program.shape(step.inputs[0]));
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

    /// Every value dies after its last reader.
    fn evaluation(self) -> Plan {
        let mut pool = Pool::default();
        let mut readers = vec![0; self.roots.len()];
        readers[self.root(self.program.output).index()] += 1;
        for input in self.steps.iter().flat_map(|step| &self.step(*step).inputs) {
            readers[self.root(*input).index()] += 1;
        }
        let mut values = self.nowhere();
        for step in self.steps.iter().map(|step| self.step(*step)) {
            values[step.output.index()] = Place::Buffer(pool.take(self.elements(step.output)));
            for root in step.inputs.iter().map(|input| self.root(*input).index()) {
                readers[root] -= 1;
                if let (0, Place::Buffer(buffer)) = (readers[root], values[root]) {
                    pool.give_back(buffer);
                }
            }
        }
        self.finish(pool, values, Vec::new(), None)
    }

    /// Every value lives until the backward pass of the step that made it.
    fn training(self) -> Plan {
        let mut pool = Pool::default();
        let mut values = self.nowhere();
        for step in self.steps.iter().map(|step| self.step(*step)) {
            values[step.output.index()] = Place::Buffer(pool.take(self.elements(step.output)));
        }
        let trainable = self.trainable();
        let output = self.root(self.program.output);
        let mut gradients: Vec<Option<Buffer>> = vec![None; self.roots.len()];
        if trainable[output.index()] {
            gradients[output.index()] = Some(pool.take(self.elements(output)));
        }
        let loss_gradient = gradients[output.index()];
        let mut backward = Vec::new();
        for &index in self.steps.iter().rev() {
            let step = self.step(index);
            let Some(output_gradient) = gradients[step.output.index()] else { continue };
            let mut target = |input: &ValueId| {
                let root = self.root(*input);
                match gradients[root.index()] {
                    _ if !trainable[root.index()] => Target::Nobody,
                    Some(sum) => Target::Add { aside: pool.take(self.elements(root)), sum },
                    None => {
                        let buffer = pool.take(self.elements(root));
                        gradients[root.index()] = Some(buffer);
                        Target::Write(buffer)
                    }
                }
            };
            let input_gradients: Vec<Target> = step.inputs.iter().map(&mut target).collect();
            for target in &input_gradients {
                if let Target::Add { aside, .. } = target {
                    pool.give_back(*aside);
                }
            }
            pool.give_back(output_gradient);
            if let Place::Buffer(activation) = values[step.output.index()] {
                pool.give_back(activation);
            }
            backward.push(BackwardStep { step: index, output_gradient, input_gradients });
        }
        self.finish(pool, values, backward, loss_gradient)
    }

    /// For each value, whether a trainable weight has a part in it.
    fn trainable(&self) -> Vec<bool> {
        let mut trainable = vec![false; self.roots.len()];
        for step in self.steps.iter().map(|step| self.step(*step)) {
            let own = step.weights.iter().any(|weight| self.program.weights[*weight].trainable);
            let inherited = step.inputs.iter().any(|input| trainable[self.root(*input).index()]);
            trainable[step.output.index()] = own || inherited;
        }
        trainable
    }

    /// Gives values that share numbers the place of their root.
    fn finish(
        self,
        pool: Pool,
        mut values: Vec<Place>,
        backward: Vec<BackwardStep>,
        loss_gradient: Option<Buffer>,
    ) -> Plan {
        for index in (0..values.len()).filter(|index| self.takes_part[*index]) {
            values[index] = values[self.roots[index].index()];
        }
        Plan { buffers: pool.sizes, steps: self.steps, values, backward, loss_gradient }.largest_first()
    }

    fn nowhere(&self) -> Vec<Place> {
        let mut values = vec![Place::Nowhere; self.roots.len()];
        values[ValueId::INPUT.index()] = Place::Input;
        values
    }
}

/// Buffers while they are laid out.
#[derive(Default)]
struct Pool {
    sizes: Vec<usize>,
    /// Free buffers by their size.
    free: BTreeSet<(usize, Buffer)>,
}

impl Pool {
    /// The smallest free buffer that is large enough; else the largest free one, which grows; else a new one.
    fn take(&mut self, elements: usize) -> Buffer {
        let fitting = self.free.range((elements, 0)..).next().or_else(|| self.free.last()).copied();
        match fitting {
            Some((size, buffer)) => {
                self.free.remove(&(size, buffer));
                self.sizes[buffer] = size.max(elements);
                buffer
            }
            None => {
                self.sizes.push(elements);
                self.sizes.len() - 1
            }
        }
    }

    fn give_back(&mut self, buffer: Buffer) {
        self.free.insert((self.sizes[buffer], buffer));
    }
}

impl Plan {
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
            if let Place::Buffer(buffer) = place {
                *buffer = renamed[*buffer];
            }
        }
        for step in &mut self.backward {
            step.output_gradient = renamed[step.output_gradient];
            for target in &mut step.input_gradients {
                match target {
                    Target::Nobody => {}
                    Target::Write(buffer) => *buffer = renamed[*buffer],
                    Target::Add { aside, sum } => (*aside, *sum) = (renamed[*aside], renamed[*sum]),
                }
            }
        }
        self.loss_gradient = self.loss_gradient.map(|buffer| renamed[buffer]);
        self
    }
}
