//! The maximum under each window (<https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html>).
//!
//! Padding is −∞ and never wins. Of equal numbers the first in row order takes the gradient; NaN is larger than anything.

use rayon::prelude::*;

use super::tap::Slide;
use super::{Backward, Forward, Real, size};
use crate::layers::Window;

/// Output elements that are worth a task of their own.
const TASK: usize = 1 << 13;

/// The place of a maximum before the first number was looked at, so that −∞ can win against nothing.
const UNSEEN: u32 = u32::MAX;

/// Keeps the place of each maximum in its input plane.
pub(super) fn forward<T: Real>(window: &Window, call: Forward<T>) {
    let Forward { inputs, output, output_shape, saved, .. } = call;
    let (x, shape) = inputs[0];
    let (input, out) = (size(shape), size(output_shape));
    let slides = Slide::both(window, input, out);
    let (positions_in, positions_out) = (input.0 * input.1, out.0 * out.1);
    let planes = x.par_chunks_exact(positions_in).zip(output.par_chunks_exact_mut(positions_out));
    planes
        .zip(saved.indices.par_chunks_exact_mut(positions_out))
        .with_min_len(TASK.div_ceil(positions_out))
        .for_each(|((x, y), places)| plane(&slides, x, y, places));
}

/// Each gradient goes to its maximum.
pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { inputs, output_shape, saved, output_gradient, input_gradients: [Some(dx)], .. } = call else {
        return;
    };
    let (positions_in, positions_out) = (inputs[0].1.positions(), output_shape.positions());
    let planes = dx.par_chunks_exact_mut(positions_in).zip(output_gradient.par_chunks_exact(positions_out));
    planes.zip(saved.indices.par_chunks_exact(positions_out)).with_min_len(TASK.div_ceil(positions_out)).for_each(
        |((dx, g), places)| {
            dx.fill(T::ZERO);
            for (g, place) in g.iter().zip(places) {
                dx[*place as usize] += *g;
            }
        },
    );
}

/// Row by row, tap by tap along the row, so that the inner loop has no window in it.
fn plane<T: Real>([down, across]: &[Slide; 2], x: &[T], y: &mut [T], places: &mut [u32]) {
    let rows = y.chunks_exact_mut(across.output).zip(places.chunks_exact_mut(across.output));
    for (row, (y, places)) in rows.enumerate() {
        y.fill(T::NEG_INFINITY);
        places.fill(UNSEEN);
        for line in down.taps().filter_map(|tap| tap.input(row)) {
            let x = &x[line * across.input..][..across.input];
            for tap in across.taps() {
                let start = (line * across.input + tap.first) as u32;
                let (stride, outputs) = (tap.stride, tap.outputs);
                let taken = x[tap.first..].iter().step_by(stride);
                let best = y[outputs.clone()].iter_mut().zip(&mut places[outputs]);
                for (step, ((best, place), x)) in best.zip(taken).enumerate() {
                    if *x > *best || x.is_nan() || *place == UNSEEN {
                        *best = *x;
                        *place = start + (step * stride) as u32;
                    }
                }
            }
        }
    }
}
