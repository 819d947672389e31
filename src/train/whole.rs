//! Whether a folder holds a run that can go on. Nothing is ever begun anew over results, and what archc did not make is
//! left alone.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::checkpoint::{state_file, weights_file};
use super::folder::{self, Given, LOCK, NETWORK, ORIGIN};
use super::position::Position;
use super::record::lines;
use super::{TrainError, events, metrics};
use crate::regular;

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
    let unreadable = |source| TrainError::Io { action: "read", path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let expected = [LOCK, NETWORK, ORIGIN, events::FILE].contains(&name.as_ref());
        // A file without a line is that of a run without a step; what is half-written is no result.
        let empty = entry.metadata().is_ok_and(|found| found.is_file() && found.len() == 0);
        if !expected && !empty && !name.ends_with(".partial") {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// What a run that is so far has written, and cannot do without if it is to end like one that nothing happened to.
///
/// # Errors
/// What of it is missing.
pub(super) fn check(folder: &Path, position: &Position) -> Result<(), TrainError> {
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
    match position.best {
        Some(_) if !best.is_file() => refused(format!("there is no {}", best.display())),
        _ => Ok(()),
    }
}
