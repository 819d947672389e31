//! x·Wᵀ + b (<https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>).
//!
//! The weight, often larger than everything else, is read once from memory in each pass and never copied whole: forward
//! its rows are the left factor, and the input's gradient packs a block of it at a time.
//!
//! Operations: 2 per weight and image in each of the three products. Bytes: 4 per weight read, and 4 written for its
//! gradient; below some 30 images the memory is the limit.

use rayon::prelude::*;

use super::clamp::Clamp;
use super::conv2d::bias;
use super::lanes::sum_of_pairs;
use super::parts::Parts;
use super::product::{Panels, Rows, SumStart, multiply, panel_width, panels_length};
use super::scratch::{with_places, with_scratch};
use super::simd::vectorised;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::Linear;
use crate::program::op::linear::{FEATURES, FEW, PACKED};

/// Columns of them: so many that a row is read in one go, so few that every thread has some.
const COLUMNS: (usize, usize) = (128, 1024);

impl<T: Real> Kernel<T> for Linear {
    /// outputᵀ = W · xᵀ, transposed.
    fn forward(&self, call: Forward<T>) {
        let Forward { batch, epilogue, inputs, weights, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let (features_in, features_out) = (shape.elements(), output_shape.elements());
        let (weight, bias, clamp) = (weights[0], weights.get(1), Clamp::new(epilogue.bounds));
        let few = batch <= FEW;
        with_scratch(if few { 0 } else { panels_length::<T>(features_in, batch) }, |panels| {
            if !few {
                pack_transposed(x, features_in, panels);
            }
            let output = Parts::new(output);
            (0..features_out.div_ceil(FEATURES)).into_par_iter().for_each(|task| {
                let some = task * FEATURES..((task + 1) * FEATURES).min(features_out);
                with_scratch(some.len() * batch, |sums| {
                    if few {
                        products(&weight[some.start * features_in..some.end * features_in], x, features_in, sums);
                    } else {
                        with_places(2 * some.len(), |places| {
                            let (starts, targets) = places.split_at_mut(some.len());
                            for row in 0..some.len() {
                                (starts[row], targets[row]) = ((some.start + row) * features_in, row * batch);
                            }
                            let left = Rows { values: weight, starts, runs: &[0], depth: features_in, step: 1 };
                            let right = Panels { values: panels, depth: features_in, columns: batch };
                            // SAFETY: the sums are ours.
                            unsafe { multiply(&Parts::new(sums), targets, left, right, SumStart::Zero, None) };
                        });
                    }
                    for image in 0..batch {
                        let start = image * features_out + some.start;
                        // SAFETY: some features of each image belong to one task.
                        let output = unsafe { output.slice(start..start + some.len()) };
                        for (row, output) in output.iter_mut().enumerate() {
                            *output = clamp
                                .of(sums[row * batch + image] + bias.map_or(T::ZERO, |bias| bias[some.start + row]));
                        }
                    }
                });
            });
        });
    }

    fn backward(&self, call: Backward<T>) {
        let Backward { batch, inputs, weights, output_gradient: dy, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let (features_in, features_out) = (shape.elements(), output_shape.elements());
        if let Some(dx) = &mut call.input_gradients[0] {
            input_gradient(batch, (features_in, features_out), weights[0], dy, dx);
        }
        if let Some(dw) = &mut call.weight_gradients[0] {
            weight_gradient(batch, (features_in, features_out), x, dy, dw);
        }
        if let [_, Some(db)] = call.weight_gradients {
            bias::gradient(dy, db);
        }
    }
}

/// Each row of some rows of the weight times each image, while the row is in the cache.
fn products<T: Real>(rows: &[T], x: &[T], features_in: usize, sums: &mut [T]) {
    let images = x.len() / features_in;
    vectorised(
        #[inline(always)]
        || {
            for (row, sums) in rows.chunks_exact(features_in).zip(sums.chunks_exact_mut(images)) {
                for (image, sum) in x.chunks_exact(features_in).zip(sums) {
                    *sum = sum_of_pairs(
                        row,
                        image,
                        #[inline(always)]
                        |weight, x| weight * x,
                    );
                }
            }
        },
    );
}

/// dx = dy · W. A task takes some input features.
fn input_gradient<T: Real>(
    batch: usize,
    (features_in, features_out): (usize, usize),
    weight: &[T],
    dy: &[T],
    dx: &mut [T],
) {
    let columns_each = (features_in / 16).next_power_of_two().clamp(COLUMNS.0, COLUMNS.1);
    // Not a power of two, for which the panels would fall upon each other in the cache.
    let rows_each = PACKED / columns_each - 2;
    let dx = Parts::new(dx);
    (0..features_in.div_ceil(columns_each)).into_par_iter().for_each(|task| {
        let some = task * columns_each..((task + 1) * columns_each).min(features_in);
        with_scratch(panels_length::<T>(rows_each, some.len()), |panels| {
            with_places(2 * batch, |places| {
                let (starts, targets) = places.split_at_mut(batch);
                for first in (0..features_out).step_by(rows_each) {
                    let depth = rows_each.min(features_out - first);
                    pack(&weight[first * features_in..][..depth * features_in], features_in, some.clone(), panels);
                    for image in 0..batch {
                        starts[image] = image * features_out + first;
                        targets[image] = image * features_in + some.start;
                    }
                    let left = Rows { values: dy, starts, runs: &[0], depth, step: 1 };
                    let right = Panels { values: panels, depth, columns: some.len() };
                    let start = if first == 0 { SumStart::Zero } else { SumStart::Output };
                    // SAFETY: some features of each image belong to one task.
                    unsafe { multiply(&dx, targets, left, right, start, None) };
                }
            });
        });
    });
}

/// dW = dyᵀ · x. A task takes some output features.
fn weight_gradient<T: Real>(
    batch: usize,
    (features_in, features_out): (usize, usize),
    x: &[T],
    dy: &[T],
    dw: &mut [T],
) {
    with_scratch(panels_length::<T>(batch, features_in), |panels| {
        pack(x, features_in, 0..features_in, panels);
        dw.par_chunks_mut(FEATURES * features_in).enumerate().for_each(|(task, dw)| {
            let rows = dw.len() / features_in;
            with_places(2 * rows, |places| {
                let (starts, targets) = places.split_at_mut(rows);
                for row in 0..rows {
                    (starts[row], targets[row]) = (task * FEATURES + row, row * features_in);
                }
                let left = Rows { values: dy, starts, runs: &[0], depth: batch, step: features_out };
                let right = Panels { values: panels, depth: batch, columns: features_in };
                // SAFETY: these rows of the gradient are ours.
                unsafe { multiply(&Parts::new(dw), targets, left, right, SumStart::Zero, None) };
            });
        });
    });
}

/// Some columns of a matrix as panels.
fn pack<T: Real>(matrix: &[T], columns: usize, some: std::ops::Range<usize>, panels: &mut [T]) {
    let width = panel_width::<T>();
    let depth = matrix.len() / columns;
    let whole = some.len() / width;
    vectorised(
        #[inline(always)]
        || {
            for (row, from) in matrix.chunks_exact(columns).enumerate() {
                let mut from = from[some.clone()].chunks_exact(width);
                for (panel, from) in from.by_ref().enumerate() {
                    panels[(panel * depth + row) * width..][..width].copy_from_slice(from);
                }
                if some.len() > whole * width {
                    let to = &mut panels[(whole * depth + row) * width..][..width];
                    to[..from.remainder().len()].copy_from_slice(from.remainder());
                    to[from.remainder().len()..].fill(T::ZERO);
                }
            }
        },
    );
}

/// The transpose of a matrix, rows × columns, as panels: columns × rows.
fn pack_transposed<T: Real>(matrix: &[T], columns: usize, panels: &mut [T]) {
    let width = panel_width::<T>();
    panels.par_chunks_exact_mut(columns * width).enumerate().for_each(|(panel, to)| {
        let rows = matrix[panel * width * columns..].chunks_exact(columns).take(width);
        to.fill(T::ZERO);
        vectorised(
            #[inline(always)]
            || {
                for (lane, row) in rows.enumerate() {
                    to.iter_mut().skip(lane).step_by(width).zip(row).for_each(|(to, value)| *to = *value);
                }
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn multiplies_by_the_transposed_weight() {
        for (batch, features_in, features_out) in [(1, 1, 1), (1, 7, 5), (3, 5, 1), (3, 33, 18), (17, 4, 3)] {
            for weights in [vec![features_out * features_in], vec![features_out * features_in, features_out]] {
                let (input, output) = (Shape::Vector(features_in), Shape::Vector(features_out));
                let case = Case { weights, ..Case::new(Op::Linear, batch, input, output) };
                check(&case, |numbers| {
                    let outputs = numbers.inputs[0].chunks_exact(features_in).flat_map(|x| {
                        let rows = numbers.weights[0].chunks_exact(features_in).enumerate();
                        rows.map(move |(out, row)| {
                            let bias = numbers.weights.get(1).map_or(0.0, |bias| bias[out]);
                            row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias
                        })
                    });
                    outputs.collect()
                });
            }
        }
    }
}
