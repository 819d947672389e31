//! The program: hands over to [`archc::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    without_fastbins();
    archc::cli::run()
}

/// glibc gathers the small blocks of its fastbins whenever a large one is freed, which of a network of many layers took
/// a sixth of the compiler's time. Its caches for threads, which this leaves alone, serve small blocks as fast.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn without_fastbins() {
    // SAFETY: it sets a number of the allocator's, before there is a second thread.
    unsafe { libc::mallopt(libc::M_MXFAST, 0) };
}
