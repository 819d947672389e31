//! A picture in a file that the user named.

use std::io::Write;
use std::path::Path;

use super::Failure;
use crate::durable;
use crate::plot::{Picture, PictureFormat};

/// Writes a picture, whole or not at all, as the kind of file that the name says.
pub fn write(path: &Path, picture: &impl Picture) -> Result<(), Failure> {
    let Some(kind) = PictureFormat::of(path) else {
        let [svg, png] = PictureFormat::ALL.map(|kind| path.with_extension(kind.extension()).display().to_string());
        return Err(Failure::Message(format!("a plot is an SVG or PNG file: name it {svg} or {png}")));
    };
    durable::replace(path, |file| file.write_all(&picture.file(kind)))
        .map_err(|error| Failure::Message(format!("cannot write `{}`: {error}", path.display())))
}
