//! When validation gets no better: what the `plateau` schedule and early stopping go by.

use serde::{Deserialize, Serialize};

use super::checkpoint::bits;
use crate::recipe::{Better, Margin, Measure, Plateau};

/// The best of a measure so far, and how many validations have passed since.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Watch {
    #[serde(with = "bits::option")]
    best: Option<f64>,
    waited: usize,
}

/// What the `plateau` schedule has made of the optimizer's rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reduced {
    #[serde(with = "bits")]
    rate: f64,
    watch: Watch,
    /// Validations that do not count yet.
    cooldown: usize,
}

impl Watch {
    /// Takes in a validation.
    pub fn see(&mut self, better: Better, value: f64) {
        if self.best.is_none_or(|best| is_better(better, value, best)) && !value.is_nan() {
            *self = Watch { best: Some(value), waited: 0 };
        } else {
            self.waited += 1;
        }
    }

    /// Validations since the best one.
    pub fn waited(&self) -> usize {
        self.waited
    }
}

/// Source: `ReduceLROnPlateau.is_better` of PyTorch.
fn is_better(Better { by, margin }: Better, value: f64, best: f64) -> bool {
    match (by, margin) {
        (Measure::Loss, Margin::Relative(part)) => value < best * (1.0 - part),
        (Measure::Loss, Margin::Absolute(much)) => value < best - much,
        (Measure::Accuracy, Margin::Relative(part)) => value > best * (1.0 + part),
        (Measure::Accuracy, Margin::Absolute(much)) => value > best + much,
    }
}

/// A rate that falls by less stays. PyTorch's `eps`.
const SMALLEST_FALL: f64 = 1e-8;

impl Reduced {
    /// Nothing yet.
    pub fn new(base: f64) -> Reduced {
        Reduced { rate: base, watch: Watch::default(), cooldown: 0 }
    }

    /// The rate now.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Takes in a validation.
    pub fn see(&mut self, plateau: &Plateau, value: f64) {
        self.watch.see(plateau.better, value);
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.watch.waited = 0;
        }
        if self.watch.waited > plateau.patience {
            let lower = (self.rate * plateau.factor).max(plateau.min);
            if self.rate - lower > SMALLEST_FALL {
                self.rate = lower;
            }
            self.cooldown = plateau.cooldown;
            self.watch.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::recipe::Curve;

    /// From `tests/fixtures/optim.py`, one schedule a line: `NOTATION | base | value:rate value:rate …`, each rate after its
    /// value.
    const PYTORCH: &str = include_str!("../../tests/fixtures/plateaus.txt");

    #[test]
    fn rates_are_pytorchs() {
        for line in PYTORCH.lines() {
            let [schedule, base, pairs]: [&str; 3] =
                line.split(" | ").collect::<Vec<_>>().try_into().expect("three parts");
            let network = compile(&format!("input: [4]\nlayers: [linear 2]\ntrain: {{schedule: {schedule}}}"));
            let recipe = network.unwrap_or_else(|errors| panic!("{errors}")).train.expect("written above");
            let Curve::Plateau(plateau) = recipe.schedule.curve else { panic!("{schedule} is no plateau") };
            let mut reduced = Reduced::new(base.parse().expect("a number"));
            for (index, pair) in pairs.split(' ').enumerate() {
                let (value, expected) = pair.split_once(':').expect("a pair");
                reduced.see(&plateau, value.parse().expect("a number"));
                let expected: f64 = expected.parse().expect("a number");
                let rate = reduced.rate();
                assert!((rate - expected).abs() <= 1e-15, "{schedule}, {index}: {rate}, PyTorch has {expected}");
            }
        }
        assert_eq!(PYTORCH.lines().count(), 5);
    }
}
