//! Cross-entropy on logits, the mean over the batch
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>).

use super::Real;

/// The mean of log Σ exp(x) − x\[label\]. Logits are N×classes, labels are N numbers below the number of classes.
///
/// # Panics
/// If a label is out of range.
pub fn cross_entropy<T: Real>(logits: &[T], labels: &[u32]) -> f64 {
    let classes = logits.len() / labels.len();
    let losses = logits.chunks_exact(classes).zip(labels).map(|(x, label)| log_total(x) - x[*label as usize].to_f64());
    losses.sum::<f64>() / labels.len() as f64
}

/// The loss's gradient with respect to the logits, (softmax(x) − onehot(label))/N. Returns the loss too.
///
/// # Panics
/// If a label is out of range.
pub fn cross_entropy_gradient<T: Real>(logits: &[T], labels: &[u32], gradient: &mut [T]) -> f64 {
    let classes = logits.len() / labels.len();
    let share = 1.0 / labels.len() as f64;
    let mut total = 0.0;
    for ((x, gradient), label) in logits.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes)).zip(labels) {
        let log_total = log_total(x);
        for (gradient, x) in gradient.iter_mut().zip(x) {
            *gradient = T::of((x.to_f64() - log_total).exp() * share);
        }
        gradient[*label as usize] += T::of(-share);
        total += log_total - x[*label as usize].to_f64();
    }
    total * share
}

/// log Σ exp(x), the maximum taken out first, so that nothing overflows.
fn log_total<T: Real>(x: &[T]) -> f64 {
    let largest = x.iter().fold(f64::NEG_INFINITY, |largest, x| largest.max(x.to_f64()));
    largest + x.iter().map(|x| (x.to_f64() - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f64; 6] = [0.5, -1.0, 2.0, 1.5, 0.25, -3.0];
    const LABELS: [u32; 2] = [2, 1];

    #[test]
    fn is_the_mean_negative_log_probability() {
        let loss = |x: &[f64], label: usize| -(x[label].exp() / x.iter().map(|x| x.exp()).sum::<f64>()).ln();
        let expected = (loss(&LOGITS[..3], 2) + loss(&LOGITS[3..], 1)) / 2.0;
        assert!((cross_entropy(&LOGITS, &LABELS) - expected).abs() < 1e-14);
    }

    #[test]
    fn has_the_gradient_that_differences_give() {
        let mut gradient = [9.0; 6];
        assert_eq!(cross_entropy_gradient(&LOGITS, &LABELS, &mut gradient), cross_entropy(&LOGITS, &LABELS));
        for (index, gradient) in gradient.iter().enumerate() {
            let at = |step: f64| {
                let mut logits = LOGITS;
                logits[index] += step;
                cross_entropy(&logits, &LABELS)
            };
            let difference = (at(1e-4) - at(-1e-4)) / 2e-4;
            assert!((gradient - difference).abs() < 1e-8, "{index}: {gradient} {difference}");
        }
    }

    #[test]
    fn survives_large_logits() {
        let mut gradient = [0.0f32; 2];
        assert_eq!(cross_entropy_gradient(&[1e4, -1e4], &[0], &mut gradient), 0.0);
        assert_eq!(cross_entropy_gradient(&[1e4, -1e4], &[1], &mut gradient), 2e4);
        assert_eq!(gradient, [1.0, -1.0]);
        assert!(cross_entropy(&[f32::NAN, 0.0], &[1]).is_nan());
    }
}
