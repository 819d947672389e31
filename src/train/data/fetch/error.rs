//! Why a data set was not fetched.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::super::DataError;
use crate::recipe::DataSet;

/// Why a data set was not fetched.
#[derive(Debug)]
pub enum FetchError {
    /// The set is part of the program, or the user's own.
    NothingToFetch(DataSet),
    /// Neither `$ARCHC_DATA` nor a home folder is there.
    NoPlace,
    /// The mirror is no address.
    NoUrl(String),
    /// No folder can be made under this name.
    Destination {
        /// Which.
        folder: PathBuf,
        /// Why not.
        problem: WrongPlace,
    },
    /// The folder holds something else.
    InTheWay {
        /// Which.
        folder: PathBuf,
        /// What it should be.
        set: DataSet,
        /// Why it is not that.
        reason: DataError,
    },
    /// The folder in which the set would grow is somebody else's.
    NotOurs(PathBuf),
    /// A file of the name is there, and holds something else.
    OtherFile {
        /// Which.
        path: PathBuf,
        /// The SHA-256 of what is there.
        found: String,
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
        /// Which file, or the address of one that was not kept.
        from: String,
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

/// Why a folder cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongPlace {
    /// `/`, `.`, `..` or nothing.
    NoName,
    /// Other than absolutely it could not be named in a network's file.
    NoText,
    /// A link that leads nowhere.
    Dangling,
    /// A file.
    File,
    /// The folder that the program was started in.
    Here,
    /// A folder that a file system begins with.
    Mounted,
}

impl FetchError {
    pub(super) fn io(path: &Path, error: io::Error) -> FetchError {
        FetchError::Io { path: path.to_path_buf(), error }
    }

    pub(super) fn archive(path: &Path, reason: impl fmt::Display) -> FetchError {
        FetchError::Archive { from: path.display().to_string(), reason: reason.to_string() }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::NothingToFetch(set) if set.is_own() => {
                f.write_str("such files are your own; name them with `data.path`")
            }
            FetchError::NothingToFetch(set) => write!(f, "{set} are part of the program, there is nothing to fetch"),
            FetchError::NoPlace => f.write_str("there is no home folder; choose one with `--to FOLDER`"),
            FetchError::NoUrl(text) => {
                write!(f, "`{text}` is no address; a mirror is a folder or an archive such as https://example.org/data")
            }
            FetchError::Destination { folder, problem } => {
                let folder = folder.display();
                match problem {
                    WrongPlace::NoName | WrongPlace::Here => write!(
                        f,
                        "`{folder}` cannot be replaced by the data set; name a folder that is still to be made, such as `--to data`"
                    ),
                    WrongPlace::NoText => {
                        write!(f, "the name of `{folder}` is not UTF-8, so no file could name it with `data.path`")
                    }
                    WrongPlace::Dangling => write!(f, "`{folder}` is a link to something that is not there"),
                    WrongPlace::File => write!(f, "`{folder}` is a file; name a folder with `--to`"),
                    WrongPlace::Mounted => write!(
                        f,
                        "`{folder}` is where a file system is mounted, and cannot be replaced by the data set; name a folder in it, such as `--to {}`",
                        Path::new(&folder.to_string()).join("data").display()
                    ),
                }
            }
            FetchError::InTheWay { folder, set, reason } => write!(
                f,
                "{} is there already, but is no sound {set}: {reason}\nchoose another folder with `--to`, or move this one away",
                folder.display()
            ),
            FetchError::NotOurs(folder) => write!(
                f,
                "`{}` is where the files would be kept until all have arrived, but it was not made by archc\nmove it, or choose another folder with `--to`",
                folder.display()
            ),
            FetchError::OtherFile { path, found } => write!(
                f,
                "{} is there already, and is another file: its SHA-256 is {found}\nmove it, or choose another folder with `--to`",
                path.display()
            ),
            FetchError::Busy(folder) => write!(f, "another archc is at work in {}", folder.display()),
            FetchError::Refused { name, problems } => {
                write!(f, "cannot get {name}")?;
                problems.iter().try_for_each(|problem| write!(f, "\n    {problem}"))?;
                f.write_str(
                    "\nthe same command continues with the rest, if the server allows it; `--mirror URL` names another server",
                )
            }
            FetchError::Archive { from, reason } => write!(f, "cannot unpack {from}: {reason}"),
            FetchError::NotTheSet { set, reason: DataError::NotFound { wanted, .. } } => {
                write!(f, "what has arrived is no {set}: it has no {wanted}")
            }
            FetchError::NotTheSet { set, reason } => write!(f, "what has arrived is no {set}: {reason}"),
            FetchError::Io { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for FetchError {}
