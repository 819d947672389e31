//! One step of an update rule over all weights, in one pass: see [`crate::train::optimizer`].

use crate::cuda::{Call, Gpu, Grid, Result, Source, View};
use crate::recipe::{Betas, Clip, Optimizer, Rule};

pub(super) const SOURCE: Source = Source { name: "update.cu", text: include_str!("update.cu") };

/// Numbers that a thread takes at once.
const WIDE: usize = 4;

/// One step. All weights lie in one array, and what belongs to them in arrays of the same places.
#[derive(Debug, Clone, Copy)]
pub struct Update<'a> {
    /// The rule.
    pub optimizer: &'a Optimizer,
    /// The learning rate.
    pub lr: f64,
    /// The number of the step, from 1.
    pub t: u64,
    /// What gradients are multiplied by first.
    pub factor: f64,
    /// How they are bounded then.
    pub clip: Option<Clip>,
    /// f64, one: Σ g², if [`Clip::Norm`] bounds it.
    pub square_sum: View<'a>,
    /// What the loss put there, three f64: if the last one is not 0, nothing changes.
    pub result: View<'a>,
    /// λ acts on the weights before this one.
    pub decayed: usize,
    /// The weights before this one change.
    pub learning: usize,
    /// p
    pub weights: View<'a>,
    /// g
    pub gradients: View<'a>,
    /// v or m, if the rule has one.
    pub first: View<'a>,
    /// u
    pub second: View<'a>,
    /// a
    pub third: View<'a>,
    /// The weights in bf16, if somebody wants them.
    pub stored: View<'a>,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Step {
    weights: u64,
    gradients: u64,
    first: u64,
    second: u64,
    third: u64,
    stored: u64,
    square_sum: u64,
    result: u64,
    decayed: u64,
    learning: u64,
    factor: f64,
    most: f64,
    bound: f32,
    decay: f32,
    rule: u32,
    nesterov: u32,
    lr: f32,
    momentum: f32,
    rest: f32,
    size: f32,
    correction: f32,
    kept: f32,
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    eps: f32,
}

// SAFETY: as in update.cu.
unsafe impl Call for Step {}

/// Changes the weights.
pub fn update(gpu: &Gpu, update: &Update) -> Result<()> {
    let lambda = update.optimizer.weight_decay;
    let (decay, direct) = match update.optimizer.rule {
        Rule::AdamW(_) => (0.0, lambda),
        Rule::Sgd { .. } | Rule::Adam(_) | Rule::RmsProp { .. } => (lambda, 0.0),
    };
    let (square_sum, most) = match update.clip {
        Some(Clip::Norm(most)) => (update.square_sum.pointer(), most),
        _ => (0, f64::INFINITY),
    };
    let bound = if let Some(Clip::Value(bound)) = update.clip { bound } else { f64::INFINITY };
    let step = Step {
        weights: update.weights.pointer(),
        gradients: update.gradients.pointer(),
        first: update.first.pointer(),
        second: update.second.pointer(),
        third: update.third.pointer(),
        stored: update.stored.pointer(),
        square_sum,
        result: update.result.pointer(),
        decayed: update.decayed as u64,
        learning: update.learning as u64,
        factor: update.factor,
        most,
        bound: bound as f32,
        decay: decay as f32,
        rule: 0,
        nesterov: 0,
        lr: update.lr as f32,
        momentum: 0.0,
        rest: 0.0,
        size: 0.0,
        correction: 1.0,
        kept: (1.0 - update.lr * direct) as f32,
        beta1: 0.0,
        rest1: 0.0,
        beta2: 0.0,
        rest2: 0.0,
        eps: 0.0,
    };
    let step = of_rule(update.optimizer.rule, update.lr, update.t, step);
    gpu.launch(&SOURCE, "update", Grid::over(update.learning.div_ceil(WIDE)), &step)
}

/// The numbers of the rule, the same as the CPU's.
fn of_rule(rule: Rule, lr: f64, t: u64, step: Step) -> Step {
    match rule {
        Rule::Sgd { momentum: 0.0, .. } => Step { rule: 0, ..step },
        Rule::Sgd { momentum, dampening, nesterov } => {
            let rest = if t == 1 { 1.0 } else { 1.0 - dampening };
            let (momentum, rest, nesterov) = (momentum as f32, rest as f32, u32::from(nesterov));
            Step { rule: 1, momentum, rest, nesterov, ..step }
        }
        Rule::Adam(Betas { beta1, beta2, eps }) | Rule::AdamW(Betas { beta1, beta2, eps }) => Step {
            rule: 2,
            size: (lr / (1.0 - beta1.powf(t as f64))) as f32,
            correction: (1.0 - beta2.powf(t as f64)).sqrt() as f32,
            beta1: beta1 as f32,
            rest1: (1.0 - beta1) as f32,
            beta2: beta2 as f32,
            rest2: (1.0 - beta2) as f32,
            eps: eps as f32,
            ..step
        },
        // α is the decay of the squares, as β₂ is.
        Rule::RmsProp { alpha, eps, momentum, .. } => Step {
            rule: 3,
            momentum: momentum as f32,
            beta2: alpha as f32,
            rest2: (1.0 - alpha) as f32,
            eps: eps as f32,
            ..step
        },
    }
}
