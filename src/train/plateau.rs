//! When validation gets no better: what the `plateau` schedule and early stopping go by.

use serde::{Deserialize, Serialize};

use super::position::bits;
use crate::recipe::{Better, Margin, Plateau};

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
        // As in PyTorch, the first one is better than the worst that there is: an infinite loss is not.
        let worst = if better.by.rises() { f64::NEG_INFINITY } else { f64::INFINITY };
        if is_better(better, value, self.best.unwrap_or(worst)) {
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
    match (by.rises(), margin) {
        (false, Margin::Relative(part)) => value < best * (1.0 - part),
        (false, Margin::Absolute(much)) => value < best - much,
        (true, Margin::Relative(part)) => value > best * (1.0 + part),
        (true, Margin::Absolute(much)) => value > best + much,
    }
}

/// A rate that falls by less stays. PyTorch's `eps`.
const SMALLEST_FALL: f64 = 1e-8;

/// So many falls are not gone through one by one.
const MANY: usize = 10_000;

impl Reduced {
    /// Nothing yet.
    pub fn new(base: f64) -> Reduced {
        Reduced { rate: base, watch: Watch::default(), cooldown: 0 }
    }

    /// The rate now.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Takes in `count` validations that are no better than the best one, of which there was one, without going through
    /// them.
    pub fn wait(&mut self, plateau: &Plateau, mut count: usize) {
        let patience = plateau.patience.saturating_add(1);
        loop {
            let quiet = count.min(self.cooldown);
            if quiet > 0 {
                (self.cooldown, self.watch.waited) = (self.cooldown - quiet, 0);
                count -= quiet;
            }
            let until = patience.saturating_sub(self.watch.waited);
            if count < until {
                self.watch.waited += count;
                return;
            }
            count -= until;
            (self.cooldown, self.watch.waited) = (plateau.cooldown, 0);
            let before = self.rate;
            self.reduce(plateau);
            let falls = count / patience.saturating_add(plateau.cooldown);
            if self.rate == before {
                // It never falls any more.
                count %= patience.saturating_add(plateau.cooldown);
            } else if falls > MANY {
                // As far as the last of these falls would bring it, to rounding.
                let last = SMALLEST_FALL / (1.0 - plateau.factor);
                let rate = self.rate * plateau.factor.powf(falls as f64);
                self.rate = rate.max(plateau.min).max(last).min(self.rate);
                count -= falls * patience.saturating_add(plateau.cooldown);
            }
        }
    }

    /// Takes in a validation.
    pub fn see(&mut self, plateau: &Plateau, value: f64) {
        self.watch.see(plateau.better, value);
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.watch.waited = 0;
        }
        if self.watch.waited > plateau.patience {
            self.reduce(plateau);
            self.cooldown = plateau.cooldown;
            self.watch.waited = 0;
        }
    }

    fn reduce(&mut self, plateau: &Plateau) {
        let lower = (self.rate * plateau.factor).max(plateau.min);
        if self.rate - lower > SMALLEST_FALL {
            self.rate = lower;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::recipe::{Curve, Measure};

    /// From `tests/fixtures/optim.py`, one schedule a line: `NOTATION | base | value:rate value:rate …`, each rate
    /// after its value.
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
        assert_eq!(PYTORCH.lines().count(), 7);
    }

    #[test]
    fn waiting_is_seeing_nothing_better() {
        for (patience, cooldown, factor, min) in
            [(0, 0, 0.5, 0.0), (3, 0, 0.1, 1e-3), (0, 5, 0.9, 0.0), (2, 1, 0.999_999, 0.0), (1, 1, 0.999_999_99, 0.5)]
        {
            let better = Better { by: Measure::Loss, margin: Margin::Relative(1e-4) };
            let plateau = Plateau { better, factor, patience, cooldown, min };
            let mut one_by_one = Reduced::new(1.0);
            one_by_one.see(&plateau, 1.0);
            let first = one_by_one;
            let mut counts = vec![0, 1, 2, 3, 5, 8, 100, 1000, 12_345, 100_000];
            counts.reverse();
            for seen in 0..=100_000 {
                if counts.last() == Some(&seen) {
                    counts.pop();
                    let mut at_once = first;
                    at_once.wait(&plateau, seen);
                    let (found, expected) = (at_once.rate, one_by_one.rate);
                    assert!(
                        (found - expected).abs() <= 1e-9 * expected + 2e-8,
                        "{plateau:?}, {seen}: {found} {expected}"
                    );
                    assert_eq!(
                        (at_once.watch.waited, at_once.cooldown),
                        (one_by_one.watch.waited, one_by_one.cooldown)
                    );
                }
                one_by_one.see(&plateau, 1.0);
            }
        }
    }
}
