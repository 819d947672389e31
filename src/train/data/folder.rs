//! Folders of images, one a class: `train/CLASS/*.jpg`, and `val/` or `test/` in the same form.
//!
//! Only names are read here. Class names are the sorted names of the folders, as torchvision's `ImageFolder` has them.

use std::fs;
use std::path::{Path, PathBuf};

use super::collection::Collection;
use super::split::{Split, hold_out};
use super::{DataError, places};
use crate::recipe::{BadImages, DataSet};

/// Names of the folder to learn from, best first, whatever their case.
const TRAINING: [&str; 2] = ["train", "training"];

/// Names of the folder for validation, likewise.
const VALIDATION: [&str; 4] = ["val", "validation", "valid", "test"];

/// Endings of the files that can be decoded, whatever their case.
const ENDINGS: [&str; 10] = ["jpg", "jpeg", "png", "bmp", "gif", "webp", "pnm", "ppm", "pgm", "jfif"];

/// Lists `path`. Without a folder for validation, a fifth of every class is held out, always the same.
pub fn open(path: Option<&str>, bad: BadImages) -> Result<Collection, DataError> {
    let root = match path {
        Some(path) => places::expand_home(path),
        None => return Err(DataError::Mismatch("`set: folder` needs `path:`, the folder of the images".to_string())),
    };
    if !root.is_dir() {
        let hint = root.is_file().then(|| "this is a file".to_string());
        return Err(DataError::NotFound {
            set: DataSet::Folder,
            wanted: "folder".to_string(),
            named: true,
            looked_in: vec![root],
            hint,
        });
    }
    let inside = folders(&root)?;
    let named = |name: &&str| inside.iter().find(|folder| folder.eq_ignore_ascii_case(name));
    let [train, held] =
        [&TRAINING[..], &VALIDATION].map(|names| names.iter().find_map(named).map(|name| root.join(name)));
    // Among folders of classes, `train` is a class, whatever is in it.
    let divided = match &train {
        Some(train) => !folders(train)?.is_empty() && (held.is_some() || inside.len() == 1),
        None => false,
    };
    let held = held.filter(|_| divided);
    let train = train.filter(|_| divided).unwrap_or_else(|| root.clone());

    let classes = folders(&train)?;
    if classes.is_empty() {
        let message =
            "no folder with images in it; what is expected is train/CLASS/*.jpg and val/CLASS/*.jpg, or CLASS/*.jpg";
        return Err(DataError::malformed(&root, message));
    }
    let mut left_out = Vec::new();
    let (files, labels) = list(&train, &classes, bad, &mut left_out)?;
    for (label, class) in classes.iter().enumerate() {
        // Listed class by class, the labels ascend.
        if labels.binary_search(&(label as u32)).is_err() {
            return Err(DataError::malformed(&train.join(class), format!("no image for the class `{class}`")));
        }
    }
    let (train, validation) = match held {
        Some(folder) => {
            let (held, held_labels) = list(&folder, &classes, bad, &mut left_out)?;
            if held.is_empty() {
                return Err(DataError::malformed(&folder, "no images"));
            }
            (Split::of_files(files, labels), Split::of_files(held, held_labels))
        }
        None => {
            let (kept, held) = hold_out(&labels);
            let part = |examples: Vec<usize>| {
                let files = examples.iter().map(|example| files[*example].clone()).collect();
                Split::of_files(files, examples.iter().map(|example| labels[*example]).collect())
            };
            if held.is_empty() {
                return Err(DataError::malformed(
                    &root,
                    "one image a class is too few to hold some out for validation",
                ));
            }
            (part(kept), part(held))
        }
    };
    Ok(Collection { train, validation, classes, left_out })
}

/// Names of the folders in `folder`, sorted; hidden ones do not count.
fn folders(folder: &Path) -> Result<Vec<String>, DataError> {
    let paths = entries(folder)?.into_iter().filter(|path| path.is_dir());
    paths
        .map(|path| match path.file_name().and_then(|name| name.to_str()) {
            Some(name) if name.contains(char::is_control) => {
                Err(DataError::malformed(folder, format!("the name of the class {name:?} is not one line of text")))
            }
            Some(name) => Ok(name.to_string()),
            None => Err(DataError::malformed(&path, "the name of a class must be Unicode")),
        })
        .collect()
}

/// Every image below `folder`'s class folders, sorted, with its label in `classes`.
fn list(
    folder: &Path,
    classes: &[String],
    bad: BadImages,
    left_out: &mut Vec<DataError>,
) -> Result<(Vec<PathBuf>, Vec<u32>), DataError> {
    let (mut files, mut labels) = (Vec::new(), Vec::new());
    for class in folders(folder)? {
        let path = folder.join(&class);
        let Ok(label) = classes.binary_search(&class) else {
            return Err(DataError::malformed(&path, format!("there is no class `{class}` in the training images")));
        };
        walk(&path, &mut Vec::new(), bad, &mut files, left_out)?;
        labels.resize(files.len(), label as u32);
    }
    Ok((files, labels))
}

/// Collects the images in `folder` and in folders in it. `above` are the folders on the way, so that a link back to one ends.
fn walk(
    folder: &Path,
    above: &mut Vec<PathBuf>,
    bad: BadImages,
    files: &mut Vec<PathBuf>,
    left_out: &mut Vec<DataError>,
) -> Result<(), DataError> {
    let real = fs::canonicalize(folder).map_err(|error| DataError::io(folder, error))?;
    if above.contains(&real) {
        return Err(DataError::malformed(folder, "a link to a folder that it lies in"));
    }
    above.push(real);
    for path in entries(folder)? {
        if path.is_dir() {
            walk(&path, above, bad, files, left_out)?;
            continue;
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        if ending.as_deref().is_some_and(|ending| ENDINGS.contains(&ending)) {
            files.push(path);
            continue;
        }
        let error = DataError::bad_image(&path, format!("its name has none of the endings {}", ENDINGS.join(", ")));
        match bad {
            BadImages::Refuse => return Err(error),
            BadImages::Skip => left_out.push(error),
        }
    }
    above.pop();
    Ok(())
}

/// What systems and programs leave in folders for themselves.
const OTHERS: [&str; 3] = ["Thumbs.db", "desktop.ini", "__MACOSX"];

/// What `folder` holds, sorted by name, without what is hidden (`.DS_Store`) or nobody put there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let io = |error| DataError::io(folder, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let others = OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other));
        if !others && !name.as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::fixture::Folder;

    fn with_files(name: &str, files: &[&str]) -> Folder {
        let folder = Folder::new(name);
        files.iter().for_each(|file| drop(folder.write(file, b"")));
        folder
    }

    /// Files, then (training images, validation images, classes, left out with `skip`).
    #[test]
    fn layouts() {
        let many: Vec<String> =
            (0..10).map(|i| format!("x/{i}.png")).chain((0..5).map(|i| format!("y/{i}.png"))).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (case, files, expected) in [
            ("split", &["train/b/1.jpg", "train/a/2.JPEG", "train/a/deep/3.png", "val/b/1.bmp"][..], (3, 1, "a b", 0)),
            ("test", &["train/a/1.jpg", "test/a/1.jpg", "README.md"], (1, 1, "a", 0)),
            ("both", &["train/a/1.jpg", "test/a/1.jpg", "test/a/2.jpg", "val/a/1.jpg"], (1, 1, "a", 0)),
            ("hidden", &["train/a/1.jpg", "train/a/.DS_Store", "train/.x/1.jpg", "val/a/1.jpg"], (1, 1, "a", 0)),
            ("text", &["train/a/1.jpg", "train/a/notes.txt", "train/a/noending", "val/a/1.jpg"], (1, 1, "a", 2)),
            ("others", &["train/a/1.jpg", "train/a/thumbs.db", "train/__MACOSX/._1", "val/a/1.jpg"], (1, 1, "a", 0)),
            ("capitals", &["Train/a/1.jpg", "Train/a/2.jpg", "VAL/a/1.jpg"], (2, 1, "a", 0)),
            ("training", &["training/a/1.jpg", "training/a/2.jpg", "Validation/a/1.jpg"], (2, 1, "a", 0)),
            ("flat", &many, (12, 3, "x y", 0)),
            (
                "class called train",
                &["train/1.jpg", "train/2.jpg", "plane/1.jpg", "plane/2.jpg"],
                (2, 2, "plane train", 0),
            ),
            (
                "class called train with folders",
                &["train/steam/1.jpg", "train/steam/2.jpg", "plane/1.jpg", "plane/2.jpg"],
                (2, 2, "plane train", 0),
            ),
        ] {
            let folder = with_files(&format!("layout-{case}"), files);
            let opened = open(Some(folder.root()), BadImages::Skip).unwrap();
            let found = (opened.train.len(), opened.validation.len(), opened.classes.join(" "), opened.left_out.len());
            assert_eq!(found, (expected.0, expected.1, expected.2.to_string(), expected.3), "{case}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (case, files, expected) in [
            ("text", &["train/a/1.jpg", "train/a/notes.txt"][..], "a/notes.txt is no image"),
            ("no ending", &["train/a/1.jpg", "train/a/2"], "a/2 is no image"),
            ("empty", &["readme"], "no folder with images"),
            ("no images", &["train/a/1.jpg", "train/b/.hidden"], "no image for the class `b`"),
            ("new class", &["train/a/1.jpg", "val/b/1.jpg"], "there is no class `b`"),
            ("empty val", &["train/a/1.jpg", "val/.hidden"], "no images"),
            ("one each", &["a/1.jpg", "b/1.jpg"], "too few"),
            ("two lines", &["a/1.jpg", "b\nc/1.jpg"], "the class \"b\\nc\" is not one line of text"),
        ] {
            let folder = with_files(&format!("mistake-{case}"), files);
            let error = open(Some(folder.root()), BadImages::Refuse).unwrap_err().to_string();
            assert!(error.contains(expected), "{case}: {error}");
        }
        assert!(open(Some("/nowhere"), BadImages::Refuse).unwrap_err().to_string().contains("/nowhere"));
        assert!(open(None, BadImages::Refuse).unwrap_err().to_string().contains("needs `path:`"));
    }

    #[cfg(unix)]
    #[test]
    fn a_circle_of_links_ends() {
        let folder = with_files("circle", &["train/a/1.jpg"]);
        std::os::unix::fs::symlink("..", folder.path("train/a/up")).unwrap();
        let error = open(Some(folder.root()), BadImages::Refuse).unwrap_err().to_string();
        assert!(error.contains("a link to a folder"), "{error}");
    }
}
