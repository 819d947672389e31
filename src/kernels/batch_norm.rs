//! Batch normalisation of each channel (Ioffe and Szegedy 2015), for maps and vectors, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html>, with what may follow in the same pass:
//! y = clamp(γ·x̂ + β + r), x̂ = (x − mean)/√(variance + eps), where r is a second input of the same shape, if there is
//! one, and the clamp is that of a ReLU, or none.
//!
//! In training the mean and the biased variance are the batch's, and the running statistics follow them, the variance
//! unbiased; in evaluation they are the running ones. Sums are put together in a fixed order, whatever the threads do.

use rayon::prelude::*;

use super::clamp::Clamp;
use super::lanes::copy_all;
use super::moments::moments;
use super::rows::{Rows, map_rows};
use super::scratch::with_scratch;
use super::{Backward, Forward, Kernel, Mode, Real};
use crate::program::Bounds;
use crate::program::op::BatchNorm;

impl<T: Real> Kernel<T> for BatchNorm {
    /// Keeps every channel's mean, then every channel's 1/√(variance + eps).
    ///
    /// Operations: 6 an element for the statistics, 5 to normalise. Bytes: x is read twice, y written: 12 an element,
    /// and 4 more with a second input. One thread of a Zen 3 moves 11 to 13 GB/s of them from memory, where a copy
    /// moves 15, and 25 from the cache.
    fn forward(&self, call: Forward<T>) {
        let BatchNorm { eps, .. } = *self;
        let Forward { mode, device, epilogue, inputs, weights, statistics, output, output_shape, saved, .. } = call;
        let x = inputs[0].0;
        let rows = Rows::new(x.len(), output_shape.channels());
        let [running_mean, running_variance] = statistics else { unreachable!("batch norm has running statistics") };
        let (means, inverses) = saved.reals.split_at_mut(rows.channels);
        match mode {
            Mode::Train => {
                let count = (x.len() / rows.channels) as f64;
                let mut observed = device.observed;
                moments(rows, x, |channel, mean, variance| {
                    let own = [mean, variance * count / (count - 1.0)];
                    match &mut observed {
                        Some(observed) => observed.extend(own),
                        None => self.follow([&mut running_mean[channel], &mut running_variance[channel]], own),
                    }
                    means[channel] = T::of(mean);
                    inverses[channel] = T::of(1.0 / (variance + eps).sqrt());
                });
            }
            Mode::Eval => {
                means.copy_from_slice(running_mean);
                for (inverse, variance) in inverses.iter_mut().zip(running_variance.iter()) {
                    *inverse = T::of(1.0 / (variance.to_f64() + eps).sqrt());
                }
            }
        }
        let clamp = Clamp::new(epilogue.bounds);
        with_scratch(3 * rows.width, |table| {
            rows.fill(table, |channel| {
                let [gamma, beta] = affine(weights, channel);
                [means[channel], gamma * inverses[channel], beta]
            });
            let table: &[T] = table;
            let tasks = output.par_chunks_mut(rows.task()).zip(x.par_chunks(rows.task()));
            match inputs.get(1) {
                None => tasks.for_each(|(y, x)| {
                    map_rows(y, [x; 2], table, move |column, x, _| clamp.of(normalised(column, x)));
                }),
                Some((residual, _)) => tasks.zip(residual.par_chunks(rows.task())).for_each(|((y, x), r)| {
                    map_rows(y, [x, r], table, move |column, x, r| clamp.of(normalised(column, x) + r));
                }),
            }
        });
    }

    /// With h the part of g that passed the clamp: dβ = Σ h, dγ = Σ h·x̂; dx = γ/√(variance + eps) · (h − dβ/n −
    /// x̂·dγ/n), where in evaluation the statistics do not depend on x and the last two terms are absent. A second
    /// input's gradient is h, which then comes in for g.
    ///
    /// What passed is worked out from x again, by the operations of the forward pass.
    ///
    /// Operations: 8 an element for the sums, 9 for dx. Bytes: g and x are read twice, dx is written: 20 an element.
    /// One thread of a Zen 3 moves 12 to 15 GB/s of them from memory, where a copy moves 15, and 35 from the cache.
    fn backward(&self, call: Backward<T>) {
        let Backward { mode, bounds, inputs, output_gradient: g, .. } = call;
        let x = inputs[0].0;
        let pass = BackwardPass {
            rows: Rows::new(x.len(), call.output_shape.channels()),
            mode,
            weights: call.weights,
            saved: &call.saved.reals,
        };
        let [dx, others @ ..] = call.input_gradients else { unreachable!("batch norm has an input") };
        if let [Some(added)] = others {
            copy_all(added, g);
        }
        let (dx, clamp) = (dx.as_deref_mut(), Clamp::new(bounds));
        if bounds == Bounds::NONE {
            pass.run([g, x], dx, call.weight_gradients, |_, g, _| g);
        } else {
            pass.run([g, x], dx, call.weight_gradients, move |column, g, x| clamp.passed(g, normalised(column, x)));
        }
    }
}

impl BatchNorm {
    /// Moves a channel's running mean and variance towards those of a batch.
    pub(crate) fn follow<T: Real>(&self, running: [&mut T; 2], own: [f64; 2]) {
        for (running, own) in running.into_iter().zip(own) {
            *running = T::of((1.0 - self.momentum) * running.to_f64() + self.momentum * own);
        }
    }
}

/// γ and β of a channel: 1 and 0 where there are no weights.
fn affine<T: Real>(weights: &[&[T]], channel: usize) -> [T; 2] {
    match weights {
        [gamma, beta] => [gamma[channel], beta[channel]],
        _ => [T::ONE, T::ZERO],
    }
}

/// γ·x̂ + β, by the mean, γ/√(variance + eps) and β of the column.
#[inline(always)]
fn normalised<T: Real>([mean, scale, shift]: [T; 3], x: T) -> T {
    (x - mean) * scale + shift
}

/// What a backward pass reads besides its numbers.
#[derive(Clone, Copy)]
struct BackwardPass<'a, T> {
    rows: Rows,
    mode: Mode,
    weights: &'a [&'a [T]],
    saved: &'a [T],
}

impl<T: Real> BackwardPass<'_, T> {
    /// `gate` tells, by mean, scale and shift of the column, the part of g that passed.
    fn run(
        self,
        numbers: [&[T]; 2],
        dx: Option<&mut [T]>,
        weight_gradients: &mut [Option<&mut [T]>],
        gate: impl Fn([T; 3], T, T) -> T + Sync + Copy,
    ) {
        let BackwardPass { rows, saved, .. } = self;
        let (means, inverses) = saved.split_at(rows.channels);
        let column = |channel: usize| {
            let [gamma, beta] = affine(self.weights, channel);
            [means[channel], gamma * inverses[channel], beta]
        };
        with_scratch(3 * rows.width, |table| {
            rows.fill(table, column);
            with_scratch(rows.tasks() * 2 * rows.width, |sums| {
                self.sum(numbers, table, sums, gate);
                self.finish(numbers, dx, weight_gradients, table, sums, gate);
            });
        });
    }

    /// Each task's Σ h and Σ h·(x − mean).
    fn sum(self, [g, x]: [&[T]; 2], table: &[T], sums: &mut [f64], gate: impl Fn([T; 3], T, T) -> T + Sync + Copy) {
        let (rows, task) = (self.rows, self.rows.task());
        let tasks = g.par_chunks(task).zip(x.par_chunks(task));
        sums.par_chunks_exact_mut(2 * rows.width).zip(tasks).for_each(|(sums, (g, x))| {
            rows.sum_columns([g, x], table, sums, move |column, g, x| {
                let h = gate(column, g, x);
                [h, h * (x - column[0])]
            });
        });
    }

    /// The gradients, from the sums of all tasks.
    fn finish(
        self,
        [g, x]: [&[T]; 2],
        dx: Option<&mut [T]>,
        weight_gradients: &mut [Option<&mut [T]>],
        table: &[T],
        sums: &mut [f64],
        gate: impl Fn([T; 3], T, T) -> T + Sync + Copy,
    ) {
        let BackwardPass { rows, mode, saved, .. } = self;
        let (total, others) = sums.split_at_mut(2 * rows.width);
        for sums in others.chunks_exact(2 * rows.width) {
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
        let inverses = &saved[rows.channels..];
        let (sums, sums_x) = total.split_at_mut(rows.width);
        for channel in 0..rows.channels {
            for column in rows.columns(channel).skip(1) {
                sums[channel] += sums[column];
                sums_x[channel] += sums_x[column];
            }
            sums_x[channel] *= inverses[channel].to_f64();
        }
        for (gradient, sums) in weight_gradients.iter_mut().zip([&*sums_x, &*sums]) {
            for (gradient, sum) in gradient.iter_mut().flat_map(|gradient| gradient.iter_mut()).zip(sums) {
                *gradient = T::of(*sum);
            }
        }
        let Some(dx) = dx else { return };
        // What is taken from γ/√(variance + eps)·h, and what for each x − mean.
        let share = match mode {
            Mode::Train => rows.channels as f64 / x.len() as f64,
            Mode::Eval => 0.0,
        };
        let scale = &table[rows.width..];
        with_scratch(5 * rows.width, |wide| {
            wide[..3 * rows.width].copy_from_slice(table);
            rows.fill(&mut wide[3 * rows.width..], |channel| {
                let inverse = inverses[channel].to_f64();
                [sums[channel] * share, sums_x[channel] * share * inverse].map(|mean| scale[channel] * T::of(mean))
            });
            let (wide, task) = (&*wide, rows.task());
            let numbers = g.par_chunks(task).zip(x.par_chunks(task));
            dx.par_chunks_mut(task).zip(numbers).for_each(|(dx, (g, x))| {
                map_rows(dx, [g, x], wide, move |[mean, scale, shift, constant, slope], g, x| {
                    scale * gate([mean, scale, shift], g, x) - constant - (x - mean) * slope
                });
            });
        });
    }
}

#[cfg(test)]
mod tests;
