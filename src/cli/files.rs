//! The files that a command line means: files as they are, and all networks in folders.

use std::fs;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::syntax::Format;

/// `paths` with every folder replaced by the YAML and TOML files in it and in its folders, sorted; files keep their
/// places. What starts with a dot is left out, and links to folders are not followed. A folder that cannot be read, or
/// holds no network, stays with the reason.
pub fn networks(paths: &[PathBuf]) -> Vec<(PathBuf, Result<(), String>)> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push((path.clone(), Ok(())));
            continue;
        }
        let mut inside = Vec::new();
        match collect(path, &mut inside) {
            Ok(()) if inside.is_empty() => {
                found.push((path.clone(), Err(format!("no YAML or TOML file is in `{}`", path.display()))));
            }
            Ok(()) => {
                inside.sort();
                found.extend(inside.into_iter().map(|file| (file, Ok(()))));
            }
            Err(message) => found.push((path.clone(), Err(message))),
        }
    }
    found
}

/// That nothing is written over a file unless that is asked for.
pub fn there(path: &Path) -> Failure {
    let path = path.display();
    Failure::Message(format!(
        "`{path}` is there already, and nothing is overwritten: name another file, or add `--force`"
    ))
}

/// The folders of runs that `paths` mean: those that are, and of other folders all that are in them, `tiny-2` before
/// `tiny-10`.
///
/// # Errors
/// The first path that is no run and holds none.
#[cfg(feature = "train")]
pub fn runs(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let is_run = |path: &Path| path.join(crate::train::folder::NETWORK).is_file();
    let mut found = Vec::new();
    for path in paths {
        if is_run(path) {
            found.push(path.clone());
            continue;
        }
        let failed = |error: std::io::Error| format!("cannot read `{}`: {error}", path.display());
        let entries = fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let mut inside: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).filter(|path| is_run(path)).collect();
        if inside.is_empty() {
            return Err(format!("`{}` is no run's folder, and there is none in it", path.display()));
        }
        inside.sort_by_key(|path| numbered(path));
        found.extend(inside);
    }
    Ok(found)
}

/// A path's text with the number at its end apart.
#[cfg(feature = "train")]
fn numbered(path: &Path) -> (String, u64) {
    let text = path.to_string_lossy();
    let name = text.trim_end_matches(|c: char| c.is_ascii_digit());
    (name.to_owned(), text[name.len()..].parse().unwrap_or(0))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot read `{}`: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            collect(&path, found)?;
        } else if path.is_file() && is_network(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_network(path: &Path) -> bool {
    path.extension().is_some_and(|extension| Format::from_extension(&extension.to_string_lossy()).is_some())
}
