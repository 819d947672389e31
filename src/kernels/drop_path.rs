//! Stochastic depth (Huang et al. 2016) as torchvision's `StochasticDepth(p, "row")`: whole examples are dropped, the
//! others scaled by 1/(1−p), so that evaluation is the identity.
//!
//! Operations: 1 an element. Bytes: 8 an element, at the speed of a copy.
//!
//! Whether example i survives depends on the i-th word of the generator for (seed, step, node), and on nothing else.

use rand_core::Rng;

use super::lanes::{copy_all, for_each_row, map};
use super::{Backward, Forward, Kernel, Mode, Real};
use crate::program::op::DropPath;
use crate::random::{Purpose, generator};

impl<T: Real> Kernel<T> for DropPath {
    /// Keeps for each example whether it survives.
    fn forward(&self, call: Forward<T>) {
        let DropPath { p } = *self;
        let Forward { mode, key, inputs, output, saved, .. } = call;
        let x = inputs[0].0;
        if mode == Mode::Eval {
            return copy_all(output, x);
        }
        let mut words = generator(key.seed, Purpose::Dropout, key.step, key.place);
        // Exact: a word is below 2³², and p·2³² is representable.
        let dropped = (p * 2f64.powi(32)) as u64;
        saved.indices.fill_with(|| u32::from(u64::from(words.next_u32()) >= dropped));
        apply(output, x, &saved.indices, p);
    }

    fn backward(&self, call: Backward<T>) {
        let DropPath { p } = *self;
        let Backward { mode, saved, output_gradient, input_gradients: [Some(gradient)], .. } = call else { return };
        match mode {
            Mode::Eval => copy_all(gradient, output_gradient),
            Mode::Train => apply(gradient, output_gradient, &saved.indices, p),
        }
    }
}

/// output ← survivor·x / (1 − p), example by example
fn apply<T: Real>(output: &mut [T], x: &[T], survivors: &[u32], p: f64) {
    let elements = x.len() / survivors.len();
    for_each_row(output, elements, elements, |image, output| {
        // With p = 1 nothing survives, and 1/(1 − p) is never used.
        let factor = if survivors[image] == 1 { T::of(1.0 / (1.0 - p)) } else { T::ZERO };
        // A product, so that a NaN in the input is not hidden.
        map(output, &x[image * elements..], |x| factor * x);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    fn case(p: f64, batch: usize, mode: Mode) -> Case {
        let shape = Shape::map(3, 2, 5);
        Case { mode, ..Case::new(Op::DropPath(DropPath { p }), batch, shape, shape) }
    }

    #[test]
    fn drops_the_examples_whose_words_are_small() {
        for p in [0.0, 0.3, 0.5, 1.0] {
            check(&case(p, 7, Mode::Eval), |numbers| numbers.inputs[0].clone());
            check(&case(p, 7, Mode::Train), |numbers| {
                let mut words = generator(1, Purpose::Dropout, 2, 3);
                let kept: Vec<bool> = (0..7).map(|_| f64::from(words.next_u32()) / 2f64.powi(32) >= p).collect();
                let drop = |(index, x): (usize, &f64)| if kept[index / 30] { x / (1.0 - p) } else { 0.0 };
                numbers.inputs[0].iter().enumerate().map(drop).collect()
            });
        }
    }

    /// Five standard deviations of √(p(1−p)/n) are 0.023.
    #[test]
    fn drops_the_right_share() {
        let (p, batch) = (0.3, 10_000);
        let outcome = case(p, batch, Mode::Train).run_on(&vec![1.0; batch * 30], &vec![1.0; batch * 30]);
        assert_eq!(outcome.output, outcome.input_gradients[0]);
        let kept = outcome.output.iter().filter(|y| **y != 0.0).count() as f64 / outcome.output.len() as f64;
        assert!((kept - 0.7).abs() < 0.023, "{kept}");
    }
}
