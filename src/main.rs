//! The program: hands over to [`archc::cli`].

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::ptr;

use mimalloc::MiMalloc;

fn main() -> ExitCode {
    archc::cli::run()
}

#[global_allocator]
static ALLOCATOR: BySize = BySize;

/// Small blocks from mimalloc, which is much faster at the many that a compiler takes than libraries of C are, musl's
/// above all; large ones from the system, so that training takes no more memory than its plan says.
struct BySize;

/// A large block has so many bytes.
const LARGE: usize = 64 << 10;

// SAFETY: a block goes back to where it came from, since both follow from its size.
unsafe impl GlobalAlloc for BySize {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is what both ask for.
        unsafe { if layout.size() < LARGE { MiMalloc.alloc(layout) } else { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { if layout.size() < LARGE { MiMalloc.alloc_zeroed(layout) } else { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above, and `layout` is what the block was asked for with.
        unsafe { if layout.size() < LARGE { MiMalloc.dealloc(block, layout) } else { System.dealloc(block, layout) } }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; where a block changes sides, as many bytes are copied as both have.
        unsafe {
            match (layout.size() < LARGE, size < LARGE) {
                (true, true) => MiMalloc.realloc(block, layout, size),
                (false, false) => System.realloc(block, layout, size),
                _ => {
                    let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                    if !moved.is_null() {
                        ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                        self.dealloc(block, layout);
                    }
                    moved
                }
            }
        }
    }
}
