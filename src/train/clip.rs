//! Bounds on gradients.
//!
//! Nothing is changed here: what is found goes to the optimizer, which applies it in its own pass. Formulas are those
//! of
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>.

use rayon::prelude::*;

use super::optimizer::Shrink;
use crate::kernels::Real;
use crate::recipe::Clip;

/// The room that a global norm is summed up in.
#[derive(Debug, Default)]
pub struct NormParts(Vec<f64>);

/// Numbers of a part. A part's sum does not depend on the number of threads, and neither does the order of the parts.
const PART: usize = 1 << 14;

/// What a bound makes of gradients that are multiplied by `factor`.
pub fn shrink<'a, T: Real>(
    clip: Option<Clip>,
    factor: f64,
    gradients: impl Iterator<Item = &'a Vec<T>> + Clone,
    parts: &mut NormParts,
) -> Shrink {
    match clip {
        None => Shrink { factor, bound: f64::INFINITY },
        Some(Clip::Value(bound)) => Shrink { factor, bound },
        Some(Clip::Norm(most)) => {
            let norm = factor * parts.norm(gradients);
            Shrink { factor: factor * (most / (norm + 1e-6)).min(1.0), bound: f64::INFINITY }
        }
    }
}

impl NormParts {
    /// The length of all gradients as one vector.
    fn norm<'a, T: Real>(&mut self, gradients: impl Iterator<Item = &'a Vec<T>> + Clone) -> f64 {
        self.0.clear();
        self.0.resize(gradients.clone().map(|gradient| gradient.len().div_ceil(PART)).sum(), 0.0);
        let mut rest = self.0.as_mut_slice();
        for gradient in gradients {
            let (own, others) = rest.split_at_mut(gradient.len().div_ceil(PART));
            own.par_iter_mut().zip(gradient.par_chunks(PART)).for_each(|(sum, part)| *sum = square_sum(part));
            rest = others;
        }
        self.0.iter().sum::<f64>().sqrt()
    }
}

/// In several sums at a time, so that registers hold them side by side.
fn square_sum<T: Real>(values: &[T]) -> f64 {
    const LANES: usize = 16;
    let mut sums = [0.0; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder().iter().map(|value| value.to_f64() * value.to_f64()).sum::<f64>();
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value.to_f64() * value.to_f64();
        }
    }
    rest + sums.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `tests/fixtures/optim.py`:
    /// `KIND MOST | lengths | gradients, one after the other | gradients after clipping`.
    const PYTORCH: &str = include_str!("../../tests/fixtures/clips.txt");

    #[test]
    fn gradients_are_pytorchs() {
        for line in PYTORCH.lines() {
            let parts: Vec<&str> = line.split(" | ").collect();
            let [clip, lengths, before, after] = parts.as_slice() else { panic!("four parts, not {line}") };
            let numbers =
                |text: &str| -> Vec<f64> { text.split(' ').map(|word| word.parse().expect("a number")).collect() };
            let (kind, most) = clip.split_once(' ').expect("a kind and a number");
            let most = most.parse().expect("a number");
            let clip = if kind == "norm" { Clip::Norm(most) } else { Clip::Value(most) };
            let mut rest = numbers(before);
            // Twice as large, to be halved.
            let gradients: Vec<Vec<f64>> =
                numbers(lengths).iter().map(|n| rest.drain(..*n as usize).map(|g| 2.0 * g).collect()).collect();
            let Shrink { factor, bound } = shrink(Some(clip), 0.5, gradients.iter(), &mut NormParts::default());
            for (g, expected) in gradients.iter().flatten().zip(numbers(after)) {
                let found = (factor * g).clamp(-bound, bound);
                assert!((found - expected).abs() < 1e-12, "{line}: {found}");
            }
        }
        assert_eq!(PYTORCH.lines().count(), 4);
    }

    #[test]
    fn every_number_counts() {
        for length in [0, 1, 15, 16, 17, PART - 1, PART, PART + 1, 3 * PART + 5] {
            let gradients = [vec![2.0f32; length], Vec::new(), vec![1.0; 3]];
            let expected = (4.0 * length as f64 + 3.0).sqrt();
            assert_eq!(NormParts::default().norm(gradients.iter()), expected, "{length}");
        }
    }
}
