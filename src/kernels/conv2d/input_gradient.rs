//! input's gradient = windows of the output's gradient · weight, rotated by 180°. With a stride, the input's positions
//! fall into as many kinds as it has remainders, each of which met its own part of the taps.

use super::joined;
use super::reach::Reach;
use super::sliding::Sliding;
use super::weights::{Direction, length, pack};
use super::window::Windows;
use crate::kernels::Real;
use crate::kernels::parts::Parts;
use crate::kernels::scratch::with_scratch;
use crate::kernels::tap::Slide;
use crate::program::convolution::Geometry;

pub(super) fn input_gradient<T: Real>(geometry: &Geometry, weight: &[T], dy: &[T], dx: &mut [T]) {
    joined::with_weight(geometry, weight, |weight| of_joined(&geometry.joined(), weight, dy, dx));
}

fn of_joined<T: Real>(geometry: &Geometry, weight: &[T], dy: &[T], dx: &mut [T]) {
    let kinds = || reaches(geometry.down).flat_map(|down| reaches(geometry.across).map(move |across| (down, across)));
    let taps = |(down, across): (Reach, Reach)| down.taps.count * across.taps.count;
    if kinds().any(|kind| taps(kind) == 0) {
        dx.fill(T::ZERO);
    }
    let dx = Parts::new(dx);
    for kind in kinds().filter(|kind| taps(*kind) > 0 && kind.0.outputs * kind.1.outputs > 0) {
        let (down, across) = kind;
        with_scratch(length::<T>(geometry, Direction::Backward, taps(kind)), |panels| {
            pack(geometry, Direction::Backward, (down.taps, across.taps), weight, panels);
            let sliding = Sliding {
                batch: geometry.batch,
                groups: geometry.groups,
                windows: Windows { source: dy, channels: geometry.all_outputs(), down, across },
                panels,
                columns: geometry.all_inputs(),
                bias: None,
                clamp: None,
                target: (geometry.down.input, geometry.across.input),
            };
            // SAFETY: the whole gradient is ours, and one kind after the other writes it.
            unsafe { sliding.run(&dx) };
        });
    }
}

/// One for each remainder of the stride.
fn reaches(slide: Slide) -> impl Iterator<Item = Reach> + Clone {
    (0..slide.stride).map(move |remainder| Reach::backward(&slide, remainder))
}
