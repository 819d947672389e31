//! One call of a kernel.
//!
//! ```text
//! gpu.launch(&SOURCE, "add", Grid::over(count), &Combine { inputs, y, count, .. })?;
//! ```

use std::ffi::c_void;

use cudarc::driver::result;

use super::{Gpu, KernelSource, Result};

/// How many threads a kernel runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Along x and y.
    pub blocks: [u32; 2],
    /// Of a block, along x and y: [`THREADS`] at most.
    pub threads: [u32; 2],
}

/// Threads of a block where nothing speaks for another number.
pub const THREADS: u32 = 256;

/// More blocks than these have several turns each: kernels step by the grid's size.
const MOST: usize = 1 << 16;

impl Grid {
    /// A thread for each of so many elements, or as many threads as are worth having.
    pub fn over(elements: usize) -> Grid {
        let blocks = elements.div_ceil(THREADS as usize).clamp(1, MOST);
        Grid { blocks: [blocks as u32, 1], threads: [THREADS, 1] }
    }
}

/// The only argument of a kernel: the structure that its source declares.
///
/// # Safety
/// It is `#[repr(C)]`, and its fields have the order and the sizes of that structure's, pointers as [`View::pointer`]
/// gives them.
pub unsafe trait Call: Copy {}

impl Gpu {
    /// Queues a kernel; what it reads and writes lies where the call's pointers say.
    ///
    /// # Errors
    /// If the source cannot be compiled, or the device refuses the call or an earlier one.
    pub fn launch<C: Call>(&self, source: &KernelSource, kernel: &'static str, grid: Grid, call: &C) -> Result<()> {
        let function = self.function(source, kernel)?;
        let ([bx, by], [tx, ty]) = (grid.blocks, grid.threads);
        let stream = self.stream().cu_stream();
        let mut arguments = [std::ptr::from_ref(call).cast_mut().cast::<c_void>()];
        // SAFETY: the function belongs to a module that the cache keeps, the stream to the same context, which
        // `function` has bound. The driver copies as many bytes of the call as the kernel declares, which `Call`
        // promises, before it returns. Memory outlives what is queued, since freeing it waits.
        let launched = unsafe {
            result::launch_kernel(function.cu_function(), (bx, by, 1), (tx, ty, 1), 0, stream, &mut arguments)
        };
        launched.map_err(|error| super::Error::from(error).during(format!("`{kernel}` of {}", source.name)))
    }
}
