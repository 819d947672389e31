//! Computing while the interpreter does something else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, mem, panic, process, thread};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::diagnostic::error;

/// The threads that compute, and the process that they belong to.
static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// What says how many they are.
const THREADS: &str = "RAYON_NUM_THREADS";

/// Threads for which there is no processor only wait for each other; thousands wait for minutes.
const MOST_THREADS: usize = 256;

/// How often Ctrl-C is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// As many threads as there are processors, or as `RAYON_NUM_THREADS` says. A process that was forked has none of its
/// parent's.
fn pool(py: Python<'_>) -> PyResult<Arc<ThreadPool>> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let own = process::id();
    match pool.take() {
        Some((process, threads)) if process == own => *pool = Some((process, threads)),
        // To end threads that are not there would take forever.
        Some(inherited) => mem::forget(inherited),
        None => {}
    }
    if let Some((_, threads)) = &*pool {
        return Ok(threads.clone());
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let most = MOST_THREADS.max(processors);
    let asked = env::var(THREADS).ok().and_then(|text| text.parse::<usize>().ok());
    if let Some(asked) = asked.filter(|asked| *asked > most) {
        let expected = format!("expected a number from 1 to {most}; this machine has {processors} processors");
        return Err(error(py, format!("{THREADS}={asked}: {expected}")));
    }
    // To rayon, 0 means as many as there are processors.
    let threads = ThreadPoolBuilder::new().num_threads(asked.unwrap_or(0)).build();
    let threads = Arc::new(threads.map_err(|reason| error(py, format!("cannot start threads: {reason}")))?);
    *pool = Some((own, threads.clone()));
    Ok(threads)
}

/// Does `work` while other threads may use the interpreter. What it tells meanwhile is heard on the thread of the
/// caller. After Ctrl-C, or an exception where it is heard, `stop` is set, and the exception raised once the work has
/// ended.
pub fn released<R: Send, M: Send>(
    py: Python<'_>,
    stop: &AtomicBool,
    work: impl FnOnce(&Sender<M>) -> R + Send,
    mut hear: impl FnMut(M) -> PyResult<()>,
) -> PyResult<R> {
    let pool = pool(py)?;
    let (tell, mut told) = channel();
    thread::scope(|scope| {
        let worker = scope.spawn(move || pool.install(|| work(&tell)));
        let mut failure = None;
        loop {
            let heard;
            (heard, told) = py.detach(move || (told.recv_timeout(PAUSE), told));
            let result = match heard {
                Ok(message) if failure.is_none() => hear(message),
                Ok(_) | Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if failure.is_none() {
                failure = result.and_then(|()| py.check_signals()).err();
                stop.fetch_or(failure.is_some(), Ordering::Relaxed);
            }
        }
        let result = py.detach(|| worker.join()).unwrap_or_else(|panic| panic::resume_unwind(panic));
        failure.map_or(Ok(result), Err)
    })
}

/// As [`released`], of work that tells nothing and does not stop before its end.
pub fn alone<R: Send>(py: Python<'_>, work: impl FnOnce() -> R + Send) -> PyResult<R> {
    released(py, &AtomicBool::new(false), |_: &Sender<()>| work(), |()| Ok(()))
}
