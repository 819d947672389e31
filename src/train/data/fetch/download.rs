//! One file from one address, with as many attempts as make progress.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode};

use super::Event;
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
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { silence: Duration::from_secs(30), pause: Duration::from_secs(2), attempts: 4 }
    }
}

/// An attempt that brings as many bytes does not count as failed.
const PROGRESS: u64 = 1 << 20;

/// The longest file that is taken from a server of which nothing is known: ten times the largest known set.
const LONGEST: u64 = 2 << 30;

/// Why an address did not give the file.
#[derive(Debug)]
pub enum Problem {
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

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Status(status) => write!(f, "the server answers {status}"),
            Problem::Broken(reason) => f.write_str(reason),
            Problem::Length { found, expected } => {
                write!(f, "this is another file: it has {found} bytes, not {expected}")
            }
            Problem::TooLong(longest) => write!(f, "more than the {longest} bytes of the file arrive"),
            Problem::Checksum { found, expected } => {
                write!(f, "this is another file: its SHA-256 is {found}, not {expected}")
            }
            Problem::Io(error) => error.fmt(f),
        }
    }
}

/// Loads the file at `url` into `part`, behind what is there, and verifies it. A file that turns out to be wrong is removed.
pub fn download(
    url: &str,
    expected: Option<&Expected>,
    part: &Path,
    patience: Patience,
    report: &mut dyn FnMut(Event),
) -> Result<(), Problem> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(part).map_err(Problem::Io)?;
    let mut failed = 0;
    loop {
        let before = file.seek(SeekFrom::End(0)).map_err(Problem::Io)?;
        let longest = expected.map_or(LONGEST, |expected| expected.bytes);
        let whole = expected.is_some() && before == longest;
        let result = if whole { Ok(()) } else { attempt(url, &mut file, before, longest, expected, patience, report) };
        let problem = match result {
            Ok(()) => match verify(&mut file, expected, report) {
                Ok(()) => return Ok(()),
                Err(problem) => {
                    file.set_len(0).map_err(Problem::Io)?;
                    // What was there before may have been of another file; what arrived just now was not.
                    if before == 0 {
                        return Err(problem);
                    }
                    problem
                }
            },
            Err(problem @ Problem::Status(status))
                if !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS =>
            {
                return Err(problem);
            }
            // What is here may be of the right file.
            Err(problem @ Problem::Length { .. }) => return Err(problem),
            Err(problem @ (Problem::Status(_) | Problem::Broken(_))) => problem,
            Err(problem) => {
                file.set_len(0).map_err(Problem::Io)?;
                return Err(problem);
            }
        };
        let after = file.seek(SeekFrom::End(0)).map_err(Problem::Io)?;
        if after < before + PROGRESS {
            failed += 1;
        }
        if failed >= patience.attempts {
            return Err(problem);
        }
        report(Event::Again(problem.to_string()));
        thread::sleep(patience.pause);
    }
}

/// Appends what the server sends behind the first `done` bytes. `Ok` if nothing is missing as far as that can be known.
fn attempt(
    url: &str,
    file: &mut File,
    done: u64,
    longest: u64,
    expected: Option<&Expected>,
    patience: Patience,
    report: &mut dyn FnMut(Event),
) -> Result<(), Problem> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(patience.silence))
        .timeout_recv_response(Some(patience.silence))
        .timeout_per_read(Some(patience.silence))
        .user_agent(concat!("archc/", env!("CARGO_PKG_VERSION")));
    let request = Agent::new_with_config(config.build()).get(url);
    let request = if done > 0 { request.header("range", format!("bytes={done}-")) } else { request };
    let response = request.call().map_err(|error| broken(&error))?;
    let (mut done, total) = match response.status() {
        StatusCode::OK => (0, length(response.headers())),
        StatusCode::PARTIAL_CONTENT => match content_range(response.headers()) {
            Some((first, total)) if first == done => (done, total),
            _ => {
                file.set_len(0).map_err(Problem::Io)?;
                return Err(Problem::Broken(
                    "the server sends another part of the file than it was asked for".to_string(),
                ));
            }
        },
        StatusCode::RANGE_NOT_SATISFIABLE if done > 0 => {
            file.set_len(0).map_err(Problem::Io)?;
            return Err(Problem::Broken("the server's file is shorter than what is here".to_string()));
        }
        status => return Err(Problem::Status(status)),
    };
    let total = match (total, expected) {
        (Some(found), Some(Expected { bytes, .. })) if found != *bytes => {
            return Err(Problem::Length { found, expected: *bytes });
        }
        (_, Some(expected)) => Some(expected.bytes),
        (total, None) => total,
    };
    report(Event::Begins { url: url.to_string(), done, total });
    file.set_len(done).map_err(Problem::Io)?;
    file.seek(SeekFrom::Start(done)).map_err(Problem::Io)?;
    let mut body = response.into_body().into_reader();
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = body.read(&mut piece).map_err(|error| broken(&error))?;
        if count == 0 {
            break;
        }
        done += count as u64;
        if done > longest {
            return Err(Problem::TooLong(longest));
        }
        file.write_all(&piece[..count]).map_err(Problem::Io)?;
        report(Event::Arrived(done));
    }
    match total {
        Some(total) if done < total => {
            Err(Problem::Broken(format!("the connection ended after {done} of {total} bytes")))
        }
        _ => Ok(()),
    }
}

fn broken(error: &dyn fmt::Display) -> Problem {
    Problem::Broken(error.to_string())
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
fn verify(file: &mut File, expected: Option<&Expected>, report: &mut dyn FnMut(Event)) -> Result<(), Problem> {
    file.seek(SeekFrom::Start(0)).map_err(Problem::Io)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).map_err(Problem::Io)? {
            0 => break,
            count => hash.update(&piece[..count]),
        }
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    match expected {
        Some(Expected { sha256, .. }) if *sha256 != found => return Err(Problem::Checksum { found, expected: sha256 }),
        Some(_) => {}
        None => report(Event::Unverified(found)),
    }
    file.sync_all().map_err(Problem::Io)
}
