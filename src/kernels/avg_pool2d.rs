//! The mean under each window (<https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html>).
//!
//! The divisor is the window clipped to the padded input, or, without `count_include_pad`, to the input. The window is
//! not dilated.

use std::ops::Range;

use super::lanes::{add_scaled, for_each_row};
use super::tap::Slide;
use super::{Backward, Forward, Real, size};
use crate::layers::Window;

pub(super) fn forward<T: Real>(window: &Window, count_include_pad: bool, call: Forward<T>) {
    let Forward { inputs, output, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let (channels, slides) = (shape.channels(), Slide::both(window, size(shape), size(output_shape)));
    let [down, across] = &slides;
    let line = across.output * channels;
    for_each_row(output, line, line * down.kernel * across.kernel, |row, y| {
        let x = &x[row / down.output * shape.elements()..][..shape.elements()];
        for (column, y) in y.chunks_exact_mut(channels).enumerate() {
            y.fill(T::ZERO);
            let at = (row % down.output, column);
            for position in inputs_of(&slides, at) {
                add_scaled(y, T::ONE, &x[position * channels..][..channels]);
            }
            let share: T = share(&slides, count_include_pad, at);
            y.iter_mut().for_each(|y| *y *= share);
        }
    });
}

pub(super) fn backward<T: Real>(window: &Window, count_include_pad: bool, call: Backward<T>) {
    let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
    let shape = inputs[0].1;
    let (channels, slides) = (shape.channels(), Slide::both(window, size(shape), size(output_shape)));
    for_each_row(dx, shape.elements(), shape.elements() + output_shape.elements(), |image, dx| {
        dx.fill(T::ZERO);
        let g = &output_gradient[image * output_shape.elements()..][..output_shape.elements()];
        for (position, g) in g.chunks_exact(channels).enumerate() {
            let at = (position / slides[1].output, position % slides[1].output);
            let share = share(&slides, count_include_pad, at);
            for position in inputs_of(&slides, at) {
                add_scaled(&mut dx[position * channels..][..channels], share, g);
            }
        }
    });
}

/// The input positions under the window of an output.
fn inputs_of([down, across]: &[Slide; 2], (row, column): (usize, usize)) -> impl Iterator<Item = usize> {
    let width = across.input;
    down.inputs(row).flat_map(move |line| across.inputs(column).map(move |column| line * width + column))
}

/// What each number under the window of an output counts.
fn share<T: Real>([down, across]: &[Slide; 2], count_include_pad: bool, (row, column): (usize, usize)) -> T {
    let count = divisor(down, count_include_pad, row) * divisor(across, count_include_pad, column);
    // A window that lies in the padding altogether has the mean 0.
    T::of(1.0 / count.max(1) as f64)
}

/// How many positions of a window count, in one direction.
fn divisor(slide: &Slide, count_include_pad: bool, output: usize) -> usize {
    // Positions are counted from the beginning of the padding.
    let start = output * slide.stride;
    let end = start + slide.kernel;
    let counted: Range<usize> = match count_include_pad {
        true => 0..slide.input + 2 * slide.padding,
        false => slide.padding..slide.padding + slide.input,
    };
    end.min(counted.end).saturating_sub(start.max(counted.start))
}
