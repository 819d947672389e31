//! Groups of one input channel: each output plane sees one input plane. Rows are added up tap by tap, without a product.

use super::geometry::Geometry;
use crate::kernels::Real;
use crate::kernels::lanes::for_each;
use crate::kernels::parts::Parts;

/// A task takes an output plane.
pub(super) fn forward<T: Real>(geometry: &Geometry, x: &[T], weight: &[T], bias: Option<&[T]>, output: &mut [T]) {
    let &Geometry { down, across, outputs, groups, batch, .. } = geometry;
    let (taps, positions_in, positions_out) = (geometry.taps(), geometry.positions_in(), geometry.positions_out());
    let channels = groups * outputs;
    let output = Parts::new(output);
    for_each(batch * channels, positions_out * taps, |plane| {
        let channel = plane % channels;
        let weight = &weight[channel * taps..][..taps];
        let x = &x[plane / outputs * positions_in..][..positions_in];
        // SAFETY: each plane belongs to one task.
        let y = unsafe { output.slice(plane * positions_out..(plane + 1) * positions_out) };
        y.fill(bias.map_or(T::ZERO, |bias| bias[channel]));
        for (row, y) in y.chunks_exact_mut(across.output).enumerate() {
            for (tap_down, weights) in down.taps().zip(weight.chunks_exact(across.kernel)) {
                let Some(input) = tap_down.input(row) else { continue };
                let x = &x[input * across.input..][..across.input];
                for (tap, weight) in across.taps().zip(weights) {
                    tap.gather(y, x, |y, x| *y += *weight * x);
                }
            }
        }
    });
}

/// A task takes an input plane.
pub(super) fn input_gradient<T: Real>(geometry: &Geometry, weight: &[T], dy: &[T], dx: &mut [T]) {
    let &Geometry { down, across, outputs, groups, batch, .. } = geometry;
    let (taps, positions_in, positions_out) = (geometry.taps(), geometry.positions_in(), geometry.positions_out());
    let dx = Parts::new(dx);
    for_each(batch * groups, positions_out * outputs * taps, |plane| {
        // SAFETY: each plane belongs to one task.
        let dx = unsafe { dx.slice(plane * positions_in..(plane + 1) * positions_in) };
        dx.fill(T::ZERO);
        let weights = weight[plane % groups * outputs * taps..].chunks_exact(taps);
        let gradients = dy[plane * outputs * positions_out..].chunks_exact(positions_out);
        for (weight, dy) in weights.zip(gradients).take(outputs) {
            for (row, dy) in dy.chunks_exact(across.output).enumerate() {
                for (tap_down, weights) in down.taps().zip(weight.chunks_exact(across.kernel)) {
                    let Some(input) = tap_down.input(row) else { continue };
                    let dx = &mut dx[input * across.input..][..across.input];
                    for (tap, weight) in across.taps().zip(weights) {
                        tap.scatter(dx, dy, |dx, g| *dx += *weight * g);
                    }
                }
            }
        }
    });
}

/// A task takes an output channel.
pub(super) fn weight_gradient<T: Real>(geometry: &Geometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let &Geometry { down, across, outputs, groups, batch, .. } = geometry;
    let (taps, positions_in, positions_out) = (geometry.taps(), geometry.positions_in(), geometry.positions_out());
    let channels = groups * outputs;
    let dw = Parts::new(dw);
    for_each(channels, batch * positions_out * taps, |channel| {
        // SAFETY: each channel belongs to one task.
        let dw = unsafe { dw.slice(channel * taps..(channel + 1) * taps) };
        dw.fill(T::ZERO);
        for image in 0..batch {
            let x = &x[(image * groups + channel / outputs) * positions_in..][..positions_in];
            let dy = &dy[(image * channels + channel) * positions_out..][..positions_out];
            for (row, dy) in dy.chunks_exact(across.output).enumerate() {
                for (tap_down, dw) in down.taps().zip(dw.chunks_exact_mut(across.kernel)) {
                    let Some(input) = tap_down.input(row) else { continue };
                    let x = &x[input * across.input..][..across.input];
                    for (tap, dw) in across.taps().zip(dw) {
                        *dw += tap.dot(dy, x);
                    }
                }
            }
        }
    });
}
