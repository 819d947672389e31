//! Masks that a network predicts, as files in a folder.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::cli::{Failure, picture};
use crate::ir::Pair;
use crate::train::data::{is_image, palette_png};

/// Where the masks of images go.
pub struct MaskFolder {
    /// One for each image.
    files: Vec<PathBuf>,
    size: Pair,
    force: bool,
}

impl MaskFolder {
    /// Those of images of these names, in `folder`. Nothing is written yet.
    ///
    /// # Errors
    /// If two images have one name, and if a file is there already that is not to be written over.
    pub fn new(
        folder: &Path,
        images: &[PathBuf],
        size: Pair,
        force: bool,
        read: &[PathBuf],
    ) -> Result<MaskFolder, Failure> {
        let files: Vec<PathBuf> = images.iter().map(|image| folder.join(name(image))).collect();
        let mut known = HashMap::new();
        for (file, image) in files.iter().zip(images) {
            if let Some(other) = known.insert(file, image) {
                return Err(Failure::Message(format!(
                    "the masks of `{}` and `{}` would both be {}: predict them into two folders",
                    other.display(),
                    image.display(),
                    file.display()
                )));
            }
        }
        picture::free_all(files.iter().map(PathBuf::as_path), force, read)?;
        Ok(MaskFolder { files, size, force })
    }

    /// Writes the mask of an image, of so many classes; the result is its file.
    pub fn write(&self, index: usize, classes: &[f64]) -> Result<&Path, Failure> {
        let file = &self.files[index];
        let failed =
            |error: &dyn std::fmt::Display| Failure::Message(format!("cannot write `{}`: {error}", file.display()));
        let classes: Vec<u8> = classes.iter().map(|class| *class as u8).collect();
        let bytes = palette_png(self.size, &classes).map_err(|error| failed(&error))?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        picture::save(file, self.force, &bytes)?;
        Ok(file)
    }
}

/// The name of an image's mask: that of the image, with the folders on the way to it if it is below the folder that was
/// named.
fn name(image: &Path) -> PathBuf {
    let is_below = image.components().all(|part| matches!(part, Component::Normal(_)));
    let own = if is_below { image } else { Path::new(image.file_name().unwrap_or_default()) };
    let mut name = own.as_os_str().to_owned();
    // In a table, an image may be called without its ending.
    if is_image(own) {
        name = own.with_extension("").into_os_string();
    }
    name.push(".png");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_called_as_images_are() {
        for (id, expected) in [
            ("a.jpg", "a.png"),
            ("a", "a.png"),
            ("x/a.jpeg", "x/a.png"),
            ("/home/a.jpg", "a.png"),
            ("../x/a.jpg", "a.png"),
            ("./a.b.jpg", "a.b.png"),
            ("x/a.b", "x/a.b.png"),
        ] {
            assert_eq!(name(Path::new(id)), Path::new(expected), "{id}");
        }
    }
}
