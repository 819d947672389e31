//! Convolution in two dimensions (cross-correlation), as <https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html>.
//!
//! A group is a matrix product over columns (im2col), made block by block so that the columns stay in the cache. The two
//! gradients use the same columns. Every task writes what is its own, and long sums are cut at fixed places; so the result
//! does not depend on the number of threads. Groups of a single input channel go to `depthwise`.

mod columns;
mod depthwise;
mod forward;
mod geometry;
mod input_gradient;
#[cfg(test)]
mod tests;
mod weight_gradient;

use self::geometry::Geometry;
use super::lanes::{for_each, sum_of};
use super::parts::Parts;
use super::{Backward, Forward, Real};
use crate::layers::Window;

pub(super) fn forward<T: Real>(window: &Window, groups: usize, call: Forward<T>) {
    let Forward { batch, inputs, weights, output, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let geometry = Geometry::new(window, groups, batch, shape, output_shape);
    let bias = weights.get(1).copied();
    match geometry.inputs {
        1 => depthwise::forward(&geometry, x, weights[0], bias, output),
        _ => forward::forward(&geometry, x, weights[0], bias, output),
    }
}

pub(super) fn backward<T: Real>(window: &Window, groups: usize, call: Backward<T>) {
    let Backward { batch, inputs, weights, output_gradient: dy, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let geometry = Geometry::new(window, groups, batch, shape, output_shape);
    if let Some(dx) = &mut call.input_gradients[0] {
        match geometry.inputs {
            1 => depthwise::input_gradient(&geometry, weights[0], dy, dx),
            _ => input_gradient::input_gradient(&geometry, weights[0], dy, dx),
        }
    }
    if let Some(dw) = &mut call.weight_gradients[0] {
        match geometry.inputs {
            1 => depthwise::weight_gradient(&geometry, x, dy, dw),
            _ => weight_gradient::weight_gradient(&geometry, x, dy, dw),
        }
    }
    if let [_, Some(db)] = call.weight_gradients {
        bias_gradient(&geometry, dy, db);
    }
}

/// The sum over a channel's plane in every image.
fn bias_gradient<T: Real>(geometry: &Geometry, dy: &[T], db: &mut [T]) {
    let (channels, positions) = (db.len(), geometry.positions_out());
    let db = Parts::new(db);
    for_each(channels, geometry.batch * positions, |channel| {
        let planes = dy.chunks_exact(positions).skip(channel).step_by(channels);
        let sum: f64 = planes.map(|plane| sum_of(plane, |g| g).to_f64()).sum();
        // SAFETY: each channel belongs to one task.
        *unsafe { db.element(channel) } = T::of(sum);
    });
}
