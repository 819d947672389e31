//! Memory that a kernel needs only while it runs. Each thread keeps what it once allocated, so that a training step
//! allocates nothing after the first.

use std::cell::RefCell;

use super::Real;

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
