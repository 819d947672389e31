//! One call of a kernel.
//!
//! ```text
//! gpu.launch(&SOURCE, "add_forward", Grid::over(n), &[a.into(), b.into(), sum.into(), n.into()])?;
//! ```

use std::ffi::c_void;

use cudarc::driver::result;

use super::{Gpu, Result, Source, View};

/// How many threads a kernel runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// x, y, z
    pub blocks: [u32; 3],
    /// Of a block: x, y, z.
    pub threads: [u32; 3],
    /// Bytes of dynamic shared memory a block; at most 48 KiB.
    pub shared: u32,
}

/// Threads of a block where nothing speaks for another number.
pub const THREADS: u32 = 256;

/// More blocks than these have several turns each: kernels over elements step by the grid's size.
const MOST_BLOCKS: usize = 1 << 16;

impl Grid {
    /// A thread for each of so many elements, or as many threads as are worth having: the kernel's loop is
    /// `for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x)`.
    pub fn over(elements: usize) -> Grid {
        let blocks = elements.div_ceil(THREADS as usize).clamp(1, MOST_BLOCKS);
        Grid { blocks: [blocks as u32, 1, 1], threads: [THREADS, 1, 1], shared: 0 }
    }

    /// So many blocks of so many threads.
    pub fn blocks(blocks: usize, threads: u32) -> Grid {
        let blocks = u32::try_from(blocks).expect("fewer blocks than 2³² along x");
        Grid { blocks: [blocks, 1, 1], threads: [threads, 1, 1], shared: 0 }
    }
}

/// One argument of a kernel. Its type is the parameter's: `u32` for `unsigned`, `usize` for `size_t`, a view for a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arg(u64);

impl From<View<'_>> for Arg {
    fn from(view: View) -> Arg {
        Arg(view.pointer())
    }
}

impl From<usize> for Arg {
    fn from(value: usize) -> Arg {
        Arg(value as u64)
    }
}

impl From<u64> for Arg {
    fn from(value: u64) -> Arg {
        Arg(value)
    }
}

impl From<u32> for Arg {
    fn from(value: u32) -> Arg {
        Arg(u64::from(value))
    }
}

impl From<i32> for Arg {
    fn from(value: i32) -> Arg {
        Arg(u64::from(value.cast_unsigned()))
    }
}

impl From<f32> for Arg {
    fn from(value: f32) -> Arg {
        Arg(u64::from(value.to_bits()))
    }
}

impl From<f64> for Arg {
    fn from(value: f64) -> Arg {
        Arg(value.to_bits())
    }
}

/// More arguments than a kernel has.
const MOST: usize = 40;

impl Gpu {
    /// Queues a kernel. Its arguments are those of its declaration, in number, order and type; what it reads and writes lies
    /// in the views among them.
    ///
    /// # Errors
    /// If the source cannot be compiled, or the device refuses the call or an earlier one.
    pub fn launch(&self, source: &Source, kernel: &'static str, grid: Grid, arguments: &[Arg]) -> Result<()> {
        let function = self.function(source, kernel)?;
        let mut places = [std::ptr::null_mut::<c_void>(); MOST];
        for (place, argument) in places.iter_mut().zip(arguments) {
            *place = std::ptr::from_ref(&argument.0).cast_mut().cast();
        }
        let ([bx, by, bz], [tx, ty, tz]) = (grid.blocks, grid.threads);
        let stream = self.stream().cu_stream();
        // SAFETY: the function belongs to a module that the cache keeps, the stream to the same context, which `function` has
        // bound. Each place is a word that holds its argument's value in its first bytes, since the processors that CUDA
        // runs on are little-endian; the driver copies them before it returns. Memory outlives what is queued, since freeing
        // it waits.
        let launched = unsafe {
            result::launch_kernel(
                function.cu_function(),
                (bx, by, bz),
                (tx, ty, tz),
                grid.shared,
                stream,
                &mut places[..arguments.len()],
            )
        };
        launched.map_err(|error| super::Error::from(error).during(format!("`{kernel}` of {}", source.name)))
    }
}
