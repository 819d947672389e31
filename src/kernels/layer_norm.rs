//! Normalisation of each example (Ba et al. 2016), as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html>: y = γ·x̂ + β, x̂ = (x − mean)/√(variance +
//! eps) with the biased variance.
//!
//! What is normalised together is a row: a whole example, in which every number has its own γ and β, or the channels at
//! one position, as in ConvNeXt (Liu et al. 2022) and in torchvision's `LayerNorm2d`.

use rayon::prelude::*;

use super::column_sums::column_sums;
use super::lanes::{CHUNK, map, sum_of, sum_of_pairs};
use super::layout::{channels_first, channels_last};
use super::simd::vectorised;
use super::{Backward, Forward, Kernel, Real};
use crate::ir::Shape;
use crate::program::op::{LayerNorm, Over};

/// Numbers that are summed in their own type, before their sum is added in f64.
const RUN: usize = 1 << 12;

impl<T: Real> Kernel<T> for LayerNorm {
    /// Keeps every row's mean, then every row's 1/√(variance + eps).
    ///
    /// Operations: 1 an element for the mean, 3 for the variance, 4 to normalise. Bytes: x is read and y written, 8 an
    /// element; a row of channels stays in the cache meanwhile.
    fn forward(&self, call: Forward<T>) {
        let LayerNorm { over, eps } = *self;
        let Forward { inputs, weights, output, output_shape, saved, .. } = call;
        let (x, length) = (inputs[0].0, length(over, output_shape));
        let weights = in_memory_order(over, output_shape, weights);
        let (means, scales) = saved.reals.split_at_mut(x.len() / length);
        let some = (CHUNK / length).max(1);
        let rows = output.par_chunks_mut(some * length).zip(x.par_chunks(some * length));
        let statistics = means.par_chunks_mut(some).zip(scales.par_chunks_mut(some));
        rows.zip(statistics).for_each(|((y, x), (means, scales))| {
            vectorised(
                #[inline(always)]
                || {
                    let rows = y.chunks_exact_mut(length).zip(x.chunks_exact(length));
                    for ((y, x), (mean_slot, scale_slot)) in rows.zip(means.iter_mut().zip(scales)) {
                        let (mean, scale) = moments(x, eps);
                        (*mean_slot, *scale_slot) = (mean, scale);
                        map(y, x, |x| (x - mean) * scale);
                        if let [gamma, beta] = weights.as_slice() {
                            for (y, (gamma, beta)) in y.iter_mut().zip(gamma.iter().zip(beta)) {
                                *y = *y * *gamma + *beta;
                            }
                        }
                    }
                },
            );
        });
    }

    /// dβ = Σ g and dγ = Σ g·x̂ over the rows; with h = γ·g, dx = (h − mean(h) − x̂·mean(h·x̂))/√(variance + eps), the
    /// means over the row.
    ///
    /// Operations: 5 an element for the sums over rows, 10 for dx. Bytes: g and x are read twice, dx is written: 20 an
    /// element.
    fn backward(&self, call: Backward<T>) {
        let LayerNorm { over, .. } = *self;
        let Backward { inputs, weights, output_shape, saved, output_gradient, .. } = call;
        let (x, length) = (inputs[0].0, length(over, output_shape));
        let weights = in_memory_order(over, output_shape, weights);
        let (means, scales) = saved.reals.split_at(x.len() / length);
        if let Some(dx) = &mut call.input_gradients[0] {
            let some = (CHUNK / length).max(1);
            let numbers = output_gradient.par_chunks(some * length).zip(x.par_chunks(some * length));
            let statistics = means.par_chunks(some).zip(scales.par_chunks(some));
            dx.par_chunks_mut(some * length).zip(numbers).zip(statistics).for_each(
                |((dx, (g, x)), (means, scales))| {
                    vectorised(
                        #[inline(always)]
                        || {
                            let numbers = g.chunks_exact(length).zip(x.chunks_exact(length));
                            let rows = dx.chunks_exact_mut(length).zip(numbers).zip(means.iter().zip(scales));
                            for ((dx, (g, x)), (mean, scale)) in rows {
                                input_gradient(dx, g, x, weights.first().map(Vec::as_slice), (*mean, *scale));
                            }
                        },
                    );
                },
            );
        }
        let [dgamma, dbeta] = call.weight_gradients else { return };
        let [sums, sums_x] = column_sums(
            x.len() / length,
            length,
            #[inline(always)]
            |row, sums: &mut [T], sums_x: &mut [T]| {
                let numbers = output_gradient[row * length..][..length].iter().zip(&x[row * length..][..length]);
                let (mean, scale) = (means[row], scales[row]);
                for ((sum, sum_x), (g, x)) in sums.iter_mut().zip(sums_x).zip(numbers) {
                    *sum += *g;
                    *sum_x += *g * ((*x - mean) * scale);
                }
            },
        );
        for (gradient, sums) in [(dgamma, sums_x), (dbeta, sums)] {
            let Some(gradient) = gradient else { continue };
            let sums: Vec<T> = sums.into_iter().map(T::of).collect();
            match over {
                Over::Example => channels_first(output_shape, &sums, gradient),
                Over::Channels => gradient.copy_from_slice(&sums),
            }
        }
    }
}

/// dx of one row.
#[inline(always)]
fn input_gradient<T: Real>(dx: &mut [T], g: &[T], x: &[T], gamma: Option<&[T]>, (mean, scale): (T, T)) {
    dx.copy_from_slice(g);
    if let Some(gamma) = gamma {
        dx.iter_mut().zip(gamma).for_each(|(h, gamma)| *h *= *gamma);
    }
    let count = T::of(dx.len() as f64);
    let mean_h = sum_of(dx, |h| h) / count;
    let mean_hx = sum_of_pairs(dx, x, |h, x| h * ((x - mean) * scale)) / count;
    dx.iter_mut().zip(x).for_each(|(dx, x)| *dx = scale * (*dx - mean_h - (*x - mean) * scale * mean_hx));
}

/// Numbers that are normalised together.
fn length(over: Over, shape: Shape) -> usize {
    match over {
        Over::Example => shape.elements(),
        Over::Channels => shape.channels(),
    }
}

/// γ and β, of a whole example with the channels last.
fn in_memory_order<T: Real>(over: Over, shape: Shape, weights: &[&[T]]) -> Vec<Vec<T>> {
    let transposed = |weight: &&[T]| {
        let mut transposed = weight.to_vec();
        if over == Over::Example {
            channels_last(shape, weight, &mut transposed);
        }
        transposed
    };
    weights.iter().map(transposed).collect()
}

/// The mean of some numbers and 1/√(their biased variance + eps).
#[inline(always)]
fn moments<T: Real>(x: &[T], eps: f64) -> (T, T) {
    let count = x.len() as f64;
    let (mut sum, mut squares) = (0.0, 0.0);
    for run in x.chunks(RUN) {
        sum += sum_of(run, |x| x).to_f64();
    }
    let mean = T::of(sum / count);
    for run in x.chunks(RUN) {
        squares += sum_of(run, |x| (x - mean) * (x - mean)).to_f64();
    }
    (mean, T::of(1.0 / (squares / count + eps).sqrt()))
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::op::LayerNorm;
    use crate::program::{Op, Over};

    #[test]
    fn normalises_examples_or_positions() {
        let (map, vector, eps) = (Shape::map(4, 3, 5), Shape::Vector(7), 1e-3);
        for (shape, over) in
            [(map, Over::Example), (map, Over::Channels), (vector, Over::Example), (vector, Over::Channels)]
        {
            let length = if over == Over::Example { shape.elements() } else { shape.channels() };
            for weights in [vec![], vec![length; 2]] {
                let case = Case { weights, ..Case::new(Op::LayerNorm(LayerNorm { over, eps }), 3, shape, shape) };
                check(&case, |numbers| {
                    let (elements, positions) = (shape.elements(), shape.positions());
                    let together = |a: usize, b: usize| {
                        a / elements == b / elements && (over == Over::Example || a % positions == b % positions)
                    };
                    let normalise = |index: usize| {
                        let all = &numbers.inputs[0];
                        let group: Vec<f64> =
                            (0..all.len()).filter(|other| together(index, *other)).map(|other| all[other]).collect();
                        let mean = group.iter().sum::<f64>() / group.len() as f64;
                        let variance = group.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / group.len() as f64;
                        let at = if over == Over::Example { index % elements } else { index % elements / positions };
                        let [gamma, beta] = [(0, 1.0), (1, 0.0)]
                            .map(|(weight, none)| numbers.weights.get(weight).map_or(none, |w| w[at]));
                        gamma * (all[index] - mean) / (variance + eps).sqrt() + beta
                    };
                    (0..numbers.inputs[0].len()).map(normalise).collect()
                });
            }
        }
    }
}
