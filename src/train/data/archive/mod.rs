//! Archives that images are read from in place: which files are in them, and where.
//!
//! Nothing is unpacked to the disk. A name is only a name: what would lead out of a folder is refused all the same, as
//! no archive of a data set has such.

mod listing;
mod tar;
mod tree;
mod zip;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

pub use self::listing::Listing;
#[cfg(feature = "fetch")]
pub use self::tar::Names;
pub use self::tree::Tree;

use super::DataError;
use super::file::{Member, Opened};
use crate::regular;

/// More members are not listed.
const MOST_MEMBERS: usize = 1 << 22;

/// What an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// With a directory at its end.
    Zip,
    /// One file after the other, each behind its header.
    Tar,
}

impl Kind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Zip => "zip archive",
            Kind::Tar => "tar archive",
        }
    }
}

/// A file in an archive.
#[derive(Debug)]
pub struct Entry {
    /// Its name with its folders, as the archive has it.
    pub name: String,
    /// Its bytes.
    pub member: Arc<Member>,
}

/// Archives of which nothing can be read without all that lies before it, by their first bytes.
const WHOLE: [(&[u8], &str, &str); 6] = [
    (b"\x1f\x8b", "gzip", "gunzip"),
    (b"BZh", "bzip2", "bunzip2"),
    (b"\xfd7zXZ\0", "xz", "unxz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard", "unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x"),
    (b"Rar!\x1a\x07", "RAR", "unrar x"),
];

/// What the file at `path` is; `None` if it is no archive, or is not there.
///
/// # Errors
/// If it is one of a kind that is not read in place.
pub fn kind(path: &Path) -> Result<Option<Kind>, DataError> {
    let Ok(file) = regular::open(path) else { return Ok(None) };
    let mut head = Vec::new();
    // What is no file to read is told by whoever wants to read it.
    if file.take(512).read_to_end(&mut head).is_err() {
        return Ok(None);
    }
    if let Some((_, name, unpack)) = WHOLE.iter().find(|(magic, ..)| head.starts_with(magic)) {
        let message = format!(
            "it is compressed as a whole ({name}), so that no image in it can be read without all before it: unpack it, \
             with `{unpack}` for example; a .tar and a .zip are read as they are"
        );
        return Err(DataError::malformed(path, message));
    }
    let is_zip = head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06");
    Ok(if is_zip { Some(Kind::Zip) } else { tar::begins(&head).then_some(Kind::Tar) })
}

/// Whether a file's name is an archive's.
pub fn is_archive(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    let endings = ["zip", "tar", "tgz", "gz", "bz2", "xz", "zst", "7z", "rar"];
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

/// The files in an archive, in its order.
///
/// # Errors
/// If it cannot be read, is cut off, or has members that cannot be read in place.
pub fn entries(path: &Path, kind: Kind) -> Result<Vec<Entry>, DataError> {
    let file: File = regular::open(path).map_err(|error| DataError::io(path, error))?;
    let archive = Arc::new(Opened { path: path.to_owned(), file });
    let listed = match kind {
        Kind::Zip => zip::entries(&archive),
        Kind::Tar => tar::entries(&archive),
    };
    listed.map_err(|message| DataError::malformed(path, message))
}
