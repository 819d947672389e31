//! Groups of few channels: some of them are computed as one ([`Geometry::joined`]), whose weight has zeros where an
//! output channel does not see an input channel. A panel is wider than such a group anyway, and its windows are a few
//! numbers here and there. Zero times infinity is not a number: what has overflown in one group is NaN in those beside
//! it.

use crate::kernels::Real;
use crate::kernels::scratch::with_scratch;
use crate::program::convolution::Geometry;

/// Calls `work` with the weight of the joined groups.
pub(super) fn with_weight<T: Real, R>(geometry: &Geometry, weight: &[T], work: impl FnOnce(&[T]) -> R) -> R {
    let joined = geometry.joined();
    if joined.groups == geometry.groups {
        return work(weight);
    }
    with_scratch(joined.groups * joined.group_weight(), |all| {
        all.fill(T::ZERO);
        let rows = all.chunks_exact_mut(joined.inputs * joined.taps()).enumerate();
        for ((output, row), own) in rows.zip(weight.chunks_exact(geometry.inputs * geometry.taps())) {
            row[first_seen(geometry, &joined, output)..][..own.len()].copy_from_slice(own);
        }
        work(all)
    })
}

/// Takes the weight's gradient, from `work`, out of that of the joined groups.
pub(super) fn with_gradient<T: Real>(geometry: &Geometry, dw: &mut [T], work: impl FnOnce(&mut [T])) {
    let joined = geometry.joined();
    if joined.groups == geometry.groups {
        return work(dw);
    }
    with_scratch(joined.groups * joined.group_weight(), |all| {
        work(all);
        let rows = all.chunks_exact(joined.inputs * joined.taps()).enumerate();
        for ((output, row), own) in rows.zip(dw.chunks_exact_mut(geometry.inputs * geometry.taps())) {
            own.copy_from_slice(&row[first_seen(geometry, &joined, output)..][..own.len()]);
        }
    });
}

/// Where in its row of the joined weight an output channel's own numbers begin.
fn first_seen(geometry: &Geometry, joined: &Geometry, output: usize) -> usize {
    output % joined.outputs / geometry.outputs * geometry.inputs * geometry.taps()
}
