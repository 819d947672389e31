//! Being asked to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Failure;

/// What the first Ctrl-C, request to terminate or closed terminal sets, and the number of the signal; the second one
/// ends the program at once.
pub fn listen() -> Result<(Arc<AtomicBool>, Arc<AtomicUsize>), Failure> {
    let (stop, number) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let listen_to = |signal| -> io::Result<()> {
        // They run in this order: the first one ends nothing before the last has run once.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        flag::register_usize(signal, Arc::clone(&number), signal as usize)?;
        flag::register(signal, Arc::clone(&stop))?;
        Ok(())
    };
    let listening = [SIGINT, SIGTERM].into_iter().chain(hang_up()).try_for_each(listen_to);
    listening.map_err(|error| Failure::Message(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok((stop, number))
}

/// Goes on whatever comes: another process decides when this one ends.
pub fn leave_to_others() -> Result<(), Failure> {
    let ignore = |signal| flag::register(signal, Arc::new(AtomicBool::new(false))).map(drop);
    let ignoring = [SIGINT, SIGTERM].into_iter().chain(hang_up()).try_for_each(ignore);
    ignoring.map_err(|error: io::Error| Failure::Message(format!("cannot listen for Ctrl-C: {error}")))
}

/// What a terminal sends when it is closed, unless it is ignored: `nohup` asks for that.
#[cfg(unix)]
fn hang_up() -> Option<i32> {
    use signal_hook::consts::SIGHUP;
    let mut now = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is set, and what was asked for is written to `now`, unless it fails.
    let found = unsafe { libc::sigaction(SIGHUP, std::ptr::null(), now.as_mut_ptr()) };
    // SAFETY: it did not fail.
    let ignored = found == 0 && unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN;
    (!ignored).then_some(SIGHUP)
}

#[cfg(not(unix))]
fn hang_up() -> Option<i32> {
    None
}
