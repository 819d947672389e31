//! Which columns of a table say where the images are and what is on them.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::super::DataError;
use super::super::archive::Tree;
use super::super::layout::{ENDINGS, Role, is_image, role};
use crate::diagnostic::printable;
use crate::recipe::{Held, Table, Task};

/// What columns with images are usually called, and columns with classes.
const IMAGES: [&str; 14] = [
    "image",
    "path",
    "file",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "image_path",
    "image_name",
    "img",
    "img_path",
    "image_id",
    "id",
    "name",
];
const LABELS: [&str; 12] = [
    "label",
    "class",
    "target",
    "category",
    "labels",
    "class_name",
    "label_name",
    "category_id",
    "class_id",
    "species",
    "breed",
    "diagnosis",
];

/// What columns with masks are usually called.
const MASKS: [&str; 10] = [
    "mask",
    "mask_path",
    "mask_file",
    "masks",
    "segmentation",
    "segmentation_path",
    "annotation",
    "label",
    "label_path",
    "target",
];

/// What columns are called that say which part a row is in.
const SPLITS: [&str; 5] = ["split", "subset", "partition", "data_split", "dataset_split"];

/// How the name of an image's file is made of a row: text, and fields of columns between it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Column(usize),
}

impl ImageName {
    /// What `image:` says, or another `key`: a column, or text with columns in braces.
    pub fn of(key: &str, written: &str, columns: &[String], path: &Path) -> Result<ImageName, DataError> {
        if !written.contains('{') {
            return Ok(ImageName { parts: vec![Part::Column(column(key, written, columns, path)?)] });
        }
        let (mut parts, mut rest) = (Vec::new(), written);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else {
                return Err(DataError::Mismatch(format!("`{key}: {written}` has a brace `{{` that does not end")));
            };
            parts.extend([Part::Text(before.to_owned()), Part::Column(column(key, name, columns, path)?)]);
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(ImageName { parts })
    }

    /// The column that tells images apart: the first.
    pub fn column(&self) -> usize {
        self.parts.iter().find_map(|part| if let Part::Column(at) = part { Some(*at) } else { None }).unwrap_or(0)
    }

    /// What stands behind the last column: `.jpg`.
    pub fn ending(&self) -> &str {
        if let Some(Part::Text(text)) = self.parts.last() { text } else { "" }
    }

    /// The file of a row.
    pub fn file(&self, fields: &[String], base: &Path) -> PathBuf {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Column(at) => fields.get(*at).cloned().unwrap_or_default(),
        };
        base.join(self.parts.iter().map(part).collect::<String>())
    }

    /// What tells the file of a row from all others, however its name is written.
    pub fn identity(file: &Path) -> PathBuf {
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        absolute.components().fold(PathBuf::new(), |mut path, part| {
            match part {
                Component::ParentDir => drop(path.pop()),
                part => path.push(part),
            }
            path
        })
    }

    /// As `image:` has it.
    pub fn written(&self, columns: &[String]) -> String {
        match &self.parts[..] {
            [Part::Column(at)] => columns[*at].clone(),
            parts => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Column(at) => format!("{{{}}}", columns[*at]),
                })
                .collect(),
        }
    }

    /// The name under which there is a file for the first row, if it is not `self`: in a folder in `base`, or with an
    /// ending that is not written in the table. Folders that are for another part than `wanted` are not looked into.
    pub fn elsewhere(&self, fields: &[String], base: &Path, wanted: Role) -> Option<ImageName> {
        let at = self.column();
        let base_or_here = if base.as_os_str().is_empty() { Path::new(".") } else { base };
        let folders = Tree::Disk.entries(base_or_here).unwrap_or_default().into_iter().filter(|path| path.is_dir());
        let mut folders: Vec<String> =
            folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
        folders.retain(|name| role(name).is_none_or(|role| role == wanted));
        folders.sort_by_key(|name| role(name).is_none());
        let folders = folders.into_iter().map(|name| format!("{name}/"));
        let has_ending = is_image(Path::new(fields.get(at)?));
        let endings = || ENDINGS.iter().filter(move |_| !has_ending).map(|ending| format!(".{ending}"));
        for folder in std::iter::once(String::new()).chain(folders) {
            for ending in std::iter::once(String::new()).chain(endings()) {
                let parts = vec![Part::Text(folder.clone()), Part::Column(at), Part::Text(ending)];
                let parts = parts.into_iter().filter(|part| *part != Part::Text(String::new())).collect();
                let found = ImageName { parts };
                if found.file(fields, base).is_file() {
                    return Some(found);
                }
            }
        }
        None
    }
}

/// The columns of a table, where they are.
#[derive(Debug)]
pub struct Columns {
    pub image: ImageName,
    /// How the name of the mask is made, if images have masks.
    pub mask: Option<ImageName>,
    /// None where nobody knows the classes, as in a table of images to predict.
    pub labels: Vec<usize>,
    pub split: Option<usize>,
    /// A column that is called as one is that says which part a row is in, where the recipe does not say how the parts
    /// are told apart.
    pub perhaps_split: Option<usize>,
    pub group: Option<usize>,
}

impl Columns {
    /// Finds those that the recipe names, or guesses; with a task, what that asks for must be there.
    pub fn find(table: &Table, columns: &[String], path: &Path, task: Option<Task>) -> Result<Columns, DataError> {
        let labelled = task.is_some();
        let image = match &table.image {
            Some(image) => ImageName::of("image", image, columns, path)?,
            None => {
                let at = guessed("image", "the images' files", &IMAGES, columns, path)?;
                ImageName { parts: vec![Part::Column(at)] }
            }
        };
        let mask = match (table.label.as_slice(), task == Some(Task::Segment)) {
            ([], true) => {
                let at = guessed("label", "the masks' files", &MASKS, columns, path)?;
                Some(ImageName { parts: vec![Part::Column(at)] })
            }
            ([written, ..], true) => Some(ImageName::of("label", written, columns, path)?),
            (_, false) => None,
        };
        let labels = match (table.label.as_slice(), labelled && mask.is_none()) {
            ([], true) => vec![guessed("label", "the classes", &LABELS, columns, path)?],
            (labels, true) => {
                // Of many columns, each is looked for among many.
                let places: HashMap<&str, usize> =
                    columns.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
                let all_differ = places.len() == columns.len();
                let place = |label: &String| match places.get(label.as_str()) {
                    Some(at) if all_differ => Ok(*at),
                    _ => column("label", label, columns, path),
                };
                labels.iter().map(place).collect::<Result<_, _>>()?
            }
            (_, false) => Vec::new(),
        };
        let named = |key: &'static str, name: &Option<String>| {
            name.as_ref().filter(|_| labelled).map(|name| column(key, name, columns, path)).transpose()
        };
        let is_open =
            labelled && table.split.is_none() && table.test.is_none() && matches!(table.validation, Held::Part(_));
        let perhaps_split = SPLITS.iter().find_map(|name| position(name, columns)).filter(|_| is_open);
        let (split, group) = (named("split", &table.split)?, named("group", &table.group)?);
        Ok(Columns { image, mask, labels, split, perhaps_split, group })
    }
}

/// Where the one column of this name is.
fn column(key: &str, name: &str, columns: &[String], path: &Path) -> Result<usize, DataError> {
    let mut found = columns.iter().enumerate().filter(|(_, column)| *column == name);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok(at),
        (Some(_), Some(_)) => {
            Err(DataError::malformed(path, format!("two columns are called `{name}`, which `{key}` names")))
        }
        (None, _) => Err(DataError::malformed(
            path,
            format!("there is no column `{name}`, which `{key}` names; there are {}", listed(columns)),
        )),
    }
}

/// Where the column is that is called as such columns usually are.
fn guessed(key: &str, what: &str, names: &[&str], columns: &[String], path: &Path) -> Result<usize, DataError> {
    let at = names.iter().find_map(|name| position(name, columns));
    let at = at.ok_or_else(|| {
        let message = format!("which column holds {what}? There are {}; write `{key}: COLUMN`", listed(columns));
        DataError::malformed(path, message)
    })?;
    // A program that writes a name twice means two things by it.
    match columns[at + 1..].iter().find(|column| **column == columns[at]) {
        None => Ok(at),
        Some(name) => {
            let message = format!("two columns are called `{name}`: give one of them another name");
            Err(DataError::malformed(path, message))
        }
    }
}

/// Where the first column of this name is, in whatever case.
fn position(name: &str, columns: &[String]) -> Option<usize> {
    columns.iter().position(|column| column.to_lowercase() == name)
}

/// The first few names.
fn listed(columns: &[String]) -> String {
    const LISTED: usize = 10;
    let shown: Vec<String> = columns
        .iter()
        .take(LISTED)
        .map(|name| {
            let name: String = name.chars().take(50).collect();
            format!("`{}`", printable(&name))
        })
        .collect();
    match columns.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
