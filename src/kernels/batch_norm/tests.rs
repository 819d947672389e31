use super::*;
use crate::ir::Shape;
use crate::kernels::Saved;
use crate::kernels::testing::{Case, check, close};
use crate::program::op::BatchNorm;
use crate::program::{Epilogue, Op};

const EPS: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

const OP: Op = Op::BatchNorm(BatchNorm { eps: EPS, momentum: MOMENTUM, affine: true });

/// Mean and biased variance of each channel.
fn naive_moments(shape: Shape, x: &[f64]) -> Vec<(f64, f64)> {
    let (channels, positions) = (shape.channels(), shape.positions());
    let moments = (0..channels).map(|channel| {
        let of_channel = || (0..x.len()).filter(|index| index / positions % channels == channel);
        let count = of_channel().count() as f64;
        let mean = of_channel().map(|index| x[index]).sum::<f64>() / count;
        (mean, of_channel().map(|index| (x[index] - mean).powi(2)).sum::<f64>() / count)
    });
    moments.collect()
}

/// A batch of these shapes; `inputs` is 2 if something is added. With γ and β, and without.
fn check_normalised(batch: usize, shape: Shape, mode: Mode, inputs: usize, bounds: Bounds) {
    for affine in [true, false] {
        check_one(batch, shape, mode, inputs, bounds, affine);
    }
}

fn check_one(batch: usize, shape: Shape, mode: Mode, inputs: usize, bounds: Bounds, affine: bool) {
    let channels = shape.channels();
    let sizes = vec![channels; 2];
    let op = Op::BatchNorm(BatchNorm { eps: EPS, momentum: MOMENTUM, affine });
    let one = Case::new(op, batch, shape, shape);
    let epilogue = Epilogue { norm: None, bounds };
    let case = Case {
        epilogue,
        mode,
        inputs: vec![shape; inputs],
        weights: if affine { sizes.clone() } else { Vec::new() },
        buffers: sizes,
        ..one
    };
    let before = case.draw();
    let batch_moments = naive_moments(shape, &before.inputs[0]);
    let outcome = check(&case, |numbers| {
        let normalised = numbers.inputs[0].iter().enumerate().map(|(index, x)| {
            let channel = index / shape.positions() % channels;
            let (mean, variance) = match mode {
                Mode::Train => batch_moments[channel],
                Mode::Eval => (before.buffers[0][channel], before.buffers[1][channel]),
            };
            let [gamma, beta] = match numbers.weights.as_slice() {
                [gamma, beta] => [gamma[channel], beta[channel]],
                _ => [1.0, 0.0],
            };
            let added = numbers.inputs.get(1).map_or(0.0, |added| added[index]);
            (gamma * (x - mean) / (variance + EPS).sqrt() + beta + added).clamp(bounds.low, bounds.high)
        });
        normalised.collect()
    });
    let count = (batch * shape.positions()) as f64;
    let follow = |before: &[f64], batch: &dyn Fn(&(f64, f64)) -> f64| -> Vec<f64> {
        let pairs = before.iter().zip(&batch_moments);
        pairs.map(|(before, moments)| (1.0 - MOMENTUM) * before + MOMENTUM * batch(moments)).collect()
    };
    let expected = match mode {
        Mode::Eval => before.buffers.clone(),
        Mode::Train => vec![
            follow(&before.buffers[0], &|moments| moments.0),
            follow(&before.buffers[1], &|moments| moments.1 * count / (count - 1.0)),
        ],
    };
    for (found, expected) in outcome.buffers.iter().zip(&expected) {
        close(&case, "running statistic", found, expected, 1e-12);
    }
}

#[test]
fn normalises_each_channel() {
    let (maps, vectors) = (Shape::map(3, 5, 7), Shape::Vector(4));
    // Few channels, of which several positions make a row, and more than a tile of them.
    let (few, many) = (Shape::map(3, 4, 8), Shape::map(21, 3, 5));
    for (batch, shape) in
        [(1, maps), (3, maps), (5, Shape::map(5, 1, 1)), (3, vectors), (17, vectors), (2, few), (2, many)]
    {
        for mode in [Mode::Train, Mode::Eval] {
            check_normalised(batch, shape, mode, 1, Bounds::NONE);
        }
    }
}

#[test]
fn adds_and_cuts() {
    let both = Bounds { low: 0.0, high: 0.75 };
    // So few numbers that none is so close to a bound that a difference quotient crosses it.
    for (shape, inputs, bounds) in [
        (Shape::map(3, 1, 5), 1, Bounds::RELU),
        (Shape::map(21, 1, 2), 1, Bounds::RELU),
        (Shape::map(3, 2, 4), 1, both),
        (Shape::map(3, 1, 5), 2, Bounds::NONE),
        (Shape::map(21, 1, 2), 2, Bounds::RELU),
        (Shape::Vector(4), 2, both),
    ] {
        for mode in [Mode::Train, Mode::Eval] {
            check_normalised(3, shape, mode, inputs, bounds);
        }
    }
}

/// Mean and variance of each channel.
fn found_moments<T: Real>(x: &[T], channels: usize) -> Vec<(f64, f64)> {
    let mut found = Vec::new();
    moments(Rows::new(x.len(), channels), x, |channel, mean, variance| {
        assert_eq!(channel, found.len());
        found.push((mean, variance));
    });
    found
}

/// A large mean must not swallow the variance: with f32 sums of squares it would, since 1000² has no room for 1/12.
#[test]
fn keeps_the_variance_beside_a_large_mean() {
    let x: Vec<f32> = (0..4096).map(|index| 1000.0 + index as f32 / 4096.0).collect();
    for channels in [1, 4, 1024] {
        let rows = 4096 / channels;
        // Of the numbers 0, 1, …, rows − 1, in units of channels/4096.
        let variance = (rows * rows - 1) as f64 / 12.0 * (channels as f64 / 4096.0).powi(2);
        for (channel, (mean, found)) in found_moments(&x, channels).into_iter().enumerate() {
            let expected = 1000.0 + (channel as f64 + (rows - 1) as f64 / 2.0 * channels as f64) / 4096.0;
            // Both 1/12, and 1000's own rounding.
            assert!((mean - expected).abs() < 1e-4, "{channels} channels: mean {mean}, expected {expected}");
            assert!((found - variance).abs() < 1e-4, "{channels} channels: variance {found}, expected {variance}");
        }
    }
}

/// The first number of every block, and of the whole, is far from all others.
#[test]
fn keeps_the_variance_beside_an_outlier() {
    for (channels, far) in [(1, 1000.0), (64, 1000.0), (1, 1e6)] {
        let x: Vec<f32> =
            (0..4096).map(|index| if index < channels { far } else { (index as f32 * 0.7).sin() }).collect();
        let exact: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        for ((_, found), (_, expected)) in
            found_moments(&x, channels).iter().zip(naive_moments(Shape::Vector(channels), &exact))
        {
            assert!((found / expected - 1.0).abs() < 1e-5, "{channels} channels, {far}: {found}, expected {expected}");
        }
    }
}

/// Several tasks, the last one not full.
#[test]
fn puts_tasks_together() {
    for (channels, positions) in [(3, 50_001), (1, 70_000), (40, 5003)] {
        let value = |index: usize| (index as f64 * 0.7).sin() + index as f64 / 9000.0;
        let x: Vec<f64> = (0..channels * positions).map(value).collect();
        let shape = Shape::Vector(channels);
        let expected = naive_moments(shape, &x);
        for ((mean, variance), (expected_mean, expected_variance)) in
            found_moments(&x, channels).into_iter().zip(&expected)
        {
            assert!((mean - expected_mean).abs() < 1e-10, "{mean} {expected_mean}");
            assert!((variance / expected_variance - 1.0).abs() < 1e-10, "{variance} {expected_variance}");
        }

        let g: Vec<f64> = (0..x.len()).map(|index| (index as f64 * 0.3).cos()).collect();
        let (means, inverses): (Vec<f64>, Vec<f64>) =
            expected.iter().map(|(mean, variance)| (*mean, 1.0 / (variance + EPS).sqrt())).unzip();
        let (weight, mut dx) = (vec![1.0; channels], vec![f64::NAN; x.len()]);
        let (mut dgamma, mut dbeta) = (weight.clone(), weight.clone());
        let call = Backward {
            batch: positions,
            mode: Mode::Train,
            device: crate::kernels::Algorithms::Fastest,
            bounds: Bounds::NONE,
            inputs: &[(&x, shape)],
            weights: &[&weight, &weight],
            output: &[],
            output_shape: shape,
            saved: &Saved { reals: [means.clone(), inverses.clone()].concat(), ..Saved::default() },
            output_gradient: &g,
            input_gradients: &mut [Some(&mut dx)],
            weight_gradients: &mut [Some(&mut dgamma), Some(&mut dbeta)],
        };
        crate::kernels::backward(&OP, call);
        for channel in 0..channels {
            let of_channel = || (channel..x.len()).step_by(channels);
            let normalised = |index: usize| (x[index] - means[channel]) * inverses[channel];
            let sum: f64 = of_channel().map(|index| g[index]).sum();
            let sum_x: f64 = of_channel().map(|index| g[index] * normalised(index)).sum();
            assert!((dbeta[channel] - sum).abs() < 1e-8 && (dgamma[channel] - sum_x).abs() < 1e-8, "{channel}");
            let count = positions as f64;
            for index in of_channel() {
                let expected = inverses[channel] * (g[index] - sum / count - normalised(index) * sum_x / count);
                assert!((dx[index] - expected).abs() < 1e-10, "{index}: {} {expected}", dx[index]);
            }
        }
    }
}
