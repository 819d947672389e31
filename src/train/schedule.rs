//! The learning rate of each epoch.

use std::f64::consts::PI;

use crate::recipe::Schedule;

/// The learning rate after `done` of `epochs` epochs, from the optimizer's own rate `base`. Formulas are those of
/// <https://docs.pytorch.org/docs/stable/optim.html>, stepped once an epoch.
pub fn learning_rate(schedule: &Schedule, base: f64, done: usize, epochs: usize) -> f64 {
    match schedule {
        Schedule::Constant => base,
        Schedule::Step { every, gamma } => base * power(*gamma, done / every),
        Schedule::MultiStep { milestones, gamma } => {
            base * power(*gamma, milestones.iter().filter(|milestone| **milestone <= done).count())
        }
        Schedule::Cosine { min } => min + (base - min) * (1.0 + (PI * done as f64 / epochs as f64).cos()) / 2.0,
    }
}

/// `gamma` to a whole power; beyond `i32` it has long vanished or overflowed, so the bound changes nothing.
fn power(gamma: f64, exponent: usize) -> f64 {
    gamma.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates printed by `tests/fixtures/optim.py`: `name base epochs rate rate …`, one schedule a line.
    const PYTORCH: &str = include_str!("../../tests/fixtures/schedules.txt");

    fn schedule(name: &str) -> Schedule {
        match name {
            "constant" => Schedule::Constant,
            "step" => Schedule::Step { every: 5, gamma: 0.9 },
            "step_every_epoch" => Schedule::Step { every: 1, gamma: 0.5 },
            "multistep" => Schedule::MultiStep { milestones: vec![3, 7, 8], gamma: 0.2 },
            "cosine" => Schedule::Cosine { min: 0.0 },
            "cosine_min" => Schedule::Cosine { min: 1e-3 },
            _ => panic!("no schedule `{name}` in this table"),
        }
    }

    #[test]
    fn rates_are_pytorchs() {
        assert_eq!(PYTORCH.lines().count(), 6);
        for line in PYTORCH.lines() {
            let mut words = line.split_whitespace();
            let name = words.next().expect("a name");
            let mut numbers = words.map(|word| word.parse::<f64>().expect("a number"));
            let base = numbers.next().expect("a base rate");
            let rates: Vec<f64> = numbers.collect();
            for (done, expected) in rates.iter().enumerate() {
                let rate = learning_rate(&schedule(name), base, done, rates.len());
                assert!((rate - expected).abs() <= 1e-12 * base, "{name} after {done}: {rate}, PyTorch has {expected}");
            }
        }
    }
}
