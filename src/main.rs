//! The program: hands over to [`archc::cli`].

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;

use mimalloc::MiMalloc;

fn main() -> ExitCode {
    archc::cli::run()
}

/// A network is described by very many small values, of which mimalloc makes less work than the system does. Large ones, such as weights and
/// lists that grow, are left to the system, which moves pages instead of copying them.
struct Sorted;

#[global_allocator]
static ALLOCATOR: Sorted = Sorted;

/// Blocks of so many bytes are large.
const LARGE: usize = 1 << 18;

/// Where blocks of this size come from, and go back to.
fn home(size: usize) -> &'static dyn GlobalAlloc {
    if size < LARGE { &MiMalloc } else { &System }
}

// SAFETY: both allocators keep the contract, and a block's size, which its owner always names, says which of them it is from.
unsafe impl GlobalAlloc for Sorted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { home(layout.size()).alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { home(layout.size()).alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { home(layout.size()).dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if (layout.size() < LARGE) == (size < LARGE) {
            // SAFETY: as the caller promises.
            return unsafe { home(size).realloc(block, layout, size) };
        }
        // SAFETY: the caller promises that `size` fits this alignment, and is not zero.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                block.copy_to_nonoverlapping(new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}
