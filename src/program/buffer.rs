//! Memory that begins with a line of the cache, so that no register of a row is torn between two lines.

use std::ops::{Deref, DerefMut};

use super::Real;

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Numbers that begin with a line of the cache.
#[derive(Debug)]
pub struct Buffer<T> {
    values: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Real> Buffer<T> {
    /// Makes room for at least `length` numbers. What it held is lost if there was less.
    pub fn reserve(&mut self, length: usize) {
        if length <= self.length {
            return;
        }
        self.values.clear();
        // Exactly, since buffers are large and do not grow again.
        self.values.reserve_exact(length + LINE / size_of::<T>());
        self.values.resize(length + LINE / size_of::<T>(), T::ZERO);
        // A platform that cannot tell leaves the buffer where it is.
        self.start = self.values.as_ptr().align_offset(LINE).min(LINE / size_of::<T>());
        self.length = length;
    }
}

impl<T> Default for Buffer<T> {
    fn default() -> Buffer<T> {
        Buffer { values: Vec::new(), start: 0, length: 0 }
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..self.start + self.length]
    }
}

impl<T> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..self.start + self.length]
    }
}
