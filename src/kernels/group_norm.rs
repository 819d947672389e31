//! Normalisation of each group of channels of each example (Wu and He 2018), as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html>: y = γ·x̂ + β with γ and β of the channel,
//! x̂ = (x − mean)/√(variance + eps) with the biased variance of the group.
//!
//! A task takes an example. It sums up each channel over the positions, all channels side by side, and then puts the
//! channels of a group together.

use rayon::prelude::*;

use super::moments::{of_columns, together};
use super::rows::{Rows, map_rows};
use super::scratch::with_scratch;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::GroupNorm;

impl<T: Real> Kernel<T> for GroupNorm {
    /// Keeps every group's mean, then every group's 1/√(variance + eps).
    ///
    /// Operations: 6 an element for the statistics, 3 to normalise. Bytes: x is read twice, the second time from the
    /// second-level cache if an example fits there, y written: 8 to 12 an element.
    fn forward(&self, call: Forward<T>) {
        let GroupNorm { groups, eps } = *self;
        let Forward { batch, inputs, weights, output, output_shape: shape, saved, .. } = call;
        let x = inputs[0].0;
        let (channels, elements) = (shape.channels(), shape.elements());
        let each = channels / groups;
        let rows = Rows::new(elements, channels);
        let (means, scales) = saved.reals.split_at_mut(batch * groups);
        let statistics = means.par_chunks_exact_mut(groups).zip(scales.par_chunks_exact_mut(groups));
        let examples = output.par_chunks_exact_mut(elements).zip(x.par_chunks_exact(elements)).zip(statistics);
        examples.for_each(|((y, x), (means, scales))| {
            with_scratch(3 * rows.width, |table: &mut [T]| {
                let moments = &mut table[..2 * rows.width];
                of_columns(rows, x, moments);
                let (column_means, squares) = moments.split_at(rows.width);
                for (group, (mean, scale)) in means.iter_mut().zip(&mut *scales).enumerate() {
                    let columns = (group * each..(group + 1) * each).flat_map(|channel| rows.columns(channel));
                    let (of_group, variance) = together(columns, column_means, squares, rows.count as f64);
                    (*mean, *scale) = (T::of(of_group), T::of(1.0 / (variance + eps).sqrt()));
                }
                rows.fill(table, |channel| {
                    let (gamma, beta) = affine(weights, channel);
                    [means[channel / each], scales[channel / each] * gamma, beta]
                });
                map_rows(y, [x; 2], table, |[mean, scale, shift], x, _| (x - mean) * scale + shift);
            });
        });
    }

    /// dβ = Σ g, dγ = Σ g·x̂; with h = γ·g, dx = (h − mean(h) − x̂·mean(h·x̂))/√(variance + eps), the means over the
    /// group.
    ///
    /// Operations: 5 an element for the sums, 5 for dx. Bytes: g and x are read twice, dx is written: 12 to 20 an
    /// element.
    fn backward(&self, call: Backward<T>) {
        let GroupNorm { groups, .. } = *self;
        let Backward { batch, inputs, weights, output_shape: shape, saved, output_gradient: g, .. } = call;
        let x = inputs[0].0;
        let (channels, elements) = (shape.channels(), shape.elements());
        let each = channels / groups;
        let rows = Rows::new(elements, channels);
        let count = (each * shape.positions()) as f64;
        let (means, scales) = saved.reals.split_at(batch * groups);
        with_scratch(batch * 2 * rows.width, |all: &mut [f64]| {
            // Σ g and Σ g·x̂ of each channel of each example.
            all.par_chunks_exact_mut(2 * rows.width).enumerate().for_each(|(image, sums)| {
                let (g, x) = (&g[image * elements..][..elements], &x[image * elements..][..elements]);
                with_scratch(2 * rows.width, |table: &mut [T]| {
                    let group = |channel: usize| image * groups + channel / each;
                    rows.fill(table, |channel| [means[group(channel)], scales[group(channel)]]);
                    rows.totals([g, x], table, sums, |[mean, scale], g, x| [g, g * ((x - mean) * scale)]);
                });
            });
            let all = &*all;
            if let Some(dx) = &mut call.input_gradients[0] {
                dx.par_chunks_exact_mut(elements).enumerate().for_each(|(image, dx)| {
                    let (g, x) = (&g[image * elements..][..elements], &x[image * elements..][..elements]);
                    let (sums, sums_x) = all[image * 2 * rows.width..][..2 * channels].split_at(channels);
                    // The mean over a group of γ times what is summed up.
                    let mean = |sums: &[f64], group: usize| {
                        let channels = group * each..(group + 1) * each;
                        channels.map(|channel| affine(weights, channel).0.to_f64() * sums[channel]).sum::<f64>() / count
                    };
                    with_scratch(4 * rows.width, |table: &mut [T]| {
                        with_scratch(2 * groups, |of_groups: &mut [T]| {
                            let (mean_h, mean_hx) = of_groups.split_at_mut(groups);
                            for group in 0..groups {
                                let scale = scales[image * groups + group].to_f64();
                                mean_h[group] = T::of(mean(sums, group) * scale);
                                mean_hx[group] = T::of(mean(sums_x, group) * scale * scale);
                            }
                            rows.fill(table, |channel| {
                                let (group, gamma) = (channel / each, affine(weights, channel).0);
                                let of_image = image * groups + group;
                                [means[of_image], scales[of_image] * gamma, mean_h[group], mean_hx[group]]
                            });
                        });
                        map_rows(dx, [g, x], table, |[mean, scale, mean_h, mean_hx], g, x| {
                            scale * g - mean_h - (x - mean) * mean_hx
                        });
                    });
                });
            }
            let [dgamma, dbeta] = call.weight_gradients else { return };
            for (gradient, which) in [(dgamma, 1), (dbeta, 0)] {
                for (channel, gradient) in gradient.iter_mut().flat_map(|gradient| gradient.iter_mut()).enumerate() {
                    let sums = all[which * channels + channel..].iter().step_by(2 * rows.width);
                    *gradient = T::of(sums.sum());
                }
            }
        });
    }
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
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;
    use crate::program::op::GroupNorm;

    #[test]
    fn normalises_each_group() {
        let (map, vector, eps) = (Shape::map(6, 3, 5), Shape::Vector(8), 1e-3);
        for (shape, groups) in [(map, 1), (map, 2), (map, 3), (map, 6), (vector, 1), (vector, 4)] {
            for weights in [vec![], vec![shape.channels(); 2]] {
                let case = Case { weights, ..Case::new(Op::GroupNorm(GroupNorm { groups, eps }), 3, shape, shape) };
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
