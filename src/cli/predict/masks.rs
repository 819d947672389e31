//! Masks that a network predicts, as files in a folder.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{Failure, picture};
use crate::ir::Pair;
use crate::train::data::palette_png;

/// Where the masks of images go.
pub struct MaskFolder {
    /// One for each image.
    files: Vec<PathBuf>,
    size: Pair,
    force: bool,
}

impl MaskFolder {
    /// Those of images that are told apart by `ids`, in `folder`: files of the images' names. Nothing is written yet.
    ///
    /// # Errors
    /// If two images have one name, and if a file is there already that is not to be written over.
    pub fn new(
        folder: &Path,
        ids: &[String],
        size: Pair,
        force: bool,
        read: &[PathBuf],
    ) -> Result<MaskFolder, Failure> {
        let files: Vec<PathBuf> = ids.iter().map(|id| folder.join(name(Path::new(id)))).collect();
        let mut known = HashMap::new();
        for (file, id) in files.iter().zip(ids) {
            if let Some(other) = known.insert(file, id) {
                return Err(Failure::Message(format!(
                    "the masks of `{other}` and `{id}` would both be {}: predict them into two folders",
                    file.display()
                )));
            }
            picture::free(file, force, read)?;
        }
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

/// The name of an image's mask: that of the image, below no other folder than its own if it says how to get there.
fn name(id: &Path) -> PathBuf {
    use std::path::Component;
    let is_below = id.components().all(|part| matches!(part, Component::Normal(_)));
    let own = if is_below { id.to_owned() } else { id.file_name().map(PathBuf::from).unwrap_or_default() };
    own.with_extension("png")
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
        ] {
            assert_eq!(name(Path::new(id)), Path::new(expected), "{id}");
        }
    }
}
