//! Pictures in files that the user named.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use super::files::there;
use crate::durable;
use crate::plot::{Picture, PictureFormat};
use crate::train::data::is_image;
use crate::train::folder;

/// Writes a picture as the kind of file that the name says, see [`save`].
pub fn write(path: &Path, force: bool, picture: &impl Picture) -> Result<(), Failure> {
    let Some(kind) = PictureFormat::of(path) else {
        let [svg, png] = PictureFormat::ALL.map(|kind| path.with_extension(kind.extension()).display().to_string());
        return Err(Failure::Message(format!("a plot is an SVG or PNG file: name it {svg} or {png}")));
    };
    save(path, force, &picture.file(kind))
}

/// An error if something is at `path` that is not to be written over: what the command reads, images in a folder that
/// it reads as data, and what a run consists of, never are.
pub fn free(path: &Path, force: bool, read: &[PathBuf]) -> Result<(), Failure> {
    free_all([path], force, read)
}

/// The same of several files.
pub fn free_all<'a>(paths: impl IntoIterator<Item = &'a Path>, force: bool, read: &[PathBuf]) -> Result<(), Failure> {
    // Looked up once, and only if something is there.
    let mut known = None;
    for path in paths.into_iter().filter(|path| fs::symlink_metadata(path).is_ok()) {
        let refused = |what: &str| Err(Failure::Message(format!("`{}` is {what}: name another file", path.display())));
        let read = known.get_or_insert_with(|| Known::of(read));
        match path.canonicalize() {
            Ok(place) if read.files.contains(&place) => return refused("what this is made of, and would be lost"),
            Ok(place) if is_image(&place) && read.folders.iter().any(|folder| place.starts_with(folder)) => {
                return refused("an image in a folder that is read here, and would be lost");
            }
            Ok(place) if folder::is_of_run(&place) => return refused("part of a run, which would be lost"),
            _ if force => {}
            _ => return Err(there(path)),
        }
    }
    Ok(())
}

/// What a command reads, wherever it really is.
struct Known {
    files: HashSet<PathBuf>,
    /// And whatever else is there.
    folders: Vec<PathBuf>,
}

impl Known {
    fn of(read: &[PathBuf]) -> Known {
        let there = read.iter().filter_map(|path| path.canonicalize().ok());
        let (files, folders) = there.partition::<Vec<_>, _>(|path| path.is_file());
        Known { files: files.into_iter().collect(), folders }
    }
}

/// Writes a file, whole or not at all, and over one that is there only with `force`; see [`free`].
pub fn save(path: &Path, force: bool, bytes: &[u8]) -> Result<(), Failure> {
    free(path, force, &[])?;
    let failed = |error| Failure::Message(format!("cannot write `{}`: {error}", path.display()));
    // The name is taken before, so that nobody's file of this name is replaced.
    let is_new = match File::create_new(path) {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::AlreadyExists && force => false,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(there(path)),
        Err(error) => return Err(failed(error)),
    };
    durable::replace(path, |file| file.write_all(bytes)).map_err(|error| {
        if is_new {
            // It is empty.
            let _ = fs::remove_file(path);
        }
        failed(error)
    })
}
