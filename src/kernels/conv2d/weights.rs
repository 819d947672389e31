//! The weights of a convolution, outputs × inputs × taps, as the panels of a product.

use rayon::prelude::*;

use super::reach::Taps;
use crate::kernels::Real;
use crate::kernels::product::{panel_width, panels_length};
use crate::program::convolution::Geometry;

/// Which way a weight is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Direction {
    /// From inputs to outputs: a column an output channel.
    Forward,
    /// From outputs to inputs: a column an input channel.
    Backward,
}

/// Numbers of the panels of all groups with some of the taps.
pub(super) fn length<T: Real>(geometry: &Geometry, direction: Direction, taps: usize) -> usize {
    let (rows, columns) = sides(geometry, direction);
    geometry.groups * panels_length::<T>(taps * rows, columns)
}

/// Numbers of a column that lie side by side in the weight and are packed in one go: their places in the panel, one
/// below the other, stay in the cache.
const RUN: usize = 64;

/// Writes the panels: for each group, each panel, each tap and each channel on the other side a row of columns.
///
/// The weight is read in the order in which it lies: a line of the cache that comes back later may be gone by then, and
/// is if the channels are a power of two.
pub(super) fn pack<T: Real>(
    geometry: &Geometry,
    direction: Direction,
    (down, across): (Taps, Taps),
    weight: &[T],
    panels: &mut [T],
) {
    let width = panel_width::<T>();
    let (rows, columns) = sides(geometry, direction);
    let (taps, kernel_width) = (geometry.taps(), geometry.across.kernel);
    let line = geometry.inputs * taps;
    let per_group = columns.div_ceil(width);
    let chosen = down.indices().flat_map(|y| across.indices().map(move |x| y * kernel_width + x)).enumerate();
    let panel_length = down.count * across.count * rows * width;
    if panel_length == 0 {
        return;
    }
    panels.par_chunks_exact_mut(panel_length).enumerate().for_each(|(index, panel)| {
        let weight = &weight[index / per_group * geometry.group_weight()..];
        let first = index % per_group * width;
        let used = width.min(columns - first);
        match direction {
            Direction::Forward => {
                let rows_each = (RUN / taps).max(1);
                for row in (0..rows).step_by(rows_each) {
                    let height = rows_each.min(rows - row);
                    for column in 0..used {
                        let from = &weight[(first + column) * line + row * taps..][..height * taps];
                        for (place, tap) in chosen.clone() {
                            let to = panel[(place * rows + row) * width + column..].iter_mut().step_by(width);
                            to.zip(from[tap..].iter().step_by(taps)).for_each(|(to, weight)| *to = *weight);
                        }
                    }
                }
            }
            Direction::Backward => {
                for row in 0..rows {
                    let from = &weight[row * line + first * taps..][..used * taps];
                    for (place, tap) in chosen.clone() {
                        let to = &mut panel[(place * rows + row) * width..][..used];
                        to.iter_mut().zip(from[tap..].iter().step_by(taps)).for_each(|(to, weight)| *to = *weight);
                    }
                }
            }
        }
        if used < width {
            panel.chunks_exact_mut(width).for_each(|row| row[used..].fill(T::ZERO));
        }
    });
}

/// Channels of a group that are rows, and those that are columns.
fn sides(geometry: &Geometry, direction: Direction) -> (usize, usize) {
    match direction {
        Direction::Forward => (geometry.inputs, geometry.outputs),
        Direction::Backward => (geometry.outputs, geometry.inputs),
    }
}
