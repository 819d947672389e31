//! Pictures in files that the user named.

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
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let place = path.canonicalize().ok();
    let refused = |what: &str| Err(Failure::Message(format!("`{}` is {what}: name another file", path.display())));
    // With a folder's own files it is the same.
    let holds = |read: &PathBuf, place: &Path| read.canonicalize().is_ok_and(|read| place.starts_with(read));
    match place {
        Some(place) if read.iter().any(|read| read.is_file() && holds(read, &place)) => {
            refused("what this is made of, and would be lost")
        }
        Some(place) if is_image(&place) && read.iter().any(|read| holds(read, &place)) => {
            refused("an image in a folder that is read here, and would be lost")
        }
        Some(place) if folder::is_of_run(&place) => refused("part of a run, which would be lost"),
        _ if force => Ok(()),
        _ => Err(there(path)),
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
