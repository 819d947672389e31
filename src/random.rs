//! Random numbers that depend only on where they are used.
//!
//! Every use names its seed, its purpose, the step and the place. So a resumed run needs no generator's state, and
//! neither the number of threads nor the order of work changes a number.

use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use crate::ir::{Fan, Init, fans};
use crate::program::Program;
use crate::program::Real;
use crate::recipe::Interval;

/// What numbers are drawn for. Two purposes never share a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Starting weights; the place is the weight's index.
    Init = 1,
    /// The order of the training data; the step is the epoch.
    Shuffle = 2,
    /// Augmentation; the step is the epoch, the place the example.
    Augment = 3,
    /// Dropout and drop path; the place is the node.
    Dropout = 4,
    /// Splitting a data set.
    Split = 5,
    /// Made-up images, to measure speed.
    Synthetic = 6,
    /// Mixing images of a batch; the step is the epoch, the place the batch.
    Mix = 7,
    /// What takes the place of an image that cannot be read; the step is the epoch, the place its own in the epoch's
    /// order.
    Replace = 8,
    /// Which training images an epoch consists of, where they are drawn one by one; the step is the epoch.
    Sample = 9,
}

/// The generator for one use.
pub fn generator(seed: u64, purpose: Purpose, step: u64, place: u64) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(key(seed, purpose, step, place))
}

/// The key of ChaCha for one use.
pub fn key(seed: u64, purpose: Purpose, step: u64, place: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&step.to_le_bytes());
    key[16..24].copy_from_slice(&place.to_le_bytes());
    key[24] = purpose as u8;
    key
}

/// A whole number below `bound`, all equally likely but for one part in 2⁶⁴/`bound` (Lemire 2019, without the
/// rejection).
pub fn below(generator: &mut ChaCha8Rng, bound: usize) -> usize {
    ((u128::from(generator.next_u64()) * bound as u128) >> 64) as usize
}

/// True with this probability.
pub fn chance(generator: &mut ChaCha8Rng, probability: f64) -> bool {
    unit(generator) < probability
}

/// The numbers that every weight starts with, in the order of [`Program::weights`]. In f32 they are those of f64,
/// rounded.
pub fn initial_weights<T: Real>(program: &Program, seed: u64) -> Vec<Vec<T>> {
    let weights = program.weights.iter().enumerate();
    weights.map(|(index, weight)| draw(weight.init, &weight.shape, seed, index as u64)).collect()
}

/// What an initialiser comes down to.
#[derive(Debug, Clone, Copy)]
enum Distribution {
    Constant(f64),
    Uniform { bound: f64 },
    Normal { mean: f64, std: f64 },
    TruncatedNormal { mean: f64, std: f64 },
}

/// Elements that are drawn from one stream.
const CHUNK: usize = 1 << 14;

fn draw<T: Real>(init: Init, shape: &[usize], seed: u64, place: u64) -> Vec<T> {
    let distribution = distribution(init, shape);
    let mut values = vec![T::ZERO; shape.iter().product()];
    values.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
        let mut words = generator(seed, Purpose::Init, 0, place);
        words.set_stream(chunk as u64);
        values.iter_mut().for_each(|value| *value = T::of(sample(distribution, &mut words)));
    });
    values
}

fn distribution(init: Init, shape: &[usize]) -> Distribution {
    let (fan_in, fan_out) = fans(shape);
    let size = |fan| match fan {
        Fan::In => fan_in as f64,
        Fan::Out => fan_out as f64,
    };
    let both = (fan_in + fan_out) as f64;
    match init {
        Init::Constant(value) => Distribution::Constant(value),
        Init::Uniform { bound } => Distribution::Uniform { bound },
        Init::Normal { mean, std } => Distribution::Normal { mean, std },
        Init::TruncatedNormal { mean, std } => Distribution::TruncatedNormal { mean, std },
        Init::KaimingUniform { fan, gain } => Distribution::Uniform { bound: gain * (3.0 / size(fan)).sqrt() },
        Init::KaimingNormal { fan, gain } => Distribution::Normal { mean: 0.0, std: gain / size(fan).sqrt() },
        Init::XavierUniform => Distribution::Uniform { bound: (6.0 / both).sqrt() },
        Init::XavierNormal => Distribution::Normal { mean: 0.0, std: (2.0 / both).sqrt() },
    }
}

fn sample(distribution: Distribution, words: &mut ChaCha8Rng) -> f64 {
    match distribution {
        Distribution::Constant(value) => value,
        Distribution::Uniform { bound } => bound * (2.0 * unit(words) - 1.0),
        Distribution::Normal { mean, std } => mean + std * normal(words),
        Distribution::TruncatedNormal { mean, std } => loop {
            let value = normal(words);
            if value.abs() <= 2.0 {
                break mean + std * value;
            }
        },
    }
}

/// Uniform between both ends.
pub fn between(generator: &mut ChaCha8Rng, interval: Interval) -> f64 {
    interval.low + (interval.high - interval.low) * unit(generator)
}

/// Uniform in [0, 1).
pub fn unit(words: &mut ChaCha8Rng) -> f64 {
    (words.next_u64() >> 11) as f64 * 2f64.powi(-53)
}

/// Standard normal (Box and Muller 1958).
pub fn normal(words: &mut ChaCha8Rng) -> f64 {
    // 1 − u is never 0.
    let radius = (-2.0 * (1.0 - unit(words)).ln()).sqrt();
    radius * (TAU * unit(words)).cos()
}

/// Of the Beta distribution with both parameters `alpha`: symmetric around ½. As two Gamma variables' part of their
/// sum, by way of logarithms, since variables of a small `alpha` are too small for numbers.
pub fn beta(generator: &mut ChaCha8Rng, alpha: f64) -> f64 {
    let (first, second) = (log_gamma_variable(generator, alpha), log_gamma_variable(generator, alpha));
    1.0 / (1.0 + (second - first).exp())
}

/// The logarithm of a Gamma variable with this shape (Marsaglia and Tsang 2000).
fn log_gamma_variable(words: &mut ChaCha8Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        return log_gamma_variable(words, shape + 1.0) + (1.0 - unit(words)).ln() / shape;
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let x = normal(words);
        let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
        if v > 0.0 && (1.0 - unit(words)).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            break (d * v).ln();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Shape, ValueId};
    use crate::program::ProgramWeight;

    const SHAPE: [usize; 4] = [64, 32, 5, 3];

    /// The variance of Beta(α, α) is 1/(8α + 4), its kurtosis 3 − 6/(2α + 3).
    #[test]
    fn beta_has_its_moments() {
        for alpha in [1e-3, 0.2, 0.5, 1.0, 3.0] {
            let mut words = generator(5, Purpose::Mix, 0, 0);
            let values: Vec<f64> = (0..40_000).map(|_| beta(&mut words, alpha)).collect();
            assert!(values.iter().all(|value| (0.0..=1.0).contains(value)), "{alpha}");
            let moment =
                |power| values.iter().map(|value| (value - 0.5f64).powi(power)).sum::<f64>() / values.len() as f64;
            let variance = 1.0 / (8.0 * alpha + 4.0);
            let kurtosis = 3.0 - 6.0 / (2.0 * alpha + 3.0);
            assert!(moment(1).abs() < 0.01, "{alpha}: {}", moment(1));
            assert!((moment(2) / variance - 1.0).abs() < 0.03, "{alpha}: {}", moment(2));
            assert!((moment(4) / variance.powi(2) - kurtosis).abs() < 0.05 * kurtosis, "{alpha}: {}", moment(4));
        }
    }

    /// What each initialiser's numbers must look like: mean, standard deviation, and the largest distance from the
    /// mean.
    #[test]
    fn draws_the_distribution_that_was_asked_for() {
        let (fan_in, fan_out) = (32.0 * 15.0, 64.0 * 15.0);
        // The variance of a standard normal cut off at ±2 is 1 − 4φ(2)/(2Φ(2) − 1).
        let truncated = (1.0 - 4.0 * 0.053_990_966_513_188_06 / 0.954_499_736_103_641_6_f64).sqrt();
        let none = f64::INFINITY;
        for (init, mean, std, bound) in [
            (Init::Constant(1.5), 1.5, 0.0, 0.0),
            (Init::Uniform { bound: 0.3 }, 0.0, 0.3 / 3f64.sqrt(), 0.3),
            (Init::Normal { mean: 2.0, std: 0.5 }, 2.0, 0.5, none),
            (Init::TruncatedNormal { mean: 1.0, std: 0.5 }, 1.0, 0.5 * truncated, 1.0),
            (Init::pytorch_weight(), 0.0, 1.0 / (3.0 * fan_in).sqrt(), 1.0 / fan_in.sqrt()),
            (
                Init::KaimingUniform { fan: Fan::Out, gain: 2.0 },
                0.0,
                2.0 / fan_out.sqrt(),
                2.0 * (3.0 / fan_out).sqrt(),
            ),
            (Init::KaimingNormal { fan: Fan::In, gain: 2.0 }, 0.0, 2.0 / fan_in.sqrt(), none),
            (Init::KaimingNormal { fan: Fan::Out, gain: 2.0 }, 0.0, 2.0 / fan_out.sqrt(), none),
            (Init::XavierUniform, 0.0, (2.0 / (fan_in + fan_out)).sqrt(), (6.0 / (fan_in + fan_out)).sqrt()),
            (Init::XavierNormal, 0.0, (2.0 / (fan_in + fan_out)).sqrt(), none),
        ] {
            let values: Vec<f64> = draw(init, &SHAPE, 5, 0);
            let count = values.len() as f64;
            let found_mean = values.iter().sum::<f64>() / count;
            let found_std = (values.iter().map(|value| (value - found_mean).powi(2)).sum::<f64>() / count).sqrt();
            let furthest = values.iter().map(|value| (value - mean).abs()).fold(0.0, f64::max);
            // Five standard deviations of each estimate over 30,720 numbers.
            assert!((found_mean - mean).abs() <= 0.03 * std, "{init:?}: mean {found_mean}, expected {mean}");
            assert!((found_std - std).abs() <= 0.021 * std, "{init:?}: deviation {found_std}, expected {std}");
            assert!(furthest <= bound, "{init:?}: {furthest} beyond {bound}");
            if bound.is_infinite() {
                assert!(furthest > 3.5 * std, "{init:?}: no tails, {furthest} at most");
            } else {
                assert!(furthest >= 0.99 * bound, "{init:?}: only {furthest} of {bound}");
            }
        }
    }

    #[test]
    fn repeats_by_seed_and_place() {
        let normal = Init::Normal { mean: 0.0, std: 1.0 };
        let weight = |name: &str| ProgramWeight {
            name: name.into(),
            shape: SHAPE.into(),
            init: normal,
            frozen: false,
            trainable: true,
        };
        let program = Program {
            shapes: vec![Shape::Vector(1)],
            steps: vec![],
            weights: vec![weight("a"), weight("b")],
            output: ValueId::INPUT,
        };
        let first = initial_weights::<f64>(&program, 1);
        assert_eq!(first, initial_weights::<f64>(&program, 1));
        assert_ne!(first, initial_weights::<f64>(&program, 2));
        assert_ne!(first[0], first[1]);
        assert_ne!(first[0][..CHUNK / 2], first[0][CHUNK..CHUNK + CHUNK / 2]);
        let rounded: Vec<Vec<f32>> =
            first.iter().map(|values| values.iter().map(|value| *value as f32).collect()).collect();
        assert_eq!(rounded, initial_weights::<f32>(&program, 1));
    }
}
