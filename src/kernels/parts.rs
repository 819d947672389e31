//! A slice that several tasks fill, each its own part, where the parts do not lie one after the other: a channel of
//! every image.

use std::marker::PhantomData;
use std::ops::Range;

/// Hands out parts of a slice to tasks.
pub(super) struct Parts<'a, T> {
    start: *mut T,
    length: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: a Parts is a `&mut [T]` whose pieces are handed out by functions that promise disjointness; sending pieces to
// other threads is sound where sending `&mut [T]` is.
unsafe impl<T: Send> Sync for Parts<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    pub(super) fn new(values: &'a mut [T]) -> Parts<'a, T> {
        Parts { start: values.as_mut_ptr(), length: values.len(), lifetime: PhantomData }
    }

    /// # Safety
    /// While the result lives, no other part may overlap it.
    #[allow(clippy::mut_from_ref, reason = "handing out disjoint parts is what this type is for")]
    pub(super) unsafe fn slice(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.length, "a part lies within its slice");
        // SAFETY: in bounds as just checked; exclusive as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }

    /// The beginning, for writing to numbers below `end`.
    ///
    /// # Safety
    /// While the pointer is used, nobody else may use the numbers that are written through it.
    pub(super) unsafe fn pointer(&self, end: usize) -> *mut T {
        assert!(end <= self.length, "a part lies within its slice");
        self.start
    }
}
