//! What every pass may rely on, checked apart from construction: [`lower`](super::lower), [`fuse`](super::fuse::fuse)
//! and
//! [`plan`](super::plan) hold their programs against it in debug builds, and so in every test.

use super::op::Operands;
use super::{Bounds, Program, Step};
use crate::ir::{Shape, ValueId};

/// Weights of a batch norm in an epilogue: γ, β, mean and variance.
const NORM: usize = 4;

impl Program {
    /// That shapes fit their operations; that each value is made once, by a step before all that read it; that each
    /// weight is used once; and that only operations that take an epilogue have one.
    ///
    /// # Errors
    /// The first step that does otherwise, and why.
    pub fn validate(&self) -> Result<(), String> {
        let mut made = vec![false; self.shapes.len()];
        let mut used = vec![false; self.weights.len()];
        let input = made.get_mut(ValueId::INPUT.index()).ok_or("there is no input")?;
        *input = true;
        for step in &self.steps {
            let fault = |reason: String| format!("`{}`: {reason}", step.name);
            step.inputs.iter().try_for_each(|input| exists(&made, *input)).map_err(fault)?;
            once(&mut made, step.output.index(), "value").map_err(fault)?;
            step.weights.iter().try_for_each(|weight| once(&mut used, *weight, "weight")).map_err(fault)?;
            self.validate_step(step).map_err(fault)?;
        }
        exists(&made, self.output).map_err(|reason| format!("the output: {reason}"))?;
        match used.iter().position(|used| !used) {
            Some(unused) => Err(format!("no step uses the weight `{}`", self.weights[unused].name)),
            None => Ok(()),
        }
    }

    /// Its shapes and its epilogue.
    fn validate_step(&self, step: &Step) -> Result<(), String> {
        let (takes, epilogue) = (step.op.traits().epilogue, step.epilogue);
        if epilogue.bounds != Bounds::NONE && takes.bounds.is_none() {
            return Err(format!("`{}` does not cut its result", step.op.name()));
        }
        if epilogue.norm.is_some() && !takes.norm {
            return Err(format!("`{}` does not normalise its result", step.op.name()));
        }
        let output = self.shape(step.output);
        let weights: Vec<&[usize]> = step.weights.iter().map(|weight| self.weights[*weight].shape.as_slice()).collect();
        let own = weights.len().checked_sub(if epilogue.norm.is_some() { NORM } else { 0 });
        let (own, norm) = weights.split_at(own.ok_or("the weights of its epilogue are missing")?);
        if norm.iter().any(|shape| *shape != [output.channels()]) {
            return Err(format!("its epilogue normalises {} channels with {norm:?}", output.channels()));
        }
        let inputs: Vec<Shape> = step.inputs.iter().map(|input| self.shape(*input)).collect();
        step.op.verify(&Operands { inputs: &inputs, output, weights: own })
    }
}

/// That a value was made.
fn exists(made: &[bool], value: ValueId) -> Result<(), String> {
    match made.get(value.index()) {
        Some(true) => Ok(()),
        _ => Err(format!("value {} is read, but not made before", value.index())),
    }
}

/// Notes that something is there, which was not before.
fn once(all: &mut [bool], index: usize, what: &str) -> Result<(), String> {
    match all.get_mut(index) {
        None => Err(format!("there is no {what} {index}")),
        Some(true) => Err(format!("{what} {index} is there twice")),
        Some(new) => {
            *new = true;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::fuse::fuse;
    use crate::program::networks::{JOINED, NETWORKS, program};
    use crate::program::{Activation, Mode, Op};

    #[test]
    fn passes_keep_programs_valid() {
        for (name, layers) in NETWORKS.into_iter().chain(JOINED) {
            let lowered = program(layers);
            let fused = [Mode::Train, Mode::Eval].map(|mode| fuse(lowered.clone(), mode));
            for program in [&lowered, &fused[0], &fused[1]] {
                assert_eq!(program.validate(), Ok(()), "{name}");
            }
        }
    }

    /// Each of these breaks one rule, in the program of a small network: its steps are a convolution, a batch norm, a
    /// ReLU, flatten and a linear layer.
    #[test]
    fn finds_what_is_broken() {
        type Change = fn(&mut Program);
        let cases: [(&str, Change); 14] = [
            ("`1`: value 1 is there twice", |program| program.steps[1].output = program.steps[0].output),
            ("`0`: value 0 is there twice", |program| program.steps[0].output = ValueId::INPUT),
            ("`0`: value 2 is read, but not made before", |program| {
                program.steps[0].inputs = vec![ValueId::of_node(1)]
            }),
            ("`1`: value 1 is read, but not made before", |program| program.steps.swap(0, 1)),
            ("`2`: there is no value 99", |program| program.steps[2].output = ValueId::of_node(98)),
            ("the output: value 5 is read", |program| drop(program.steps.remove(4))),
            ("`1`: weight 0 is there twice", |program| program.steps[1].weights[0] = 0),
            ("no step uses the weight `0.bias`", |program| program.steps[0].weights.truncate(1)),
            ("`2`: `relu` does not cut its result", |program| program.steps[2].epilogue.bounds = Bounds::RELU6),
            ("`1`: `batch_norm` does not normalise its result", |program| program.steps[1].epilogue.norm = Some(1e-5)),
            ("`0`: the weights of its epilogue are missing", |program| program.steps[0].epilogue.norm = Some(1e-5)),
            ("`0`: (4 − 3 + 2·1)/1 + 1 is not 5", |program| program.shapes[1] = Shape::map(3, 5, 5)),
            ("`4`: its weights are [[7, 60], [7]]", |program| program.shapes[5] = Shape::Vector(8)),
            ("`3`: it makes 60 of 3×4×5", |program| program.steps[3].op = Op::Activation(Activation::Tanh)),
        ];
        for (expected, change) in cases {
            let mut program = program("[conv 3 3x3 p1 -> bn -> relu, flatten, linear 7]");
            assert_eq!(program.validate(), Ok(()));
            change(&mut program);
            let found = program.validate().expect_err(expected);
            assert!(found.starts_with(expected), "{found}, not {expected}");
        }
    }
}
