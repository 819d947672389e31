//! The schedule that trains: logits, loss, gradients, running statistics, and weights after three steps.

use archc::executor::Executor;
use archc::kernels::{MaskKey, Real};
use archc::recipe::{Betas, Optimizer, Rule};
use archc::train::optimizer::OptimizerState;

use crate::fixture::{Fixture, NETWORKS, Precision};

const KEY: MaskKey = MaskKey { seed: 0, step: 0, place: 0 };

const BETAS: Betas = Betas { beta1: 0.8, beta2: 0.95, eps: 1e-6 };

/// `OPTIMIZERS` of make.py: name, rule, learning rate and weight decay.
const OPTIMIZERS: [(&str, Rule, f64, f64); 4] = [
    ("sgd", Rule::Sgd { momentum: 0.9, dampening: 0.0, nesterov: false }, 0.05, 0.01),
    ("nesterov", Rule::Sgd { momentum: 0.9, dampening: 0.0, nesterov: true }, 0.05, 0.01),
    ("adam", Rule::Adam(BETAS), 0.01, 0.01),
    ("adamw", Rule::AdamW(BETAS), 0.01, 0.1),
];

fn executor<T: Real + Precision>(fixture: &Fixture) -> Executor<T> {
    Executor::new(fixture.program.clone(), fixture.weights("weights"))
}

fn check_one_step<T: Real + Precision>() {
    for fixture in NETWORKS.map(Fixture::load) {
        let (images, labels): (Vec<T>, Vec<u32>) = (fixture.get("images"), fixture.get("labels"));
        let mut executor = executor::<T>(&fixture);
        fixture.check("eval/logits", executor.evaluate(&images));
        let loss = executor.step_gradients(&images, &labels, KEY);
        fixture.check("train/loss", &[T::from_f64(loss.loss)]);
        fixture.check_weights("train/gradients", executor.gradients());
        fixture.check_weights("train/buffers", executor.weights());
    }
}

#[test]
fn one_step_in_f64() {
    check_one_step::<f64>();
}

#[test]
fn one_step_in_f32() {
    check_one_step::<f32>();
}

#[test]
fn three_steps_of_each_optimizer() {
    for fixture in NETWORKS.map(Fixture::load) {
        let (images, labels): (Vec<f64>, Vec<u32>) = (fixture.get("images"), fixture.get("labels"));
        for (name, rule, lr, weight_decay) in OPTIMIZERS {
            let mut executor = executor::<f64>(&fixture);
            let settings = Optimizer { weight_decay, ..Optimizer::new(rule, lr) };
            let mut optimizer = OptimizerState::new(settings, &fixture.program);
            for _ in 0..3 {
                executor.step_gradients(&images, &labels, KEY);
                executor.update(|weights, gradients| optimizer.update(lr, weights, gradients));
            }
            fixture.check_weights(name, executor.weights());
        }
    }
}
