//! Memory that a kernel needs only while it runs. Each thread keeps what it once allocated, so that a training step
//! allocates nothing after the first.

use std::cell::RefCell;

use super::{Prepared, Real};

/// Calls `work` with a buffer of `length` numbers of any value. Calls may nest, and the thread may take up other tasks
/// within `work`: each call has a buffer of its own.
pub(super) fn with_scratch<T: Real, R>(length: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    let mut buffer = T::idle_buffers().with_borrow_mut(Vec::pop).unwrap_or_default();
    buffer.reserve(length);
    let result = work(&mut buffer[..length]);
    T::idle_buffers().with_borrow_mut(|idle| idle.push(buffer));
    result
}

/// Calls `work` with a table of `length` places, filled with zeros.
pub(super) fn with_places<R>(length: usize, work: impl FnOnce(&mut [usize]) -> R) -> R {
    thread_local! {
        static IDLE: RefCell<Vec<Vec<usize>>> = const { RefCell::new(Vec::new()) };
    }
    let mut places = IDLE.with_borrow_mut(Vec::pop).unwrap_or_default();
    places.clear();
    places.resize(length, 0);
    let result = work(&mut places);
    IDLE.with_borrow_mut(|idle| idle.push(places));
    result
}

/// Calls `work` with `length` numbers that `fill` makes of an operation's weights, or has made for an earlier call.
pub(super) fn with_prepared<T: Real, R>(
    prepared: Option<&mut Prepared<T>>,
    length: usize,
    fill: impl FnOnce(&mut [T]),
    work: impl FnOnce(&[T]) -> R,
) -> R {
    let Some(prepared) = prepared else {
        return with_scratch(length, |values| {
            fill(values);
            work(values)
        });
    };
    if !prepared.ready {
        prepared.values.reserve(length);
        fill(&mut prepared.values[..length]);
        prepared.ready = true;
    }
    work(&prepared.values[..length])
}
