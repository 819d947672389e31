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
