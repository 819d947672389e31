//! An exponential moving average of the weights, running statistics among them, as PyTorch's `AveragedModel` keeps it:
//! <https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema>.

use rayon::prelude::*;

use crate::kernels::Real;

/// e ← e + (1−d)·(p − e) after each step; after the first, e = p.
#[derive(Debug)]
pub struct Average<T> {
    /// d
    decay: f64,
    values: Vec<Vec<T>>,
}

/// Elements that one task changes.
const CHUNK: usize = 1 << 14;

impl<T: Real> Average<T> {
    /// Before the first step.
    pub fn new(decay: f64, weights: &[Vec<T>]) -> Average<T> {
        Average { decay, values: weights.to_vec() }
    }

    /// Takes in the weights after a step, of which `before` steps came earlier.
    pub fn update(&mut self, weights: &[Vec<T>], before: u64) {
        let part = T::of(1.0 - self.decay);
        self.values.par_iter_mut().zip(weights).for_each(|(values, weights)| {
            values.par_chunks_mut(CHUNK).zip(weights.par_chunks(CHUNK)).for_each(|(values, weights)| {
                for (value, weight) in values.iter_mut().zip(weights) {
                    *value = if before == 0 { *weight } else { *value + part * (*weight - *value) };
                }
            });
        });
    }

    /// Puts the average in place of the weights, which are kept here meanwhile; the second call changes them back.
    pub fn swap(&mut self, weights: &mut [Vec<T>]) {
        self.values.swap_with_slice(weights);
    }

    /// d
    pub fn decay(&self) -> f64 {
        self.decay
    }

    /// The averages, in the program's order.
    pub fn values(&self) -> &[Vec<T>] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `tests/fixtures/optim.py`: `DECAY | weights after each step | averages after each step`.
    const PYTORCH: &str = include_str!("../../tests/fixtures/averages.txt");

    #[test]
    fn averages_are_pytorchs() {
        for line in PYTORCH.lines() {
            let numbers =
                |text: &str| -> Vec<f64> { text.split(' ').map(|word| word.parse().expect("a number")).collect() };
            let parts: Vec<Vec<f64>> = line.split(" | ").map(numbers).collect();
            let [decay, weights, averages] = parts.as_slice() else { panic!("three parts, not {line}") };
            let mut average = Average::new(decay[0], &[vec![9.0]]);
            for (step, (weight, expected)) in weights.iter().zip(averages).enumerate() {
                average.update(&[vec![*weight]], step as u64);
                let found = average.values()[0][0];
                assert!((found - expected).abs() < 1e-14, "{line}, step {step}: {found}");
            }
        }
        assert_eq!(PYTORCH.lines().count(), 2);
    }
}
