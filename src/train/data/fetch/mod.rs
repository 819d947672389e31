//! Data sets from the net: downloaded, verified, unpacked, and then put in their place, whole or not at all.
//!
//! ```text
//! FOLDER.partial/.archc-data-fetch    says that the folder was made here, and is locked by whoever works in it
//! FOLDER.partial/NAME                 what has arrived of a file; the next attempt goes on behind it, see `part`
//! FOLDER.partial/unpacked/            the data set, until the reader has found it sound; then it becomes FOLDER
//! ```
//!
//! Nothing else is ever written or removed.

mod download;
mod error;
mod one;
mod part;
mod place;
mod sources;
#[cfg(test)]
mod tests;
mod unpack;

use std::path::{Path, PathBuf};

pub use download::Patience;
use download::{DownloadProblem, download};
pub use error::{FetchError, WrongPlace};
pub use one::{OneFile, fetch_one};
use place::{Destination, FolderState, Workshop};
use sources::{Download, source};
pub use sources::{Expected, Length};
use ureq::http::Uri;

use super::places;
use crate::recipe::DataSet;

/// What to fetch, from where, and where to.
#[derive(Debug, Clone)]
pub struct Order {
    /// The set.
    pub set: DataSet,
    /// A folder of a server that has the files under their usual names, or one archive that has them all; the set's
    /// homes if `None`.
    pub mirror: Option<String>,
    /// The folder that the files shall be in; the set's usual place if `None`.
    pub to: Option<PathBuf>,
    /// How long to wait for servers.
    pub patience: Patience,
}

/// What happens meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A download begins, behind what was there already.
    Begins {
        /// From where.
        url: String,
        /// Bytes that are there.
        done: u64,
        /// Bytes in all, if that is known.
        total: Option<u64>,
    },
    /// So many bytes are there now.
    Arrived(u64),
    /// Something went wrong, and another attempt is made.
    Again(String),
    /// A file is there, with this SHA-256; nobody knows what it should be.
    Unverified(String),
    /// A file is unpacked.
    Unpacks(String),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The set is in this folder now.
    Placed(PathBuf),
    /// The set was in this folder before.
    WasThere(PathBuf),
}

/// Fetches a data set.
///
/// # Errors
/// If no server has the right files, and if files cannot be written. What has arrived stays for the next attempt.
pub fn fetch(order: &Order, report: &mut dyn FnMut(Event)) -> Result<Fetched, FetchError> {
    let set = order.set;
    let Some(source) = source(set) else { return Err(FetchError::NothingToFetch(set)) };
    let folder = match &order.to {
        Some(folder) => folder.to_str().map_or_else(|| folder.clone(), places::expand_home),
        None => places::own(set).ok_or(FetchError::NoPlace)?,
    };
    let place = Destination::new(&folder)?;
    if is_there(&place, set)? {
        Workshop::sweep(&place.work(), source);
        return Ok(Fetched::WasThere(place.folder));
    }
    place.check()?;
    let downloads = downloads(order.mirror.as_deref(), source)?;
    let workshop = Workshop::claim(place.work())?;
    // Somebody else may have been at work until just now.
    if is_there(&place, set)? {
        workshop.clear(source);
        return Ok(Fetched::WasThere(place.folder));
    }
    for file in &downloads {
        obtain(file, &workshop.folder, order.patience, report)?;
    }
    let unpacked = workshop.unpacked(source.members)?;
    for file in &downloads {
        report(Event::Unpacks(file.name.clone()));
        let unpacked = unpack::unpack(&workshop.folder.join(&file.name), &unpacked, source);
        unpacked.map_err(|error| forget(&downloads, &workshop, source.members, error))?;
    }
    if let Err(reason) = place::open(set, &unpacked) {
        return Err(forget(&downloads, &workshop, source.members, FetchError::NotTheSet { set, reason }));
    }
    place.put(&unpacked)?;
    workshop.clear(source);
    Ok(Fetched::Placed(place.folder))
}

/// Whether the set is in its place; an error if something else is.
fn is_there(place: &Destination, set: DataSet) -> Result<bool, FetchError> {
    match place.state(set)? {
        FolderState::Sound => Ok(true),
        FolderState::Free => Ok(false),
        FolderState::Other(reason) => Err(FetchError::InTheWay { folder: place.folder.clone(), set, reason }),
    }
}

/// The files to load, each with every address that it may have.
fn downloads(mirror: Option<&str>, source: &sources::DownloadSource) -> Result<Vec<Download>, FetchError> {
    let Some(mirror) = mirror else { return Ok(source.downloads(source.homes)) };
    check_address(mirror)?;
    Ok(match Download::archive(mirror) {
        Some(archive) => vec![archive],
        None => source.downloads(&[mirror]),
    })
}

fn check_address(mirror: &str) -> Result<(), FetchError> {
    let is_web = mirror.starts_with("http://") || mirror.starts_with("https://");
    match is_web && mirror.parse::<Uri>().is_ok() {
        true => Ok(()),
        false => Err(FetchError::NoUrl(mirror.to_string())),
    }
}

/// Loads `file` into `work`, from the first address that has it; from the one that it has come from before, to begin
/// with.
fn obtain(file: &Download, work: &Path, patience: Patience, report: &mut dyn FnMut(Event)) -> Result<(), FetchError> {
    let path = work.join(&file.name);
    let origin = part::origin(&path).map_err(|error| FetchError::io(&path, error))?;
    let mut urls: Vec<&String> = file.urls.iter().collect();
    urls.sort_by_key(|url| !origin.as_ref().is_some_and(|origin| origin.is_at(url)));
    let mut problems = Vec::new();
    for url in urls {
        match download(url, file.expected.as_ref(), &path, patience, report) {
            Ok(()) => return Ok(()),
            Err(DownloadProblem::Io(error)) => return Err(FetchError::io(&path, error)),
            Err(problem) => problems.push(format!("{url}: {problem}")),
        }
    }
    Err(FetchError::Refused { name: file.name.clone(), problems })
}

/// After `error`: removes what nobody knows what it should be, so that the next attempt asks for it again.
fn forget(downloads: &[Download], workshop: &Workshop, members: &[&str], error: FetchError) -> FetchError {
    if downloads.iter().any(|file| file.expected.is_some()) {
        return error;
    }
    // That it stays behind if even this fails is the lesser problem.
    let _ = workshop.discard_unpacked(members);
    for file in downloads {
        let _ = part::remove(&workshop.folder.join(&file.name));
    }
    match error {
        // The file is gone; where it came from is what the user can look at.
        FetchError::Archive { reason, .. } => {
            let urls: Vec<&str> = downloads.iter().flat_map(|file| &file.urls).map(String::as_str).collect();
            FetchError::Archive { from: urls.join(" or "), reason }
        }
        other => other,
    }
}
