//! Convolution in two dimensions (cross-correlation), as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html>.
//!
//! Convolution and both gradients are products whose left factor is the windows of a map, read where they lie
//! ([`window`]). Every task writes what is its own, and long sums are cut at places that follow from the sizes alone;
//! so the result does not depend on the number of threads. Groups of a single input channel go to [`depthwise`],
//! several of few channels are [`joined`].

pub(super) mod bias;
mod depthwise;
mod filter;
mod forward;
mod input_gradient;
mod joined;
mod reach;
mod sliding;
#[cfg(test)]
mod tests;
mod weight_gradient;
mod weights;
mod window;
mod winograd;

use self::filter::Filter;
use super::{Backward, Forward, Kernel, Real};
use crate::program::convolution::Algorithm;
use crate::program::op::Conv2d;

impl<T: Real> Kernel<T> for Conv2d {
    fn forward(&self, call: Forward<T>) {
        let Forward { device, batch, epilogue, inputs, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let geometry = self.geometry(batch, shape, output_shape);
        let outputs = geometry.all_outputs();
        Filter::with(outputs, epilogue, call.weights, call.statistics, device.prepared, |filter| {
            match Algorithm::of(&geometry, device.algorithms) {
                Algorithm::Depthwise => depthwise::forward(&geometry, x, &filter, output),
                Algorithm::Winograd => winograd::forward(&geometry, x, filter, output),
                Algorithm::Direct => forward::forward(&geometry, x, filter, output),
            }
        });
    }

    fn backward(&self, call: Backward<T>) {
        let Backward { batch, device: algorithms, inputs, weights, output_gradient: dy, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let geometry = self.geometry(batch, shape, output_shape);
        let algorithm = Algorithm::of(&geometry, algorithms);
        if let Some(dx) = &mut call.input_gradients[0] {
            match algorithm {
                Algorithm::Depthwise => depthwise::input_gradient(&geometry, weights[0], dy, dx),
                Algorithm::Winograd => winograd::input_gradient(&geometry, weights[0], dy, dx),
                Algorithm::Direct => input_gradient::input_gradient(&geometry, weights[0], dy, dx),
            }
        }
        if let Some(dw) = &mut call.weight_gradients[0] {
            match algorithm {
                Algorithm::Depthwise => depthwise::weight_gradient(&geometry, x, dy, dw),
                Algorithm::Winograd => winograd::weight_gradient(&geometry, x, dy, dw),
                Algorithm::Direct => weight_gradient::weight_gradient(&geometry, x, dy, dw),
            }
        }
        if let [_, Some(db)] = call.weight_gradients {
            bias::gradient(dy, db);
        }
    }
}
