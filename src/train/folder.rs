//! The folder of a run.
//!
//! ```text
//! runs/digits_cnn-1/
//!   .lock             see lock
//!   network.yaml      the network as it was trained
//!   run.json          command line, version, seed, threads, the machine
//!   metrics.jsonl     see metrics
//!   steps.jsonl
//!   validations.jsonl
//!   events.out.…      see events
//!   best.json         see findings
//!   report.html       see report; beside it its pictures: curves, confusion and images, .svg and .png
//!   *.safetensors     see checkpoint
//! ```

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::TrainError;
use super::checkpoint::state_file;
use super::identity::Type;
use super::{events, findings, report};
use crate::system::Environment;
use crate::{durable, regular};

/// What `run.json` says about how a run was started.
#[derive(Debug, Clone, Serialize)]
pub struct RunOrigin {
    /// The program's arguments, its own name first.
    pub command: Vec<String>,
    /// The program's version.
    pub version: &'static str,
    /// From which everything random follows.
    pub seed: u64,
    /// How many compute, in each process.
    pub threads: usize,
    /// How many processes share the steps.
    pub workers: usize,
    /// `cpu`
    pub device: String,
    /// What it computes with.
    pub dtype: Type,
    /// Whether every sum is taken as it is defined.
    pub exact: bool,
    /// The file of weights that it began with, if there was one.
    pub weights: Option<PathBuf>,
    /// The same, wherever the run is resumed.
    pub given: Option<Given>,
    /// The machine.
    pub environment: Environment,
}

/// A file of weights that a run begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    /// From the root.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// Whether the averages in it were asked for.
    pub averaged: bool,
}

impl Given {
    /// The file as it is now.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(path: &Path, averaged: bool) -> Result<Given, TrainError> {
        let unreadable = |source| TrainError::Io { action: "read", path: path.to_owned(), source };
        let mut file = regular::open(path).map_err(unreadable)?;
        let (mut sum, mut block) = (Sha256::new(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut block).map_err(unreadable)? {
                0 => break,
                count => sum.update(&block[..count]),
            }
        }
        let sha256 = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Given { path: std::path::absolute(path).map_err(unreadable)?, sha256, averaged })
    }

    /// What the origin of a run says. Earlier versions wrote only down what the user called the file.
    pub(super) fn read(origin: &Map<String, Value>) -> Option<Given> {
        let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
        let whole = origin.get("given").and_then(|given| {
            let averaged = given.get("averaged").and_then(Value::as_bool).unwrap_or(false);
            Some(Given { path: text(given.get("path"))?.into(), sha256: text(given.get("sha256"))?, averaged })
        });
        whole.or_else(|| {
            Some(Given { path: text(origin.get("weights"))?.into(), sha256: String::new(), averaged: false })
        })
    }
}

/// Makes the folder of a new run: `wanted`, which must not exist or be empty, or else the first of `runs/NAME-1`,
/// `runs/NAME-2`, … that does not exist.
pub fn create(wanted: Option<&Path>, name: &str) -> Result<PathBuf, TrainError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TrainError::Io { action: "create", path, source }
    };
    let Some(folder) = wanted else {
        let runs = Path::new(RUNS);
        std::fs::create_dir_all(runs).map_err(failed(runs))?;
        // The name stays one file name, whatever the user calls a network.
        let name: String =
            name.chars().take(100).map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
        for number in 1u32.. {
            let folder = runs.join(format!("{name}-{number}"));
            match std::fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => return result.map(|()| folder.clone()).map_err(failed(&folder)),
            }
        }
        unreachable!("nobody has four thousand million runs");
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    if std::fs::read_dir(folder).map_err(failed(folder))?.next().is_some() {
        let go_on = if state_file(folder).exists() {
            format!("; `archc train --resume {}` goes on with the run in it", folder.display())
        } else {
            String::new()
        };
        return Err(TrainError::Refused(format!(
            "{} is not empty, and nothing is overwritten{go_on}",
            folder.display()
        )));
    }
    durable::sync_folder(folder).map_err(failed(folder))?;
    Ok(folder.to_owned())
}

/// Takes the right to train into `folder`, if no other process has it, until the file is closed or the process ends, in
/// whatever way. What a process that was killed left there half-written is removed.
pub fn lock(folder: &Path) -> Result<File, TrainError> {
    let path = folder.join(LOCK);
    let failed = |source| TrainError::Io { action: "create", path: path.clone(), source };
    let file = regular::open_own(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            durable::sweep(folder);
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            Err(TrainError::Refused(format!("another process is training into {}", folder.display())))
        }
        // A file system without locks cannot tell.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(source)) => Err(TrainError::Io { action: "lock", path, source }),
    }
}

/// How a run was started; `None` if the folder does not say.
///
/// # Errors
/// If its file is there and cannot be read.
pub fn origin(folder: &Path) -> io::Result<Option<Map<String, Value>>> {
    match regular::read(&folder.join(ORIGIN), LONGEST_ORIGIN) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The weights that the run in `folder` was given to begin with.
pub fn given_weights(folder: &Path) -> Option<Given> {
    Given::read(&origin(folder).ok()??)
}

/// A longer `run.json` is not read.
const LONGEST_ORIGIN: u64 = 1 << 20;

/// The file that a process locks while it trains into the folder.
pub(super) const LOCK: &str = ".lock";

/// Where runs are, unless the user says otherwise.
pub const RUNS: &str = "runs";

/// The file of the network as it is trained.
pub const NETWORK: &str = "network.yaml";

/// The file that says how the run was started.
pub const ORIGIN: &str = "run.json";

/// Whether a file is one of those that a run consists of, its page and pictures too: they show images that nobody may
/// have any more.
pub fn is_of_run(file: &Path) -> bool {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(OsStr::to_str)) else { return false };
    let is_named = [LOCK, NETWORK, ORIGIN, findings::FILE, events::FILE].contains(&name);
    let is_one =
        is_named || report::is_part(name) || [".jsonl", ".safetensors"].iter().any(|ending| name.ends_with(ending));
    is_one && folder.join(NETWORK).is_file() && folder.join(ORIGIN).is_file()
}

/// Writes down what is trained, as text that compiles to the same network.
pub fn write_network(folder: &Path, network: &str) -> Result<(), TrainError> {
    write(folder.join(NETWORK), network.as_bytes())
}

/// Writes down how the run was started.
pub fn write_origin(folder: &Path, origin: &RunOrigin) -> Result<(), TrainError> {
    let text = serde_json::to_string_pretty(origin).expect("plain data becomes JSON");
    write(folder.join(ORIGIN), format!("{text}\n").as_bytes())
}

pub(super) fn write(path: PathBuf, content: &[u8]) -> Result<(), TrainError> {
    durable::replace(&path, |file| file.write_all(content)).map_err(|source| TrainError::Io {
        action: "write",
        path,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = folder.path().join("new/run");
        assert_eq!(create(Some(&run), "net").expect("a new folder"), run);
        assert_eq!(create(Some(&run), "net").expect("an empty folder"), run);
        std::fs::write(run.join("notes.txt"), "mine").expect("room on the disk");
        let refused = create(Some(&run), "net").expect_err("not empty").to_string();
        assert!(refused.ends_with("is not empty, and nothing is overwritten"), "{refused}");
        std::fs::write(state_file(&run), "").expect("room on the disk");
        let refused = create(Some(&run), "net").expect_err("not empty").to_string();
        assert!(refused.contains("`archc train --resume "), "{refused}");
    }

    #[test]
    fn one_trains_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let held = lock(folder.path()).expect("free");
        let refused = lock(folder.path()).expect_err("taken").to_string();
        assert!(refused.starts_with("another process is training into "), "{refused}");
        drop(held);
        lock(folder.path()).expect("free again");
    }
}
