//! The learning rate of each step.
//!
//! A schedule is followed in ticks: epochs, or steps of the optimizer. Its lengths, which a recipe gives in epochs,
//! become whole numbers of them, and the formulas are those of <https://docs.pytorch.org/docs/stable/optim.html> with
//! one tick a call.
//!
//! ```text
//! t < warm-up         first rate · (from + (1 − from)·(t/warm-up)^power)   LinearLR, with the power 1
//! from there on       the curve at t − warm-up, of total − warm-up ticks   SequentialLR
//! ```

use std::f64::consts::PI;

use crate::recipe::{Curve, LrSchedule, OneCycle, Per, Train, Warmup};

/// A schedule laid out for a run.
#[derive(Debug, Clone)]
pub struct Course {
    schedule: LrSchedule,
    /// The optimizer's own rate.
    base: f64,
    /// Of all epochs, at least 1.
    ticks: u64,
    /// At least 1.
    ticks_per_epoch: u64,
}

impl Course {
    /// The schedule of a recipe whose epochs have so many steps.
    pub fn new(recipe: &Train, steps: usize) -> Course {
        let ticks_per_epoch = match recipe.schedule.per {
            Per::Epoch => 1,
            Per::Step => steps.max(1) as u64,
        };
        let ticks = ticks_per_epoch.saturating_mul(recipe.epochs as u64).max(1);
        Course { schedule: recipe.schedule.clone(), base: recipe.optimizer.lr, ticks, ticks_per_epoch }
    }

    /// The rate of step `step` of epoch `epoch`, both from 0. `reduced` is what a [plateau](super::plateau) has made of
    /// the optimizer's own rate; other schedules do not ask for it.
    pub fn rate(&self, epoch: usize, step: usize, reduced: f64) -> f64 {
        let step = match self.schedule.per {
            Per::Epoch => 0,
            Per::Step => step as u64,
        };
        let tick = (epoch as u64).saturating_mul(self.ticks_per_epoch).saturating_add(step);
        let warmup = self.warmup();
        if tick >= warmup {
            return self.curve(tick - warmup, reduced);
        }
        let Warmup { from, power, .. } = self.schedule.warmup;
        self.curve(0, reduced) * (from + (1.0 - from) * (tick as f64 / warmup as f64).powf(power))
    }

    /// Whether the rate of this epoch comes from the warm-up.
    pub fn warms_up(&self, epoch: usize) -> bool {
        (epoch as u64).saturating_mul(self.ticks_per_epoch) < self.warmup()
    }

    /// Epochs whose rate comes from the warm-up.
    pub fn warm_epochs(&self) -> u64 {
        self.warmup().div_ceil(self.ticks_per_epoch)
    }

    fn warmup(&self) -> u64 {
        self.ticks_in(self.schedule.warmup.epochs)
    }

    fn ticks_in(&self, epochs: f64) -> u64 {
        (epochs * self.ticks_per_epoch as f64).round() as u64
    }

    /// The rate when the curve is `t` ticks old.
    fn curve(&self, t: u64, reduced: f64) -> f64 {
        let base = self.base;
        let total = self.ticks.saturating_sub(self.warmup()).max(1);
        match &self.schedule.curve {
            Curve::Constant => base,
            Curve::Step { every, gamma } => base * power(*gamma, t / self.ticks_in(*every).max(1)),
            Curve::MultiStep { milestones, gamma } => {
                let passed = milestones.iter().filter(|milestone| self.ticks_in(**milestone) <= t).count();
                base * power(*gamma, passed as u64)
            }
            Curve::Exponential { gamma } => base * gamma.powf(t as f64 / self.ticks_per_epoch as f64),
            Curve::Cosine { min } => half_cosine(base, *min, t.min(total) as f64 / total as f64),
            Curve::Restarts { first, mult, min } => {
                let (since, length) = period(t, self.ticks_in(*first).max(1), *mult as u64);
                half_cosine(base, *min, since as f64 / length as f64)
            }
            Curve::Polynomial { power } => base * (1.0 - t.min(total) as f64 / total as f64).powf(*power),
            Curve::Inverse { gamma, power } => {
                base * (1.0 + gamma * t as f64 / self.ticks_per_epoch as f64).powf(-power)
            }
            Curve::OneCycle(cycle) => one_cycle(cycle, base, t.min(total - 1) as f64, total as f64),
            Curve::Plateau(_) => reduced,
        }
    }
}

/// `gamma` to a whole power; beyond `i32` it has long vanished or overflowed, so the bound changes nothing.
fn power(gamma: f64, exponent: u64) -> f64 {
    gamma.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

/// From `from` to `to`, `part` of the way.
fn half_cosine(from: f64, to: f64, part: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * part).cos()) / 2.0
}

/// How far `t` is into its period, and how long that is, where the first has `first` ticks and each later one `mult`
/// times those of the one before.
fn period(t: u64, first: u64, mult: u64) -> (u64, u64) {
    if mult == 1 {
        return (t % first, first);
    }
    let (mut since, mut length) = (t, first);
    while since >= length {
        since -= length;
        length = length.saturating_mul(mult);
    }
    (since, length)
}

/// The rate of tick `t` of `total`.
fn one_cycle(cycle: &OneCycle, highest: f64, t: f64, total: f64) -> f64 {
    let OneCycle { rise, div, final_div, linear, three_phase } = *cycle;
    let first = highest / div;
    let last = first / final_div;
    let top = rise * total - 1.0;
    let phases: &[(f64, f64, f64)] = match three_phase {
        true => &[(top, first, highest), (2.0 * top, highest, first), (total - 1.0, first, last)],
        false => &[(top, first, highest), (total - 1.0, highest, last)],
    };
    let mut start = 0.0;
    for &(end, from, to) in phases {
        if t <= end {
            // A phase without length is over.
            let part = if end > start { (t - start) / (end - start) } else { 1.0 };
            return if linear { from + (to - from) * part } else { half_cosine(from, to, part) };
        }
        start = end;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;

    /// Rates from `tests/fixtures/optim.py`, one schedule a line: `NOTATION | base epochs steps | rate rate …`.
    const PYTORCH: &str = include_str!("../../tests/fixtures/schedules.txt");

    fn recipe(schedule: &str, base: f64, epochs: usize) -> Train {
        let train = format!("train: {{epochs: {epochs}, optimizer: sgd lr={base:?}, schedule: {schedule}}}");
        let network = compile(&format!("input: [4]\nlayers: [linear 2]\n{train}"));
        network.unwrap_or_else(|errors| panic!("{errors}")).train.expect("written above")
    }

    #[test]
    fn rates_are_pytorchs() {
        let mut names = Vec::new();
        for line in PYTORCH.lines() {
            let [schedule, run, rates]: [&str; 3] =
                line.split(" | ").collect::<Vec<_>>().try_into().expect("three parts");
            let [base, epochs, steps]: [&str; 3] =
                run.split(' ').collect::<Vec<_>>().try_into().expect("three numbers");
            let base: f64 = base.parse().expect("a number");
            let (epochs, steps): (usize, usize) = (epochs.parse().expect("a count"), steps.parse().expect("a count"));
            let recipe = recipe(schedule, base, epochs);
            let course = Course::new(&recipe, steps);
            let rates: Vec<f64> = rates.split(' ').map(|rate| rate.parse().expect("a number")).collect();
            assert_eq!(rates.len(), epochs * steps, "{schedule}");
            for (index, expected) in rates.iter().enumerate() {
                let rate = course.rate(index / steps, index % steps, base);
                assert!(
                    (rate - expected).abs() <= 1e-12 * base,
                    "{schedule}, step {index}: {rate}, PyTorch has {expected}"
                );
            }
            names.push(schedule.split(' ').next().expect("a name").to_string());
        }
        names.dedup();
        assert_eq!(names, ["constant", "step", "multistep", "exponential", "cosine", "polynomial", "onecycle"]);
    }

    /// Caffe's `inv`, and a warm-up that is no straight line, by their formulas.
    #[test]
    fn follows_other_programs() {
        let course = Course::new(&recipe("inverse 0.4 power=0.75 per=step", 0.1, 3), 4);
        for step in 0..12 {
            let expected = 0.1 * (1.0 + 0.1 * step as f64).powf(-0.75);
            assert!((course.rate(step / 4, step % 4, 0.1) - expected).abs() < 1e-15, "{step}");
        }
        let course = Course::new(&recipe("constant per=step warmup=2 warmup_from=0 warmup_power=4", 0.1, 3), 4);
        for step in 0..12 {
            let expected = 0.1 * (step as f64 / 8.0).min(1.0).powi(4);
            assert!((course.rate(step / 4, step % 4, 0.1) - expected).abs() < 1e-15, "{step}");
        }
    }

    /// However short a run is, every rate is a number between the lowest and the highest.
    #[test]
    fn short_runs_have_rates() {
        let curves = "step 3,multistep 1 2,exponential 0.5,inverse 2 power=0.75,cosine,cosine restart=2 mult=3,polynomial power=3,onecycle,\
                      onecycle rise=0,onecycle rise=1,onecycle rise=0.5 linear,onecycle rise=0.5 three_phase,plateau";
        for curve in curves.split(',') {
            for (per, warmup) in [("epoch", 1.0), ("step", 0.5), ("step", 9.0)] {
                for (epochs, steps) in [(1, 1), (1, 2), (2, 1), (3, 4)] {
                    let course =
                        Course::new(&recipe(&format!("{curve} per={per} warmup={warmup}"), 1.0, epochs), steps);
                    for index in 0..epochs * steps + 2 {
                        let rate = course.rate(index / steps, index % steps, 1.0);
                        assert!((0.0..=1.0).contains(&rate), "{curve} {per}, step {index} of {epochs}·{steps}: {rate}");
                    }
                }
            }
        }
    }
}
