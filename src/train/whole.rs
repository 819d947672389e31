//! Whether a folder holds a run that can go on. Nothing is ever begun anew over results, and what archc did not make is
//! left alone.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::checkpoint::{About, state_file, weights_file};
use super::folder::{self, Given, LOCK, NETWORK, ORIGIN};
use super::position::Position;
use super::record::lines;
use super::{TrainError, events, metrics};
use crate::{regular, weights};

/// What there is to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A state.
    Begun,
    /// The process ended before the first state, and there is no result. The run begins with these weights, if it was
    /// given any.
    NotBegun(Option<Given>),
}

/// What there is to go on from in `folder`.
///
/// # Errors
/// If the folder is no whole run's: what is missing.
pub fn standing(folder: &Path) -> Result<Standing, TrainError> {
    let refused = |why: String| Err(TrainError::Refused(format!("cannot resume `{}`: {why}", folder.display())));
    if !folder.is_dir() {
        return refused(if folder.exists() { "it is no folder" } else { "there is no such folder" }.to_owned());
    }
    let network = folder.join(NETWORK);
    if let Err(error) = regular::open(&network) {
        return refused(missing(&network, &error));
    }
    let path = folder.join(ORIGIN);
    let origin = match folder::origin(folder) {
        Ok(Some(origin)) if is_archcs(&origin) => origin,
        Ok(Some(_)) => return refused(format!("{} does not say how a run of archc was started", path.display())),
        Ok(None) if path.exists() => return refused(format!("{} is no JSON object", path.display())),
        Ok(None) => return refused(format!("there is no {}", path.display())),
        Err(error) => return refused(format!("{}: {error}", path.display())),
    };
    let state = state_file(folder);
    match regular::open(&state) {
        Ok(_) => Ok(Standing::Begun),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => refused(missing(&state, &error)),
        Err(error) => match result(folder)? {
            None => Ok(Standing::NotBegun(Given::read(&origin))),
            Some(result) => refused(format!(
                "{}, and training does not start over on top of {}",
                missing(&state, &error),
                result.display()
            )),
        },
    }
}

fn missing(path: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no {}", path.display()),
        _ => format!("{}: {error}", path.display()),
    }
}

/// Every version wrote these.
fn is_archcs(origin: &Map<String, Value>) -> bool {
    let is = |key: &str, is: fn(&Value) -> bool| origin.get(key).is_some_and(is);
    is("command", Value::is_array) && is("version", Value::is_string) && is("seed", Value::is_u64)
}

/// Something in the folder that a run does not have before its first step.
fn result(folder: &Path) -> Result<Option<PathBuf>, TrainError> {
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let expected = [LOCK, NETWORK, ORIGIN, events::FILE].contains(&name.as_ref());
        // A file without a line is that of a run without a step; what is half-written is no result.
        let empty = path.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() == 0);
        if !expected && !empty && !name.ends_with(".partial") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// What a run that is so far has written, and cannot do without if it is to end like one that nothing happened to; and
/// that what it is yet to write, with weights of every `kept_every` epochs, replaces nobody's file.
///
/// # Errors
/// What of it is missing or in the way.
pub(super) fn check(folder: &Path, position: &Position, kept_every: Option<usize>) -> Result<(), TrainError> {
    let refused = |why: String| Err(TrainError::Refused(format!("cannot resume `{}`: {why}", folder.display())));
    for name in metrics::FILES.into_iter().chain([events::FILE]) {
        let path = folder.join(name);
        regular::check_own(&path).map_err(|source| TrainError::Io { action: "write", path, source })?;
    }
    let metrics = folder.join("metrics.jsonl");
    let found = lines(folder, "metrics.jsonl")?.len();
    if found < position.epoch {
        let epochs = position.epoch;
        return refused(format!("{} has {found} of the lines of {epochs} epochs that are over", metrics.display()));
    }
    let best = weights_file(folder, "best");
    if position.best.is_some() && !best.is_file() {
        return refused(format!("there is no {}", best.display()));
    }
    match foreign(folder, position.epoch, kept_every)? {
        Some(path) => {
            refused(format!("the run would write {}, which is there and not archc's: move it away", path.display()))
        }
        None => Ok(()),
    }
}

/// A file in the way of weights that a run is yet to write, after `epoch` epochs, which no run wrote.
fn foreign(folder: &Path, epoch: usize, kept_every: Option<usize>) -> Result<Option<PathBuf>, TrainError> {
    let is_due = |kind: &str| match kind.strip_prefix("epoch-").map(str::parse::<usize>) {
        Some(Ok(number)) => number > epoch && kept_every.is_some_and(|every| number.is_multiple_of(every)),
        _ => ["best", "last"].contains(&kind),
    };
    let is_ours = |path: &Path| weights::read(path).is_ok_and(|stored| stored.note().and_then(About::read).is_some());
    let found = files(folder)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "safetensors"));
    let mut due = found.filter(|path| path.file_stem().and_then(OsStr::to_str).is_some_and(is_due));
    Ok(due.find(|path| !is_ours(path)))
}

/// All that is in a folder, in the order of its names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let unreadable = |source| TrainError::Io { action: "read", path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<_> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}
