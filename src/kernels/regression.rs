//! Losses of numbers that an image has: the mean over the batch and the numbers of how far each output is from its
//! target.
//!
//! ```text
//! l1      |x−t|
//! mse     (x−t)²
//! huber   (x−t)²/2 up to a distance of δ, and δ·(|x−t| − δ/2) beyond
//! ```
//!
//! Sources: PyTorch's `L1Loss`, `MSELoss` and `HuberLoss`.

use super::Real;

/// What the outputs for a batch should be.
#[derive(Debug, Clone, Copy)]
pub struct NumbersObjective<'a> {
    /// t, N×C.
    pub targets: &'a [f32],
    /// N
    pub batch: usize,
    /// In a mixed batch, the part of each target that is the example's own. The rest is that of the example as far from
    /// the end of the batch as this one is from its beginning.
    pub mixed: Option<f64>,
    /// How far an output is from its target.
    pub distance: Distance,
}

/// How far an output is from its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distance {
    /// The difference.
    Absolute,
    /// Its square.
    Squared,
    /// Its square near the target, and its multiple far from it.
    Huber {
        /// δ
        delta: f64,
    },
}

impl Distance {
    /// The loss of an output that is so much above its target, and its derivative.
    fn of(self, above: f64) -> (f64, f64) {
        let far = above.abs();
        match self {
            // In the middle of both slopes, as in PyTorch.
            Distance::Absolute if above == 0.0 => (0.0, 0.0),
            Distance::Absolute => (far, above.signum()),
            Distance::Squared => (above * above, 2.0 * above),
            Distance::Huber { delta } if far > delta => (delta * (far - 0.5 * delta), delta * above.signum()),
            Distance::Huber { .. } => (0.5 * above * above, above),
        }
    }
}

impl NumbersObjective<'_> {
    /// The loss of outputs N×C.
    pub fn loss<T: Real>(&self, outputs: &[T]) -> f64 {
        let one = |(index, x): (usize, &T)| self.distance.of(x.to_f64() - self.target(index, outputs.len())).0;
        outputs.iter().enumerate().map(one).sum::<f64>() / outputs.len() as f64
    }

    /// The loss of outputs N×C, and its gradient with respect to them.
    pub fn gradient<T: Real>(&self, outputs: &[T], gradient: &mut [T]) -> f64 {
        let count = outputs.len() as f64;
        let mut total = 0.0;
        for (index, (x, gradient)) in outputs.iter().zip(gradient).enumerate() {
            let (loss, slope) = self.distance.of(x.to_f64() - self.target(index, outputs.len()));
            total += loss;
            *gradient = T::of(slope / count);
        }
        total / count
    }

    /// The target at a place in N×C.
    fn target(&self, index: usize, count: usize) -> f64 {
        let own = f64::from(self.targets[index]);
        let Some(part) = self.mixed else { return own };
        let columns = count / self.batch;
        let mirror = (self.batch - 1 - index / columns) * columns + index % columns;
        part * own + (1.0 - part) * f64::from(self.targets[mirror])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `tests/fixtures/tasks.py`: `rule | delta | mixed | columns | targets | outputs | loss | gradient`.
    const PYTORCH: &str = include_str!("../../tests/fixtures/number_losses.txt");

    fn numbers(text: &str) -> Vec<f64> {
        text.split(' ').filter(|word| *word != "-").map(|word| word.parse().expect("a number")).collect()
    }

    #[test]
    fn values_and_gradients_are_pytorchs() {
        for line in PYTORCH.lines() {
            let (rule, rest) = line.split_once(" | ").expect("a rule");
            let parts: Vec<Vec<f64>> = rest.split(" | ").map(numbers).collect();
            let [delta, mixed, columns, targets, outputs, loss, expected] = parts.as_slice() else {
                panic!("eight parts, not {line}")
            };
            let distance = match rule {
                "l1" => Distance::Absolute,
                "mse" => Distance::Squared,
                _ => Distance::Huber { delta: delta[0] },
            };
            let targets: Vec<f32> = targets.iter().map(|target| *target as f32).collect();
            let batch = outputs.len() / columns[0] as usize;
            let objective = NumbersObjective { targets: &targets, batch, mixed: mixed.first().copied(), distance };
            let mut gradient = vec![9.0; outputs.len()];
            let found = objective.gradient(outputs, &mut gradient);
            assert!((found - loss[0]).abs() < 1e-12 && found == objective.loss(outputs), "{line}: {found}");
            for (index, (found, expected)) in gradient.iter().zip(expected).enumerate() {
                assert!((found - expected).abs() < 1e-12, "{line}, {index}: {found}");
            }
        }
        assert_eq!(PYTORCH.lines().count(), 9);
    }
}
