//! One file from the net, such as published weights: downloaded beside its place, verified, and then put there.
//!
//! ```text
//! NAME.partial         what has arrived, locked by whoever loads it; the next attempt goes on behind it, see `part`
//! NAME.partial.from    whose bytes these are
//! ```

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::part::{self, own_file};
use super::sources::{Download, Expected};
use super::{Event, FetchError, Fetched, Patience, check_address, obtain};
use crate::{durable, regular};

/// A file on a server.
#[derive(Debug, Clone)]
pub struct OneFile<'a> {
    /// What it is called there, and here.
    pub name: &'a str,
    /// The folder that it is in there.
    pub home: &'a str,
    /// What its bytes must be.
    pub expected: Expected,
}

/// Fetches a file into a folder, from its home or from `mirror`: a folder of a server that has it under its name.
///
/// # Errors
/// If no server has it, and if it cannot be written. What has arrived stays for the next attempt.
pub fn fetch_one(
    file: &OneFile,
    mirror: Option<&str>,
    folder: &Path,
    patience: Patience,
    report: &mut dyn FnMut(Event),
) -> Result<Fetched, FetchError> {
    let path = folder.join(file.name);
    if is_there(&path, &file.expected)? {
        return Ok(Fetched::WasThere(path));
    }
    mirror.map_or(Ok(()), check_address)?;
    fs::create_dir_all(folder).map_err(|error| FetchError::io(folder, error))?;
    let name = format!("{}.partial", file.name);
    let partial = folder.join(&name);
    let failed = |error| FetchError::io(&partial, error);
    // What archc did not begin it does not go on with.
    let arrived = fs::symlink_metadata(&partial).map_or(0, |found| found.len());
    if arrived > 0 && part::origin(&partial).map_err(failed)?.is_none() {
        return Err(FetchError::NotOurs(partial));
    }
    let options = &mut OpenOptions::new();
    let lock = own_file(&partial, options.read(true).write(true).create(true).truncate(false)).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(FetchError::Busy(partial)),
        // A file system without locks cannot tell.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let at = mirror.unwrap_or(file.home).trim_end_matches('/');
    let urls = vec![format!("{at}/{}", file.name)];
    obtain(&Download { name, urls, expected: Some(file.expected) }, folder, patience, report)?;
    // Somebody else may have put it there meanwhile.
    if !is_there(&path, &file.expected)? {
        fs::rename(&partial, &path)
            .and_then(|()| durable::sync_folder(&path))
            .map_err(|error| FetchError::io(&path, error))?;
    }
    // It is in its place; what stays behind is only in the way.
    let _ = part::remove(&partial);
    Ok(Fetched::Placed(path))
}

/// Whether the file is in its place; an error if something else is.
fn is_there(path: &PathBuf, expected: &Expected) -> Result<bool, FetchError> {
    let failed = |error| FetchError::io(path, error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found.map_err(failed)?,
    };
    let mut file = regular::open(path).map_err(failed)?;
    let (mut sum, mut block) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut block).map_err(failed)? {
            0 => break,
            count => sum.update(&block[..count]),
        }
    }
    let found: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    match found.starts_with(expected.sha256) {
        true => Ok(true),
        false => Err(FetchError::OtherFile { path: path.clone(), found }),
    }
}
