//! The weights of a 3×3 convolution, transformed: 36 right factors of products; and the gradients of weights, turned
//! back.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::transforms;
use crate::kernels::Real;
use crate::kernels::conv2d::weights::Direction;
use crate::kernels::parts::Parts;
use crate::kernels::product::{panel_width, panels_length};
use crate::kernels::simd::dispatch;
use crate::program::convolution::Geometry;
use crate::program::convolution::winograd::{GAP, INPUTS, MATRICES};

const TAPS: usize = 9;

/// Lanes of the widest register.
const LANES: usize = 16;

/// Numbers from one of the 36 right factors to the next.
pub(super) fn length<T: Real>(geometry: &Geometry, direction: Direction) -> usize {
    let (rows, columns) = sides(geometry, direction);
    panels_length::<T>(rows, columns) + GAP
}

/// Numbers from one of the 36 gradients to the next.
pub(super) fn gradient_length(geometry: &Geometry) -> usize {
    geometry.inputs * geometry.outputs + GAP
}

/// G g Gᵀ of every pair of channels, as the panels of 36 right factors. The way back uses the weights rotated by 180°.
pub(super) fn transform<T: Real>(geometry: &Geometry, direction: Direction, weight: &[T], panels: &mut [T]) {
    let (rows, columns) = sides(geometry, direction);
    let (matrix, width) = (length::<T>(geometry, direction), panel_width::<T>());
    let panels = Parts::new(panels);
    (0..columns.div_ceil(width)).into_par_iter().for_each(|panel| {
        let first = panel * width;
        // SAFETY: each panel belongs to one task.
        let panels = std::array::from_fn(|index| unsafe {
            let start = index * matrix + panel * rows * width;
            panels.slice(start..start + rows * width)
        });
        let columns = first..(first + width).min(columns);
        dispatch(Panel { geometry, direction, weight, rows, columns, width, panels });
    });
}

struct Panel<'a, T> {
    geometry: &'a Geometry,
    direction: Direction,
    weight: &'a [T],
    rows: usize,
    columns: std::ops::Range<usize>,
    width: usize,
    panels: [&'a mut [T]; MATRICES],
}

impl<T: Real> WithSimd for Panel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Panel { geometry, direction, weight, rows, columns, width, mut panels } = self;
        let lanes = T::lanes::<S>();
        for row in 0..rows {
            let mut at = 0;
            while at < width {
                let mut taps = [[T::ZERO; LANES]; TAPS];
                for lane in 0..lanes.min(columns.len().saturating_sub(at)) {
                    let column = columns.start + at + lane;
                    let pair = match direction {
                        Direction::Forward => column * geometry.inputs + row,
                        Direction::Backward => row * geometry.inputs + column,
                    };
                    let from = &weight[pair * TAPS..][..TAPS];
                    for tap in 0..TAPS {
                        taps[tap][lane] = match direction {
                            Direction::Forward => from[tap],
                            Direction::Backward => from[TAPS - 1 - tap],
                        };
                    }
                }
                let panels = &mut panels;
                // SAFETY: a register has at most LANES lanes, and each row of a panel whole registers; one is plain
                // numbers.
                unsafe {
                    transforms::both::<T, S, 3, 6>(
                        simd,
                        #[inline(always)]
                        |y, x| taps[y * 3 + x].as_ptr().cast::<T::Vector<S>>().read_unaligned(),
                        #[inline(always)]
                        |simd, line| transforms::weight::<T, S>(simd, line),
                        #[inline(always)]
                        |y, x, value| {
                            let to = panels[y * INPUTS + x].as_mut_ptr().add(row * width + at);
                            to.cast::<T::Vector<S>>().write_unaligned(value);
                        },
                    );
                }
                at += lanes;
            }
        }
    }
}

/// dw ← Gᵀ m G for every pair of channels, where m are 36 matrices inputs × outputs, `stretches` of them to be summed.
pub(super) fn transform_back<T: Real>(geometry: &Geometry, sums: &[T], stretches: usize, dw: &mut [T]) {
    let &Geometry { inputs, outputs, .. } = geometry;
    let matrix = gradient_length(geometry);
    let dw = Parts::new(dw);
    (0..inputs).into_par_iter().with_min_len(4).for_each(|input| {
        dispatch(Back { inputs, outputs, input, matrix, sums, stretches, dw: &dw });
    });
}

struct Back<'a, T> {
    inputs: usize,
    outputs: usize,
    input: usize,
    matrix: usize,
    sums: &'a [T],
    stretches: usize,
    dw: &'a Parts<'a, T>,
}

impl<T: Real> WithSimd for Back<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Back { inputs, outputs, input, matrix, sums, stretches, dw } = self;
        let lanes = T::lanes::<S>();
        let mut first = 0;
        while first < outputs {
            let count = lanes.min(outputs - first);
            let mut taps = [T::splat(simd, T::ZERO); TAPS];
            let sums = &sums[input * outputs + first..];
            transforms::both::<T, S, 6, 3>(
                simd,
                #[inline(always)]
                |y, x| {
                    let mut sum = T::splat(simd, T::ZERO);
                    for stretch in 0..stretches {
                        let from = &sums[(stretch * MATRICES + y * INPUTS + x) * matrix..];
                        // SAFETY: a register is plain numbers, and what follows the last of them are at least GAP more.
                        let from = unsafe { from[..GAP].as_ptr().cast::<T::Vector<S>>().read_unaligned() };
                        sum = T::plus(simd, sum, from);
                    }
                    sum
                },
                #[inline(always)]
                |simd, line| transforms::weight_gradient::<T, S>(simd, line),
                #[inline(always)]
                |y, x, value| taps[y * 3 + x] = value,
            );
            for lane in 0..count {
                let start = ((first + lane) * inputs + input) * TAPS;
                // SAFETY: each input channel's taps belong to one task; a register is plain numbers.
                unsafe {
                    let to = dw.slice(start..start + TAPS);
                    for tap in 0..TAPS {
                        to[tap] = *(&raw const taps[tap]).cast::<T>().add(lane);
                    }
                }
            }
            first += lanes;
        }
    }
}

/// Channels that are rows of the right factors, and those that are columns.
fn sides(geometry: &Geometry, direction: Direction) -> (usize, usize) {
    match direction {
        Direction::Forward => (geometry.inputs, geometry.outputs),
        Direction::Backward => (geometry.outputs, geometry.inputs),
    }
}
