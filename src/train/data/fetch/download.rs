//! One file from one address, with as many attempts as make progress.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode};

use super::Event;
use super::part::{DownloadOrigin, PartialFile, Validator};
use super::sources::Expected;

/// How long to wait for a server.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection, for an answer, and for each piece of it.
    pub silence: Duration,
    /// Before another attempt.
    pub pause: Duration,
    /// Attempts that bring less than a megabyte, in all.
    pub attempts: usize,
    /// A connection is given up that brings fewer than `least` bytes in this time.
    pub window: Duration,
    /// See `window`.
    pub least: u64,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            silence: Duration::from_secs(30),
            pause: Duration::from_secs(2),
            attempts: 4,
            window: Duration::from_secs(60),
            least: 60 << 10,
        }
    }
}

/// An attempt that brings as many bytes does not count as failed.
const PROGRESS: u64 = 1 << 20;

/// The longest file that is taken from a server of which nothing is known: ten times the largest known set.
const LONGEST: u64 = 2 << 30;

/// Why an address did not give the file.
#[derive(Debug)]
pub enum DownloadProblem {
    /// The server answers with this instead.
    Status(StatusCode),
    /// The connection fails, or is silent, or ends early; another attempt may help.
    Broken(String),
    /// The server's file has another length.
    Length { found: u64, expected: u64 },
    /// More bytes arrive than the file has.
    TooLong(u64),
    /// The bytes are others.
    Checksum { found: String, expected: &'static str },
    /// The file here cannot be written.
    Io(io::Error),
}

impl fmt::Display for DownloadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DownloadProblem::Status(status) => write!(f, "the server answers {status}"),
            DownloadProblem::Broken(reason) => f.write_str(reason),
            DownloadProblem::Length { found, expected } => {
                write!(f, "this is another file: it has {found} bytes, not {expected}")
            }
            DownloadProblem::TooLong(longest) => write!(f, "more than the {longest} bytes of the file arrive"),
            DownloadProblem::Checksum { found, expected } => {
                let begins = if expected.len() < found.len() { "…" } else { "" };
                write!(f, "this is another file: its SHA-256 is {found}, not {expected}{begins}")
            }
            DownloadProblem::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for DownloadProblem {
    fn from(error: io::Error) -> DownloadProblem {
        DownloadProblem::Io(error)
    }
}

/// Loads the file at `url` to `path`, behind what is there of it, and verifies it. Of a file that turns out to be wrong
/// nothing is kept.
pub fn download(
    url: &str,
    expected: Option<&Expected>,
    path: &Path,
    patience: Patience,
    report: &mut dyn FnMut(Event),
) -> Result<(), DownloadProblem> {
    let mut part = PartialFile::open(path)?;
    let mut failed = 0;
    loop {
        let before = part.length();
        let whole = expected.is_some_and(|expected| expected.bytes() == Some(before));
        let attempt = Attempt { url, expected, patience };
        let result = if whole { Ok(()) } else { attempt.make(&mut part, report) };
        let problem = match result {
            Ok(()) => match verify(&mut part, expected, report) {
                Ok(()) => return Ok(()),
                Err(problem) => {
                    part.clear()?;
                    // What was there before may have been of another file; what arrived just now was not.
                    if before == 0 {
                        return Err(problem);
                    }
                    problem
                }
            },
            Err(DownloadProblem::TooLong(longest)) => {
                part.clear()?;
                return Err(DownloadProblem::TooLong(longest));
            }
            Err(problem @ DownloadProblem::Status(status))
                if !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS =>
            {
                return Err(problem);
            }
            Err(problem @ (DownloadProblem::Status(_) | DownloadProblem::Broken(_))) => problem,
            // What is here may be of the right file, and a full disk has taken as much of it as it could.
            Err(problem) => return Err(problem),
        };
        if part.length() < before + PROGRESS {
            failed += 1;
        }
        if failed >= patience.attempts {
            return Err(problem);
        }
        report(Event::Again(problem.to_string()));
        thread::sleep(patience.pause);
    }
}

/// One request, and what becomes of it.
struct Attempt<'a> {
    url: &'a str,
    expected: Option<&'a Expected>,
    patience: Patience,
}

impl Attempt<'_> {
    /// Appends what the server sends behind what is in `part`, or replaces that if it is of another file. `Ok` if
    /// nothing is missing as far as that can be known.
    fn make(&self, part: &mut PartialFile, report: &mut dyn FnMut(Event)) -> Result<(), DownloadProblem> {
        let silence = Some(self.patience.silence);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(silence)
            .timeout_connect(silence)
            .timeout_send_request(silence)
            .timeout_recv_response(silence)
            .timeout_per_read(silence)
            .user_agent(concat!("archc/", env!("CARGO_PKG_VERSION")));
        let known = self.known(part);
        let agent = Agent::new_with_config(config.build());
        let mut request = agent.get(self.url);
        let mut whole = false;
        if let Some(origin) = &known {
            whole = origin.length == Some(part.length());
            if !whole {
                request = request.header("range", format!("bytes={}-", part.length()));
            }
            if let Some(validator) = &origin.validator {
                request = request.header(if whole { validator.unless() } else { "if-range" }, validator.text());
            }
        }
        let response = request.call().map_err(|error| broken(&error))?;
        let headers = response.headers();
        match (response.status(), known) {
            (StatusCode::NOT_MODIFIED, Some(_)) if whole => return Ok(()),
            (StatusCode::OK, _) => {
                let length = self.length(length(headers))?;
                part.begin(DownloadOrigin::new(self.url, headers, length))?;
            }
            (StatusCode::PARTIAL_CONTENT, Some(origin)) => {
                let range = content_range(headers);
                if range.is_none_or(|(first, _)| first != part.length()) {
                    part.clear()?;
                    return Err(sends("another part of the file than it was asked for"));
                }
                let length = self.length(range.and_then(|(_, length)| length))?;
                // A server may not know `if-range`.
                let validator = Validator::of(headers);
                let other_length = length.is_some() && origin.length.is_some() && length != origin.length;
                if other_length || validator.is_some() && validator != origin.validator {
                    part.clear()?;
                    return Err(sends("a part of another file than what has arrived before"));
                }
            }
            (StatusCode::RANGE_NOT_SATISFIABLE, Some(_)) => {
                part.clear()?;
                return Err(DownloadProblem::Broken("the server's file is shorter than what is here".to_string()));
            }
            (status, _) => return Err(DownloadProblem::Status(status)),
        }
        let total = part.origin.as_ref().and_then(|origin| origin.length);
        report(Event::Begins { url: self.url.to_string(), done: part.length(), total });
        self.receive(agent, response.into_body().into_reader(), part, report)?;
        match total {
            Some(total) if part.length() < total => {
                Err(DownloadProblem::Broken(format!("the connection ended after {} of {total} bytes", part.length())))
            }
            _ => Ok(()),
        }
    }

    /// Whose bytes are in `part`, if the file at this address can be told to be the same still: by the server, or in
    /// the end by its sum.
    fn known(&self, part: &PartialFile) -> Option<DownloadOrigin> {
        let origin = part.origin.clone().filter(|origin| part.length() > 0 && origin.is_at(self.url))?;
        (origin.validator.is_some() || self.expected.is_some()).then_some(origin)
    }

    /// The whole file's length.
    fn length(&self, found: Option<u64>) -> Result<Option<u64>, DownloadProblem> {
        match (found, self.expected.and_then(Expected::bytes)) {
            (Some(found), Some(expected)) if found != expected => Err(DownloadProblem::Length { found, expected }),
            (found, expected) => Ok(expected.or(found)),
        }
    }

    /// Takes in the body. A server that is too slow is hung up on, also where what it sends is no part of the file:
    /// what stands between the pieces of a body may be of any length, and a read waits for its end.
    fn receive(
        &self,
        agent: Agent,
        body: impl Read,
        part: &mut PartialFile,
        report: &mut dyn FnMut(Event),
    ) -> Result<(), DownloadProblem> {
        let arrived = AtomicU64::new(0);
        let (result, too_slow) = thread::scope(|scope| {
            let (end, over) = channel();
            let arrived = &arrived;
            let watch = move || self.watch(agent, arrived, over);
            let watch = thread::Builder::new().spawn_scoped(scope, watch)?;
            let result = self.append(body, part, arrived, report);
            drop(end);
            Ok::<_, DownloadProblem>((result, watch.join().expect("a watch does not panic")))
        })?;
        let Patience { window, least, .. } = self.patience;
        match too_slow {
            Some(bytes) if !matches!(result, Err(DownloadProblem::Io(_) | DownloadProblem::TooLong(_))) => {
                Err(DownloadProblem::Broken(format!(
                    "the server is too slow: {bytes} bytes in {} seconds, fewer than {least}",
                    window.as_secs_f64()
                )))
            }
            _ => result,
        }
    }

    /// Ends the agent's connections when too little has arrived in a window of time, and says how much; `None` if it is
    /// `over` before.
    fn watch(&self, agent: Agent, arrived: &AtomicU64, over: Receiver<()>) -> Option<u64> {
        while over.recv_timeout(self.patience.window) == Err(RecvTimeoutError::Timeout) {
            let bytes = arrived.swap(0, Ordering::Relaxed);
            if bytes < self.patience.least {
                agent.shutdown();
                return Some(bytes);
            }
        }
        None
    }

    fn append(
        &self,
        mut body: impl Read,
        part: &mut PartialFile,
        arrived: &AtomicU64,
        report: &mut dyn FnMut(Event),
    ) -> Result<(), DownloadProblem> {
        let longest = self.expected.map_or(LONGEST, Expected::most);
        let mut piece = vec![0; 1 << 16];
        loop {
            let count = body.read(&mut piece).map_err(|error| broken(&error))?;
            if count == 0 {
                return Ok(());
            }
            if part.length() + count as u64 > longest {
                return Err(DownloadProblem::TooLong(longest));
            }
            part.append(&piece[..count])?;
            report(Event::Arrived(part.length()));
            arrived.fetch_add(count as u64, Ordering::Relaxed);
        }
    }
}

fn broken(error: &dyn fmt::Display) -> DownloadProblem {
    DownloadProblem::Broken(error.to_string())
}

fn sends(what: &str) -> DownloadProblem {
    DownloadProblem::Broken(format!("the server sends {what}"))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get("content-length")?.to_str().ok()?.parse().ok()
}

/// First byte and length of the whole: `bytes 100-199/1000`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get("content-range")?.to_str().ok()?.strip_prefix("bytes ")?;
    let (range, total) = text.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

/// Whether the file is the one that is expected; once it is, it is on the disk.
fn verify(
    part: &mut PartialFile,
    expected: Option<&Expected>,
    report: &mut dyn FnMut(Event),
) -> Result<(), DownloadProblem> {
    let found = part.sum()?;
    match expected {
        Some(Expected { sha256, .. }) if !found.starts_with(sha256) => {
            return Err(DownloadProblem::Checksum { found, expected: sha256 });
        }
        Some(_) => {}
        None => report(Event::Unverified(found)),
    }
    Ok(())
}
