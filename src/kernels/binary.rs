//! Losses of labels that an image may have several of: each is a question of its own, answered by the sigmoid of its
//! logit. The mean over the batch and the labels.
//!
//! ```text
//! cross-entropy   (1−t)·x + (1 + (w−1)·t)·log(1+exp(−x))              PyTorch's binary_cross_entropy_with_logits
//! asymmetric      −t·(1−p)^γ₊·log p − (1−t)·q^γ₋·log(1−q)             p = σ(x), q = max(p−m, 0)
//! ```
//!
//! Sources: <https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html>; Ridnik et al.,
//! "Asymmetric Loss For Multi-Label Classification" (2021), equations 4 to 7.

use super::Real;

/// What the logits of a batch should be, and how much that matters.
#[derive(Debug, Clone, Copy)]
pub struct BinaryObjective<'a> {
    /// t, N×C, from 0 to 1.
    pub targets: &'a [f32],
    /// N
    pub batch: usize,
    /// In a mixed batch, the part of each target that is the example's own. The rest is that of the example as far from
    /// the end of the batch as this one is from its beginning.
    pub mixed: Option<f64>,
    /// How far a logit is from its target.
    pub rule: BinaryRule<'a>,
}

/// How far a logit is from its target.
#[derive(Debug, Clone, Copy)]
pub enum BinaryRule<'a> {
    /// Binary cross-entropy.
    CrossEntropy {
        /// ε: targets become t·(1−ε) + ε/2.
        label_smoothing: f64,
        /// w, one for each label; 1 each if there are none.
        positive_weights: &'a [f64],
    },
    /// The asymmetric loss, which cares less for labels that are absent and known to be so.
    Asymmetric {
        /// γ₊
        gamma_positive: f64,
        /// γ₋
        gamma_negative: f64,
        /// m
        margin: f64,
    },
}

impl BinaryRule<'_> {
    /// Cross-entropy without any option, which validation reports.
    pub const PLAIN: BinaryRule<'static> = BinaryRule::CrossEntropy { label_smoothing: 0.0, positive_weights: &[] };

    /// The loss of a logit with this target, and its derivative.
    fn one(&self, x: f64, target: f64, label: usize) -> (f64, f64) {
        match *self {
            BinaryRule::CrossEntropy { label_smoothing, positive_weights } => {
                let target = target * (1.0 - label_smoothing) + 0.5 * label_smoothing;
                let weight = 1.0 + (positive_weights.get(label).copied().unwrap_or(1.0) - 1.0) * target;
                let loss = (1.0 - target) * x + weight * softplus(-x);
                (loss, 1.0 - target - weight * sigmoid(-x))
            }
            BinaryRule::Asymmetric { gamma_positive, gamma_negative, margin } => {
                let (p, absent) = (sigmoid(x), sigmoid(-x));
                let (present, slope) = focused(p, absent, -softplus(-x), gamma_positive);
                let (mut loss, mut gradient) = (-target * present, -target * slope);
                let likely = p - margin;
                if likely > 0.0 && target < 1.0 {
                    // Without a margin, log(1−p) is exact where 1−p is next to nothing, and p(1−p)/(1−p) is p.
                    let (log, part) = match margin == 0.0 {
                        true => (-softplus(x), p),
                        false => ((absent + margin).ln(), p * absent / (absent + margin)),
                    };
                    let power = likely.powf(gamma_negative);
                    let focus = match gamma_negative == 0.0 {
                        true => 0.0,
                        false => gamma_negative * likely.powf(gamma_negative - 1.0) * p * absent * log,
                    };
                    loss -= (1.0 - target) * power * log;
                    gradient += (1.0 - target) * (power * part - focus);
                }
                (loss, gradient)
            }
        }
    }
}

/// (1−p)^γ·log p, and its derivative with respect to the logit.
fn focused(p: f64, absent: f64, log: f64, gamma: f64) -> (f64, f64) {
    let power = absent.powf(gamma);
    (power * log, power * (absent - gamma * p * log))
}

impl BinaryObjective<'_> {
    /// The loss of logits N×C.
    pub fn loss<T: Real>(&self, logits: &[T]) -> f64 {
        let labels = logits.len() / self.batch;
        let one = |(index, x): (usize, &T)| self.rule.one(x.to_f64(), self.target(index, labels), index % labels).0;
        logits.iter().enumerate().map(one).sum::<f64>() / logits.len() as f64
    }

    /// The loss of logits N×C, and its gradient with respect to them.
    pub fn gradient<T: Real>(&self, logits: &[T], gradient: &mut [T]) -> f64 {
        let (labels, count) = (logits.len() / self.batch, logits.len() as f64);
        let mut total = 0.0;
        for (index, (x, gradient)) in logits.iter().zip(gradient).enumerate() {
            let (loss, slope) = self.rule.one(x.to_f64(), self.target(index, labels), index % labels);
            total += loss;
            *gradient = T::of(slope / count);
        }
        total / count
    }

    /// Examples of which every label is told right: present where its target is more than a half, at a probability of
    /// more than a half.
    pub fn correct<T: Real>(&self, logits: &[T]) -> usize {
        let labels = logits.len() / self.batch;
        let is_right = |(index, x): (usize, &T)| {
            let (x, present) = (x.to_f64(), self.target(index, labels) > 0.5);
            if present { x > 0.0 } else { x <= 0.0 }
        };
        let rows = (0..self.batch).map(|row| row * labels..(row + 1) * labels);
        rows.filter(|row| row.clone().zip(&logits[row.clone()]).all(is_right)).count()
    }

    /// The target at a place in N×C.
    fn target(&self, index: usize, labels: usize) -> f64 {
        let own = f64::from(self.targets[index]);
        let Some(part) = self.mixed else { return own };
        let mirror = (self.batch - 1 - index / labels) * labels + index % labels;
        part * own + (1.0 - part) * f64::from(self.targets[mirror])
    }
}

/// 1/(1+exp(−x)), which neither overflows nor loses what is next to 0.
pub fn sigmoid(x: f64) -> f64 {
    match x >= 0.0 {
        true => 1.0 / (1.0 + (-x).exp()),
        false => x.exp() / (1.0 + x.exp()),
    }
}

/// log(1+exp(x)), likewise.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `tests/fixtures/tasks.py`: `rule | options | mixed | labels | targets | logits | loss | gradient`.
    const PYTORCH: &str = include_str!("../../tests/fixtures/binary_losses.txt");

    fn numbers(text: &str) -> Vec<f64> {
        text.split(' ').filter(|word| *word != "-").map(|word| word.parse().expect("a number")).collect()
    }

    #[test]
    fn values_and_gradients_are_pytorchs() {
        let mut rules = [0; 2];
        for line in PYTORCH.lines() {
            let (rule, rest) = line.split_once(" | ").expect("a rule");
            let parts: Vec<Vec<f64>> = rest.split(" | ").map(numbers).collect();
            let [options, mixed, labels, targets, logits, loss, expected] = parts.as_slice() else {
                panic!("eight parts, not {line}")
            };
            let targets: Vec<f32> = targets.iter().map(|target| *target as f32).collect();
            let rule = match rule {
                "cross_entropy" => {
                    rules[0] += 1;
                    BinaryRule::CrossEntropy { label_smoothing: options[0], positive_weights: &options[1..] }
                }
                _ => {
                    rules[1] += 1;
                    let (gamma_positive, gamma_negative, margin) = (options[0], options[1], options[2]);
                    BinaryRule::Asymmetric { gamma_positive, gamma_negative, margin }
                }
            };
            let batch = logits.len() / labels[0] as usize;
            let objective = BinaryObjective { targets: &targets, batch, mixed: mixed.first().copied(), rule };
            let mut gradient = vec![9.0; logits.len()];
            let found = objective.gradient(logits, &mut gradient);
            let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-12 * expected.abs().max(1.0);
            assert!(close(found, loss[0]) && found == objective.loss(logits), "{line}: {found}");
            for (index, (found, expected)) in gradient.iter().zip(expected).enumerate() {
                assert!(close(*found, *expected), "{line}, {index}: {found}");
            }
        }
        assert_eq!(rules, [9, 7]);
    }

    #[test]
    fn extreme_logits_have_finite_losses() {
        let asymmetric =
            |gamma_positive, gamma_negative, margin| BinaryRule::Asymmetric { gamma_positive, gamma_negative, margin };
        let rules =
            [BinaryRule::PLAIN, asymmetric(0.0, 0.0, 0.0), asymmetric(1.0, 4.0, 0.05), asymmetric(0.5, 0.5, 0.0)];
        for rule in rules {
            for x in [-1e30f32, -1e4, -90.0, 90.0, 1e4, 1e30] {
                for target in [0.0f32, 1.0] {
                    let objective = BinaryObjective { targets: &[target], batch: 1, mixed: None, rule };
                    let mut gradient = [f32::NAN];
                    let loss = objective.gradient(&[x], &mut gradient);
                    let wrong = (x > 0.0) != (target == 1.0);
                    assert!(loss.is_finite() && gradient[0].is_finite(), "{rule:?}, {x}, {target}: {loss}");
                    assert!(wrong == (loss > 1.0), "{rule:?}, {x}, {target}: {loss}");
                }
            }
        }
        let objective = BinaryObjective { targets: &[1.0], batch: 1, mixed: None, rule: BinaryRule::PLAIN };
        assert!(objective.loss(&[f32::NAN]).is_nan());
    }

    #[test]
    fn an_example_is_right_with_all_of_its_labels() {
        let targets = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0];
        for (mixed, logits, expected) in [
            (None, [2.0, -1.0, -3.0, -1.0, 1.0, 1.0], 2),
            (None, [2.0, 1.0, -3.0, -1.0, 1.0, 1.0], 1),
            (None, [2.0, -1.0, -3.0, -1.0, 1.0, f64::NAN], 1),
            // Of a mixed one, the larger part counts.
            (Some(0.2), [2.0, -1.0, -3.0, -1.0, 1.0, 1.0], 0),
            (Some(0.2), [-1.0, 1.0, 1.0, 2.0, -1.0, -3.0], 2),
        ] {
            let objective = BinaryObjective { targets: &targets, batch: 2, mixed, rule: BinaryRule::PLAIN };
            assert_eq!(objective.correct(&logits), expected, "{mixed:?} {logits:?}");
        }
    }
}
