//! Memory that a kernel needs only while it runs. Each thread keeps what it once allocated, so that a training step
//! allocates nothing after the first.

use super::Real;

/// Calls `work` with a buffer of `length` numbers of any value. Calls may nest, and the thread may take up other tasks
/// within `work`: each call has a buffer of its own.
pub(super) fn with_scratch<T: Real, R>(length: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    let mut buffer = T::idle_buffers().with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < length {
        buffer.resize(length, T::ZERO);
    }
    let result = work(&mut buffer[..length]);
    T::idle_buffers().with_borrow_mut(|idle| idle.push(buffer));
    result
}
