//! Dropout (Srivastava et al. 2014), scaled in training so that evaluation is the identity.
//!
//! Whether element i in memory survives depends on the i-th word of the generator for (seed, step, node), and on
//! nothing else. The mask is kept as one bit an element.
//!
//! Operations: a word of ChaCha8, 1.2 ns on a Zen 3, and a product. Bytes: 8 an element, and the mask.

use rand_core::Rng;
use rayon::prelude::*;

use super::lanes::copy_all;
use super::{Backward, Forward, Kernel, MaskKey, Mode, Real};
use crate::program::op::Dropout;
use crate::random::{Purpose, generator};

/// Elements that one task draws; whole words of the mask.
const CHUNK: usize = 1 << 14;

impl<T: Real> Kernel<T> for Dropout {
    fn forward(&self, call: Forward<T>) {
        let Dropout { p } = *self;
        let Forward { mode, key, inputs, output, saved, .. } = call;
        let x = inputs[0].0;
        if mode == Mode::Eval {
            return copy_all(output, x);
        }
        let mask = saved.indices.par_chunks_mut(CHUNK / 32);
        let chunks = output.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).zip(mask);
        chunks.enumerate().for_each(|(index, ((output, x), mask))| {
            draw(mask, key, index * CHUNK, p);
            apply(output, x, mask, p);
        });
    }

    fn backward(&self, call: Backward<T>) {
        let Dropout { p } = *self;
        let Backward { mode, saved, output_gradient, input_gradients: [Some(gradient)], .. } = call else { return };
        if mode == Mode::Eval {
            return copy_all(gradient, output_gradient);
        }
        let chunks = gradient.par_chunks_mut(CHUNK).zip(output_gradient.par_chunks(CHUNK));
        chunks.zip(saved.indices.par_chunks(CHUNK / 32)).for_each(|((output, x), mask)| apply(output, x, mask, p));
    }
}

/// Sets the bits of the elements from `first` on that survive.
fn draw(mask: &mut [u32], key: MaskKey, first: usize, p: f64) {
    let mut words = generator(key.seed, Purpose::Dropout, key.step, key.place);
    words.set_word_pos(first as u128);
    // Exact: a word is below 2³², and p·2³² is representable.
    let dropped = (p * 2f64.powi(32)) as u64;
    for bits in mask {
        *bits = (0..32).fold(0, |bits, bit| bits | u32::from(u64::from(words.next_u32()) >= dropped) << bit);
    }
}

/// output ← mask·x / (1 − p)
fn apply<T: Real>(output: &mut [T], x: &[T], mask: &[u32], p: f64) {
    // With p = 1 nothing survives, and 1/(1 − p) is never used.
    let scale = T::of(1.0 / (1.0 - p));
    for ((output, x), bits) in output.chunks_mut(32).zip(x.chunks(32)).zip(mask) {
        for (bit, (output, x)) in output.iter_mut().zip(x).enumerate() {
            // A product, so that a NaN in the input is not hidden.
            *output = *x * if bits >> bit & 1 == 1 { scale } else { T::ZERO };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    fn case(p: f64, batch: usize, mode: Mode) -> Case {
        let shape = Shape::Vector(105);
        Case { mode, ..Case::new(Op::Dropout(Dropout { p }), batch, shape, shape) }
    }

    #[test]
    fn drops_the_elements_whose_words_are_small() {
        for p in [0.0, 0.3, 0.5, 1.0] {
            check(&case(p, 3, Mode::Eval), |numbers| numbers.inputs[0].clone());
            check(&case(p, 3, Mode::Train), |numbers| {
                let mut words = generator(1, Purpose::Dropout, 2, 3);
                let drop = |x: &f64| {
                    let kept = f64::from(words.next_u32()) / 2f64.powi(32) >= p;
                    if kept { x / (1.0 - p) } else { 0.0 }
                };
                numbers.inputs[0].iter().map(drop).collect()
            });
        }
    }

    /// Over several chunks, with PyTorch's scale. Five standard deviations of √(p(1−p)/n) are 0.005.
    #[test]
    fn drops_the_right_share_in_every_chunk() {
        let (p, batch) = (0.3, 2000);
        let elements = batch * 105;
        let outcome = case(p, batch, Mode::Train).run_on(&vec![1.0; elements], &vec![1.0; elements]);
        assert_eq!(outcome.output, outcome.input_gradients[0]);
        for chunk in outcome.output.chunks_exact(elements / 10) {
            let kept = chunk.iter().filter(|y| **y != 0.0).count() as f64 / chunk.len() as f64;
            assert!((kept - 0.7).abs() < 0.016, "{kept}");
            assert!(chunk.iter().all(|y| *y == 0.0 || *y == 1.0 / (1.0 - p)));
        }
        let (first, second) = outcome.output.split_at(CHUNK);
        assert_ne!(first, &second[..CHUNK]);
    }
}
