//! The learning rate of a whole run, before it has happened.

use super::plateau::Reduced;
use super::schedule::Course;
use crate::recipe::{Curve, Per, Train};

/// Steps whose rate is worked out, at most.
const SAMPLES: usize = 500;

/// The rates of a run whose epochs have so many steps, each with how much of the run is over, in epochs: those of steps
/// that are evenly spread over it, the first and the last among them, from where the step begins to where it ends.
/// Where the rate is the same for a whole epoch, epochs take the place of steps.
///
/// A plateau is planned as it goes when no validation is better than the first.
pub fn planned(recipe: &Train, steps: usize) -> Vec<(f64, f64)> {
    let steps = match recipe.schedule.per {
        Per::Epoch => 1,
        Per::Step => steps.max(1),
    };
    let course = Course::new(recipe, steps);
    let total = recipe.epochs.saturating_mul(steps);
    let samples = total.min(SAMPLES);
    let mut reduced = Reduced::new(recipe.optimizer.lr);
    // The first validation, and how many of those after it have been waited for.
    let first = usize::try_from(course.warm_epochs()).unwrap_or(usize::MAX);
    let mut waited = 0;
    let mut points = Vec::with_capacity(2 * samples);
    for sample in 0..samples {
        let index = (sample as u128 * (total - 1) as u128 / (samples.max(2) - 1) as u128) as usize;
        let (epoch, step) = (index / steps, index % steps);
        if let Curve::Plateau(plateau) = &recipe.schedule.curve {
            let validated = epoch.saturating_sub(first);
            if waited == 0 && validated > 0 {
                reduced.see(plateau, 1.0);
                waited = 1;
            }
            reduced.wait(plateau, validated - waited);
            waited = validated;
        }
        let rate = course.rate(epoch, step, reduced.rate());
        points.extend([index, index + 1].map(|index| (index as f64 / steps as f64, rate)));
    }
    points
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::compile;

    /// The recipe with these settings.
    pub(crate) fn recipe(settings: &str) -> Train {
        let network = compile(&format!("input: [4]\nlayers: [linear 2]\ntrain: {{{settings}}}"));
        network.unwrap_or_else(|errors| panic!("{errors}")).train.expect("written above")
    }

    #[test]
    fn a_plan_goes_from_the_first_step_to_the_last() {
        for (epochs, steps, samples) in [(1, 1, 1), (2, 1, 2), (90, 5005, SAMPLES), (100_000, 100_000, SAMPLES)] {
            let recipe = recipe(&format!("epochs: {epochs}, optimizer: sgd lr=1, schedule: polynomial per=step"));
            let points = planned(&recipe, steps);
            assert_eq!((points.len(), points[0]), (2 * samples, (0.0, 1.0)));
            let (end, rate) = points[2 * samples - 1];
            let last = 1.0 / (epochs * steps) as f64;
            assert!(end == epochs as f64 && (rate - last).abs() < 1e-12, "{epochs}·{steps}: {rate} at {end}");
        }
    }

    /// However many steps an epoch has.
    #[test]
    fn a_rate_for_each_epoch_is_a_staircase() {
        let recipe = recipe("epochs: 3, optimizer: sgd lr=0.8, schedule: step 1 gamma=0.5");
        let expected = [(0.0, 0.8), (1.0, 0.8), (1.0, 0.4), (2.0, 0.4), (2.0, 0.2), (3.0, 0.2)];
        assert_eq!((planned(&recipe, 1), planned(&recipe, 100)), (expected.to_vec(), expected.to_vec()));
    }

    #[test]
    fn a_plateau_falls_where_nothing_gets_better() {
        let recipe = recipe("epochs: 9, optimizer: sgd lr=1, schedule: plateau patience=2 factor=0.5 warmup=2");
        let rates: Vec<f64> = planned(&recipe, 1).into_iter().step_by(2).map(|(_, rate)| rate).collect();
        let third = 1.0 / 3.0;
        assert_eq!(rates, [third, third + (1.0 - third) / 2.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]);
    }

    /// As many epochs as a number holds, and falls that are as small as they can be.
    #[test]
    fn endless_runs_have_a_plan() {
        for settings in [
            "lr=1, schedule: plateau",
            "lr=1, schedule: plateau patience=2147483647 cooldown=2147483647",
            "lr=1000, schedule: plateau factor=0.999999999 patience=0",
            "lr=1, schedule: plateau warmup=2147483647",
            "lr=1, schedule: cosine restart=1 mult=2",
            "lr=1, schedule: step 1 gamma=0.9999 per=step",
        ] {
            let recipe = recipe(&format!("epochs: 2147483647, optimizer: sgd {settings}"));
            for steps in [1, 1 << 40, usize::MAX] {
                let points = planned(&recipe, steps);
                assert_eq!(points.len(), 2 * SAMPLES, "{settings}");
                let rates = points.iter().map(|(_, rate)| *rate);
                let falls = rates.clone().zip(rates.skip(1)).all(|(before, after)| after <= before);
                assert!(falls || settings.contains("warmup") || settings.contains("restart"), "{settings}");
            }
        }
    }
}
