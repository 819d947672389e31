//! The numbers of an optimizer's step that are the same for every weight: stated once, for the processor and for GPUs.

use crate::program::Real;
use crate::recipe::{Betas, Optimizer, Rule};

/// What a rule computes with in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Coefficients<T> {
    /// SGD without momentum.
    Descent {
        lr: T,
    },
    Momentum(Momentum<T>),
    Adam(Adam<T>),
    RmsProp(RmsProp<T>),
    Lion(Lion<T>),
}

/// SGD with momentum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Momentum<T> {
    pub(crate) lr: T,
    pub(crate) momentum: T,
    /// 1 − τ; 1 in the first step, as v = g there.
    pub(crate) rest: T,
    pub(crate) nesterov: bool,
}

/// Adam, and AdamW.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adam<T> {
    /// lr/(1−β₁ᵗ)
    pub(crate) size: T,
    /// √(1−β₂ᵗ)
    pub(crate) correction: T,
    /// 1 − lr·λ, where λ acts directly.
    pub(crate) kept: T,
    pub(crate) beta1: T,
    /// 1 − β₁
    pub(crate) rest1: T,
    pub(crate) beta2: T,
    /// 1 − β₂
    pub(crate) rest2: T,
    pub(crate) eps: T,
}

/// RMSprop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RmsProp<T> {
    pub(crate) lr: T,
    pub(crate) alpha: T,
    /// 1 − α
    pub(crate) rest: T,
    pub(crate) eps: T,
    pub(crate) momentum: T,
}

/// Lion.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lion<T> {
    pub(crate) lr: T,
    /// 1 − lr·λ
    pub(crate) kept: T,
    pub(crate) beta1: T,
    /// 1 − β₁
    pub(crate) rest1: T,
    pub(crate) beta2: T,
    /// 1 − β₂
    pub(crate) rest2: T,
}

impl<T: Real> Coefficients<T> {
    /// Those of the step with number `t`, from 1. `decays` says whether λ acts on the weight.
    pub(crate) fn new(optimizer: &Optimizer, lr: f64, decays: bool, t: u64) -> Coefficients<T> {
        let lambda = if decays { optimizer.weight_decay - optimizer.decay_of_gradients() } else { 0.0 };
        match optimizer.rule {
            Rule::Sgd { momentum: 0.0, .. } => Coefficients::Descent { lr: T::of(lr) },
            Rule::Sgd { momentum, dampening, nesterov } => {
                let rest = if t == 1 { 1.0 } else { 1.0 - dampening };
                Coefficients::Momentum(Momentum {
                    lr: T::of(lr),
                    momentum: T::of(momentum),
                    rest: T::of(rest),
                    nesterov,
                })
            }
            Rule::Adam(Betas { beta1, beta2, eps }) | Rule::AdamW(Betas { beta1, beta2, eps }) => {
                Coefficients::Adam(Adam {
                    size: T::of(lr / (1.0 - beta1.powf(t as f64))),
                    correction: T::of((1.0 - beta2.powf(t as f64)).sqrt()),
                    kept: T::of(1.0 - lr * lambda),
                    beta1: T::of(beta1),
                    rest1: T::of(1.0 - beta1),
                    beta2: T::of(beta2),
                    rest2: T::of(1.0 - beta2),
                    eps: T::of(eps),
                })
            }
            Rule::RmsProp { alpha, eps, momentum, .. } => Coefficients::RmsProp(RmsProp {
                lr: T::of(lr),
                alpha: T::of(alpha),
                rest: T::of(1.0 - alpha),
                eps: T::of(eps),
                momentum: T::of(momentum),
            }),
            Rule::Lion { beta1, beta2 } => Coefficients::Lion(Lion {
                lr: T::of(lr),
                kept: T::of(1.0 - lr * lambda),
                beta1: T::of(beta1),
                rest1: T::of(1.0 - beta1),
                beta2: T::of(beta2),
                rest2: T::of(1.0 - beta2),
            }),
        }
    }
}

impl Optimizer {
    /// λ where it acts in the gradient; that of AdamW and Lion acts on the weights directly.
    pub(crate) fn decay_of_gradients(&self) -> f64 {
        match self.rule {
            Rule::AdamW(_) | Rule::Lion { .. } => 0.0,
            Rule::Sgd { .. } | Rule::Adam(_) | Rule::RmsProp { .. } => self.weight_decay,
        }
    }
}
