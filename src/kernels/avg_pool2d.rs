//! The mean under each window (<https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html>).
//!
//! The divisor is the window clipped to the padded input, or, without `count_include_pad`, to the input. The window is
//! not dilated.

use super::bins::{Bins, means, spread};
use super::tap::Slide;
use super::{Backward, Forward, Kernel, Real, size};
use crate::ir::{Shape, Window};
use crate::program::op::AvgPool2d;

impl<T: Real> Kernel<T> for AvgPool2d {
    fn forward(&self, call: Forward<T>) {
        let AvgPool2d { window, count_include_pad } = *self;
        let (x, shape) = call.inputs[0];
        means(bins(&window, count_include_pad, shape, call.output_shape), shape.channels(), x, call.output);
    }

    fn backward(&self, call: Backward<T>) {
        let AvgPool2d { window, count_include_pad } = *self;
        let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
        let shape = inputs[0].1;
        spread(bins(&window, count_include_pad, shape, output_shape), shape.channels(), output_gradient, dx);
    }
}

/// Down and across.
fn bins(window: &Window, count_include_pad: bool, input: Shape, output: Shape) -> [Bins; 2] {
    Slide::both(window, size(input), size(output)).map(|slide| Bins::Sliding { slide, count_include_pad })
}
