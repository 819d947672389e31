//! Normalisation of each group of channels of each example (Wu and He 2018), as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html>: y = γ·x̂ + β with γ and β of the channel,
//! x̂ = (x − mean)/√(variance + eps) with the biased variance of the group.
//!
//! A task takes an example. It sums up each channel over the positions, all channels side by side, and then the channels of a
//! group.

use rayon::prelude::*;

use super::lanes::{add_scaled, for_each_row, rows_each};
use super::scratch::with_scratch;
use super::{Backward, Forward, Real};

/// Positions whose sum is taken in the numbers' own type, before it is added in f64.
const RUN: usize = 256;

/// Keeps every group's mean, then every group's 1/√(variance + eps).
pub(super) fn forward<T: Real>(groups: usize, eps: f64, call: Forward<T>) {
    let Forward { batch, inputs, weights, output, output_shape: shape, saved, .. } = call;
    let x = inputs[0].0;
    let (channels, elements) = (shape.channels(), shape.elements());
    let each = channels / groups;
    let count = (each * shape.positions()) as f64;
    let (means, scales) = saved.reals.split_at_mut(batch * groups);
    let statistics = means.par_chunks_exact_mut(groups).zip(scales.par_chunks_exact_mut(groups));
    let examples = output.par_chunks_exact_mut(elements).zip(x.par_chunks_exact(elements)).zip(statistics);
    examples.with_min_len(rows_each(3 * elements)).for_each(|((y, x), (means, scales))| {
        let sums = by_channel(x, channels, |x, sums| add_scaled(sums, T::ONE, x));
        for (mean, sums) in means.iter_mut().zip(sums.chunks_exact(each)) {
            *mean = T::of(sums.iter().sum::<f64>() / count);
        }
        let squares = by_channel(x, channels, |x, sums| {
            for ((x, sums), mean) in x.chunks_exact(each).zip(sums.chunks_exact_mut(each)).zip(&*means) {
                sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += (*x - *mean) * (*x - *mean));
            }
        });
        for (scale, squares) in scales.iter_mut().zip(squares.chunks_exact(each)) {
            *scale = T::of(1.0 / (squares.iter().sum::<f64>() / count + eps).sqrt());
        }
        for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for (channel, (y, x)) in y.iter_mut().zip(x).enumerate() {
                let (gamma, beta) = affine(weights, channel);
                *y = (*x - means[channel / each]) * scales[channel / each] * gamma + beta;
            }
        }
    });
}

/// dβ = Σ g, dγ = Σ g·x̂; with h = γ·g, dx = (h − mean(h) − x̂·mean(h·x̂))/√(variance + eps), the means over the group.
pub(super) fn backward<T: Real>(groups: usize, call: Backward<T>) {
    let Backward { batch, inputs, weights, output_shape: shape, saved, output_gradient: g, .. } = call;
    let x = inputs[0].0;
    let (channels, elements) = (shape.channels(), shape.elements());
    let each = channels / groups;
    let (means, scales) = saved.reals.split_at(batch * groups);
    // Σ g and Σ g·x̂ of each channel of each example.
    let sums: Vec<[Vec<f64>; 2]> = (0..batch)
        .into_par_iter()
        .map(|image| {
            let (g, x) = (&g[image * elements..][..elements], &x[image * elements..][..elements]);
            let (means, scales) = (&means[image * groups..][..groups], &scales[image * groups..][..groups]);
            let mut rows = x.chunks_exact(channels);
            let sums = by_channel(g, channels, |g, sums| add_scaled(sums, T::ONE, g));
            let sums_x = by_channel(g, channels, |g, sums| {
                let x = rows.next().expect("as many rows as the gradient has");
                for (channel, (sum, (g, x))) in sums.iter_mut().zip(g.iter().zip(x)).enumerate() {
                    *sum += *g * ((*x - means[channel / each]) * scales[channel / each]);
                }
            });
            [sums, sums_x]
        })
        .collect();
    if let Some(dx) = &mut call.input_gradients[0] {
        let count = (each * shape.positions()) as f64;
        for_each_row(dx, elements, 3 * elements, |image, dx| {
            // The mean over a group of γ times what is summed up.
            let mean = |sums: &[f64], group: usize| {
                let channels = group * each..(group + 1) * each;
                T::of(channels.map(|channel| affine(weights, channel).0.to_f64() * sums[channel]).sum::<f64>() / count)
            };
            let terms: Vec<[T; 4]> = (0..groups)
                .map(|group| {
                    let [sums, sums_x] = &sums[image];
                    let (of_image, scale) = (image * groups + group, scales[image * groups + group]);
                    [means[of_image], scale, mean(sums, group), mean(sums_x, group) * scale]
                })
                .collect();
            let rows = g[image * elements..].chunks_exact(channels).zip(x[image * elements..].chunks_exact(channels));
            for (dx, (g, x)) in dx.chunks_exact_mut(channels).zip(rows) {
                for (channel, (dx, (g, x))) in dx.iter_mut().zip(g.iter().zip(x)).enumerate() {
                    let [mean, scale, mean_h, mean_hx] = terms[channel / each];
                    *dx = scale * (affine(weights, channel).0 * *g - mean_h - (*x - mean) * mean_hx);
                }
            }
        });
    }
    let [dgamma, dbeta] = call.weight_gradients else { return };
    for (gradient, which) in [(dgamma, 1), (dbeta, 0)] {
        for (channel, gradient) in gradient.iter_mut().flat_map(|gradient| gradient.iter_mut()).enumerate() {
            *gradient = T::of(sums.iter().map(|sums| sums[which][channel]).sum());
        }
    }
}

/// Lets `add` add something of every row of channels to sums, of which there is one a channel.
fn by_channel<T: Real>(x: &[T], channels: usize, mut add: impl FnMut(&[T], &mut [T])) -> Vec<f64> {
    let mut all = vec![0.0; channels];
    with_scratch(channels, |sums: &mut [T]| {
        for run in x.chunks(RUN * channels) {
            sums.fill(T::ZERO);
            run.chunks_exact(channels).for_each(|x| add(x, sums));
            all.iter_mut().zip(&*sums).for_each(|(all, sum)| *all += sum.to_f64());
        }
    });
    all
}

/// γ and β of a channel.
fn affine<T: Real>(weights: &[&[T]], channel: usize) -> (T, T) {
    match weights {
        [gamma, beta] => (gamma[channel], beta[channel]),
        _ => (T::ONE, T::ZERO),
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn normalises_each_group() {
        let (map, vector, eps) = (Shape::map(6, 3, 5), Shape::Vector(8), 1e-3);
        for (shape, groups) in [(map, 1), (map, 2), (map, 3), (map, 6), (vector, 1), (vector, 4)] {
            for weights in [vec![], vec![shape.channels(); 2]] {
                let case = Case { weights, ..Case::new(Op::GroupNorm { groups, eps }, 3, shape, shape) };
                check(&case, |numbers| {
                    let channel = |index: usize| index / shape.positions() % shape.channels();
                    let affine = |weight: usize, index: usize, none: f64| {
                        numbers.weights.get(weight).map_or(none, |weight| weight[channel(index)])
                    };
                    let row = shape.elements() / groups;
                    let normalise = |(index, x): (usize, &f64)| {
                        let row = &numbers.inputs[0][index / row * row..][..row];
                        let mean = row.iter().sum::<f64>() / row.len() as f64;
                        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64;
                        affine(0, index, 1.0) * (x - mean) / (variance + eps).sqrt() + affine(1, index, 0.0)
                    };
                    numbers.inputs[0].iter().enumerate().map(normalise).collect()
                });
            }
        }
    }
}
