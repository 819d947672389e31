//! Images and labels on their way to the device.
//!
//! Two batches are there at a time: while one is computed, the next is copied in a stream of its own, from memory that
//! the system does not move.
//!
//! ```text
//! caller's images ──▶ pinned[0] ──▶ device[0] ──▶ step 0, 2, 4, …
//!                     pinned[1] ──▶ device[1] ──▶ step 1, 3, 5, …
//! ```

use std::ffi::c_void;
use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaEvent, CudaStream, result, sys};
use rayon::prelude::*;

use super::device::Plain;
use super::memory::ALIGNMENT;
use super::{Gpu, Memory, Result, View};

/// Host memory that the device reads and writes by itself.
#[derive(Debug)]
pub struct Pinned {
    context: Arc<CudaContext>,
    pointer: *mut c_void,
    bytes: usize,
}

// SAFETY: it is memory like any other, and nobody else has the pointer.
unsafe impl Send for Pinned {}

impl Pinned {
    /// So many bytes, all 0.
    pub fn new(context: &Arc<CudaContext>, bytes: usize) -> Result<Pinned> {
        context.bind_to_thread()?;
        let bytes = bytes.max(1);
        // SAFETY: the context is this thread's; the pointer is freed once, by `drop`. Zeros make it initialised.
        let pointer = unsafe {
            let pointer = result::malloc_host(bytes, 0)?;
            pointer.cast::<u8>().write_bytes(0, bytes);
            pointer
        };
        Ok(Pinned { context: context.clone(), pointer, bytes })
    }

    /// Numbers from a byte on, which is a multiple of their size. The device must not be writing them.
    pub fn values<T: Plain>(&self, start: usize, count: usize) -> &[T] {
        self.check::<T>(start, count);
        // SAFETY: it lies within the memory, as checked, and any bits are a number.
        unsafe { std::slice::from_raw_parts(self.pointer.byte_add(start).cast(), count) }
    }

    /// The same to be written. The device must not be reading them.
    pub fn values_mut<T: Plain>(&mut self, start: usize, count: usize) -> &mut [T] {
        self.check::<T>(start, count);
        // SAFETY: as in `values`, and the memory is borrowed for writing.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.byte_add(start).cast(), count) }
    }

    fn check<T>(&self, start: usize, count: usize) {
        let fits = start + count * size_of::<T>() <= self.bytes && start.is_multiple_of(size_of::<T>());
        assert!(fits, "{count} numbers from byte {start} on, of {}", self.bytes);
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // Until no copy is under way.
        self.context.record_err(self.context.synchronize());
        // SAFETY: it was allocated by `new` and nothing frees it but this.
        self.context.record_err(unsafe { result::free_host(self.pointer) });
    }
}

/// The two places of batches, and the stream that fills them.
#[derive(Debug)]
pub struct Input {
    copies: Arc<CudaStream>,
    areas: [Area; 2],
    /// The one that was filled last.
    current: usize,
}

/// Numbers that a thread copies at a time.
const CHUNK: usize = 1 << 16;

/// Which of the two places.
pub type Slot = usize;

#[derive(Debug, Default)]
struct Area {
    memory: Option<(Pinned, Memory)>,
    /// The last copy into it.
    copied: Option<CudaEvent>,
    /// The last step that reads it.
    used: Option<CudaEvent>,
    images: usize,
    labels: usize,
}

impl Input {
    /// Before the first batch.
    pub fn new(gpu: &Gpu) -> Result<Input> {
        Ok(Input { copies: gpu.context().new_stream()?, areas: Default::default(), current: 0 })
    }

    /// Brings a batch to the device. What is queued after it finds it there; [`Input::used`] must follow.
    pub fn bring(&mut self, gpu: &Gpu, images: &[f32], labels: &[u32]) -> Result<Slot> {
        self.current = 1 - self.current;
        let area = &mut self.areas[self.current];
        let first = size_of_val(images).next_multiple_of(ALIGNMENT);
        let bytes = first + size_of_val(labels);
        if let Some(copied) = area.copied.take() {
            copied.synchronize()?;
        }
        if area.memory.as_ref().is_none_or(|(_, memory)| memory.bytes() < bytes) {
            // First the old ones, whose freeing waits for whoever still reads them.
            area.memory = None;
            area.memory = Some((Pinned::new(gpu.context(), bytes)?, gpu.allocate(bytes)?));
        }
        let Some((pinned, memory)) = &mut area.memory else { unreachable!("it was allocated above") };
        let target = pinned.values_mut(0, images.len());
        // One thread alone would take longer than the device does.
        target.par_chunks_mut(CHUNK).zip(images.par_chunks(CHUNK)).for_each(|(to, from)| to.copy_from_slice(from));
        pinned.values_mut(first, labels.len()).copy_from_slice(labels);
        (area.images, area.labels) = (images.len(), labels.len());
        if let Some(used) = area.used.take() {
            self.copies.wait(&used)?;
        }
        gpu.context().bind_to_thread()?;
        let (to, from) = (memory.view().pointer(), pinned.values::<u8>(0, bytes));
        // SAFETY: the device's memory is as large; neither is touched again before `copied` has come to pass.
        unsafe { result::memcpy_htod_async(to, from, self.copies.cu_stream()) }?;
        let copied = self.copies.record_event(None)?;
        gpu.stream().wait(&copied)?;
        area.copied = Some(copied);
        Ok(self.current)
    }

    /// Says that all that reads a batch has been queued.
    pub fn used(&mut self, gpu: &Gpu, slot: Slot) -> Result<()> {
        self.areas[slot].used = Some(gpu.stream().record_event(None)?);
        Ok(())
    }

    /// f32, N×C×H×W
    pub fn images(&self, slot: Slot) -> View<'_> {
        self.part(slot, 0, self.areas[slot].images * size_of::<f32>())
    }

    /// u32, N
    pub fn labels(&self, slot: Slot) -> View<'_> {
        let area = &self.areas[slot];
        let first = (area.images * size_of::<f32>()).next_multiple_of(ALIGNMENT);
        self.part(slot, first, area.labels * size_of::<u32>())
    }

    fn part(&self, slot: Slot, start: usize, bytes: usize) -> View<'_> {
        self.areas[slot].memory.as_ref().map_or(View::NONE, |(_, memory)| memory.view().part(start, bytes))
    }
}

/// Results on their way back, in the order in which they were queued: so many bytes each.
#[derive(Debug)]
pub struct Answers {
    pinned: Pinned,
    bytes: usize,
    next: usize,
}

/// How many are under way at most.
pub const UNDER_WAY: usize = 4;

impl Answers {
    /// For answers of so many bytes.
    pub fn new(gpu: &Gpu, bytes: usize) -> Result<Answers> {
        Ok(Answers { pinned: Pinned::new(gpu.context(), UNDER_WAY * bytes)?, bytes, next: 0 })
    }

    /// Queues fetching one. It is there when the event has come to pass, at the place that is returned.
    pub fn fetch(&mut self, gpu: &Gpu, from: View) -> Result<(usize, CudaEvent)> {
        let place = self.next * self.bytes;
        self.next = (self.next + 1) % UNDER_WAY;
        gpu.context().bind_to_thread()?;
        let to = self.pinned.values_mut::<u8>(place, self.bytes);
        assert_eq!(from.bytes(), to.len(), "an answer is as large as was said");
        let stream: sys::CUstream = gpu.stream().cu_stream();
        // SAFETY: the place is not read before the event, nor written again before three other answers.
        unsafe { result::memcpy_dtoh_async(to, from.pointer(), stream) }?;
        Ok((place, gpu.stream().record_event(None)?))
    }

    /// One that has come.
    pub fn values<T: Plain>(&self, place: usize) -> &[T] {
        self.pinned.values(place, self.bytes / size_of::<T>())
    }
}
