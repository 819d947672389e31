//! What the folders in a data set's folder are: its parts, told by their names, or its classes.
//!
//! ```text
//! photos/train/CLASS/…  photos/val/CLASS/…  photos/test/CLASS/…      parts: also `Training`, `test_images`, `val2017`
//! photos/CLASS/…                                                     classes; among others, `train` is one too
//! ```

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::DataError;
use super::archive::Tree;

/// Where the parts of a data set are.
#[derive(Debug, PartialEq, Eq)]
pub struct FolderLayout {
    /// Folders of classes to learn from.
    pub train: PathBuf,
    /// The same for validation.
    pub validation: Option<PathBuf>,
    /// The same to test with; there should be one at most.
    pub test: Vec<PathBuf>,
    /// Whether these are folders in the data set's folder.
    pub divided: bool,
}

/// What a part is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To learn from.
    Train,
    /// To be judged by.
    Validation,
    /// To be tested with.
    Test,
}

/// The words that say so.
const ROLES: [(&str, Role); 10] = [
    ("train", Role::Train),
    ("training", Role::Train),
    ("val", Role::Validation),
    ("valid", Role::Validation),
    ("validation", Role::Validation),
    ("dev", Role::Validation),
    ("eval", Role::Validation),
    ("evaluation", Role::Validation),
    ("test", Role::Test),
    ("testing", Role::Test),
];

/// Words beside them that say nothing.
const FILLERS: [&str; 20] = [
    "image", "images", "img", "imgs", "photo", "photos", "picture", "pictures", "pics", "data", "dataset", "set",
    "sets", "split", "folder", "dir", "files", "sample", "samples", "seg",
];

/// What a folder of this name is for, if it is no class: `train`, `Validation`, `test_images`, `trainSet`, `val2017`,
/// `seg_test`.
pub fn role(name: &str) -> Option<Role> {
    let mut found = None;
    for word in words(name) {
        let known = |word: &str| ROLES.iter().find(|(known, _)| *known == word).map(|(_, role)| *role);
        let joined = || FILLERS.iter().find_map(|filler| word.strip_suffix(filler).and_then(known));
        match known(&word).or_else(joined) {
            Some(role) if found.is_none() => found = Some(role),
            Some(_) => return None,
            None if FILLERS.contains(&word.as_str()) => {}
            None => return None,
        }
    }
    found
}

/// What a file is for in whose name a single word says so, whatever else is in it: `imagenet-train-000123`.
pub fn role_among(name: &str) -> Option<Role> {
    let words = words(name);
    let mut found =
        words.iter().filter_map(|word| ROLES.iter().find(|(known, _)| known == word)).map(|(_, role)| *role);
    found.next().filter(|_| found.next().is_none())
}

/// The words of a name, in small letters: they end where another sign than a letter stands, and before a capital.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_alphabetic() || (small && letter.is_uppercase()) {
            words.push(String::new());
        }
        small = letter.is_lowercase();
        if letter.is_alphabetic() {
            words.last_mut().expect("there is always one").extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

impl FolderLayout {
    /// Looks at the names of the folders in `root`, and as far into them as it takes to see which hold images.
    ///
    /// # Errors
    /// If a folder cannot be read, and if it cannot be told what a folder is for.
    pub fn of(tree: &Tree, root: &Path) -> Result<FolderLayout, DataError> {
        let inside = folders(tree, root)?;
        let with = |wanted: Role| {
            let all = || inside.iter().filter(move |name| role(name) == Some(wanted)).map(|name| root.join(name));
            let full: Vec<PathBuf> = all().filter(|folder| holds_images(tree, folder)).collect();
            if full.is_empty() { all().take(1).collect() } else { full }
        };
        let [train, validation, test] = [Role::Train, Role::Validation, Role::Test].map(with);
        let others: Vec<PathBuf> =
            inside.iter().filter(|name| role(name).is_none()).map(|name| root.join(name)).collect();
        let others: Vec<PathBuf> = others.into_iter().filter(|folder| holds_images(tree, folder)).collect();
        let is_part = !validation.is_empty() || !test.is_empty() || others.is_empty();
        match only(root, train)? {
            Some(train) if is_part => Ok(FolderLayout {
                train: inner(tree, train, Role::Train)?,
                validation: only(root, validation)?.map(|folder| inner(tree, folder, Role::Validation)).transpose()?,
                test: test.into_iter().map(|folder| inner(tree, folder, Role::Test)).collect::<Result<_, _>>()?,
                divided: true,
            }),
            Some(train) if !holds(tree, &train, true) && !others.iter().any(|folder| holds(tree, folder, false)) => {
                let (train, other) = (name(&train), name(&others[0]));
                Err(DataError::malformed(
                    root,
                    format!(
                        "it cannot be told whether `{train}` is a class, as `{other}` beside it is one, or holds the classes: there are \
                         only folders in it. If it holds them, move `{other}` out of the way; if it is a class, move the images out of \
                         the folders in it"
                    ),
                ))
            }
            None if others.is_empty() && inside.iter().any(|name| role(name).is_some()) => {
                let part = inside.iter().find(|name| role(name).is_some()).map_or("", String::as_str);
                let message = format!("there is `{part}`, but no folder `train` with the images to learn from");
                Err(DataError::malformed(root, message))
            }
            _ => Ok(FolderLayout { train: root.to_path_buf(), validation: None, test: Vec::new(), divided: false }),
        }
    }
}

/// The one folder of a kind, if there is any.
pub fn only(root: &Path, found: Vec<PathBuf>) -> Result<Option<PathBuf>, DataError> {
    if let [first, second, ..] = &found[..] {
        let message =
            format!("`{}` and `{}` are both named for the same: leave one of them", name(first), name(second));
        return Err(DataError::malformed(root, message));
    }
    Ok(found.into_iter().next())
}

/// `folder`, or the folder in it that is called the same and is all there is: `seg_train/seg_train/CLASS`, as some
/// archives have it.
fn inner(tree: &Tree, folder: PathBuf, wanted: Role) -> Result<PathBuf, DataError> {
    match &folders(tree, &folder)?[..] {
        [one] if role(one) == Some(wanted) && !holds(tree, &folder, true) && !holds(tree, &folder.join(one), true) => {
            Ok(folder.join(one))
        }
        _ => Ok(folder),
    }
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Endings of the files that can be decoded, whatever their case.
pub const ENDINGS: [&str; 12] =
    ["jpg", "jpeg", "png", "bmp", "gif", "webp", "tif", "tiff", "pnm", "ppm", "pgm", "jfif"];

/// Whether a file's name is an image's.
pub fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Whether there is an image in `folder` or in folders in it. What cannot be read holds none.
fn holds_images(tree: &Tree, folder: &Path) -> bool {
    /// Each folder is looked into once, by whichever links it is reached.
    fn within(tree: &Tree, folder: &Path, seen: &mut HashSet<PathBuf>) -> bool {
        if !tree.real(folder).is_ok_and(|real| seen.insert(real)) {
            return false;
        }
        let entries = tree.entries(folder).unwrap_or_default();
        let (inside, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.into_iter().partition(|path| tree.is_dir(path));
        files.iter().any(|path| is_image(path)) || inside.iter().any(|folder| within(tree, folder, seen))
    }
    within(tree, folder, &mut HashSet::new())
}

/// Whether an image lies in `folder` itself, or a folder.
fn holds(tree: &Tree, folder: &Path, image: bool) -> bool {
    let entries = tree.entries(folder).unwrap_or_default();
    entries.iter().any(|path| if image { is_image(path) && !tree.is_dir(path) } else { tree.is_dir(path) })
}

/// Names of the folders in `folder`, sorted; hidden ones do not count.
pub fn folders(tree: &Tree, folder: &Path) -> Result<Vec<String>, DataError> {
    let paths = tree.entries(folder)?.into_iter().filter(|path| tree.is_dir(path));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_names() {
        for (names, expected) in [
            (
                "train Train TRAINING training_images train-set trainset TrainImages seg_train images.train train2017 train_1",
                Some(Role::Train),
            ),
            ("val valid Validation val_images valset val2017 dev validation-split eval", Some(Role::Validation)),
            ("test testing Test test_images test1 seg_test TestSet testdata", Some(Role::Test)),
            ("trains train_station test_tube images cat 2017 contest valley train_test developer dataset", None),
        ] {
            for name in names.split(' ') {
                assert_eq!(role(name), expected, "{name}");
            }
        }
        assert_eq!(role("test images"), Some(Role::Test));
        assert_eq!(role(""), None);
    }
}
