//! output = windows · weight + bias, cut to bounds.

use super::filter::Filter;
use super::joined;
use super::reach::Reach;
use super::sliding::Sliding;
use super::weights::{Direction, length, pack};
use super::window::Windows;
use crate::kernels::Real;
use crate::kernels::parts::Parts;
use crate::kernels::scratch::with_prepared;
use crate::program::convolution::Geometry;

pub(super) fn forward<T: Real>(geometry: &Geometry, x: &[T], mut filter: Filter<T>, output: &mut [T]) {
    let (layer, geometry) = (geometry, &geometry.joined());
    let (down, across) = (Reach::forward(&geometry.down), Reach::forward(&geometry.across));
    let length = length::<T>(geometry, Direction::Forward, geometry.taps());
    let prepared = filter.prepared.take();
    let fill = |panels: &mut [T]| {
        let pack = |weight: &[T]| pack(geometry, Direction::Forward, (down.taps, across.taps), weight, panels);
        filter.with_weight(|weight| joined::with_weight(layer, weight, pack));
    };
    with_prepared(prepared, length, fill, |panels| {
        let sliding = Sliding {
            batch: geometry.batch,
            groups: geometry.groups,
            windows: Windows { source: x, channels: geometry.all_inputs(), down, across },
            panels,
            columns: geometry.all_outputs(),
            bias: filter.bias,
            clamp: filter.clamp,
            target: (geometry.down.output, geometry.across.output),
        };
        // SAFETY: the whole output is ours.
        unsafe { sliding.run(&Parts::new(output)) };
    });
}
