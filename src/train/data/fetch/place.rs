//! The folder that a data set shall be in, and the one beside it in which it grows until then.

use std::env;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::super::{DataError, cifar, idx};
use super::part::{self, own_file};
use super::sources::DownloadSource;
use super::{FetchError, WrongPlace};
use crate::recipe::DataSet;

/// What the folder holds before anything is fetched into it.
pub enum FolderState {
    /// Nothing.
    Free,
    /// The set.
    Sound,
    /// Something else.
    Other(DataError),
}

/// Where a set goes.
pub struct Destination {
    /// As it was asked for.
    pub folder: PathBuf,
    /// Where that is.
    absolute: PathBuf,
}

impl Destination {
    /// Whatever can be known to go wrong in the end is found here, before anything is downloaded.
    pub fn new(folder: &Path) -> Result<Destination, FetchError> {
        let wrong = |problem| Err(FetchError::Destination { folder: folder.to_path_buf(), problem });
        if folder.to_str().is_none() {
            return wrong(WrongPlace::NoText);
        }
        if folder.as_os_str().is_empty() {
            return wrong(WrongPlace::NoName);
        }
        // Without a slash at its end.
        let folder: PathBuf = folder.components().collect();
        let absolute = std::path::absolute(&folder).map_err(|error| FetchError::io(&folder, error))?;
        let linked = fs::symlink_metadata(&absolute).is_ok_and(|found| found.is_symlink());
        let absolute = match fs::canonicalize(&absolute) {
            Ok(target) if linked => target,
            Err(error) if linked && error.kind() == ErrorKind::NotFound => return wrong(WrongPlace::Dangling),
            _ => absolute,
        };
        match fs::metadata(&absolute) {
            Ok(found) if !found.is_dir() => wrong(WrongPlace::File),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(FetchError::io(&folder, error)),
            _ => Ok(Destination { folder, absolute }),
        }
    }

    /// What is there.
    pub fn state(&self, set: DataSet) -> Result<FolderState, FetchError> {
        match fs::read_dir(&self.absolute) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(FolderState::Free),
            Err(error) => Err(FetchError::io(&self.folder, error)),
            Ok(mut entries) => match entries.next() {
                None => Ok(FolderState::Free),
                Some(_) => Ok(open(set, &self.absolute).map_or_else(FolderState::Other, |()| FolderState::Sound)),
            },
        }
    }

    /// Whether a folder can be given this name, where there is none or an empty one.
    pub fn check(&self) -> Result<(), FetchError> {
        let wrong = |problem| Err(FetchError::Destination { folder: self.folder.clone(), problem });
        if !matches!(self.folder.components().next_back(), Some(Component::Normal(_))) {
            return wrong(WrongPlace::NoName);
        }
        let Ok(target) = fs::canonicalize(&self.absolute) else { return Ok(()) };
        if env::current_dir().and_then(fs::canonicalize).is_ok_and(|here| here == target) {
            return wrong(WrongPlace::Here);
        }
        match is_mounted(&target) {
            true => wrong(WrongPlace::Mounted),
            false => Ok(()),
        }
    }

    /// `FOLDER.partial`.
    pub fn work(&self) -> PathBuf {
        let mut work = self.absolute.clone().into_os_string();
        work.push(".partial");
        PathBuf::from(work)
    }

    /// Gives `unpacked` the folder's name.
    pub fn put(&self, unpacked: &Path) -> Result<(), FetchError> {
        let io = |error| FetchError::io(&self.folder, error);
        if self.absolute.exists() {
            // It was empty; if it is not any more, it stays.
            fs::remove_dir(&self.absolute).map_err(io)?;
        }
        fs::rename(unpacked, &self.absolute).map_err(io)
    }
}

/// A folder on which something is mounted cannot be replaced by another.
#[cfg(unix)]
fn is_mounted(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    folder.parent().is_some_and(|parent| device(folder) != device(parent))
}

#[cfg(not(unix))]
fn is_mounted(_folder: &Path) -> bool {
    false
}

/// Whether the set can be read from `folder`.
pub fn open(set: DataSet, folder: &Path) -> Result<(), DataError> {
    let path = folder.to_str();
    match set {
        DataSet::Mnist | DataSet::FashionMnist => idx::open(set, path),
        _ => cifar::open(set, path),
    }
    .map(|_| ())
}

/// The file that shows that a folder was made by this module, and that is locked by whoever works in it.
const MARK: &str = ".archc-data-fetch";

/// What it holds.
const MARKED: &str = "archc data fetch keeps here what has arrived of a data set, version 1\n";

/// What `UNPACKED` becomes when it is whole.
const UNPACKED: &str = "unpacked";

/// `FOLDER.partial`, which belongs to this process as long as this lives.
pub struct Workshop {
    pub folder: PathBuf,
    _lock: File,
}

impl Workshop {
    /// Makes the folder, or goes on in it if it was made here. Somebody else's stays as it is.
    pub fn claim(folder: PathBuf) -> Result<Workshop, FetchError> {
        let io = |error| FetchError::io(&folder, error);
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(FetchError::NotOurs(folder)),
            Err(_) => fs::create_dir_all(&folder).map_err(io)?,
        }
        let mark = folder.join(MARK);
        if fs::symlink_metadata(&mark).is_err() && fs::read_dir(&folder).map_err(io)?.next().is_some() {
            return Err(FetchError::NotOurs(folder));
        }
        let options = &mut OpenOptions::new();
        let mut lock = own_file(&mark, options.read(true).write(true).create(true).truncate(false)).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FetchError::Busy(folder)),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let mut text = Vec::new();
        Read::take(&lock, MARKED.len() as u64 + 1).read_to_end(&mut text).map_err(io)?;
        // Whoever was killed while it was written leaves its beginning.
        let Some(rest) = MARKED.as_bytes().strip_prefix(&text[..]) else { return Err(FetchError::NotOurs(folder)) };
        lock.write_all(rest).map_err(io)?;
        // Whoever had the lock before may have removed it, and the folder with it.
        if fs::symlink_metadata(&mark).is_err() {
            return Err(FetchError::Busy(folder));
        }
        Ok(Workshop { folder, _lock: lock })
    }

    /// An empty folder to unpack into. It holds nothing but `members`, if anything.
    pub fn unpacked(&self, members: &[&str]) -> Result<PathBuf, FetchError> {
        let unpacked = self.folder.join(UNPACKED);
        self.discard_unpacked(members).map_err(|error| FetchError::io(&unpacked, error))?;
        fs::create_dir(&unpacked).map_err(|error| FetchError::io(&unpacked, error))?;
        Ok(unpacked)
    }

    /// Removes what `members` were unpacked.
    pub fn discard_unpacked(&self, members: &[&str]) -> io::Result<()> {
        let unpacked = self.folder.join(UNPACKED);
        match fs::symlink_metadata(&unpacked) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
            Ok(found) if !found.is_dir() => return Err(ErrorKind::AlreadyExists.into()),
            Ok(_) => {}
        }
        for member in members {
            match fs::remove_file(unpacked.join(member)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir(&unpacked)
    }

    /// Removes what was made here, also by attempts that had the files from elsewhere. If somebody else has put
    /// something into the folder, that stays.
    pub fn clear(self, source: &DownloadSource) {
        // The set is in its place; what stays behind is only in the way.
        let mut is_clear = self.discard_unpacked(source.members).is_ok();
        for name in source.names() {
            is_clear &= part::remove(&self.folder.join(name)).is_ok();
        }
        // Without its mark the folder would be nobody's, and nobody would clear it later.
        if is_clear {
            let _ = fs::remove_file(self.folder.join(MARK));
            let _ = fs::remove_dir(&self.folder);
        }
    }

    /// Clears `folder` if it was left behind: by whoever was killed after the set was in its place.
    pub fn sweep(folder: &Path, source: &DownloadSource) {
        if fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir())
            && let Ok(workshop) = Workshop::claim(folder.to_path_buf())
        {
            workshop.clear(source);
        }
    }
}
