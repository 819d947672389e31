//! Folders of images and of masks with the same names: `train/images/a.jpg` and `train/masks/a.png`.
//!
//! ```text
//! photos/train/images/…  photos/train/masks/…   photos/val/images/…  …    parts, called as those of folders of classes
//! photos/images/train/…  photos/masks/train/…   photos/images/val/…  …
//! photos/images/…        photos/masks/…                                   a fifth is held out for validation
//! ```

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{Tree, kind};
use super::collection::{Collection, TestImages};
use super::file::ImageFile;
use super::folder::walk;
use super::layout::{Role, folders, is_image, only, role};
use super::left_out::LeftOut;
use super::mask::{MaskFile, MaskFiles};
use super::split::{Split, hold_out};
use super::targets::Targets;
use super::{DataError, places};
use crate::recipe::{Data, DataSet, Masks, Table};

/// What folders with images are called, and those with masks.
const IMAGES: [&str; 4] = ["images", "image", "imgs", "img"];
const MASKS: [&str; 4] = ["masks", "mask", "annotations", "labels"];

/// Images and their masks.
#[derive(Debug, Clone)]
struct Pair {
    images: PathBuf,
    masks: PathBuf,
}

/// Lists the images of a set's folder with their masks. Without a folder for validation, a fifth is held out, always
/// the same.
pub fn open(data: &Data, masks: &Masks) -> Result<Collection, DataError> {
    let root = root(data)?;
    let found = parts(&root)?;
    let of = |wanted: Role| one(&root, &found, wanted);
    let Some(train) = of(Role::Train)? else {
        return Err(DataError::malformed(
            &root,
            "there is no folder `train` with the images to learn from and their masks",
        ));
    };
    let mut left_out = LeftOut::new(data.bad_images);
    let (files, masked) = list(&train, &mut left_out)?;
    let split = |files: Vec<ImageFile>, masked: Vec<MaskFile>| {
        let targets = Targets::Masks(Arc::new(MaskFiles { files: masked, masks: masks.clone() }));
        Split::of_files(files, targets, data.max_pixels)
    };
    let (train, validation) = match of(Role::Validation)? {
        Some(folder) => {
            let (held, held_masks) = list(&folder, &mut left_out)?;
            (split(files, masked), split(held, held_masks))
        }
        None => {
            let (kept, held) = hold_out(&vec![0; files.len()], None, Table::USUAL_PART);
            let [kept, held] = [kept, held].map(|part| {
                let pick = |at: &usize| (files[*at].clone(), masked[*at].clone());
                let (files, masked) = part.iter().map(pick).unzip();
                split(files, masked)
            });
            (kept, held)
        }
    };
    for (part, what) in [(&train, "to learn from"), (&validation, "for validation")] {
        if part.is_empty() {
            return Err(DataError::malformed(&root, format!("there are no images with masks {what}")));
        }
    }
    let test = TestImages::Folders(of(Role::Test)?.map(|pair| pair.images).into_iter().collect());
    let (classes, left_out) = (masks.classes.clone(), left_out.list);
    let taken_for = Some("folder of images and of their masks".to_owned());
    Ok(Collection { train, validation, test, classes, left_out, notes: Vec::new(), taken_for })
}

/// The images to test with, and what is left out of them.
pub fn test(data: &Data, masks: &Masks) -> Result<(Split, Vec<DataError>), DataError> {
    let root = root(data)?;
    let Some(pair) = one(&root, &parts(&root)?, Role::Test)? else {
        return Err(DataError::malformed(&root, "there is no folder `test` in it, beside `train`"));
    };
    let mut left_out = LeftOut::new(data.bad_images);
    let (files, masked) = list(&pair, &mut left_out)?;
    if files.is_empty() {
        return Err(DataError::malformed(&pair.images, "no images"));
    }
    let targets = Targets::Masks(Arc::new(MaskFiles { files: masked, masks: masks.clone() }));
    Ok((Split::of_files(files, targets, data.max_pixels), left_out.list))
}

fn root(data: &Data) -> Result<PathBuf, DataError> {
    let Some(path) = &data.path else {
        let message = "`set: folder` needs `path:`, the folder of the images and masks".to_owned();
        return Err(DataError::Mismatch(message));
    };
    let root = places::expand_home(path);
    match root.is_dir() {
        true => Ok(root),
        false if kind(&root)?.is_some() => {
            let message =
                "it is an archive, and images with masks are read from folders: unpack it, and name the folder";
            Err(DataError::malformed(&root, message))
        }
        false => {
            let hint = root.is_file().then(|| "this is a file".to_owned());
            let (set, wanted) = (DataSet::Folder, "folder".to_owned());
            Err(DataError::NotFound { set, wanted, named: true, looked_in: vec![root], hint })
        }
    }
}

/// The parts of a set; one that is not divided is all to learn from.
fn parts(root: &Path) -> Result<Vec<(Role, Pair)>, DataError> {
    let missing =
        |folder: &Path, kind: &str| DataError::malformed(folder, format!("there is no folder `{kind}` in it"));
    let inside = folders(&Tree::Disk, root)?;
    let divided = |folder: &Path| -> Result<Vec<(Role, String)>, DataError> {
        Ok(folders(&Tree::Disk, folder)?.into_iter().filter_map(|name| Some((role(&name)?, name))).collect())
    };
    let mut found = Vec::new();
    match pair(root)? {
        Some(whole) => {
            for (role, name) in divided(&whole.images)? {
                let masks = whole.masks.join(&name);
                if !masks.is_dir() {
                    return Err(missing(&whole.masks, &name));
                }
                found.push((role, Pair { images: whole.images.join(&name), masks }));
            }
            if found.is_empty() {
                found.push((Role::Train, whole));
            }
        }
        None => {
            for name in inside {
                let (Some(role), folder) = (role(&name), root.join(&name)) else { continue };
                let Some(pair) = pair(&folder)? else { return Err(missing(&folder, "images` and `masks")) };
                found.push((role, pair));
            }
        }
    }
    match found.is_empty() {
        false => Ok(found),
        true => Err(DataError::malformed(
            root,
            "no images with masks; what is expected is train/images/NAME.jpg with train/masks/NAME.png, and the same in \
             val, or images/NAME.jpg with masks/NAME.png",
        )),
    }
}

/// The folders of images and of masks in a folder, if it has both.
fn pair(folder: &Path) -> Result<Option<Pair>, DataError> {
    let inside = folders(&Tree::Disk, folder)?;
    let called = |names: &[&str]| {
        let found = inside.iter().filter(|name| names.contains(&name.to_lowercase().as_str()));
        only(folder, found.map(|name| folder.join(name)).collect())
    };
    Ok(called(&IMAGES)?.zip(called(&MASKS)?).map(|(images, masks)| Pair { images, masks }))
}

/// The one part that is for something, if there is any.
fn one(root: &Path, parts: &[(Role, Pair)], wanted: Role) -> Result<Option<Pair>, DataError> {
    let found: Vec<&Pair> = parts.iter().filter(|(role, _)| *role == wanted).map(|(_, pair)| pair).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        [first, second, ..] => {
            let [first, second] = [first, second].map(|pair| pair.images.display());
            Err(DataError::malformed(root, format!("{first} and {second} are both for the same: leave one of them")))
        }
    }
}

/// Every image in the folders of a part, sorted, with its mask.
fn list(pair: &Pair, left_out: &mut LeftOut) -> Result<(Vec<ImageFile>, Vec<MaskFile>), DataError> {
    let (mut files, mut masked, mut known) = (Vec::new(), Vec::new(), HashSet::new());
    walk(&Tree::Disk, &pair.images, &mut Vec::new(), &mut |image| {
        if !is_image(&image) {
            return left_out.add(DataError::bad_image(&image, "its name has none of the endings of images"));
        }
        let name = image.strip_prefix(&pair.images).unwrap_or(&image).with_extension("png");
        let file = pair.masks.join(&name);
        if !file.is_file() {
            return left_out.add(DataError::malformed(&image, format!("there is no mask {} for it", file.display())));
        }
        if !known.insert(name) {
            let message = format!("another image of its name has the mask {}", file.display());
            return left_out.add(DataError::malformed(&image, message));
        }
        files.push(image.into());
        masked.push(MaskFile { file, row: None });
        Ok(())
    })?;
    walk(&Tree::Disk, &pair.masks, &mut Vec::new(), &mut |mask| {
        let name = mask.strip_prefix(&pair.masks).unwrap_or(&mask);
        match known.contains(name) {
            true => Ok(()),
            false => left_out.add(DataError::malformed(&mask, "there is no image of its name")),
        }
    })?;
    Ok((files, masked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{BadImages, Task};
    use crate::train::data::fixture::Folder;

    /// Files with a mask each but for those with a question mark; then what is found.
    fn opened(case: &str, files: &[&str], bad_images: BadImages) -> Result<(usize, usize, usize, usize), String> {
        let folder = Folder::new(&format!("masked-{case}"));
        files.iter().for_each(|file| drop(folder.write(file, b"")));
        let data =
            Data { task: Task::Segment, bad_images, ..Data::of(DataSet::Folder, Some(folder.root().to_owned())) };
        let data = Data { masks: Some(Masks::numbered(2)), ..data };
        let collection = Collection::open(&data).map_err(|error| error.to_string())?;
        let test = collection.test(&data).map_or(0, |(split, _)| split.len());
        Ok((collection.train.len(), collection.validation.len(), test, collection.left_out.len()))
    }

    #[test]
    fn layouts() {
        let flat: Vec<String> =
            (0..10).flat_map(|at| [format!("images/{at}.jpg"), format!("masks/{at}.png")]).collect();
        let flat: Vec<&str> = flat.iter().map(String::as_str).collect();
        for (case, files, expected) in [
            (
                "parts",
                &[
                    "train/images/a.jpg",
                    "train/masks/a.png",
                    "val/images/b.png",
                    "val/masks/b.png",
                    "test/img/c.bmp",
                    "test/mask/c.png",
                ][..],
                (1, 1, 1, 0),
            ),
            (
                "kinds",
                &[
                    "Images/training/x/a.jpg",
                    "annotations/training/x/a.png",
                    "Images/validation/b.jpg",
                    "annotations/validation/b.png",
                ],
                (1, 1, 0, 0),
            ),
            ("flat", &flat, (8, 2, 0, 0)),
            (
                "without",
                &[
                    "train/images/a.jpg",
                    "train/masks/a.png",
                    "train/images/b.jpg",
                    "train/masks/c.png",
                    "val/images/a.jpg",
                    "val/masks/a.png",
                ],
                (1, 1, 0, 2),
            ),
        ] {
            assert_eq!(opened(case, files, BadImages::Skip), Ok(expected), "{case}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (case, files, expected) in [
            ("nothing", &["a.jpg"][..], "what is expected is train/images/NAME.jpg"),
            ("classes", &["train/cat/a.jpg"], "train: there is no folder `images` and `masks` in it"),
            ("no masks", &["images/train/a.jpg", "masks/val/a.png"], "masks: there is no folder `train` in it"),
            ("no mask", &["images/a.jpg", "images/b.jpg", "masks/b.png"], "a.jpg: there is no mask "),
            ("no image", &["images/a.jpg", "masks/a.png", "masks/b.png"], "b.png: there is no image of its name"),
            ("twice", &["images/a.jpg", "images/a.png", "masks/a.png"], "a.png: another image of its name"),
            ("one", &["images/a.jpg", "masks/a.png"], "there are no images with masks for validation"),
            ("no train", &["val/images/a.jpg", "val/masks/a.png"], "there is no folder `train`"),
            ("both", &["images/a.jpg", "imgs/a.jpg", "masks/a.png"], "are both named for the same"),
        ] {
            let error = opened(case, files, BadImages::Refuse).expect_err(case);
            assert!(error.contains(expected), "{case}: {error}");
        }
    }
}
