//! Folders of images, one a class: `train/CLASS/*.jpg`, and `val/` and `test/` in the same form.
//!
//! They may lie in an archive, from which they are read in place. Only names are read here. Class names are the sorted
//! names of the folders, as torchvision's `ImageFolder` has them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::archive::Tree;
use super::collection::{Collection, TestImages};
use super::file::ImageFile;
use super::layout::{ENDINGS, FolderLayout, folders, is_image, only};
use super::left_out::LeftOut;
use super::split::{Split, hold_out};
use super::webdataset::is_webdataset;
use super::{DataError, foreign, places};
use crate::recipe::{BadImages, Data, DataSet, Table};

/// Lists the set's folder. Without a folder for validation, a fifth of every class is held out, always the same.
pub fn open(data: &Data) -> Result<Collection, DataError> {
    let root = match &data.path {
        Some(path) => places::expand_home(path),
        None => return Err(DataError::Mismatch("`set: folder` needs `path:`, the folder of the images".to_string())),
    };
    let (tree, folder) = Tree::of(&root)?;
    if !tree.is_dir(&folder) {
        let hint = root.is_file().then(|| "this is a file".to_string());
        return Err(DataError::NotFound {
            set: DataSet::Folder,
            wanted: "folder".to_string(),
            named: true,
            looked_in: vec![root],
            hint,
        });
    }
    let shards = || {
        let message = "its files are shards of a WebDataset, and no class folders: write `set: webdataset`";
        is_webdataset(&root).then(|| DataError::malformed(&root, message))
    };
    if tree.archive().is_some()
        && let Some(error) = shards()
    {
        return Err(error);
    }
    let layout = FolderLayout::of(&tree, &folder).map_err(|error| shards().unwrap_or(error))?;
    let classes = folders(&tree, &layout.train)?;
    if let (true, Some(error)) = (classes.is_empty(), shards()) {
        return Err(error);
    }
    if classes.is_empty() {
        return Err(no_class(&tree, &layout.train));
    }
    if let ([class], false) = (&classes[..], layout.divided)
        && let inner = folder.join(class)
        && FolderLayout::of(&tree, &inner).is_ok_and(|layout| layout.divided)
    {
        let message =
            format!("the parts of the data set are in the folder `{class}` in it: write `path: {}`", inner.display());
        return Err(DataError::malformed(&root, message));
    }
    let mut list = List::new(&tree, &classes, data.bad_images);
    if layout.divided {
        // Often a picture about the set. It is in no part, and nothing is said about it by leaving it out.
        list.left_out.list.extend(strays(&tree, &folder)?.iter().map(|path| stray(path)));
    }
    let (files, labels) = list.part(&layout.train)?;
    for (label, class) in classes.iter().enumerate() {
        // Listed class by class, the labels ascend.
        if labels.binary_search(&(label as u32)).is_err() {
            return Err(DataError::malformed(&layout.train.join(class), no_image(class)));
        }
    }
    let split = |files, labels| Split::of_files(files, labels, data.max_pixels);
    let (train, validation) = match &layout.validation {
        Some(folder) => {
            let (held, held_labels) = list.part(folder)?;
            if held.is_empty() {
                return Err(DataError::malformed(folder, "no images"));
            }
            (split(files, labels), split(held, held_labels))
        }
        None => {
            let (kept, held) = hold_out(&labels, None, Table::USUAL_PART);
            let part = |examples: Vec<usize>| {
                let files = examples.iter().map(|example| files[*example].clone()).collect();
                split(files, examples.iter().map(|example| labels[*example]).collect())
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
    let left_out = list.left_out.list;
    let inner = folder.strip_prefix(&root).ok().filter(|inner| !inner.as_os_str().is_empty());
    let within = inner.map_or(String::new(), |inner| format!(", in the folder `{}` in it", inner.display()));
    let parts = if layout.divided { "parts with a folder for each class" } else { "a folder for each class" };
    let what = tree.archive().map_or("folder of images".to_owned(), |(kind, files)| {
        format!("{} of {files} {}", kind.name(), if files == 1 { "file" } else { "files" })
    });
    let taken_for = Some(format!("{what}: {parts}{within}"));
    Ok(Collection {
        train,
        validation,
        test: TestImages::Folders(layout.test),
        classes,
        left_out,
        notes: Vec::new(),
        taken_for,
    })
}

/// The images to test with, in one of `found` in the form of those to learn from, and what is left out of them.
pub fn test(data: &Data, found: &[PathBuf], classes: &[String]) -> Result<(Split, Vec<DataError>), DataError> {
    let root = places::expand_home(data.path.as_deref().unwrap_or_default());
    let (tree, _) = Tree::of(&root)?;
    let Some(folder) = only(&root, found.to_vec())? else {
        return Err(DataError::malformed(&root, "there is no folder `test` in it, beside `train`"));
    };
    if folders(&tree, &folder)?.is_empty() {
        return Err(no_class(&tree, &folder));
    }
    let mut list = List::new(&tree, classes, data.bad_images);
    let (files, labels) = list.part(&folder)?;
    match files.is_empty() {
        true => Err(DataError::malformed(&folder, "no images")),
        false => Ok((Split::of_files(files, labels, data.max_pixels), list.left_out.list)),
    }
}

/// What to say of a class that nothing can be learnt of.
pub fn no_image(class: &str) -> String {
    format!("no image for the class `{class}`")
}

/// What to say of a folder that has no folder in it.
fn no_class(tree: &Tree, folder: &Path) -> DataError {
    let message = match strays(tree, folder).unwrap_or_default().len() {
        0 => "no folder with images in it; what is expected is train/CLASS/*.jpg and val/CLASS/*.jpg, or CLASS/*.jpg"
            .to_string(),
        count => format!(
            "its images ({count}) lie in no class folder: make a folder in it for each class, called as the class is, and move the images \
             there: CLASS/*.jpg"
        ),
    };
    DataError::malformed(folder, message)
}

/// The images that lie in `folder` itself.
fn strays(tree: &Tree, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut strays = tree.entries(folder)?;
    strays.retain(|path| is_image(path) && !tree.is_dir(path));
    Ok(strays)
}

fn stray(path: &Path) -> DataError {
    DataError::malformed(path, "it lies in no class folder: move it into its class's, or away")
}

/// Lists the images of parts.
struct List<'a> {
    tree: &'a Tree,
    /// Of the classes.
    numbers: HashMap<&'a str, u32>,
    /// What is in the folders and in no list.
    left_out: LeftOut,
}

impl<'a> List<'a> {
    fn new(tree: &'a Tree, classes: &'a [String], bad: BadImages) -> List<'a> {
        let numbers = classes.iter().zip(0..).map(|(class, number)| (class.as_str(), number)).collect();
        List { tree, numbers, left_out: LeftOut::new(bad) }
    }

    /// Every image below the class folders of the part `folder`, sorted, with its label.
    fn part(&mut self, folder: &Path) -> Result<(Vec<ImageFile>, Vec<u32>), DataError> {
        for path in strays(self.tree, folder)? {
            self.left_out.add(stray(&path))?;
        }
        let (mut files, mut labels) = (Vec::new(), Vec::new());
        for class in folders(self.tree, folder)? {
            let path = folder.join(&class);
            let Some(label) = self.numbers.get(class.as_str()).copied() else {
                return Err(DataError::malformed(&path, format!("there is no class `{class}` in the training images")));
            };
            walk(self.tree, &path, &mut Vec::new(), &mut |path| {
                if is_image(&path) {
                    files.push(self.tree.file(path));
                    return Ok(());
                }
                let ending = path.extension().and_then(|ending| ending.to_str()).and_then(foreign::refused_by_name);
                let reason = || format!("its name has none of the endings {}", ENDINGS.join(", "));
                let reason = ending.unwrap_or_else(reason);
                self.left_out.add(DataError::bad_image(&path, reason))
            })?;
            labels.resize(files.len(), label);
        }
        Ok((files, labels))
    }
}

/// All images in `folder` and in folders in it, by their names' endings.
///
/// # Errors
/// If a folder cannot be read.
pub fn images_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut images = Vec::new();
    walk(&Tree::Disk, folder, &mut Vec::new(), &mut |path| {
        if is_image(&path) {
            images.push(path);
        }
        Ok(())
    })?;
    Ok(images)
}

/// Hands out the files in `folder` and in folders in it. `above` are the folders on the way, so that a link back to one
/// ends.
pub(super) fn walk(
    tree: &Tree,
    folder: &Path,
    above: &mut Vec<PathBuf>,
    take: &mut impl FnMut(PathBuf) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let real = tree.real(folder).map_err(|error| DataError::io(folder, error))?;
    if above.contains(&real) {
        return Err(DataError::malformed(folder, "a link to a folder that it lies in"));
    }
    above.push(real);
    for path in tree.entries(folder)? {
        match tree.is_dir(&path) {
            true => walk(tree, &path, above, take)?,
            false => take(path)?,
        }
    }
    above.pop();
    Ok(())
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

    fn data(path: &str, bad_images: BadImages) -> Data {
        Data { bad_images, ..Data::of(DataSet::Folder, Some(path.to_string())) }
    }

    fn opened(path: &str, bad_images: BadImages) -> Result<Collection, DataError> {
        open(&data(path, bad_images))
    }

    /// Files, then (training images, validation images, classes, left out with `skip`).
    #[test]
    fn layouts() {
        let many: Vec<String> =
            (0..10).map(|i| format!("x/{i}.png")).chain((0..5).map(|i| format!("y/{i}.png"))).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (case, files, expected) in [
            ("split", &["train/b/1.jpg", "train/a/2.JPEG", "train/a/deep/3.png", "val/b/1.bmp"][..], (3, 1, "a b", 0)),
            ("test", &["train/a/1.jpg", "train/a/2.jpg", "test/a/1.jpg", "README.md"], (1, 1, "a", 0)),
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
                &["train/steam/1.jpg", "train/steam/2.jpg", "plane/jet/1.jpg", "plane/jet/2.jpg"],
                (2, 2, "plane train", 0),
            ),
            ("class called test", &["test/1.jpg", "test/2.jpg", "other/1.jpg", "other/2.jpg"], (2, 2, "other test", 0)),
            (
                "beside what holds no image",
                &["train/a/1.jpg", "train/a/2.jpg", "models/net.pt", "doc/a.txt"],
                (1, 1, "a", 0),
            ),
            ("images", &["train_images/a/1.jpg", "test_images/a/1.jpg", "train_images/a/2.jpg"], (1, 1, "a", 0)),
            (
                "twice",
                &["seg_train/seg_train/a/1.jpg", "seg_test/seg_test/a/1.jpg", "seg_train/seg_train/a/2.jpg"],
                (1, 1, "a", 0),
            ),
            ("empty other", &["train/a/1.jpg", "training/.x", "val/a/2.jpg", "valid/x.txt"], (1, 1, "a", 0)),
            ("picture of the set", &["train/a/1.jpg", "val/a/2.jpg", "overview.png"], (1, 1, "a", 1)),
            ("strays", &["train/a/1.jpg", "train/2.jpg", "val/a/2.jpg", "val/b.png"], (1, 1, "a", 2)),
            ("strays beside classes", &["a/1.jpg", "a/2.jpg", "b.jpg"], (1, 1, "a", 1)),
        ] {
            let folder = with_files(&format!("layout-{case}"), files);
            let opened = opened(folder.root(), BadImages::Skip).unwrap();
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
            (
                "only images",
                &["1.jpg", "2.png"],
                "its images (2) lie in no class folder: make a folder in it for each class",
            ),
            ("images in train", &["train/1.jpg", "test/2.png"], "train: its images (1) lie in no class folder"),
            ("in capitals", &["Training/1.jpg", "Validation/2.png"], "Training: its images (1) lie in no class folder"),
            ("empty parts", &["train_images/.x", "test_images/.x"], "train_images: no folder with images in it"),
            ("stray", &["train/a/1.jpg", "train/2.jpg", "val/a/1.jpg"], "train/2.jpg: it lies in no class folder"),
            ("stray beside classes", &["a/1.jpg", "a/2.jpg", "c.jpg"], "c.jpg: it lies in no class folder"),
            ("without train", &["val/a/1.jpg", "test/a/1.jpg"], "there is `test`, but no folder `train`"),
            (
                "two",
                &["train/a/1.jpg", "train_images/a/1.jpg", "val/a/1.jpg"],
                "`train` and `train_images` are both named for the same",
            ),
            (
                "class or part",
                &["train/a/1.jpg", "train/b/1.jpg", "unlabeled/1.jpg"],
                "whether `train` is a class, as `unlabeled`",
            ),
            ("one level up", &["pets/train/a/1.jpg", "pets/val/a/1.jpg"], "in the folder `pets` in it: write `path: "),
            ("no images", &["train/a/1.jpg", "train/b/.hidden"], "no image for the class `b`"),
            ("new class", &["train/a/1.jpg", "val/b/1.jpg"], "there is no class `b`"),
            ("empty val", &["train/a/1.jpg", "val/.hidden"], "no images"),
            ("one each", &["a/1.jpg", "b/1.jpg"], "too few"),
            ("two lines", &["a/1.jpg", "b\nc/1.jpg"], "the class \"b\\nc\" is not one line of text"),
        ] {
            let folder = with_files(&format!("mistake-{case}"), files);
            let error = opened(folder.root(), BadImages::Refuse).unwrap_err().to_string();
            assert!(error.contains(expected), "{case}: {error}");
        }
        assert!(opened("/nowhere", BadImages::Refuse).unwrap_err().to_string().contains("/nowhere"));
        assert!(
            open(&Data { path: None, ..data("", BadImages::Refuse) })
                .unwrap_err()
                .to_string()
                .contains("needs `path:`")
        );
    }

    #[test]
    fn test_images_are_for_testing() {
        let folder =
            with_files("tested", &["train/a/1.jpg", "train/a/2.jpg", "train/b/1.jpg", "test/b/1.jpg", "test/b/x.txt"]);
        let data = data(folder.root(), BadImages::Skip);
        let collection = open(&data).unwrap();
        assert!(
            collection.validation.file(0).unwrap().starts_with(folder.path("train")),
            "held out, not taken from test/"
        );
        let (test, left_out) = collection.test(&data).unwrap();
        assert_eq!((test.labels(), left_out.len()), (&[1][..], 1));
        for (case, files, expected) in [
            ("no test", &["train/a/1.jpg", "val/a/1.jpg"][..], "there is no folder `test`"),
            (
                "unsorted",
                &["train/a/1.jpg", "train/a/2.jpg", "test1/1.jpg"],
                "test1: its images (1) lie in no class folder",
            ),
            (
                "two",
                &["train/a/1.jpg", "train/a/2.jpg", "test1/a/1.jpg", "test2/a/1.jpg"],
                "`test1` and `test2` are both",
            ),
            ("new class", &["train/a/1.jpg", "train/a/2.jpg", "test/b/1.jpg"], "there is no class `b`"),
        ] {
            let folder = with_files(&format!("tested-{case}"), files);
            let data = Data { path: Some(folder.root().to_string()), ..data.clone() };
            let error = open(&data).unwrap().test(&data).unwrap_err().to_string();
            assert!(error.contains(expected), "{case}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_circle_of_links_ends() {
        let folder = with_files("circle", &["train/a/1.jpg"]);
        std::os::unix::fs::symlink("..", folder.path("train/a/up")).unwrap();
        let error = opened(folder.root(), BadImages::Refuse).unwrap_err().to_string();
        assert!(error.contains("a link to a folder"), "{error}");
    }
}
