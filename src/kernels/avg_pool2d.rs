//! The mean under each window (<https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html>).
//!
//! The divisor is the window clipped to the padded input, or, without `count_include_pad`, to the input. The window is
//! not dilated.

use std::ops::Range;

use super::lanes::for_each;
use super::parts::Parts;
use super::tap::Slide;
use super::{Backward, Forward, Real, size};
use crate::layers::Window;

pub(super) fn forward<T: Real>(window: &Window, count_include_pad: bool, call: Forward<T>) {
    let Forward { inputs, output, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let slides = Slide::both(window, size(shape), size(output_shape));
    let (positions_in, positions_out) = (shape.positions(), output_shape.positions());
    let planes = x.len() / positions_in;
    let output = Parts::new(output);
    for_each(planes, positions_in + positions_out, |plane| {
        // SAFETY: each plane belongs to one task.
        let y = unsafe { output.slice(plane * positions_out..(plane + 1) * positions_out) };
        means(&slides, count_include_pad, &x[plane * positions_in..][..positions_in], y);
    });
}

pub(super) fn backward<T: Real>(window: &Window, count_include_pad: bool, call: Backward<T>) {
    let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
    let shape = inputs[0].1;
    let slides = Slide::both(window, size(shape), size(output_shape));
    let (positions_in, positions_out) = (shape.positions(), output_shape.positions());
    let planes = dx.len() / positions_in;
    let dx = Parts::new(dx);
    for_each(planes, positions_in + positions_out, |plane| {
        // SAFETY: each plane belongs to one task.
        let dx = unsafe { dx.slice(plane * positions_in..(plane + 1) * positions_in) };
        spread(&slides, count_include_pad, &output_gradient[plane * positions_out..][..positions_out], dx);
    });
}

fn means<T: Real>([down, across]: &[Slide; 2], count_include_pad: bool, x: &[T], y: &mut [T]) {
    y.fill(T::ZERO);
    for (row, y) in y.chunks_exact_mut(across.output).enumerate() {
        for line in down.taps().filter_map(|tap| tap.input(row)) {
            let x = &x[line * across.input..][..across.input];
            across.taps().for_each(|tap| tap.gather(y, x, |sum, x| *sum += x));
        }
        let height = divisor(down, count_include_pad, row);
        for (column, y) in y.iter_mut().enumerate() {
            *y = mean(*y, height * divisor(across, count_include_pad, column));
        }
    }
}

fn spread<T: Real>([down, across]: &[Slide; 2], count_include_pad: bool, g: &[T], dx: &mut [T]) {
    dx.fill(T::ZERO);
    super::scratch::with_scratch(across.output, |shares| {
        for (row, g) in g.chunks_exact(across.output).enumerate() {
            let height = divisor(down, count_include_pad, row);
            for (column, (share, g)) in shares.iter_mut().zip(g).enumerate() {
                *share = mean(*g, height * divisor(across, count_include_pad, column));
            }
            for line in down.taps().filter_map(|tap| tap.input(row)) {
                let dx = &mut dx[line * across.input..][..across.input];
                across.taps().for_each(|tap| tap.scatter(dx, shares, |sum, share| *sum += share));
            }
        }
    });
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

/// A window that lies in the padding altogether has the mean 0.
fn mean<T: Real>(sum: T, count: usize) -> T {
    if count == 0 { T::ZERO } else { sum / T::of(count as f64) }
}
