//! Update rules: each changes all weights in place, in one pass over every weight, its gradient and its moments.
//!
//! p is a weight, g its gradient, λ the weight decay, t the number of the step from 1. All rules are PyTorch's:
//! <https://docs.pytorch.org/docs/stable/optim.html>.
//!
//! ```text
//! SGD       g ← g + λp;  v ← μv + g;  p ← p − lr·v           Nesterov: p ← p − lr·(g + μv)
//! Adam      g ← g + λp;  m ← β₁m + (1−β₁)g;  u ← β₂u + (1−β₂)g²;  p ← p − lr/(1−β₁ᵗ) · m/(√u/√(1−β₂ᵗ) + ε)
//! AdamW     p ← p − lr·λp;  then as Adam without decay
//! ```

use rayon::prelude::*;

use crate::kernels::Real;
use crate::program::ProgramWeight;
use crate::recipe::{AdamSettings, Optimizer};

/// An update rule with what it remembers between steps.
#[derive(Debug, Clone, PartialEq)]
pub struct OptimizerState<T> {
    rule: Optimizer,
    /// How many updates there were.
    steps: u64,
    /// For each weight, v or m; empty for running statistics and without momentum.
    first: Vec<Vec<T>>,
    /// For each weight, u; empty for SGD.
    second: Vec<Vec<T>>,
}

impl<T: Real> OptimizerState<T> {
    /// The state before the first step: all moments are 0, from which the first step makes v = g + λp.
    pub fn new(rule: Optimizer, weights: &[ProgramWeight]) -> OptimizerState<T> {
        let (first, second) = match rule {
            Optimizer::Sgd { momentum, .. } => (momentum != 0.0, false),
            Optimizer::Adam(_) | Optimizer::AdamW(_) => (true, true),
        };
        let zeros = |wanted: bool| {
            let elements = |weight: &ProgramWeight| if wanted && weight.trainable { weight.elements() } else { 0 };
            weights.iter().map(|weight| vec![T::ZERO; elements(weight)]).collect()
        };
        OptimizerState { rule, steps: 0, first: zeros(first), second: zeros(second) }
    }

    /// The moments, for a checkpoint: their kind, the index of their weight, and the numbers.
    pub fn moments(&self) -> impl Iterator<Item = (&'static str, usize, &[T])> {
        let first = self.first.iter().enumerate().map(|(index, values)| ("first", index, values.as_slice()));
        let second = self.second.iter().enumerate().map(|(index, values)| ("second", index, values.as_slice()));
        first.chain(second).filter(|(_, _, values)| !values.is_empty())
    }

    /// Goes on after `steps` updates with the moments that [`OptimizerState::moments`] gave then. `Err` is kind and index
    /// of a moment that `restored` does not have in the right length.
    pub fn restore(
        &mut self,
        steps: u64,
        restored: impl Fn(&str, usize) -> Option<Vec<T>>,
    ) -> Result<(), (&'static str, usize)> {
        self.steps = steps;
        for (kind, moments) in [("first", &mut self.first), ("second", &mut self.second)] {
            for (index, values) in moments.iter_mut().enumerate().filter(|(_, values)| !values.is_empty()) {
                let found = restored(kind, index).filter(|found| found.len() == values.len());
                *values = found.ok_or((kind, index))?;
            }
        }
        Ok(())
    }

    /// One step. Weights whose gradient is empty take no part, and are not changed at all.
    pub fn update(&mut self, lr: f64, weights: &mut [Vec<T>], gradients: &[Vec<T>]) {
        self.steps += 1;
        let step = Step::new(self.rule, lr, self.steps);
        let moments = self.first.par_iter_mut().zip(&mut self.second);
        let all = weights.par_iter_mut().zip(gradients).zip(moments);
        all.filter(|((_, g), _)| !g.is_empty()).for_each(|((p, g), (first, second))| step.change(p, g, first, second));
    }
}

/// Elements that one task changes.
const CHUNK: usize = 1 << 14;

/// One step of a rule, with all numbers that are the same for every element.
#[derive(Debug, Clone, Copy)]
enum Step<T> {
    Descent(Descent<T>),
    Momentum(Momentum<T>),
    Adam(Adam<T>),
}

/// SGD without momentum.
///
/// Operations: 4 an element. Bytes: p and g are read, p is written: 12 an element.
#[derive(Debug, Clone, Copy)]
struct Descent<T> {
    lr: T,
    decay: T,
}

/// SGD with momentum.
///
/// Operations: 6 an element, with Nesterov's look ahead 8. Bytes: p, g and v are read, p and v written: 20 an element,
/// of which one thread of a Zen 3 moves 21 GB/s, as much as memory gives.
#[derive(Debug, Clone, Copy)]
struct Momentum<T> {
    lr: T,
    decay: T,
    momentum: T,
    nesterov: bool,
}

/// Adam, and AdamW.
///
/// Operations: 16 an element, among them a root and two divisions. Bytes: four arrays are read, three written: 28 an element, of
/// which one thread of a Zen 3 moves 13 GB/s.
#[derive(Debug, Clone, Copy)]
struct Adam<T> {
    /// lr/(1−β₁ᵗ)
    size: T,
    /// √(1−β₂ᵗ)
    correction: T,
    /// λ, where it acts in the gradient.
    decay: T,
    /// 1 − lr·λ, where it acts directly.
    kept: T,
    beta1: T,
    /// 1 − β₁
    rest1: T,
    beta2: T,
    /// 1 − β₂
    rest2: T,
    eps: T,
}

impl<T: Real> Step<T> {
    /// The step with number `t`.
    fn new(rule: Optimizer, lr: f64, t: u64) -> Step<T> {
        let (in_gradient, direct) = match rule {
            Optimizer::Sgd { weight_decay, .. } => (weight_decay, 0.0),
            Optimizer::Adam(settings) => (settings.weight_decay, 0.0),
            Optimizer::AdamW(settings) => (0.0, settings.weight_decay),
        };
        let decay = T::of(in_gradient);
        match rule {
            Optimizer::Sgd { momentum: 0.0, .. } => Step::Descent(Descent { lr: T::of(lr), decay }),
            Optimizer::Sgd { momentum, nesterov, .. } => {
                Step::Momentum(Momentum { lr: T::of(lr), decay, momentum: T::of(momentum), nesterov })
            }
            Optimizer::Adam(AdamSettings { beta1, beta2, eps, .. })
            | Optimizer::AdamW(AdamSettings { beta1, beta2, eps, .. }) => Step::Adam(Adam {
                size: T::of(lr / (1.0 - beta1.powf(t as f64))),
                correction: T::of((1.0 - beta2.powf(t as f64)).sqrt()),
                decay,
                kept: T::of(1.0 - lr * direct),
                beta1: T::of(beta1),
                rest1: T::of(1.0 - beta1),
                beta2: T::of(beta2),
                rest2: T::of(1.0 - beta2),
                eps: T::of(eps),
            }),
        }
    }

    /// Changes one weight, by all threads if it is large.
    fn change(self, p: &mut [T], g: &[T], first: &mut [T], second: &mut [T]) {
        let pairs = p.par_chunks_mut(CHUNK).zip(g.par_chunks(CHUNK));
        match self {
            Step::Descent(step) => pairs.for_each(|(p, g)| step.change(p, g)),
            Step::Momentum(step) => {
                pairs.zip(first.par_chunks_mut(CHUNK)).for_each(|((p, g), v)| step.change(p, g, v));
            }
            Step::Adam(step) => {
                let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
                pairs.zip(moments).for_each(|((p, g), (m, u))| step.change(p, g, m, u));
            }
        }
    }
}

// All arrays are parameters of their own and the numbers come by value, so that the compiler knows that nothing overlaps.

impl<T: Real> Descent<T> {
    fn change(self, p: &mut [T], g: &[T]) {
        for (p, g) in p.iter_mut().zip(g) {
            *p = *p - self.lr * (*g + self.decay * *p);
        }
    }
}

impl<T: Real> Momentum<T> {
    fn change(self, p: &mut [T], g: &[T], v: &mut [T]) {
        let Momentum { lr, decay, momentum, nesterov } = self;
        for ((p, g), v) in p.iter_mut().zip(g).zip(v) {
            let g = *g + decay * *p;
            *v = momentum * *v + g;
            let direction = if nesterov { g + momentum * *v } else { *v };
            *p = *p - lr * direction;
        }
    }
}

impl<T: Real> Adam<T> {
    fn change(self, p: &mut [T], g: &[T], m: &mut [T], u: &mut [T]) {
        let Adam { size, correction, decay, kept, beta1, rest1, beta2, rest2, eps } = self;
        for ((p, g), (m, u)) in p.iter_mut().zip(g).zip(m.iter_mut().zip(u)) {
            let g = *g + decay * *p;
            *m = beta1 * *m + rest1 * g;
            *u = beta2 * *u + rest2 * g * g;
            *p = kept * *p - size * *m / (u.sqrt() / correction + eps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::Init;

    /// Weights after each step, from `tests/fixtures/optim.py`.
    const PYTORCH: &str = include_str!("../../tests/fixtures/optimizers.txt");

    fn rule(name: &str) -> Optimizer {
        let sgd = |momentum, weight_decay, nesterov| Optimizer::Sgd { lr: 0.1, momentum, weight_decay, nesterov };
        let usual = AdamSettings { lr: 0.02, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 };
        match name {
            "sgd" => sgd(0.0, 0.0, false),
            "sgd_decay" => sgd(0.0, 0.05, false),
            "sgd_momentum" => sgd(0.9, 0.0, false),
            "sgd_momentum_decay" => sgd(0.9, 0.05, false),
            "sgd_nesterov_decay" => sgd(0.8, 0.05, true),
            "adam" => Optimizer::Adam(usual),
            "adam_decay" => {
                Optimizer::Adam(AdamSettings { beta1: 0.8, beta2: 0.95, eps: 1e-6, weight_decay: 0.1, ..usual })
            }
            "adamw" => Optimizer::AdamW(AdamSettings { weight_decay: 0.1, ..usual }),
            _ => panic!("no optimizer `{name}` in this table"),
        }
    }

    /// The task of `tests/fixtures/optim.py`.
    fn start() -> Vec<f64> {
        (0..7).map(|i| 0.5 * f64::from(i).sin()).collect()
    }

    fn gradient(weights: &[f64], step: usize) -> Vec<f64> {
        let at = |(i, p): (usize, &f64)| (1.0 + i as f64 + 3.0 * step as f64).cos() * (1.0 + p * p);
        weights.iter().enumerate().map(at).collect()
    }

    fn declared(elements: usize) -> ProgramWeight {
        ProgramWeight { name: "w".to_owned(), shape: vec![elements], init: Init::Constant(0.0), trainable: true }
    }

    #[test]
    fn twenty_steps_are_pytorchs() {
        let mut cases = 0;
        for case in PYTORCH.split("case ").skip(1) {
            cases += 1;
            let (name, steps) = case.split_once('\n').expect("a name, then steps");
            let mut weights = vec![start()];
            let mut state = OptimizerState::new(rule(name), &[declared(7)]);
            for (step, line) in steps.lines().enumerate() {
                let gradients = vec![gradient(&weights[0], step)];
                state.update(rule(name).lr(), &mut weights, &gradients);
                for (word, weight) in line.split(' ').zip(&weights[0]) {
                    let expected: f64 = word.parse().expect("a number");
                    assert!((weight - expected).abs() < 1e-8, "{name}, step {step}: {weight}, PyTorch has {expected}");
                }
            }
        }
        assert_eq!(cases, 8);
    }

    #[test]
    fn a_restored_state_goes_on_as_before() {
        for name in ["sgd", "sgd_nesterov_decay", "adam_decay", "adamw"] {
            let mut weights = vec![start()];
            let mut state = OptimizerState::new(rule(name), &[declared(7)]);
            let step = |state: &mut OptimizerState<f64>, weights: &mut Vec<Vec<f64>>, step| {
                let gradients = vec![gradient(&weights[0], step)];
                state.update(0.1, weights, &gradients);
            };
            (0..3).for_each(|s| step(&mut state, &mut weights, s));
            let moments: Vec<_> = state.moments().collect();
            let mut again = OptimizerState::new(rule(name), &[declared(7)]);
            let find = |kind: &str, index| {
                moments.iter().find(|(k, i, _)| (*k, *i) == (kind, index)).map(|(_, _, values)| values.to_vec())
            };
            again.restore(3, find).expect("every moment is there");
            assert_eq!(again, state, "{name}");
        }
        let mut state = OptimizerState::<f64>::new(rule("adam"), &[declared(7)]);
        assert_eq!(state.restore(3, |kind, _| (kind == "first").then(|| vec![0.0; 7])), Err(("second", 0)));
    }

    #[test]
    fn weights_without_gradient_stay() {
        let mut weights = vec![start(), start()];
        let mut state = OptimizerState::new(rule("adam_decay"), &[declared(7), declared(7)]);
        let gradients = vec![Vec::new(), gradient(&weights[1], 0)];
        state.update(0.1, &mut weights, &gradients);
        assert_eq!(weights[0], start());
        assert_ne!(weights[1], start());
    }
}
