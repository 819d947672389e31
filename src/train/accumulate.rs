//! The gradient of a step that takes several batches: what one larger batch would give, where no batch norm is.

use rayon::prelude::*;

use crate::kernels::Real;

/// Gradients of the batches so far, each times what its mean was divided by.
#[derive(Debug)]
pub struct Accumulated<T> {
    sums: Vec<Vec<T>>,
    weight: f64,
}

/// Elements that one task adds.
const CHUNK: usize = 1 << 14;

impl<T: Real> Accumulated<T> {
    /// Room for gradients like these.
    pub fn new(gradients: &[Vec<T>]) -> Accumulated<T> {
        Accumulated { sums: gradients.iter().map(|gradient| vec![T::ZERO; gradient.len()]).collect(), weight: 0.0 }
    }

    /// Takes in the gradients of a batch whose loss was divided by `weight`.
    pub fn add(&mut self, gradients: &[Vec<T>], weight: f64) {
        let (first, factor) = (self.weight == 0.0, T::of(weight));
        self.weight += weight;
        self.sums.par_iter_mut().zip(gradients).for_each(|(sums, gradients)| {
            let parts = sums.par_chunks_mut(CHUNK).zip(gradients.par_chunks(CHUNK));
            parts.for_each(|(sums, gradients)| {
                for (sum, gradient) in sums.iter_mut().zip(gradients) {
                    *sum = if first { factor * *gradient } else { *sum + factor * *gradient };
                }
            });
        });
    }

    /// The sums, and the factor that makes them the gradient of all batches.
    pub fn total(&self) -> (&[Vec<T>], f64) {
        // Of batches that count for nothing the sums are 0.
        (&self.sums, if self.weight > 0.0 { 1.0 / self.weight } else { 1.0 })
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.weight = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::executor::Executor;
    use crate::kernels::{MaskKey, Objective};
    use crate::lower::lower;
    use crate::random::initial_weights;
    use crate::recipe::Optimizer;
    use crate::train::optimizer::{OptimizerState, Shrink};

    const KEY: MaskKey = MaskKey { seed: 0, step: 0, place: 0 };
    const IMAGE: usize = 2 * 5 * 5;

    /// Whatever the batches are that twelve images come in, also with class weights, the same weights come out.
    #[test]
    fn steps_are_those_of_the_larger_batch() {
        let network = "input: [2, 5, 5]\nclasses: 3\nlayers: [conv 4 3x3 -> relu -> gn 2, flatten, linear {classes}]";
        let network = compile(&network.replace("linear {classes}", "\"linear {classes}\"")).expect("a sound network");
        let program = lower(&network);
        let images: Vec<f64> = (0..12 * IMAGE).map(|index| (index as f64).sin()).collect();
        let labels = [0, 1, 2, 2, 2, 0, 1, 1, 2, 0, 0, 1];
        let settings = Optimizer { weight_decay: 0.1, ..Optimizer::sgd(0.2, 0.9) };
        for class_weights in [&[][..], &[0.5, 2.0, 1.25]] {
            let trained = |batches: &[usize]| {
                let mut executor = Executor::new(program.clone(), initial_weights::<f64>(&program, 3));
                let mut optimizer = OptimizerState::new(settings, &program);
                let mut accumulated = Accumulated::new(executor.gradients());
                for _ in 0..4 {
                    let mut start = 0;
                    for size in batches {
                        let labels = &labels[start..start + size];
                        let objective = Objective { class_weights, label_smoothing: 0.1, ..Objective::from(labels) };
                        let images = &images[start * IMAGE..(start + size) * IMAGE];
                        let loss = executor.step_gradients(images, objective, KEY);
                        accumulated.add(executor.gradients(), loss.weight);
                        start += size;
                    }
                    executor.update(|weights, _| {
                        let (gradients, factor) = accumulated.total();
                        let shrink = Shrink { factor, ..Shrink::NONE };
                        optimizer.update_shrunk(0.2, shrink, weights, gradients);
                    });
                    accumulated.clear();
                }
                executor.weights().concat()
            };
            let expected = trained(&[12]);
            for batches in [&[6, 6][..], &[4, 4, 4], &[5, 5, 2], &[1, 11]] {
                for (found, expected) in trained(batches).iter().zip(&expected) {
                    assert!((found - expected).abs() < 1e-12, "{batches:?}: {found}, {expected}");
                }
            }
        }
    }
}
