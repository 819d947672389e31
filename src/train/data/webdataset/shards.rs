//! Which shards there are, and what each is for.

use std::path::{Path, PathBuf};

use super::super::archive::{Kind, Tree, entries, kind};
use super::super::layout::{Role, role, role_among};
use super::super::{DataError, places};
use super::{CLASS, parts};
use crate::recipe::Data;

/// More are not opened.
const MOST_SHARDS: usize = 1 << 14;

/// A tar archive.
#[derive(Debug)]
pub struct Shard {
    pub path: PathBuf,
    pub role: Role,
}

/// What the recipe names.
pub fn root(data: &Data) -> Result<PathBuf, DataError> {
    let path = data.path.as_deref().map(places::expand_home);
    path.ok_or_else(|| DataError::Mismatch("`set: webdataset` needs `path:`, the shards or their folder".to_owned()))
}

/// The shards that `path` names, in order: a file, all in a folder and in folders in it, or `x-{000..012}.tar`.
pub fn find(data: &Data) -> Result<Vec<Shard>, DataError> {
    let root = root(data)?;
    let files = if root.is_dir() { tars(&root)? } else { expand(&root)? };
    if files.is_empty() {
        return Err(DataError::malformed(&root, "there is no .tar file in it"));
    }
    let told: Vec<Option<Role>> = files.iter().map(|file| told(&root, file)).collect();
    if let (Some(none), Some(one)) = (told.iter().position(Option::is_none), told.iter().position(Option::is_some)) {
        let [none, one] = [none, one].map(|at| files[at].display());
        let message = format!(
            "the name of {one} says what it is for, and that of {none} does not: write `train`, `val` or `test` into the \
             names of all shards or of their folders, or of none"
        );
        return Err(DataError::malformed(&root, message));
    }
    let shards = files.into_iter().zip(told);
    Ok(shards.map(|(path, role)| Shard { path, role: role.unwrap_or(Role::Train) }).collect())
}

/// What a shard is for, by its name or that of a folder in `root` that it is in.
fn told(root: &Path, file: &Path) -> Option<Role> {
    let inner = file.strip_prefix(root).ok().filter(|inner| !inner.as_os_str().is_empty());
    let inner = inner.unwrap_or_else(|| Path::new(file.file_name().unwrap_or_default()));
    let names: Vec<_> = inner.iter().collect();
    names.iter().rev().find_map(|name| role_among(&Path::new(name).with_extension("").to_string_lossy()))
}

fn tars(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    super::super::folder::walk(&Tree::Disk, folder, &mut Vec::new(), &mut |path| {
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tar")) {
            if files.len() == MOST_SHARDS {
                return Err(DataError::malformed(folder, format!("it has more than {MOST_SHARDS} shards")));
            }
            files.push(path);
        }
        Ok(())
    })?;
    Ok(files)
}

/// The files of `x-{000..012}.tar`, which may have several such ranges, or the one of this name.
fn expand(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut names = vec![path.to_string_lossy().into_owned()];
    while let Some((start, end)) =
        names[0].find('{').and_then(|start| Some((start, start + names[0][start..].find('}')?)))
    {
        let range = names[0][start + 1..end].split_once("..").and_then(|(first, last)| {
            let numbers = first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?;
            (numbers.end().checked_sub(*numbers.start())? < MOST_SHARDS).then_some((numbers, first.len()))
        });
        let Some((numbers, width)) = range else {
            let message = format!("braces hold a range such as `{{000..012}}`, of {MOST_SHARDS} shards at most");
            return Err(DataError::malformed(path, message));
        };
        if numbers.clone().count() * names.len() > MOST_SHARDS {
            return Err(DataError::malformed(path, format!("it stands for more than {MOST_SHARDS} shards")));
        }
        let each = |name: &String| {
            let (before, after) = (name[..start].to_owned(), name[end + 1..].to_owned());
            numbers.clone().map(move |number| format!("{before}{number:0width$}{after}")).collect::<Vec<_>>()
        };
        names = names.iter().flat_map(each).collect();
    }
    let files: Vec<PathBuf> = names.into_iter().map(PathBuf::from).collect();
    match files.iter().find(|file| !file.is_file()) {
        Some(missing) => Err(DataError::malformed(missing, "there is no such shard")),
        None => Ok(files),
    }
}

/// Whether it is a shard, or a folder of shards: tar archives with classes as WebDataset has them.
pub fn is_webdataset(path: &Path) -> bool {
    if path.is_dir() {
        let inside = Tree::Disk.entries(path).unwrap_or_default();
        let is_part = |folder: &&PathBuf| role(&folder.file_name().unwrap_or_default().to_string_lossy()).is_some();
        let parts = inside.iter().filter(is_part).filter_map(|folder| Tree::Disk.entries(folder).ok()).flatten();
        let is_tar = |path: &PathBuf| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tar"));
        return inside.iter().cloned().chain(parts).find(is_tar).is_some_and(|tar| is_shard(&tar));
    }
    let is_range = path.to_string_lossy().ends_with("}.tar") && !path.exists();
    is_shard(path) || is_range && expand(path).is_ok_and(|shards| shards.first().is_some_and(|shard| is_shard(shard)))
}

fn is_shard(path: &Path) -> bool {
    let listed = || matches!(kind(path), Ok(Some(Kind::Tar))).then(|| entries(path, Kind::Tar).ok()).flatten();
    let is_class = |name: &str| parts(name).is_some_and(|(_, ending)| ending == CLASS);
    path.is_file() && listed().is_some_and(|entries| entries.iter().any(|entry| is_class(&entry.name)))
}
