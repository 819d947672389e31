//! What can be wrong with a data set, said with the file and what was found in it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::recipe::DataSet;

/// Why a data set cannot be used.
#[derive(Debug)]
pub enum DataError {
    /// Its files are in none of the usual places.
    NotFound {
        /// Which set.
        set: DataSet,
        /// The file that shows that a folder holds it.
        wanted: String,
        /// Whether the network's file names the folder, which is the first that was looked into.
        named: bool,
        /// Every folder that was looked into.
        looked_in: Vec<PathBuf>,
        /// What was found instead, and what to do about it.
        hint: Option<String>,
    },
    /// A file or folder cannot be read.
    Io {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// A file or folder is not what it should be.
    Malformed {
        /// Which.
        path: PathBuf,
        /// What was expected, and what was found.
        message: String,
    },
    /// An image that cannot be decoded.
    BadImage {
        /// Its file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An image's file that cannot be read.
    UnreadableImage {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// A mask that cannot be read, or does not fit its image.
    BadMask {
        /// Its file.
        path: PathBuf,
        /// The table that names it, and the line there.
        row: Option<(Arc<Path>, u64)>,
        /// What is wrong with it.
        reason: String,
    },
    /// The data and the network, or the transforms, do not fit together.
    Mismatch(String),
}

impl DataError {
    /// Whether it is about one image alone: what `on_bad_image: skip` steps over.
    pub fn is_of_one_image(&self) -> bool {
        matches!(self, DataError::BadImage { .. } | DataError::UnreadableImage { .. } | DataError::BadMask { .. })
    }

    pub(super) fn io(path: &Path, error: io::Error) -> DataError {
        DataError::Io { path: path.to_path_buf(), error }
    }

    pub(super) fn malformed(path: &Path, message: impl Into<String>) -> DataError {
        DataError::Malformed { path: path.to_path_buf(), message: message.into() }
    }

    pub(super) fn bad_image(path: &Path, reason: impl fmt::Display) -> DataError {
        DataError::BadImage { path: path.to_path_buf(), reason: reason.to_string().trim_end().to_string() }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataError::NotFound { set: DataSet::Folder, looked_in, .. } => {
                let folders: Vec<String> = looked_in.iter().map(|folder| format!("`{}`", folder.display())).collect();
                write!(f, "there is no folder {}; `data.path` names it", folders.join(" or "))
            }
            DataError::NotFound { set, wanted, named, looked_in, hint } => {
                write!(f, "the data set {set} is not there")?;
                let home = set.home();
                if cfg!(feature = "fetch") && !home.is_empty() {
                    // Where a file names the folder, that is where the set belongs.
                    let to = looked_in
                        .first()
                        .filter(|_| *named)
                        .map_or(String::new(), |folder| format!(" --to {}", folder.display()));
                    write!(f, "\n`archc data fetch {set}{to}` downloads it from {home}")?;
                } else if !home.is_empty() {
                    write!(f, "\nget it from {home}")?;
                }
                if let Some(hint) = hint {
                    write!(f, "\n{hint}")?;
                }
                write!(
                    f,
                    "\nif you have it, put it into one of these folders, or name its own with `data.path`; there is no {wanted} in"
                )?;
                looked_in.iter().try_for_each(|folder| write!(f, "\n    {}", folder.display()))
            }
            DataError::Io { path, error } | DataError::UnreadableImage { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            DataError::Malformed { path, message } => write!(f, "{}: {message}", path.display()),
            DataError::BadImage { path, reason } => {
                write!(f, "{} is no image that can be decoded: {reason}", path.display())
            }
            DataError::BadMask { path, row, reason } => {
                if let Some((table, line)) = row {
                    write!(f, "{}: line {line}: ", table.display())?;
                }
                write!(f, "the mask {}: {reason}", path.display())
            }
            DataError::Mismatch(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for DataError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            DataError::Io { error, .. } | DataError::UnreadableImage { error, .. } => Some(error),
            _ => None,
        }
    }
}
