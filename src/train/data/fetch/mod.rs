//! Data sets from the net: downloaded, verified, unpacked, and then put in their place, whole or not at all.
//!
//! ```text
//! FOLDER.partial/NAME.part     what has arrived of a file; the next attempt goes on behind it
//! FOLDER.partial/NAME          a whole file whose SHA-256 is right
//! FOLDER.partial/unpacked/     the data set, until the reader has found it sound; then it becomes FOLDER
//! ```

mod download;
mod sources;
#[cfg(test)]
mod tests;
mod unpack;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub use download::Patience;
use download::{Problem, download};
use sources::{Download, source};

use super::{DataError, cifar, idx, places};
use crate::recipe::DataSet;

/// What to fetch, from where, and where to.
#[derive(Debug, Clone)]
pub struct Order {
    /// The set.
    pub set: DataSet,
    /// A folder of a server that has the files under their usual names, or one archive that has them all; the set's homes if `None`.
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
        Some(folder) => folder.clone(),
        None => places::own(set).ok_or(FetchError::NoPlace)?,
    };
    match state(set, &folder)? {
        State::Sound => return Ok(Fetched::WasThere(folder)),
        State::Free => {}
        State::Other(reason) => return Err(FetchError::InTheWay { folder, set, reason }),
    }
    let downloads = downloads(order.mirror.as_deref(), source)?;

    let mut work = folder.clone().into_os_string();
    work.push(".partial");
    let work = PathBuf::from(work);
    fs::create_dir_all(&work).map_err(|error| FetchError::io(&work, error))?;
    let lock = File::create(work.join("lock")).map_err(|error| FetchError::io(&work, error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(FetchError::Busy(work)),
        Err(TryLockError::Error(error)) => return Err(FetchError::io(&work, error)),
    }

    for file in &downloads {
        obtain(file, &work, order.patience, report)?;
    }
    let unpacked = work.join("unpacked");
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).map_err(|error| FetchError::io(&unpacked, error))?;
    }
    fs::create_dir(&unpacked).map_err(|error| FetchError::io(&unpacked, error))?;
    for file in &downloads {
        report(Event::Unpacks(file.name.clone()));
        unpack::unpack(&work.join(&file.name), &unpacked, source.members)?;
    }
    if let Err(reason) = open(set, &unpacked) {
        return Err(FetchError::NotTheSet { set, reason });
    }
    if folder.exists() {
        // It is empty, see above.
        fs::remove_dir(&folder).map_err(|error| FetchError::io(&folder, error))?;
    }
    fs::rename(&unpacked, &folder).map_err(|error| FetchError::io(&folder, error))?;
    drop(lock);
    // The set is there; what stays behind is only in the way.
    let _ = fs::remove_dir_all(&work);
    Ok(Fetched::Placed(folder))
}

/// What a folder holds before anything is fetched into it.
enum State {
    /// Nothing.
    Free,
    /// The set.
    Sound,
    /// Something else.
    Other(DataError),
}

fn state(set: DataSet, folder: &Path) -> Result<State, FetchError> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Free),
        Err(error) => Err(FetchError::io(folder, error)),
        Ok(mut entries) => match entries.next() {
            None => Ok(State::Free),
            Some(_) => Ok(open(set, folder).map_or_else(State::Other, |()| State::Sound)),
        },
    }
}

/// Whether the set can be read from `folder`.
fn open(set: DataSet, folder: &Path) -> Result<(), DataError> {
    let path = folder.to_str();
    match set {
        DataSet::Mnist | DataSet::FashionMnist => idx::open(set, path),
        _ => cifar::open(set, path),
    }
    .map(|_| ())
}

/// The files to load, each with every address that it may have.
fn downloads(mirror: Option<&str>, source: &sources::Source) -> Result<Vec<Download>, FetchError> {
    let Some(mirror) = mirror else { return Ok(source.downloads(source.homes)) };
    if !mirror.starts_with("http://") && !mirror.starts_with("https://") {
        return Err(FetchError::NoUrl(mirror.to_string()));
    }
    Ok(match Download::archive(mirror) {
        Some(archive) => vec![archive],
        None => source.downloads(&[mirror]),
    })
}

/// Loads `file` into `work`, from the first address that has it, unless it is there.
fn obtain(file: &Download, work: &Path, patience: Patience, report: &mut dyn FnMut(Event)) -> Result<(), FetchError> {
    let whole = work.join(&file.name);
    if whole.exists() {
        return Ok(());
    }
    let part = work.join(format!("{}.part", file.name));
    let mut problems = Vec::new();
    for url in &file.urls {
        match download(url, file.expected.as_ref(), &part, patience, report) {
            Ok(()) => return fs::rename(&part, &whole).map_err(|error| FetchError::io(&whole, error)),
            Err(Problem::Io(error)) => return Err(FetchError::io(&part, error)),
            Err(problem) => problems.push(format!("{url}: {problem}")),
        }
    }
    Err(FetchError::Refused { name: file.name.clone(), problems })
}

/// Why a data set was not fetched.
#[derive(Debug)]
pub enum FetchError {
    /// The set is part of the program, or the user's own.
    NothingToFetch(DataSet),
    /// Neither `$ARCHC_DATA` nor a home folder is there.
    NoPlace,
    /// The mirror is no address.
    NoUrl(String),
    /// The folder holds something else.
    InTheWay {
        /// Which.
        folder: PathBuf,
        /// What it should be.
        set: DataSet,
        /// Why it is not that.
        reason: DataError,
    },
    /// Somebody else is fetching it into this folder.
    Busy(PathBuf),
    /// No server gave the right file.
    Refused {
        /// Which.
        name: String,
        /// What each of them did.
        problems: Vec<String>,
    },
    /// An archive cannot be unpacked.
    Archive {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The files that arrived are no such set.
    NotTheSet {
        /// Which.
        set: DataSet,
        /// What the reader says.
        reason: DataError,
    },
    /// A file cannot be written or read.
    Io {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

impl FetchError {
    fn io(path: &Path, error: io::Error) -> FetchError {
        FetchError::Io { path: path.to_path_buf(), error }
    }

    fn archive(path: &Path, reason: impl fmt::Display) -> FetchError {
        FetchError::Archive { path: path.to_path_buf(), reason: reason.to_string() }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::NothingToFetch(DataSet::Folder) => {
                f.write_str("a folder of images is your own; name it with `data.path`")
            }
            FetchError::NothingToFetch(set) => write!(f, "{set} are part of the program, there is nothing to fetch"),
            FetchError::NoPlace => {
                f.write_str("there is no home folder; say where the files shall go with `--to FOLDER`")
            }
            FetchError::NoUrl(text) => {
                write!(f, "`{text}` is no address; a mirror is a folder or an archive such as https://example.org/data")
            }
            FetchError::InTheWay { folder, set, reason } => write!(
                f,
                "{} is there already, but is no sound {set}: {reason}\nremove it, or choose another folder with `--to`",
                folder.display()
            ),
            FetchError::Busy(folder) => write!(f, "another archc is at work in {}", folder.display()),
            FetchError::Refused { name, problems } => {
                write!(f, "cannot get {name}")?;
                problems.iter().try_for_each(|problem| write!(f, "\n    {problem}"))?;
                f.write_str("\nwhat has arrived is kept: the same command goes on; `--mirror URL` names another server")
            }
            FetchError::Archive { path, reason } => write!(f, "cannot unpack {}: {reason}", path.display()),
            FetchError::NotTheSet { set, reason } => write!(f, "what has arrived is no {set}: {reason}"),
            FetchError::Io { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for FetchError {}
