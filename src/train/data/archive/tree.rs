//! Folders, wherever they are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Kind, Listing, kind};
use crate::train::data::DataError;
use crate::train::data::file::ImageFile;
use crate::train::data::layout::is_image;

/// Where folders are looked into.
#[derive(Debug, Clone)]
pub enum Tree {
    /// On the disk.
    Disk,
    /// In an archive.
    Archive(Arc<Listing>),
}

/// What systems and programs leave in folders for themselves.
const OTHERS: [&str; 3] = ["Thumbs.db", "desktop.ini", "__MACOSX"];

impl Tree {
    /// Where to look into `root`, and the folder there to begin with: in an archive, the one that all lies in.
    ///
    /// # Errors
    /// If it is an archive that cannot be read in place.
    pub fn of(root: &Path) -> Result<(Tree, PathBuf), DataError> {
        let Some(kind) = kind(root)? else { return Ok((Tree::Disk, root.to_owned())) };
        let tree = Tree::Archive(Arc::new(Listing::of(root, kind)?));
        let mut folder = root.to_owned();
        loop {
            let (folders, files): (Vec<_>, Vec<_>) =
                tree.entries(&folder)?.into_iter().partition(|path| tree.is_dir(path));
            match &folders[..] {
                // Beside it there may be a text about the images.
                [only]
                    if !files.iter().any(|file| is_image(file))
                        && tree.entries(only)?.iter().any(|path| tree.is_dir(path)) =>
                {
                    folder.clone_from(only);
                }
                _ => return Ok((tree, folder)),
            }
        }
    }

    /// What the archive is, and how many files it has; `None` on the disk.
    pub fn archive(&self) -> Option<(Kind, usize)> {
        match self {
            Tree::Disk => None,
            Tree::Archive(listing) => Some((listing.kind, listing.len())),
        }
    }

    /// What `folder` holds, sorted by name, without what is hidden (`.DS_Store`) or nobody put there.
    pub fn entries(&self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let io = |error| DataError::io(folder, error);
        let mut paths: Vec<PathBuf> = match self {
            Tree::Disk => {
                let entries = fs::read_dir(folder).map_err(io)?;
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(io)?
            }
            Tree::Archive(listing) => {
                let inside = listing.entries(folder).ok_or_else(|| io(io::ErrorKind::NotFound.into()))?;
                inside.map(|(path, _)| path.clone()).collect()
            }
        };
        paths.retain(|path| {
            let name = path.file_name().unwrap_or_default();
            let others = OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other));
            !others && !name.as_encoded_bytes().starts_with(b".")
        });
        paths.sort();
        Ok(paths)
    }

    /// Whether it is a folder.
    pub fn is_dir(&self, path: &Path) -> bool {
        match self {
            Tree::Disk => path.is_dir(),
            Tree::Archive(listing) => listing.is_dir(path),
        }
    }

    /// A folder, by whichever links it is reached.
    pub fn real(&self, folder: &Path) -> io::Result<PathBuf> {
        match self {
            Tree::Disk => fs::canonicalize(folder),
            Tree::Archive(_) => Ok(folder.to_owned()),
        }
    }

    /// The file of this path.
    pub fn file(&self, path: PathBuf) -> ImageFile {
        match self {
            Tree::Disk => ImageFile::from(path),
            Tree::Archive(listing) => listing.file(path),
        }
    }
}
