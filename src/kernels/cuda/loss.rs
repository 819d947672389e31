//! Cross-entropy on logits, with label smoothing, class weights and mixed targets: see [`crate::kernels::Objective`].

use super::rows::{Rows, SOURCE};
use crate::cuda::{Call, Gpu, Grid, Result, THREADS, View};

/// What the logits of a batch should be: an [`Objective`](crate::kernels::Objective) on the device.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// u32, N, all below the number of classes.
    pub labels: View<'a>,
    /// N
    pub batch: usize,
    /// How many logits an example has.
    pub classes: usize,
    /// In a mixed batch, the part of each target that is the example's own label.
    pub mixed: Option<f64>,
    /// ε
    pub label_smoothing: f64,
    /// f32, one for each class.
    pub class_weights: Option<View<'a>>,
    /// Their sum; the number of classes without any.
    pub all_weights: f64,
    /// What the sum over the batch is divided by.
    pub total_weight: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct CrossEntropy {
    rows: Rows,
    logits: u64,
    labels: u64,
    class_weights: u64,
    gradient: u64,
    losses: u64,
    result: u64,
    mixed: f64,
    labelled: f64,
    even: f64,
    all_weights: f64,
    share: f64,
}

// SAFETY: as in rows.cu.
unsafe impl Call for CrossEntropy {}

/// The loss and its gradient with respect to the logits. `result` are three f64: the loss, the number of examples whose
/// largest logit is their label's, and a mark that becomes 1 if the loss is not finite and stays as it is otherwise.
pub fn cross_entropy_gradient(
    gpu: &Gpu,
    labels: &Labels,
    logits: View,
    gradient: Option<View>,
    result: View,
) -> Result<()> {
    let rows = Rows::new(labels.batch, labels.classes);
    gpu.with_scratch(2 * labels.batch * size_of::<f64>(), |losses| {
        let call = CrossEntropy {
            rows,
            logits: logits.pointer(),
            labels: labels.labels.pointer(),
            class_weights: labels.class_weights.map_or(0, View::pointer),
            gradient: gradient.map_or(0, View::pointer),
            losses: losses.pointer(),
            result: result.pointer(),
            mixed: labels.mixed.unwrap_or(1.0),
            labelled: 1.0 - labels.label_smoothing,
            even: labels.label_smoothing / labels.classes as f64,
            all_weights: labels.all_weights,
            share: 1.0 / labels.total_weight,
        };
        gpu.launch(&SOURCE, "cross_entropy", rows.grid(), &call)?;
        gpu.launch(&SOURCE, "cross_entropy_result", Grid { blocks: [1, 1], threads: [THREADS, 1] }, &call)
    })
}
