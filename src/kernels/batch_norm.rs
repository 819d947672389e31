//! Batch normalisation of each channel (Ioffe and Szegedy 2015), for maps and vectors, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html>:
//! y = γ·x̂ + β, x̂ = (x − mean)/√(variance + eps).
//!
//! In training the mean and the biased variance are the batch's, and the running statistics follow them, the variance
//! unbiased; in evaluation they are the running ones. Sums over the batch are taken block by block of its positions, all
//! channels side by side, and put together in f64.

use rayon::prelude::*;

use super::lanes::for_each_row;
use super::scratch::with_scratch;
use super::{Backward, Forward, Mode, Real};

/// Rows of channels that are summed in the numbers' own type: a constant, so that sums do not depend on the threads.
const BLOCK: usize = 256;

/// Keeps every channel's mean, then every channel's 1/√(variance + eps).
pub(super) fn forward<T: Real>(eps: f64, momentum: f64, call: Forward<T>) {
    let Forward { mode, inputs, weights, buffers, output, output_shape, saved, .. } = call;
    let (x, channels) = (inputs[0].0, output_shape.channels());
    let ([gamma, beta], [running_mean, running_variance]) = (weights, buffers) else {
        unreachable!("batch norm has four weights");
    };
    let (means, inverses) = saved.reals.split_at_mut(channels);
    let running = running_mean.iter_mut().zip(running_variance.iter_mut());
    let kept = means.iter_mut().zip(inverses.iter_mut());
    let keep = |(mean, inverse): (&mut T, &mut T), moments: Moments| {
        *mean = T::of(moments.mean);
        *inverse = T::of(1.0 / (moments.variance + eps).sqrt());
    };
    match mode {
        Mode::Train => {
            let count = (x.len() / channels) as f64;
            let follow =
                |running: &mut T, value| *running = T::of((1.0 - momentum) * running.to_f64() + momentum * value);
            for ((kept, running), moments) in kept.zip(running).zip(moments(x, channels)) {
                follow(running.0, moments.mean);
                follow(running.1, moments.variance * count / (count - 1.0));
                keep(kept, moments);
            }
        }
        Mode::Eval => kept.zip(running).for_each(|(kept, (mean, variance))| {
            keep(kept, Moments { mean: mean.to_f64(), variance: variance.to_f64() });
        }),
    }
    let (means, inverses) = saved.reals.split_at(channels);
    for_each_row(output, channels, channels, |row, y| {
        let statistics = means.iter().zip(inverses);
        let affine = gamma.iter().zip(*beta);
        let x = &x[row * channels..][..channels];
        for (((y, x), (mean, inverse)), (gamma, beta)) in y.iter_mut().zip(x).zip(statistics).zip(affine) {
            *y = (*x - *mean) * (*gamma * *inverse) + *beta;
        }
    });
}

/// dβ = Σ g, dγ = Σ g·x̂; dx = γ/√(variance + eps) · (g − dβ/n − x̂·dγ/n), where in evaluation the statistics do not
/// depend on x and the last two terms are absent.
pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { mode, inputs, weights, output_shape, saved, output_gradient, .. } = call;
    let (x, channels) = (inputs[0].0, output_shape.channels());
    let (means, inverses) = saved.reals.split_at(channels);
    let (sums, sums_x) = gradient_sums(output_gradient, x, means, inverses);
    let [dgamma, dbeta] = call.weight_gradients else { unreachable!("batch norm has two trainable weights") };
    for (gradient, sums) in [(dgamma, &sums_x), (dbeta, &sums)] {
        for (gradient, sum) in gradient.iter_mut().flat_map(|gradient| gradient.iter_mut()).zip(sums) {
            *gradient = T::of(*sum);
        }
    }
    let [Some(dx)] = call.input_gradients else { return };
    let count = (x.len() / channels) as f64;
    // For each channel the scale of g, what is taken from g, and what x − mean takes from it.
    let terms = (0..channels).map(|channel| {
        let (mean_g, mean_gx) = match mode {
            Mode::Train => (T::of(sums[channel] / count), T::of(sums_x[channel] / count) * inverses[channel]),
            Mode::Eval => (T::ZERO, T::ZERO),
        };
        (weights[0][channel] * inverses[channel], mean_g, mean_gx)
    });
    let terms: Vec<(T, T, T)> = terms.collect();
    for_each_row(dx, channels, 2 * channels, |row, dx| {
        let [g, x] = [output_gradient, x].map(|values| &values[row * channels..][..channels]);
        let numbers = g.iter().zip(x).zip(means);
        for ((dx, ((g, x), mean)), (scale, mean_g, mean_gx)) in dx.iter_mut().zip(numbers).zip(&terms) {
            *dx = *scale * (*g - *mean_g - (*x - *mean) * *mean_gx);
        }
    });
}

/// Of one channel.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    mean: f64,
    /// Biased.
    variance: f64,
}

/// Each channel's moments: block by block, each twice while it is in the cache, and put together as in Chan, Golub and
/// LeVeque 1979.
fn moments<T: Real>(x: &[T], channels: usize) -> Vec<Moments> {
    let mut moments = vec![Moments::default(); channels];
    let mut count = 0.0;
    let of_block = |block: usize, means: &mut [T], squares: &mut [T]| {
        let x = block_of(x, channels, block);
        // Relative to one of the numbers, so that a large mean costs no digits.
        let (origin, size) = (&x[..channels], T::of((x.len() / channels) as f64));
        for x in x.chunks_exact(channels) {
            means.iter_mut().zip(x).zip(origin).for_each(|((sum, x), origin)| *sum += *x - *origin);
        }
        means.iter_mut().zip(origin).for_each(|(mean, origin)| *mean = *origin + *mean / size);
        for x in x.chunks_exact(channels) {
            for ((sum, x), mean) in squares.iter_mut().zip(x).zip(&*means) {
                let difference = *x - *mean;
                *sum += difference * difference;
            }
        }
    };
    by_blocks(x.len(), channels, of_block, |block, means, squares| {
        let size = (block_of(x, channels, block).len() / channels) as f64;
        let total = count + size;
        let (share, weight) = (size / total, count * size / total);
        for ((moments, mean), squares) in moments.iter_mut().zip(means).zip(squares) {
            let difference = mean.to_f64() - moments.mean;
            moments.mean += difference * share;
            // The sum of squares until all are there.
            moments.variance += squares.to_f64() + difference * difference * weight;
        }
        count = total;
    });
    moments.iter_mut().for_each(|moments| moments.variance /= count);
    moments
}

/// Σ g and Σ g·x̂ of each channel.
fn gradient_sums<T: Real>(g: &[T], x: &[T], means: &[T], inverses: &[T]) -> (Vec<f64>, Vec<f64>) {
    let channels = means.len();
    let (mut all, mut all_x) = (vec![0.0; channels], vec![0.0; channels]);
    let of_block = |block: usize, sums: &mut [T], sums_x: &mut [T]| {
        let [g, x] = [g, x].map(|values| block_of(values, channels, block).chunks_exact(channels));
        for (g, x) in g.zip(x) {
            sums.iter_mut().zip(g).for_each(|(sum, g)| *sum += *g);
            let numbers = g.iter().zip(x).zip(means.iter().zip(inverses));
            for (sum, ((g, x), (mean, inverse))) in sums_x.iter_mut().zip(numbers) {
                *sum += *g * ((*x - *mean) * *inverse);
            }
        }
    };
    by_blocks(g.len(), channels, of_block, |_, sums, sums_x| {
        all.iter_mut().zip(sums).for_each(|(all, sum)| *all += sum.to_f64());
        all_x.iter_mut().zip(sums_x).for_each(|(all, sum)| *all += sum.to_f64());
    });
    (all, all_x)
}

/// Lets `of_block` sum up each block in two rows of channels, which are 0 before, and puts them together in order.
fn by_blocks<T: Real>(
    elements: usize,
    channels: usize,
    of_block: impl Fn(usize, &mut [T], &mut [T]) + Sync,
    mut put_together: impl FnMut(usize, &[T], &[T]),
) {
    with_scratch(elements.div_ceil(BLOCK * channels) * 2 * channels, |parts: &mut [T]| {
        parts.par_chunks_exact_mut(2 * channels).enumerate().for_each(|(block, part)| {
            part.fill(T::ZERO);
            let (first, second) = part.split_at_mut(channels);
            of_block(block, first, second);
        });
        for (block, part) in parts.chunks_exact(2 * channels).enumerate() {
            let (first, second) = part.split_at(channels);
            put_together(block, first, second);
        }
    });
}

/// The numbers of one block of rows.
fn block_of<T>(values: &[T], channels: usize, block: usize) -> &[T] {
    let rest = &values[block * BLOCK * channels..];
    &rest[..rest.len().min(BLOCK * channels)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Shape;
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
        for channels in [1, 4] {
            for Moments { mean, variance } in moments(&x, channels) {
                let wrong = (mean - 1000.5).abs() > 1e-3 || (variance - 1.0 / 12.0).abs() > 1e-4;
                assert!(!wrong, "{channels} channels: {mean} {variance}");
            }
        }
    }

    /// Several blocks, the last one not full.
    #[test]
    fn puts_blocks_together() {
        let (channels, rows) = (3, 2 * BLOCK + 7);
        let x: Vec<f64> = (0..channels * rows).map(|index| (index as f64 * 0.7).sin() + index as f64 / 900.0).collect();
        let shape = Shape::Vector(channels);
        let op = Op::BatchNorm { eps: EPS, momentum: MOMENTUM };
        let expected = naive_moments(&Case::new(op, rows, shape, shape), &x);
        for (found, (mean, variance)) in moments(&x, channels).into_iter().zip(expected) {
            assert!((found.mean - mean).abs() < 1e-12 && (found.variance - variance).abs() < 1e-12, "{found:?}");
        }
    }
}
