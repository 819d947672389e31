//! One step of an update rule over all weights, in one pass: see [`crate::train::optimizer`].

use crate::cuda::{Call, Gpu, Grid, KernelSource, Result, View};
use crate::kernels::coefficients::{Adam, Coefficients, Lion, Momentum, RmsProp};
use crate::recipe::{Clip, Optimizer};

pub(super) const SOURCE: KernelSource = KernelSource { name: "update.cu", text: include_str!("update.cu") };

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
struct UpdateCall {
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
unsafe impl Call for UpdateCall {}

/// Changes the weights.
pub fn update(gpu: &Gpu, update: &Update) -> Result<()> {
    let (square_sum, most) = match update.clip {
        Some(Clip::Norm(most)) => (update.square_sum.pointer(), most),
        _ => (0, f64::INFINITY),
    };
    let bound = if let Some(Clip::Value(bound)) = update.clip { bound } else { f64::INFINITY };
    let step = UpdateCall {
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
        decay: update.optimizer.decay_of_gradients() as f32,
        rule: 0,
        nesterov: 0,
        lr: 0.0,
        momentum: 0.0,
        rest: 0.0,
        size: 0.0,
        correction: 1.0,
        kept: 1.0,
        beta1: 0.0,
        rest1: 0.0,
        beta2: 0.0,
        rest2: 0.0,
        eps: 0.0,
    };
    let step = of_rule(Coefficients::new(update.optimizer, update.lr, true, update.t), step);
    gpu.launch(&SOURCE, "update", Grid::over(update.learning.div_ceil(WIDE)), &step)
}

/// The numbers of the rule, in their places.
fn of_rule(coefficients: Coefficients<f32>, step: UpdateCall) -> UpdateCall {
    match coefficients {
        Coefficients::Descent { lr } => UpdateCall { rule: 0, lr, ..step },
        Coefficients::Momentum(Momentum { lr, momentum, rest, nesterov }) => {
            UpdateCall { rule: 1, lr, momentum, rest, nesterov: u32::from(nesterov), ..step }
        }
        Coefficients::Adam(Adam { size, correction, kept, beta1, rest1, beta2, rest2, eps }) => {
            UpdateCall { rule: 2, size, correction, kept, beta1, rest1, beta2, rest2, eps, ..step }
        }
        // α is the decay of the squares, as β₂ is.
        Coefficients::RmsProp(RmsProp { lr, alpha, rest, eps, momentum }) => {
            UpdateCall { rule: 3, lr, momentum, beta2: alpha, rest2: rest, eps, ..step }
        }
        Coefficients::Lion(Lion { lr, kept, beta1, rest1, beta2, rest2 }) => {
            UpdateCall { rule: 4, lr, kept, beta1, rest1, beta2, rest2, ..step }
        }
    }
}
