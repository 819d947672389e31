//! Update rules: each changes all weights in place, in one pass over every weight, its gradient and its moments.
//!
//! p is a weight, g its gradient, λ the weight decay, t the number of the step from 1. The rules are PyTorch's, Lion
//! that of its authors: <https://docs.pytorch.org/docs/stable/optim.html>.
//!
//! ```text
//! SGD       g ← g + λp;  v ← μv + (1−τ)g, at first v = g;  p ← p − lr·v           Nesterov: p ← p − lr·(g + μv)
//! Adam      g ← g + λp;  m ← β₁m + (1−β₁)g;  u ← β₂u + (1−β₂)g²;  p ← p − lr/(1−β₁ᵗ) · m/(√u/√(1−β₂ᵗ) + ε)
//! AdamW     p ← p − lr·λp;  then as Adam without decay
//! RMSprop   g ← g + λp;  u ← αu + (1−α)g²;  v ← μv + g/(√u + ε);  p ← p − lr·v
//!           centered: a ← αa + (1−α)g, and √(u − a²) in place of √u
//! Lion      p ← p − lr·λp − lr·sign(β₁m + (1−β₁)g);  m ← β₂m + (1−β₂)g
//! ```

mod rules;

use rayon::prelude::*;

use self::rules::{Moments, UpdateStep};
use crate::kernels::Real;
use crate::program::{Program, op};
use crate::recipe::{Decayed, Optimizer};

/// An update rule with what it remembers between steps.
#[derive(Debug, Clone, PartialEq)]
pub struct OptimizerState<T> {
    optimizer: Optimizer,
    /// Whether λ acts on each weight.
    decays: Vec<bool>,
    /// Whether each weight is changed at all.
    learns: Vec<bool>,
    /// How many updates there were.
    steps: u64,
    /// For each weight, v or m; empty for running statistics and without momentum.
    first: Vec<Vec<T>>,
    /// For each weight, u; empty for SGD and Lion.
    second: Vec<Vec<T>>,
    /// For each weight, a; empty for all but centered RMSprop.
    third: Vec<Vec<T>>,
}

/// What happens to gradients before a rule sees them: g ← min(max(factor·g, −bound), bound).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrink {
    /// The factor.
    pub factor: f64,
    /// The largest number that is left.
    pub bound: f64,
}

impl Shrink {
    /// They stay as they are.
    pub const NONE: Shrink = Shrink { factor: 1.0, bound: f64::INFINITY };
}

impl<T: Real> OptimizerState<T> {
    /// The state before the first step: all moments are 0.
    pub fn new(optimizer: Optimizer, program: &Program) -> OptimizerState<T> {
        let zeros = |wanted: bool| {
            let elements = program.weights.iter().map(|w| if wanted && w.learns() { w.elements() } else { 0 });
            elements.map(|elements| vec![T::ZERO; elements]).collect()
        };
        let [first, second, third] = optimizer.kept().map(zeros);
        let decays = match optimizer.decayed {
            Decayed::All => vec![true; program.weights.len()],
            Decayed::NoBias => kernels(program),
        };
        let learns = program.weights.iter().map(|weight| weight.learns()).collect();
        OptimizerState { optimizer, decays, learns, steps: 0, first, second, third }
    }

    /// The rule.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// Whether λ acts on each weight.
    pub fn decays(&self) -> &[bool] {
        &self.decays
    }

    /// First, second and third moments, by weight: those of a device that carries out the rule in this one's place.
    pub fn moments_mut(&mut self) -> [&mut [Vec<T>]; 3] {
        [&mut self.first, &mut self.second, &mut self.third]
    }

    /// The moments, for a checkpoint: their kind, the index of their weight, and the numbers.
    pub fn moments(&self) -> impl Iterator<Item = (&'static str, usize, &[T])> {
        fn named<'a, T>(
            kind: &'static str,
            moments: &'a [Vec<T>],
        ) -> impl Iterator<Item = (&'static str, usize, &'a [T])> {
            moments.iter().enumerate().map(move |(index, values)| (kind, index, values.as_slice()))
        }
        let all = named("first", &self.first).chain(named("second", &self.second)).chain(named("third", &self.third));
        all.filter(|(_, _, values)| !values.is_empty())
    }

    /// Goes on after `steps` updates with the moments that [`OptimizerState::moments`] gave then. `Err` is kind and
    /// index of a moment that `restored` does not have in the right length.
    pub fn restore(
        &mut self,
        steps: u64,
        restored: impl Fn(&str, usize) -> Option<Vec<T>>,
    ) -> Result<(), (&'static str, usize)> {
        self.steps = steps;
        for (kind, moments) in [("first", &mut self.first), ("second", &mut self.second), ("third", &mut self.third)] {
            for (index, values) in moments.iter_mut().enumerate().filter(|(_, values)| !values.is_empty()) {
                let found = restored(kind, index).filter(|found| found.len() == values.len());
                *values = found.ok_or((kind, index))?;
            }
        }
        Ok(())
    }

    /// Those of the gradients that change something.
    pub fn used<'a>(&'a self, gradients: &'a [Vec<T>]) -> impl Iterator<Item = &'a Vec<T>> + Clone {
        gradients.iter().zip(&self.learns).filter(|(_, learns)| **learns).map(|(gradient, _)| gradient)
    }

    /// One step. Weights whose gradient is empty take no part, and are not changed at all; no more are those that are
    /// frozen.
    pub fn update(&mut self, lr: f64, weights: &mut [Vec<T>], gradients: &[Vec<T>]) {
        self.update_shrunk(lr, Shrink::NONE, weights, gradients);
    }

    /// One step with gradients that are shrunk first, in the same pass.
    pub fn update_shrunk(&mut self, lr: f64, shrink: Shrink, weights: &mut [Vec<T>], gradients: &[Vec<T>]) {
        self.steps += 1;
        let [plain, decayed] =
            [false, true].map(|decays| UpdateStep::new(&self.optimizer, lr, shrink, decays, self.steps));
        let moments = self.first.par_iter_mut().zip(&mut self.second).zip(&mut self.third);
        let rules = self.decays.par_iter().zip(&self.learns);
        let all = weights.par_iter_mut().zip(gradients).zip(moments).zip(rules);
        let all = all.filter(|(((_, g), _), (_, learns))| **learns && !g.is_empty());
        all.for_each(|(((p, g), ((first, second), third)), (decays, _))| {
            let step = if *decays { decayed } else { plain };
            step.change(p, g, Moments { first, second, third });
        });
    }
}

/// Whether each weight is a kernel or a matrix: what a bias is not, nor anything of a norm or a scale.
fn kernels(program: &Program) -> Vec<bool> {
    let mut kernels: Vec<bool> = program.weights.iter().map(|weight| weight.shape.len() > 1).collect();
    // γ and β of a norm over whole examples have the example's shape, and a scale's may have C×1×1.
    for step in program.steps.iter().filter(|step| step.op.traits().weights == op::Weights::Norm) {
        step.weights.iter().for_each(|weight| kernels[*weight] = false);
    }
    kernels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::lower::lower;
    use crate::recipe::{Betas, Rule};

    /// Weights after each step, from `tests/fixtures/optim.py`.
    const REFERENCE: &str = include_str!("../../../tests/fixtures/optimizers.txt");

    fn optimizer(name: &str) -> Optimizer {
        let sgd = |momentum, dampening, nesterov| Optimizer::new(Rule::Sgd { momentum, dampening, nesterov }, 0.1);
        let rmsprop =
            |alpha, eps, momentum, centered| Optimizer::new(Rule::RmsProp { alpha, eps, momentum, centered }, 0.01);
        let decaying = |weight_decay, optimizer| Optimizer { weight_decay, ..optimizer };
        let other = Betas { beta1: 0.8, beta2: 0.95, eps: 1e-6 };
        match name {
            "sgd" => sgd(0.0, 0.0, false),
            "sgd_decay" => decaying(0.05, sgd(0.0, 0.0, false)),
            "sgd_momentum" => sgd(0.9, 0.0, false),
            "sgd_momentum_decay" => decaying(0.05, sgd(0.9, 0.0, false)),
            "sgd_nesterov_decay" => decaying(0.05, sgd(0.8, 0.0, true)),
            "sgd_dampening_decay" => decaying(0.05, sgd(0.9, 0.3, false)),
            "adam" => Optimizer::new(Rule::Adam(Betas::default()), 0.02),
            "adam_decay" => decaying(0.1, Optimizer::new(Rule::Adam(other), 0.02)),
            "adamw" => decaying(0.1, Optimizer::new(Rule::AdamW(Betas::default()), 0.02)),
            "rmsprop" => rmsprop(0.99, 1e-8, 0.0, false),
            "rmsprop_decay" => decaying(0.05, rmsprop(0.9, 1e-3, 0.0, false)),
            "rmsprop_momentum" => rmsprop(0.99, 1e-8, 0.9, false),
            "rmsprop_centered" => rmsprop(0.95, 1e-8, 0.0, true),
            "lion" => Optimizer::new(Rule::Lion { beta1: 0.9, beta2: 0.99 }, 0.02),
            "lion_decay" => decaying(0.1, Optimizer::new(Rule::Lion { beta1: 0.6, beta2: 0.8 }, 0.02)),
            "rmsprop_all" => decaying(0.05, rmsprop(0.9, 1e-3, 0.8, true)),
            _ => panic!("no optimizer `{name}` in this table"),
        }
    }

    /// A program with the weights of these layers.
    fn program(layers: &str) -> Program {
        lower(&compile(&format!("input: [7, 2, 2]\nlayers: [{layers}]")).expect("a sound network"))
    }

    /// A program with one weight, of seven elements.
    fn one() -> Program {
        program("conv 1 1x1 bias=false")
    }

    /// The task of `tests/fixtures/optim.py`.
    fn start() -> Vec<f64> {
        (0..7).map(|i| 0.5 * f64::from(i).sin()).collect()
    }

    fn gradient(weights: &[f64], step: usize) -> Vec<f64> {
        let at = |(i, p): (usize, &f64)| (1.0 + i as f64 + 3.0 * step as f64).cos() * (1.0 + p * p);
        weights.iter().enumerate().map(at).collect()
    }

    #[test]
    fn twenty_steps_are_those_of_the_reference() {
        let mut cases = 0;
        for case in REFERENCE.split("case ").skip(1) {
            cases += 1;
            let (name, steps) = case.split_once('\n').expect("a name, then steps");
            let mut weights = vec![start()];
            let mut state = OptimizerState::new(optimizer(name), &one());
            for (step, line) in steps.lines().enumerate() {
                let gradients = vec![gradient(&weights[0], step)];
                state.update(optimizer(name).lr, &mut weights, &gradients);
                for (word, weight) in line.split(' ').zip(&weights[0]) {
                    let expected: f64 = word.parse().expect("a number");
                    assert!(
                        (weight - expected).abs() < 1e-8,
                        "{name}, step {step}: {weight}, the reference has {expected}"
                    );
                }
            }
        }
        assert_eq!(cases, 16);
    }

    #[test]
    fn a_restored_state_goes_on_as_before() {
        for name in [
            "sgd",
            "sgd_nesterov_decay",
            "sgd_dampening_decay",
            "adam_decay",
            "adamw",
            "rmsprop",
            "rmsprop_all",
            "lion_decay",
        ] {
            let mut weights = vec![start()];
            let mut state = OptimizerState::new(optimizer(name), &one());
            let step = |state: &mut OptimizerState<f64>, weights: &mut Vec<Vec<f64>>, step| {
                let gradients = vec![gradient(&weights[0], step)];
                state.update(0.1, weights, &gradients);
            };
            (0..3).for_each(|s| step(&mut state, &mut weights, s));
            let moments: Vec<_> = state.moments().collect();
            let mut again = OptimizerState::new(optimizer(name), &one());
            let find = |kind: &str, index| {
                moments.iter().find(|(k, i, _)| (*k, *i) == (kind, index)).map(|(_, _, values)| values.to_vec())
            };
            again.restore(3, find).expect("every moment is there");
            assert_eq!(again, state, "{name}");
        }
        let mut state = OptimizerState::<f64>::new(optimizer("adam"), &one());
        assert_eq!(state.restore(3, |kind, _| (kind == "first").then(|| vec![0.0; 7])), Err(("second", 0)));
    }

    #[test]
    fn weights_without_gradient_stay() {
        let mut weights = vec![start(), start()];
        let mut state = OptimizerState::new(optimizer("adam_decay"), &program("conv 7 1x1 g7"));
        let gradients = vec![Vec::new(), gradient(&weights[1], 0)];
        state.update(0.1, &mut weights, &gradients);
        assert_eq!(weights[0], start());
        assert_ne!(weights[1], start());
    }

    #[test]
    fn gradients_are_shrunk_on_the_way() {
        let (shrink, step) = (Shrink { factor: 0.5, bound: 0.25 }, 3);
        for name in ["sgd", "sgd_momentum_decay", "adamw", "rmsprop_all", "lion_decay"] {
            let after = |shrink, gradients: Vec<f64>| {
                let mut weights = vec![start()];
                let mut state = OptimizerState::new(optimizer(name), &one());
                state.update_shrunk(0.1, shrink, &mut weights, &[gradients]);
                weights
            };
            let raw = gradient(&start(), step);
            let shrunk = raw.iter().map(|g| (0.5 * g).clamp(-0.25, 0.25)).collect();
            assert_eq!(after(shrink, raw), after(Shrink::NONE, shrunk), "{name}");
            assert!(after(shrink, vec![f64::NAN; 7])[0].iter().all(|weight| weight.is_nan()), "{name}");
        }
    }

    /// With gradients of 0, only what decays changes.
    #[test]
    fn decay_can_leave_out_norms_and_biases() {
        let network = program(
            "conv 8 3x3 p1 g1 -> bn -> prelu channels -> ln -> gn 2 -> conv_transpose 4 2x2 -> flatten -> linear 3",
        );
        let settings = |decayed| Optimizer { decayed, ..optimizer("sgd_decay") };
        for (decayed, expected) in [
            (Decayed::All, network.weights.iter().filter(|w| w.trainable).map(|w| w.name.as_str()).collect::<Vec<_>>()),
            (Decayed::NoBias, vec!["0.weight", "5.weight", "7.weight"]),
        ] {
            let mut weights: Vec<Vec<f64>> = network.weights.iter().map(|w| vec![1.0; w.elements()]).collect();
            let elements = network.weights.iter().map(|w| if w.trainable { w.elements() } else { 0 });
            let gradients: Vec<Vec<f64>> = elements.map(|elements| vec![0.0; elements]).collect();
            OptimizerState::new(settings(decayed), &network).update(0.1, &mut weights, &gradients);
            let changed = network.weights.iter().zip(&weights).filter(|(_, values)| values[0] != 1.0);
            assert_eq!(changed.map(|(weight, _)| weight.name.as_str()).collect::<Vec<_>>(), expected);
        }
    }
}
