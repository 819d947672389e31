//! Memory on a device.

use std::marker::PhantomData;
use std::sync::Arc;

use cudarc::driver::{CudaContext, result, sys};

use super::{Error, Result, error};

/// Bytes between the beginnings of parts of an allocation: as those of allocations themselves, so that every part can
/// be read in the widest pieces.
pub const ALIGNMENT: usize = 256;

/// An allocation, freed when it is dropped. It does not grow.
#[derive(Debug)]
pub struct Memory {
    context: Arc<CudaContext>,
    pointer: sys::CUdeviceptr,
    bytes: usize,
}

impl Memory {
    /// So many bytes, whatever is in them; none are no allocation.
    ///
    /// # Errors
    /// If there are not so many.
    pub fn new(context: &Arc<CudaContext>, bytes: usize) -> Result<Memory> {
        context.bind_to_thread()?;
        let pointer = match bytes {
            0 => 0,
            // SAFETY: the context is this thread's; the pointer is freed once, by `drop`.
            _ => unsafe { result::malloc_sync(bytes) }.map_err(|error| refused(context, bytes, error))?,
        };
        Ok(Memory { context: context.clone(), pointer, bytes })
    }

    /// All of it.
    pub fn view(&self) -> View<'_> {
        View { pointer: self.pointer, bytes: self.bytes, memory: PhantomData }
    }

    /// How large it is.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.pointer != 0 {
            // Until nothing that was queued works in it.
            self.context.record_err(self.context.synchronize());
            // SAFETY: it was allocated in this context, which is bound now, and nothing frees it but this.
            self.context.record_err(unsafe { result::free_sync(self.pointer) });
        }
    }
}

/// What to say when an allocation fails: how much was asked for, and how much there is.
fn refused(context: &CudaContext, bytes: usize, error: cudarc::driver::DriverError) -> Error {
    match (error.0, context.mem_get_info()) {
        (sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY, Ok((free, total))) => error::out_of_memory(bytes, free, total),
        _ => error.into(),
    }
}

/// A part of an allocation, to be read and written by what is queued. Two views may be of the same part: the device,
/// unlike the program, does one thing after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    pointer: sys::CUdeviceptr,
    bytes: usize,
    memory: PhantomData<&'a Memory>,
}

impl<'a> View<'a> {
    /// No memory: a null pointer to kernels.
    pub const NONE: View<'static> = View { pointer: 0, bytes: 0, memory: PhantomData };

    /// A part of it.
    ///
    /// # Panics
    /// If it ends before.
    pub fn part(self, start: usize, bytes: usize) -> View<'a> {
        assert!(start + bytes <= self.bytes, "bytes {start} to {} of {}", start + bytes, self.bytes);
        View { pointer: self.pointer + start as u64, bytes, ..self }
    }

    /// Where it is on the device.
    pub fn pointer(self) -> u64 {
        self.pointer
    }

    /// How large it is.
    pub fn bytes(self) -> usize {
        self.bytes
    }

    /// How many numbers of so many bytes it holds.
    pub fn elements(self, width: usize) -> usize {
        self.bytes / width
    }
}
