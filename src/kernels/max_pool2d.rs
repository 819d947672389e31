//! The maximum under each window (<https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html>).
//!
//! Padding is −∞ and never wins. Of equal numbers the first in row order takes the gradient; NaN is larger than anything.

use rayon::prelude::*;

use super::lanes::{for_each_row, rows_each};
use super::tap::Slide;
use super::{Backward, Forward, Real, size};
use crate::layers::Window;

/// The place of a maximum before the first number was looked at, so that −∞ can win against nothing.
const UNSEEN: u32 = u32::MAX;

/// Keeps the position of each maximum in its input map.
pub(super) fn forward<T: Real>(window: &Window, call: Forward<T>) {
    let Forward { inputs, output, output_shape, saved, .. } = call;
    let (x, shape) = inputs[0];
    let [down, across] = Slide::both(window, size(shape), size(output_shape));
    let channels = shape.channels();
    let line = across.output * channels;
    let lines = output.par_chunks_exact_mut(line).zip(saved.indices.par_chunks_exact_mut(line)).enumerate();
    lines.with_min_len(rows_each(line * down.kernel * across.kernel)).for_each(|(row, (y, places))| {
        let x = &x[row / down.output * shape.elements()..][..shape.elements()];
        let outputs = y.chunks_exact_mut(channels).zip(places.chunks_exact_mut(channels));
        for (column, (y, places)) in outputs.enumerate() {
            y.fill(T::NEG_INFINITY);
            places.fill(UNSEEN);
            for line in down.inputs(row % down.output) {
                for column in across.inputs(column) {
                    let position = line * across.input + column;
                    look(&x[position * channels..][..channels], position as u32, y, places);
                }
            }
        }
    });
}

/// Each gradient goes to its maximum.
pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { inputs, output_shape, saved, output_gradient, input_gradients: [Some(dx)], .. } = call else {
        return;
    };
    let (shape, elements) = (inputs[0].1, output_shape.elements());
    let channels = shape.channels();
    for_each_row(dx, shape.elements(), shape.elements() + elements, |image, dx| {
        dx.fill(T::ZERO);
        let image = image * elements..(image + 1) * elements;
        let (g, places) = (&output_gradient[image.clone()], &saved.indices[image]);
        for (g, places) in g.chunks_exact(channels).zip(places.chunks_exact(channels)) {
            for (channel, (g, place)) in g.iter().zip(places).enumerate().filter(|(_, (_, place))| **place != UNSEEN) {
                dx[*place as usize * channels + channel] += *g;
            }
        }
    });
}

/// Takes what is larger than the best so far.
fn look<T: Real>(x: &[T], position: u32, best: &mut [T], places: &mut [u32]) {
    for ((best, place), x) in best.iter_mut().zip(places).zip(x) {
        // Written without branches, so that many channels are compared at a time.
        let wins = (*x > *best) | x.is_nan() | (*place == UNSEEN);
        *best = if wins { *x } else { *best };
        *place = if wins { position } else { *place };
    }
}
