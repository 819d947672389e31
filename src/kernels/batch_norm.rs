//! Batch normalisation of each channel (Ioffe and Szegedy 2015), for maps and vectors, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html>:
//! y = γ·x̂ + β, x̂ = (x − mean)/√(variance + eps).
//!
//! In training the mean and the biased variance are the batch's, and the running statistics follow them, the variance
//! unbiased; in evaluation they are the running ones. Each channel is one task, which walks over its plane in every image.

use std::ops::Range;

use super::lanes::{for_each, map, map_pairs, sum_of, sum_of_pairs};
use super::parts::Parts;
use super::{Backward, Forward, Mode, Real};
use crate::graph::Shape;

/// Keeps every channel's mean, then every channel's 1/√(variance + eps).
pub(super) fn forward<T: Real>(eps: f64, momentum: f64, call: Forward<T>) {
    let Forward { batch, mode, inputs, weights, buffers, output, saved, .. } = call;
    let (x, shape) = inputs[0];
    let ([gamma, beta], [running_mean, running_variance]) = (weights, buffers) else {
        unreachable!("batch norm has four weights");
    };
    let planes = Planes::new(batch, shape);
    let channels = planes.channels;
    let (means, scales) = saved.reals.split_at_mut(channels);
    let [output, means, scales] = [output, means, scales].map(Parts::new);
    let [running_mean, running_variance] = [running_mean, running_variance].map(|buffer| Parts::new(buffer));
    for_each(channels, batch * planes.positions, |channel| {
        // SAFETY: each channel belongs to one task.
        let [mean_slot, scale_slot, running_mean, running_variance] =
            [&means, &scales, &running_mean, &running_variance].map(|parts| unsafe { parts.element(channel) });
        let Moments { mean, variance, count } = match mode {
            Mode::Train => planes.moments(channel, x),
            Mode::Eval => Moments { mean: running_mean.to_f64(), variance: running_variance.to_f64(), count: 0.0 },
        };
        if mode == Mode::Train {
            let follow =
                |running: &mut T, value| *running = T::of((1.0 - momentum) * running.to_f64() + momentum * value);
            follow(running_mean, mean);
            follow(running_variance, variance * count / (count - 1.0));
        }
        let (mean, inverse) = (T::of(mean), T::of(1.0 / (variance + eps).sqrt()));
        (*mean_slot, *scale_slot) = (mean, inverse);
        let (scale, shift) = (gamma[channel] * inverse, beta[channel]);
        for plane in planes.of(channel) {
            // SAFETY: each channel belongs to one task.
            let y = unsafe { output.slice(plane.clone()) };
            map(y, &x[plane], |x| (x - mean) * scale + shift);
        }
    });
}

/// dβ = Σ g, dγ = Σ g·x̂; dx = γ/√(variance + eps) · (g − dβ/n − x̂·dγ/n), where in evaluation the statistics do not
/// depend on x and the last two terms are absent.
pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { batch, mode, inputs, weights, saved, output_gradient, input_gradients, weight_gradients, .. } = call;
    let (x, shape) = inputs[0];
    let planes = Planes::new(batch, shape);
    let (means, scales) = saved.reals.split_at(planes.channels);
    let count = (batch * planes.positions) as f64;
    let dx = input_gradients[0].as_deref_mut().map(Parts::new);
    let [dgamma, dbeta] = weight_gradients else { unreachable!("batch norm has two trainable weights") };
    let [dgamma, dbeta] = [dgamma, dbeta].map(|gradient| gradient.as_deref_mut().map(Parts::new));
    for_each(planes.channels, batch * planes.positions, |channel| {
        let (mean, inverse) = (means[channel], scales[channel]);
        let (mut sum, mut sum_x) = (0.0, 0.0);
        for plane in planes.of(channel) {
            let (g, x) = (&output_gradient[plane.clone()], &x[plane]);
            sum += sum_of(g, |g| g).to_f64();
            sum_x += sum_of_pairs(g, x, |g, x| g * ((x - mean) * inverse)).to_f64();
        }
        for (part, value) in [(&dgamma, sum_x), (&dbeta, sum)] {
            if let Some(part) = part {
                // SAFETY: each channel belongs to one task.
                *unsafe { part.element(channel) } = T::of(value);
            }
        }
        let Some(dx) = &dx else { return };
        let scale = weights[0][channel] * inverse;
        let (mean_g, mean_gx) = match mode {
            Mode::Train => (T::of(sum / count), T::of(sum_x / count) * inverse),
            Mode::Eval => (T::ZERO, T::ZERO),
        };
        for plane in planes.of(channel) {
            // SAFETY: each channel belongs to one task.
            let dx = unsafe { dx.slice(plane.clone()) };
            map_pairs(dx, &output_gradient[plane.clone()], &x[plane], |g, x| {
                scale * (g - mean_g - (x - mean) * mean_gx)
            });
        }
    });
}

/// Where a channel's numbers are.
struct Planes {
    batch: usize,
    channels: usize,
    positions: usize,
}

struct Moments {
    mean: f64,
    /// Biased.
    variance: f64,
    count: f64,
}

impl Planes {
    fn new(batch: usize, shape: Shape) -> Planes {
        Planes { batch, channels: shape.channels(), positions: shape.positions() }
    }

    fn of(&self, channel: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let Planes { channels, positions, batch } = *self;
        (0..batch).map(move |image| {
            let start = (image * channels + channel) * positions;
            start..start + positions
        })
    }

    /// Plane by plane, each twice while it is in the cache, and put together as in Chan, Golub and LeVeque 1979.
    fn moments<T: Real>(&self, channel: usize, x: &[T]) -> Moments {
        let (mut mean, mut squares, mut count) = (0.0, 0.0, 0.0);
        let size = self.positions as f64;
        for plane in self.of(channel) {
            let plane = &x[plane];
            let plane_mean = T::of(sum_of(plane, |x| x).to_f64() / size);
            let plane_squares = sum_of(plane, |x| (x - plane_mean) * (x - plane_mean)).to_f64();
            let difference = plane_mean.to_f64() - mean;
            let total = count + size;
            mean += difference * size / total;
            squares += plane_squares + difference * difference * count * size / total;
            count = total;
        }
        Moments { mean, variance: squares / count, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{Case, check, close};
    use crate::program::Op;

    const EPS: f64 = 1e-5;
    const MOMENTUM: f64 = 0.1;

    /// Mean and biased variance of each channel.
    fn naive_moments(case: &Case, x: &[f64]) -> Vec<(f64, f64)> {
        let (channels, positions) = (case.output.channels(), case.output.positions());
        let moments = (0..channels).map(|channel| {
            let of_channel = || (0..x.len()).filter(|index| index / positions % channels == channel);
            let count = of_channel().count() as f64;
            let mean = of_channel().map(|index| x[index]).sum::<f64>() / count;
            (mean, of_channel().map(|index| (x[index] - mean).powi(2)).sum::<f64>() / count)
        });
        moments.collect()
    }

    #[test]
    fn normalises_each_channel() {
        let (maps, vectors) = (Shape::map(3, 5, 7), Shape::Vector(4));
        for (batch, shape) in [(1, maps), (3, maps), (5, Shape::map(5, 1, 1)), (3, vectors), (17, vectors)] {
            for mode in [Mode::Train, Mode::Eval] {
                let channels = shape.channels();
                let op = Op::BatchNorm { eps: EPS, momentum: MOMENTUM };
                let sizes = vec![channels; 2];
                let case = Case { mode, weights: sizes.clone(), buffers: sizes, ..Case::new(op, batch, shape, shape) };
                let before = case.draw();
                let batch_moments = naive_moments(&case, &before.inputs[0]);
                let outcome = check(&case, |numbers| {
                    let normalised = numbers.inputs[0].iter().enumerate().map(|(index, x)| {
                        let channel = index / shape.positions() % channels;
                        let (mean, variance) = match mode {
                            Mode::Train => batch_moments[channel],
                            Mode::Eval => (before.buffers[0][channel], before.buffers[1][channel]),
                        };
                        let [gamma, beta] = [0, 1].map(|weight| numbers.weights[weight][channel]);
                        gamma * (x - mean) / (variance + EPS).sqrt() + beta
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
        }
    }

    /// A large mean must not swallow the variance: with f32 sums of squares it would, since 1000² has no room for 1/12.
    #[test]
    fn keeps_the_variance_beside_a_large_mean() {
        let x: Vec<f32> = (0..4096).map(|index| 1000.0 + index as f32 / 4096.0).collect();
        let planes = Planes { batch: 4, channels: 1, positions: 1024 };
        let Moments { mean, variance, .. } = planes.moments(0, &x);
        assert!((mean - 1000.5).abs() < 1e-3 && (variance - 1.0 / 12.0).abs() < 1e-4, "{mean} {variance}");
    }
}
