//! The program: hands over to [`archc::cli`].

use std::process::ExitCode;

use mimalloc::MiMalloc;

// A network is described by many small values: this allocator takes two thirds of the system's time for them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    archc::cli::run()
}
