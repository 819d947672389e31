//! Where data sets are looked for: `data.path`, else the usual places.

use std::env;
use std::path::{Path, PathBuf};

use super::archive::is_archive;
use super::medmnist::is_npz;
use super::webdataset::is_webdataset;
use super::{DataError, is_table, locate};
use crate::recipe::{Data, DataSet, Held};
use crate::system::cache_folder;

/// The folder in which `set`'s file `wanted` lies, under one of its `spellings` (`wanted`, and packed, say).
///
/// With `path` only that is searched, otherwise `$ARCHC_DATA/NAME`, `./data/NAME`, `~/.cache/archc/NAME`, and where
/// Debian's packages put data sets. Below each, `subfolders` are tried too: what the set's archive unpacks to.
pub fn find(
    set: DataSet,
    path: Option<&str>,
    subfolders: &[&str],
    wanted: &str,
    spellings: &[String],
) -> Result<PathBuf, DataError> {
    let mut looked_in = Vec::new();
    for place in places(set, path) {
        let below = subfolders.iter().map(|folder| place.join(folder));
        for folder in std::iter::once(place.clone()).chain(below) {
            if spellings.iter().any(|name| folder.join(name).is_file()) {
                return Ok(folder);
            }
            looked_in.push(folder);
        }
    }
    let hint = looked_in.iter().find_map(|folder| lookalike(folder));
    Err(DataError::NotFound { set, wanted: wanted.to_string(), named: path.is_some(), looked_in, hint })
}

/// The files and folders that `data` names: all that is read is in them, except for images that a table names.
pub fn named(data: &Data) -> Vec<PathBuf> {
    let table = data.table.as_ref();
    let held = table.and_then(|table| match &table.validation {
        Held::File(file) => Some(file),
        Held::Part(_) => None,
    });
    let tables = table.into_iter().flat_map(|table| [Some(&table.file), table.test.as_ref()]);
    let files = tables.flatten().chain(held).map(|file| expand_home(file));
    // The folder of a table is where names begin, and may be anything.
    let folder = data.path.as_deref().filter(|_| table.is_none()).map(expand_home);
    files.chain(folder).chain(data.path.is_none().then(|| locate(data.set)).flatten()).collect()
}

/// What files of the user's own are, as far as their names and the beginnings of archives tell.
pub fn told(path: &Path) -> Option<DataSet> {
    match () {
        () if is_table(path) => Some(DataSet::Table),
        () if is_npz(path) => Some(DataSet::Medmnist),
        () if is_webdataset(path) => Some(DataSet::WebDataset),
        () if path.is_dir() || path.is_file() && is_archive(path) => Some(DataSet::Folder),
        () => None,
    }
}

/// `path` with a leading `~` replaced, as a shell would.
pub fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Where a set is put that is fetched: `$ARCHC_DATA/NAME` or `~/.cache/archc/NAME`.
#[cfg(feature = "fetch")]
pub fn own(set: DataSet) -> Option<PathBuf> {
    let root = own_root().or_else(cache_folder)?;
    Some(root.join(set.name()))
}

/// `$ARCHC_DATA`, if it says anything.
fn own_root() -> Option<PathBuf> {
    env::var_os("ARCHC_DATA").filter(|root| !root.is_empty()).map(PathBuf::from)
}

fn places(set: DataSet, path: Option<&str>) -> Vec<PathBuf> {
    if let Some(path) = path {
        return vec![expand_home(path)];
    }
    let roots = [own_root(), Some(PathBuf::from("data")), cache_folder(), Some(PathBuf::from("/usr/share/datasets"))];
    roots.into_iter().flatten().map(|root| root.join(set.name())).collect()
}

/// What else a folder may hold that people take for a set's own files.
fn lookalike(folder: &Path) -> Option<String> {
    folder.join("train").is_dir().then(|| {
        let folder = folder.display();
        format!("{folder} looks like a folder of images: `set: folder` with `path: {folder}` reads those")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_set_names_every_place() {
        let error =
            find(DataSet::Mnist, None, &["raw"], "x-images", &["x-images".to_string()]).unwrap_err().to_string();
        for part in
            ["data/mnist", "data/mnist/raw", ".cache/archc/mnist", "/usr/share/datasets/mnist", "yann.lecun.com"]
        {
            assert!(error.contains(part), "{part} is not in:\n{error}");
        }
        let error =
            find(DataSet::Mnist, Some("/nowhere/at/all"), &[], "x", &["x".to_string()]).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all") && !error.contains(".cache"), "{error}");
    }
}
