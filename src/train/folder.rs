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

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::TrainError;
use super::checkpoint::state_file;
use crate::durable;
use crate::system::Environment;

/// What `run.json` says about how a run was started.
#[derive(Debug, Clone, Serialize)]
pub struct Origin {
    /// The program's arguments, its own name first.
    pub command: Vec<String>,
    /// The program's version.
    pub version: &'static str,
    /// From which everything random follows.
    pub seed: u64,
    /// How many compute.
    pub threads: usize,
    /// `cpu`
    pub device: String,
    /// The file of weights that it began with, if there was one.
    pub weights: Option<PathBuf>,
    /// The machine.
    pub environment: Environment,
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
    Ok(folder.to_owned())
}

/// Takes the right to train into `folder`, if no other process has it, until the file is closed or the process ends, in whatever way.
pub fn lock(folder: &Path) -> Result<File, TrainError> {
    let path = folder.join(".lock");
    let failed = |source| TrainError::Io { action: "create", path: path.clone(), source };
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(TrainError::Refused(format!("another process is training into {}", folder.display())))
        }
        // A file system without locks cannot tell.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(source)) => Err(TrainError::Io { action: "lock", path, source }),
    }
}

/// The weights that the run in `folder` was given to begin with.
pub fn given_weights(folder: &Path) -> Option<PathBuf> {
    let origin: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join(ORIGIN)).ok()?).ok()?;
    origin.get("weights")?.as_str().map(PathBuf::from)
}

/// Where runs are, unless the user says otherwise.
pub const RUNS: &str = "runs";

/// The file of the network as it is trained.
pub const NETWORK: &str = "network.yaml";

/// The file that says how the run was started.
pub const ORIGIN: &str = "run.json";

/// Writes down what is trained, as text that compiles to the same network.
pub fn write_network(folder: &Path, network: &str) -> Result<(), TrainError> {
    write(folder.join(NETWORK), network.as_bytes())
}

/// Writes down how the run was started.
pub fn write_origin(folder: &Path, origin: &Origin) -> Result<(), TrainError> {
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
