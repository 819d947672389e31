//! Convolution 3×3 with stride 1 by Winograd's F(4×4, 3×3): 36 multiplications for 16 outputs instead of 144, at the
//! price of transforms before and after, whose cost does not grow with the product of the channels.
//!
//! Operations: 72 a tile and pair of channels, and 300 a tile and channel for the transforms. Bytes: input and output
//! once, and 36/9 of the weight three times. Two threads of a Zen 3, whose peak is about 170 GFLOP/s, do what would be
//! 230 to 450 GFLOP/s by the sum as it is defined.
//!
//! Forward, a task takes some tiles through all three steps, so that they stay in its cache. The input's gradient is
//! the same with the weights rotated by 180°. The weight's gradient sums over tiles what the transforms of input and
//! output's gradient have in common.

#[cfg(test)]
mod tests;
mod tiles;
mod transforms;
mod weights;

use rayon::prelude::*;

use self::tiles::{Tiles, transform_gradients, transform_inputs, transform_outputs};
use super::filter::Filter;
use super::weights::Direction;
use crate::kernels::Real;
use crate::kernels::parts::Parts;
use crate::kernels::product::{Panels, Rows, SumStart, multiply, panel_width};
use crate::kernels::scratch::{with_places, with_prepared, with_scratch};
use crate::program::convolution::Geometry;
use crate::program::convolution::winograd::{DEPTH, Division, MATRICES, TileLayout, tiles_each};

pub(super) fn forward<T: Real>(geometry: &Geometry, x: &[T], filter: Filter<T>, output: &mut [T]) {
    let (down, across) = (geometry.down, geometry.across);
    let tiles = Tiles {
        batch: geometry.batch,
        outputs: (down.output, across.output),
        inputs: (down.input, across.input),
        padding: (down.padding, across.padding),
    };
    convolve(geometry, Direction::Forward, &tiles, x, filter, output);
}

pub(super) fn input_gradient<T: Real>(geometry: &Geometry, weight: &[T], dy: &[T], dx: &mut [T]) {
    let (down, across) = (geometry.down, geometry.across);
    let tiles = Tiles {
        batch: geometry.batch,
        outputs: (down.input, across.input),
        inputs: (down.output, across.output),
        padding: (2 - down.padding, 2 - across.padding),
    };
    convolve(geometry, Direction::Backward, &tiles, dy, Filter::plain(weight), dx);
}

fn convolve<T: Real>(
    geometry: &Geometry,
    direction: Direction,
    tiles: &Tiles,
    x: &[T],
    mut filter: Filter<T>,
    output: &mut [T],
) {
    let (inputs, outputs) = match direction {
        Direction::Forward => (geometry.inputs, geometry.outputs),
        Direction::Backward => (geometry.outputs, geometry.inputs),
    };
    let length = weights::length::<T>(geometry, direction);
    let count = tiles.count();
    let each = tiles_each(count, inputs + outputs, rayon::current_num_threads());
    let prepared = filter.prepared.take();
    let fill = |panels: &mut [T]| {
        filter.with_weight(|weight| weights::transform(geometry, direction, weight, panels));
    };
    with_prepared(prepared, MATRICES * length, fill, |panels| {
        let output = Parts::new(output);
        (0..count.div_ceil(each)).into_par_iter().for_each(|task| {
            let some = task * each..((task + 1) * each).min(count);
            let (from, to) = (TileLayout::rows(some.len(), inputs), TileLayout::rows(some.len(), outputs));
            with_scratch(MATRICES * (from.matrix + to.matrix), |scratch| {
                let (v, m) = scratch.split_at_mut(MATRICES * from.matrix);
                transform_inputs(tiles, some.clone(), (x, inputs), 0..inputs, from, v);
                with_places(2 * some.len(), |places| {
                    let (starts, targets) = places.split_at_mut(some.len());
                    for tile in 0..some.len() {
                        (starts[tile], targets[tile]) = (tile * from.tile, tile * to.tile);
                    }
                    for matrix in 0..MATRICES {
                        let values = &v[matrix * from.matrix..][..from.matrix];
                        let left = Rows { values, starts, runs: &[0], depth: inputs, step: 1 };
                        let values = &panels[matrix * length..][..length];
                        let right = Panels { values, depth: inputs, columns: outputs };
                        let m = Parts::new(&mut m[matrix * to.matrix..][..to.matrix]);
                        // SAFETY: the matrix is ours.
                        unsafe { multiply(&m, targets, left, right, SumStart::Zero, None) };
                    }
                });
                // SAFETY: each tile belongs to one task.
                unsafe { transform_outputs(tiles, some, (m, to), (filter.bias, filter.clamp), outputs, &output) };
            });
        });
    });
}

pub(super) fn weight_gradient<T: Real>(geometry: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let &Geometry { inputs, outputs, down, across, .. } = geometry;
    let tiles = Tiles {
        batch: geometry.batch,
        outputs: (down.output, across.output),
        inputs: (down.input, across.input),
        padding: (down.padding, across.padding),
    };
    let Division { channels_each, channel_parts, blocks_each, stretches } = Division::new(inputs, tiles.count());
    let matrix_length = weights::gradient_length(geometry);
    let length = MATRICES * matrix_length;
    with_scratch(stretches * length, |sums| {
        let parts = Parts::new(sums);
        (0..stretches * channel_parts).into_par_iter().for_each(|task| {
            let (stretch, part) = (task / channel_parts, task % channel_parts);
            let channels = part * channels_each..((part + 1) * channels_each).min(inputs);
            let from = TileLayout::rows(DEPTH, channels.len());
            let to = TileLayout::panels(DEPTH, outputs, panel_width::<T>());
            with_scratch(MATRICES * (from.matrix + to.matrix), |scratch| {
                let (v, d) = scratch.split_at_mut(MATRICES * from.matrix);
                let first = stretch * blocks_each * DEPTH;
                let last = (first + blocks_each * DEPTH).min(tiles.count());
                for start in (first..last).step_by(DEPTH) {
                    let some = start..(start + DEPTH).min(last);
                    let depth = some.len();
                    let to = TileLayout::panels(depth, outputs, panel_width::<T>());
                    transform_inputs(&tiles, some.clone(), (x, inputs), channels.clone(), from, v);
                    transform_gradients(&tiles, some, (dy, outputs), to, d);
                    with_places(2 * channels.len(), |places| {
                        let (starts, targets) = places.split_at_mut(channels.len());
                        for (index, channel) in channels.clone().enumerate() {
                            starts[index] = index;
                            targets[index] = stretch * length + channel * outputs;
                        }
                        for matrix in 0..MATRICES {
                            let values = &v[matrix * from.matrix..][..from.matrix];
                            let left = Rows { values, starts, runs: &[0], depth, step: from.tile };
                            let values = &d[matrix * to.matrix..][..to.matrix];
                            let right = Panels { values, depth, columns: outputs };
                            let begin = if start == first { SumStart::Zero } else { SumStart::Output };
                            // SAFETY: some input channels of a stretch belong to one task.
                            unsafe { multiply(&parts, targets, left, right, begin, None) };
                            targets.iter_mut().for_each(|target| *target += matrix_length);
                        }
                    });
                }
            });
        });
        weights::transform_back(geometry, sums, stretches, dw);
    });
}
