//! The loss, and what happens to all weights after a backward pass, against the CPU's.

use super::{download, each_gpu, rounded, upload};
use crate::compile;
use crate::cuda::{DType, View};
use crate::kernels::cuda::{accumulate, average, finite, loss, norm, optimizer};
use crate::kernels::{self, Objective};
use crate::lower::lower;
use crate::recipe::{Betas, Clip, Decayed, Optimizer, Rule};
use crate::train::optimizer::{OptimizerState, Shrink};

/// A linear layer's weights and biases, one after the other.
const WEIGHTS: [usize; 2] = [3 * 345, 3];
const LENGTH: usize = WEIGHTS[0] + WEIGHTS[1];

fn waves(count: usize, phase: f64) -> Vec<f32> {
    (0..count).map(|index| (index as f64 * 0.7 + phase).sin() as f32).collect()
}

fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance * largest, "{what}: {found} at {index}, expected {expected}");
    }
}

fn rules() -> Vec<Rule> {
    let sgd = |momentum, dampening, nesterov| Rule::Sgd { momentum, dampening, nesterov };
    let rmsprop = |momentum, centered| Rule::RmsProp { alpha: 0.9, eps: 1e-3, momentum, centered };
    let betas = Betas { beta1: 0.8, beta2: 0.95, eps: 1e-6 };
    vec![
        sgd(0.0, 0.0, false),
        sgd(0.9, 0.3, false),
        sgd(0.8, 0.0, true),
        Rule::Adam(betas),
        Rule::AdamW(betas),
        rmsprop(0.0, false),
        rmsprop(0.8, false),
        rmsprop(0.0, true),
        rmsprop(0.8, true),
        Rule::Lion { beta1: 0.8, beta2: 0.95 },
    ]
}

#[test]
fn optimizers_are_the_cpus() {
    for clip in [None, Some(Clip::Value(0.3)), Some(Clip::Norm(2.0))] {
        for rule in rules() {
            for decayed in [Decayed::All, Decayed::NoBias] {
                check_optimizer(&Optimizer { weight_decay: 0.05, decayed, ..Optimizer::new(rule, 0.02) }, clip);
            }
        }
    }
}

fn check_optimizer(settings: &Optimizer, clip: Option<Clip>) {
    let program = lower(&compile("input: [345]\nlayers: [linear 3]").expect("a sound network"));
    let split = |values: &[f32]| vec![values[..WEIGHTS[0]].to_vec(), values[WEIGHTS[0]..].to_vec()];
    for gpu in each_gpu() {
        let (mut state, mut expected) = (OptimizerState::new(*settings, &program), split(&waves(LENGTH, 0.0)));
        let weights = upload(&gpu, &waves(LENGTH, 0.0));
        let moments = [0, 1, 2].map(|_| upload(&gpu, &[0.0f32; LENGTH]));
        let [first, second, third] = used(settings.rule, moments.each_ref().map(|memory| memory.view()));
        let stored = upload(&gpu, &[0u8; 2 * LENGTH]);
        let (result, square_sum) = (upload(&gpu, &[0.5f64, 3.0, 0.0]), upload(&gpu, &[0.0f64]));
        for t in 1..4 {
            let own = waves(LENGTH, t as f64);
            let gradients = upload(&gpu, &own);
            norm::square_sum(&gpu, gradients.view(), LENGTH, square_sum.view()).expect("a kernel");
            let update = optimizer::Update {
                optimizer: settings,
                lr: 0.02,
                t,
                factor: 0.5,
                clip,
                square_sum: square_sum.view(),
                result: result.view(),
                decayed: if settings.decayed == Decayed::All { LENGTH } else { WEIGHTS[0] },
                learning: LENGTH,
                weights: weights.view(),
                gradients: gradients.view(),
                first,
                second,
                third,
                stored: if gpu.settings().storage == DType::Bf16 { stored.view() } else { View::NONE },
            };
            optimizer::update(&gpu, &update).expect("a kernel");
            state.update_shrunk(0.02, shrink(clip, &own), &mut expected, &split(&own));
        }
        let found: Vec<f32> = download(&gpu, &weights);
        close(&found, &expected.concat(), 1e-6, &format!("{settings:?} {clip:?}"));
        if gpu.settings().storage == DType::Bf16 {
            let narrow: Vec<u8> = download(&gpu, &stored);
            let narrow = narrow.as_chunks().0.iter().map(|bytes| u32::from(u16::from_le_bytes(*bytes)) << 16);
            let rounded: Vec<u32> = found.iter().map(|x| (rounded(f64::from(*x)) as f32).to_bits()).collect();
            assert_eq!(narrow.collect::<Vec<_>>(), rounded, "{settings:?}");
        }
    }
}

/// What PyTorch's `clip_grad_norm_` makes of gradients that are halved.
fn shrink(clip: Option<Clip>, gradients: &[f32]) -> Shrink {
    let norm = 0.5 * gradients.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
    match clip {
        None => Shrink { factor: 0.5, ..Shrink::NONE },
        Some(Clip::Value(bound)) => Shrink { factor: 0.5, bound },
        Some(Clip::Norm(most)) => Shrink { factor: 0.5 * (most / (norm + 1e-6)).min(1.0), ..Shrink::NONE },
    }
}

/// The moments that a rule has.
fn used(rule: Rule, [first, second, third]: [View; 3]) -> [View; 3] {
    let when = |has, view| if has { view } else { View::NONE };
    match rule {
        Rule::Sgd { momentum, .. } => [when(momentum != 0.0, first), View::NONE, View::NONE],
        Rule::Adam(_) | Rule::AdamW(_) => [first, second, View::NONE],
        Rule::Lion { .. } => [first, View::NONE, View::NONE],
        Rule::RmsProp { momentum, centered, .. } => [when(momentum != 0.0, first), second, when(centered, third)],
    }
}

#[test]
fn nothing_changes_after_a_loss_that_is_not_finite() {
    for gpu in each_gpu() {
        let before = waves(LENGTH, 0.0);
        let (weights, gradients) = (upload(&gpu, &before), upload(&gpu, &waves(LENGTH, 1.0)));
        let result = upload(&gpu, &[f64::NAN, 0.0, 1.0]);
        let update = optimizer::Update {
            optimizer: &Optimizer::sgd(0.1, 0.0),
            lr: 0.1,
            t: 1,
            factor: 1.0,
            clip: None,
            square_sum: View::NONE,
            result: result.view(),
            decayed: LENGTH,
            learning: LENGTH,
            weights: weights.view(),
            gradients: gradients.view(),
            first: View::NONE,
            second: View::NONE,
            third: View::NONE,
            stored: View::NONE,
        };
        optimizer::update(&gpu, &update).expect("a kernel");
        average::update(&gpu, weights.view(), gradients.view(), LENGTH, 0.5, false, result.view()).expect("a kernel");
        assert_eq!(download::<f32>(&gpu, &weights), before);
    }
}

#[test]
fn averages_and_sums_of_gradients() {
    for gpu in each_gpu() {
        let (own, other) = (waves(1000, 0.0), waves(1000, 2.0));
        let others = upload(&gpu, &other);
        for first in [true, false] {
            let (averaged, summed) = (upload(&gpu, &own), upload(&gpu, &own));
            average::update(&gpu, averaged.view(), others.view(), 1000, 0.25, first, View::NONE).expect("a kernel");
            accumulate::add(&gpu, summed.view(), others.view(), 1000, 3.0, first).expect("a kernel");
            let pairs = || own.iter().zip(&other);
            let average: Vec<f32> = pairs().map(|(e, p)| if first { *p } else { e + 0.25 * (p - e) }).collect();
            let sum: Vec<f32> = pairs().map(|(s, g)| if first { 3.0 * g } else { s + 3.0 * g }).collect();
            close(&download::<f32>(&gpu, &averaged), &average, 1e-6, "an average");
            close(&download::<f32>(&gpu, &summed), &sum, 1e-6, "a sum");
        }
    }
}

#[test]
fn square_sums_are_exact_to_the_last_digits() {
    for gpu in each_gpu() {
        for count in [1, 255, 8192, 8193, 100_003] {
            let values = waves(count, 0.3);
            let (memory, result) = (upload(&gpu, &values), upload(&gpu, &[0.0f64]));
            norm::square_sum(&gpu, memory.view(), count, result.view()).expect("a kernel");
            let expected: f64 = values.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
            let found = download::<f64>(&gpu, &result)[0];
            assert!((found - expected).abs() <= 1e-12 * expected, "{count}: {found}, expected {expected}");
        }
    }
}

#[test]
fn one_number_that_is_not_finite_is_found() {
    for gpu in each_gpu() {
        let result = upload(&gpu, &[7u32]);
        for (place, value, expected) in
            [(0, 1.0, 0), (0, f32::NAN, 1), (999, f32::INFINITY, 1), (500, f32::NEG_INFINITY, 1), (3, f32::MAX, 0)]
        {
            let mut values = waves(1000, 0.0);
            values[place] = value;
            let memory = upload(&gpu, &values);
            finite::all(&gpu, memory.view(), DType::F32, result.view()).expect("a kernel");
            assert_eq!(download::<u32>(&gpu, &result), [expected], "{value} at {place}");
        }
    }
}

#[test]
fn losses_are_the_cpus() {
    let weights = |classes: usize| -> Vec<f64> { (0..classes).map(|class| 0.5 + (class % 7) as f64 / 4.0).collect() };
    for (batch, classes) in [(37, 13), (5, 1500), (4, 2), (300, 10)] {
        for (mixed, label_smoothing, weighted) in
            [(None, 0.0, false), (None, 0.1, true), (Some(0.7), 0.0, true), (Some(0.3), 0.2, false)]
        {
            let class_weights = if weighted { weights(classes) } else { Vec::new() };
            check_loss(batch, classes, mixed, label_smoothing, &class_weights, |_| {});
            // Equal logits, of which the first counts, and rows that begin with no number.
            check_loss(batch, classes, mixed, label_smoothing, &class_weights, |logits| logits.fill(0.25));
            check_loss(batch, classes, mixed, label_smoothing, &class_weights, |logits| logits[0] = f32::NAN);
        }
    }
}

fn check_loss(
    batch: usize,
    classes: usize,
    mixed: Option<f64>,
    label_smoothing: f64,
    class_weights: &[f64],
    change: impl Fn(&mut [f32]),
) {
    let labels: Vec<u32> = (0..batch).map(|index| (index * 7 % classes) as u32).collect();
    for gpu in each_gpu().filter(|gpu| gpu.settings().storage == DType::F32) {
        let mut logits: Vec<f32> = waves(batch * classes, 0.0).iter().map(|x| 3.0 * x).collect();
        change(&mut logits);
        let objective = Objective { labels: &labels, mixed, label_smoothing, class_weights };
        let mut expected = vec![0.0f32; logits.len()];
        let expected_loss = kernels::cross_entropy_gradient(&logits, &objective, &mut expected);
        let rows = logits.chunks_exact(classes).enumerate();
        let hits =
            rows.filter(|(index, row)| crate::executor::has_largest(row, objective.label(*index) as usize)).count();

        let on_gpu: Vec<f32> = class_weights.iter().map(|weight| *weight as f32).collect();
        let (on_gpu, labels) = (upload(&gpu, &on_gpu), upload(&gpu, &labels));
        let labels = loss::Labels {
            labels: labels.view(),
            batch,
            classes,
            mixed,
            label_smoothing,
            class_weights: (!class_weights.is_empty()).then(|| on_gpu.view()),
            all_weights: if class_weights.is_empty() { classes as f64 } else { class_weights.iter().sum() },
            total_weight: objective.total_weight(),
        };
        let (memory, gradient) = (upload(&gpu, &logits), upload(&gpu, &expected));
        for mark in [0.0, 1.0] {
            let result = upload(&gpu, &[9.0, 9.0, mark]);
            loss::cross_entropy_gradient(&gpu, &labels, memory.view(), Some(gradient.view()), result.view())
                .expect("a kernel");
            let [found, correct, diverged] = download::<f64>(&gpu, &result)[..] else { panic!("three numbers") };
            let what = format!("{batch}×{classes}, {mixed:?}, {label_smoothing}");
            assert_eq!(correct, hits as f64, "{what}");
            if expected_loss.is_finite() {
                assert!((found - expected_loss).abs() <= 1e-6 * expected_loss.abs() + 1e-9, "{what}: {found}");
                close(&download::<f32>(&gpu, &gradient), &expected, 1e-6, &what);
                assert_eq!(diverged, mark, "{what}");
            } else {
                assert!(!found.is_finite() && diverged == 1.0, "{what}: {found}");
            }
        }
    }
}
