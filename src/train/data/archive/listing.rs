//! The folders of an archive, as if they were on the disk.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Entry, Kind, entries};
use crate::diagnostic::printable;
use crate::train::data::DataError;
use crate::train::data::file::{ImageFile, Member};

/// What is in an archive, by paths that begin with the archive's own: `photos.zip/cat/1.jpg`.
#[derive(Debug)]
pub struct Listing {
    /// What it is.
    pub kind: Kind,
    /// What each folder holds, and whether that is a folder too.
    folders: HashMap<PathBuf, BTreeMap<PathBuf, bool>>,
    members: HashMap<PathBuf, Arc<Member>>,
}

impl Listing {
    /// Reads the names in an archive.
    ///
    /// # Errors
    /// If it cannot be read, or a name leads out of it.
    pub fn of(path: &Path, kind: Kind) -> Result<Listing, DataError> {
        let mut listing = Listing { kind, folders: HashMap::new(), members: HashMap::new() };
        listing.folders.insert(path.to_owned(), BTreeMap::new());
        for Entry { name, member } in entries(path, kind)? {
            let inner = checked(&name)
                .map_err(|why| DataError::malformed(path, format!("the name `{}` in it {why}", printable(&name))))?;
            listing.add(path, &inner, member);
        }
        Ok(listing)
    }

    /// Adds a file; of two with one name, the later one counts, as it does for whoever unpacks both.
    fn add(&mut self, root: &Path, inner: &[&str], member: Arc<Member>) {
        let Some((name, folders)) = inner.split_last() else { return };
        let mut folder = root.to_owned();
        for part in folders {
            let path = folder.join(part);
            // What was a file is a folder from now on.
            self.members.remove(&path);
            self.folders.entry(folder).or_default().insert(path.clone(), true);
            self.folders.entry(path.clone()).or_default();
            folder = path;
        }
        let path = folder.join(name);
        if !self.folders.contains_key(&path) {
            self.folders.entry(folder).or_default().insert(path.clone(), false);
            self.members.insert(path, member);
        }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// What a folder holds, and whether that is a folder too, sorted by name.
    pub fn entries(&self, folder: &Path) -> Option<impl Iterator<Item = (&PathBuf, bool)>> {
        self.folders.get(folder).map(|inside| inside.iter().map(|(path, is_folder)| (path, *is_folder)))
    }

    /// Whether it is a folder.
    pub fn is_dir(&self, path: &Path) -> bool {
        self.folders.contains_key(path)
    }

    /// One of its files.
    pub fn file(&self, path: PathBuf) -> ImageFile {
        match self.members.get(&path) {
            Some(member) => ImageFile::within(path, Arc::clone(member)),
            None => ImageFile::from(path),
        }
    }
}

/// A name is longer than on any disk, or leads deeper than any folder.
const LONGEST_NAME: usize = 4096;
const MOST_FOLDERS: usize = 64;

/// The parts of a name, or what is wrong with it.
fn checked(name: &str) -> Result<Vec<&str>, &'static str> {
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let is_drive = |part: &&str| part.len() == 2 && part.ends_with(':');
    match () {
        () if name.starts_with('/') || parts.first().is_some_and(is_drive) => Err("begins outside of it"),
        () if parts.contains(&"..") => Err("leads out of it"),
        () if name.contains('\0') => Err("is none"),
        () if name.len() > LONGEST_NAME || parts.len() > MOST_FOLDERS => Err("is longer than any on a disk"),
        () => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn names_stay_inside() {
        assert_eq!(checked("./a//b/1.jpg"), Ok(vec!["a", "b", "1.jpg"]));
        for name in ["/etc/passwd", "../1.jpg", "a/../../1.jpg", "C:/1.jpg", "a\0b"] {
            assert!(checked(name).is_err(), "{name}");
        }
        assert!(checked(&"a/".repeat(100)).is_err());
    }
}
