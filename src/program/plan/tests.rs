use super::*;
use crate::program::Op;
use crate::program::fuse::fuse;
use crate::program::networks::{JOINED, NETWORKS, program};

/// What a buffer holds, by the value's index.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Content {
    Value(usize),
    /// The sum of so many readers' gradients.
    Gradient {
        of: usize,
        readers: usize,
    },
    Nothing,
}

/// Walks through a plan as the executor does, with names in place of numbers.
struct Walk<'a> {
    name: &'a str,
    program: &'a Program,
    plan: &'a Plan,
    buffers: Vec<Content>,
}

impl Walk<'_> {
    /// Values that share their numbers: the first of them names all.
    fn root(&self, value: ValueId) -> usize {
        let maker = self.program.steps.iter().position(|step| step.output == value);
        match maker {
            Some(step) if !self.plan.steps.contains(&step) => self.root(self.program.steps[step].inputs[0]),
            _ => value.index(),
        }
    }

    fn check(&self, value: ValueId) {
        if let ValueLocation::Buffer(buffer) = self.plan.values[value.index()] {
            assert_eq!(
                self.buffers[buffer],
                Content::Value(self.root(value)),
                "{}: value {}",
                self.name,
                value.index()
            );
            assert!(self.plan.buffers[buffer] >= self.program.shape(value).elements(), "{}: too small", self.name);
        }
    }

    fn add(&mut self, sum: Buffer, part: Content) {
        match (part, self.buffers[sum]) {
            (Content::Gradient { of: a, readers: more }, Content::Gradient { of: b, readers }) if a == b => {
                self.buffers[sum] = Content::Gradient { of: b, readers: readers + more };
            }
            contents => panic!("{}: cannot add {contents:?}", self.name),
        }
    }

    fn forward(&mut self) {
        for step in self.plan.steps.iter().map(|step| &self.program.steps[*step]) {
            let ValueLocation::Buffer(buffer) = self.plan.values[step.output.index()] else {
                panic!("{}: an output without a place", self.name)
            };
            self.buffers[buffer] = Content::Value(step.output.index());
            step.inputs.iter().for_each(|input| self.check(*input));
        }
        self.check(self.program.output);
    }

    fn backward(&mut self, planned: &BackwardStep) {
        let (program, plan) = (self.program, self.plan);
        let step = &program.steps[planned.step];
        let readers = plan.steps.iter().flat_map(|step| &program.steps[*step].inputs);
        let readers = readers.filter(|input| self.root(**input) == step.output.index()).count();
        let readers = readers + usize::from(self.root(program.output) == step.output.index());
        let complete = Content::Gradient { of: step.output.index(), readers };
        assert_eq!(self.buffers[planned.output_gradient], complete, "{}: the gradient of `{}`", self.name, step.name);
        let one = |of| Content::Gradient { of, readers: 1 };
        let targets: Vec<(GradientTarget, usize)> = planned
            .input_gradients
            .iter()
            .zip(&step.inputs)
            .map(|(target, input)| (*target, self.root(*input)))
            .collect();
        for (target, of) in &targets {
            if let Some(buffer) = target.written() {
                self.buffers[buffer] = one(*of);
            }
        }
        // While the step runs, all that it reads must be there at once.
        if step.op.backward_reads().inputs {
            step.inputs.iter().for_each(|input| self.check(*input));
        }
        if reads_output(step) {
            self.check(step.output);
        }
        assert_eq!(self.buffers[planned.output_gradient], complete, "{}: `{}`", self.name, step.name);
        for (target, of) in &targets {
            match *target {
                GradientTarget::Add { aside, sum } => self.add(sum, self.buffers[aside]),
                GradientTarget::Copy(buffer) => self.buffers[buffer] = one(*of),
                GradientTarget::Sum(sum) => self.add(sum, one(*of)),
                GradientTarget::Nobody | GradientTarget::Write(_) | GradientTarget::Same => {}
            }
        }
        assert_eq!(self.buffers[planned.output_gradient], complete, "{}: `{}`", self.name, step.name);
        for (target, of) in targets {
            if target == GradientTarget::Same {
                self.buffers[planned.output_gradient] = one(of);
            }
        }
    }
}

#[test]
fn nothing_is_overwritten_before_its_last_use() {
    for (name, layers) in NETWORKS.into_iter().chain(JOINED) {
        let lowered = program(layers);
        let (joined, evaluated) = (fuse(lowered.clone(), Mode::Train), fuse(lowered.clone(), Mode::Eval));
        for program in [&lowered, &joined, &evaluated] {
            let orders = [Order::ChannelsFirst, Order::ChannelsLast];
            for plan in orders.into_iter().flat_map(|order| [training(program, order), evaluation(program, order)]) {
                let buffers = vec![Content::Nothing; plan.buffers.len()];
                let mut walk = Walk { name, program, plan: &plan, buffers };
                walk.forward();
                let Some(buffer) = plan.loss_gradient else { continue };
                walk.buffers[buffer] = Content::Gradient { of: walk.root(program.output), readers: 1 };
                walk.check(program.output);
                plan.backward.iter().for_each(|planned| walk.backward(planned));
            }
        }
    }
}

#[test]
fn memory_is_reused() {
    let elements = 40;
    let deep = program("[(conv 2 3x3 p1 -> tanh) x 10, flatten, linear 3]");
    // In evaluation two buffers take turns, and the smaller output fits into the free one.
    assert_eq!(evaluation(&deep, Order::ChannelsLast).buffers, [elements, elements]);
    // In training the images that convolutions read and the outputs of tanh live, which are the same ten; one more is
    // needed while tanh is computed, and it holds the flattened copy afterwards, and then gradients, of which two live
    // at a time.
    assert_eq!(training(&deep, Order::ChannelsLast).elements(), 12 * elements + 3);

    // What was joined never exists: of each conv → bn → relu there are two maps; then the flattened copy. The logits
    // take the place of the last map.
    let normed = fuse(program("[(conv 2 3x3 p1 -> bn -> relu) x 10, flatten, linear 3]"), Mode::Train);
    assert_eq!(training(&normed, Order::ChannelsLast).forward, 21 * elements);
    // A pool keeps places, not the map that it reads.
    let pooled = fuse(
        program("[conv 8 3x3 p1 -> relu -> maxpool 2 -> conv 8 3x3 p1 -> relu -> maxpool 2, flatten, linear 3]"),
        Mode::Train,
    );
    assert_eq!(training(&pooled, Order::ChannelsLast).forward, 160 + 32 + 8);
}

/// The steps that are left, with what they do at their end.
#[test]
fn operations_are_joined_where_nobody_else_reads() {
    for (layers, training, evaluation) in [
        ("[conv 2 1x1 -> bn -> relu]", "conv bn<", "conv*<"),
        ("[conv 2 1x1 -> relu -> maxpool 2]", "conv maxpool<", "conv maxpool<"),
        ("[conv 2 1x1 -> relu -> maxpool 2 -> relu]", "conv maxpool< relu", "conv maxpool< relu"),
        ("[relu -> maxpool 2 -> relu]", "relu maxpool<", "relu maxpool<"),
        ("[conv 2 1x1 as a -> relu, {from: [a, .], merge: add}]", "conv relu add", "conv relu add"),
        ("[residual: [conv 2 1x1 -> bn], relu]", "conv bn+<", "conv* add<"),
        ("[conv 2 1x1 as a, {from: [a, a], merge: add}, relu6]", "conv add<", "conv add<"),
        ("[bn as a, {from: [a, a], merge: add}]", "bn add", "bn add"),
        (
            "[flatten -> linear 3 -> relu -> dropout 0.5 -> relu]",
            "flatten linear< dropout relu",
            "flatten linear< dropout relu",
        ),
    ] {
        for (mode, expected) in [(Mode::Train, training), (Mode::Eval, evaluation)] {
            let fused = fuse(program(layers), mode);
            let steps = fused.steps.iter().map(|step| {
                let kind = match &step.op {
                    Op::Conv2d { .. } => "conv",
                    Op::BatchNorm { .. } => "bn",
                    Op::MaxPool2d(_) => "maxpool",
                    Op::Activation(_) => "relu",
                    Op::Add => "add",
                    Op::Linear => "linear",
                    Op::Flatten => "flatten",
                    Op::Dropout { .. } => "dropout",
                    op => panic!("not in this table: {op:?}"),
                };
                let norm = if step.epilogue.norm.is_some() { "*" } else { "" };
                let sum = if kind == "bn" && step.inputs.len() > 1 { "+" } else { "" };
                let cut = if step.epilogue.bounds == Bounds::NONE { "" } else { "<" };
                format!("{kind}{norm}{sum}{cut}")
            });
            assert_eq!(steps.collect::<Vec<_>>().join(" "), expected, "{layers} {mode:?}");
        }
    }
}
