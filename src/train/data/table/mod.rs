//! Tables of images: a CSV, TSV or JSON lines file with a row an image, which says where it is and what is on it.
//!
//! Only the table and the names of files are read here. Class names are sorted, as those of folders are.

mod columns;
mod given;
mod marks;
mod object;
mod rows;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::collection::{Collection, TestImages};
use super::layout::{Role, role};
use super::left_out::LeftOut;
use super::mask::{MaskFile, MaskFiles};
use super::split::{Split, hold_out};
use super::targets::Targets;
use super::{DataError, places};
use crate::recipe::{BadImages, Data, Held, Masks, Table, Task};

use self::columns::{Columns, ImageName};
use self::marks::{Marking, Marks, Names, strata, targets};
use self::rows::Rows;

pub use self::given::{Conventions, Listed, conventions, listed};
pub use self::rows::is_table;

/// More rows are not read.
const MOST_ROWS: usize = 1 << 22;

/// An image of a table.
struct Entry {
    /// The number of its table, among those that were read, and where it stands there.
    table: usize,
    line: u64,
    file: PathBuf,
    marks: Marks,
    /// The number of its group's name, in their order of appearance.
    group: u32,
    role: Option<Role>,
}

impl Entry {
    /// What it names that is not there.
    fn absent(&self) -> Option<&PathBuf> {
        let mask = if let Marks::Mask(mask) = &self.marks { Some(mask) } else { None };
        [Some(&self.file), mask].into_iter().flatten().find(|file| !file.is_file())
    }
}

/// Reads tables.
struct Reader<'a> {
    table: &'a Table,
    task: Task,
    base: PathBuf,
    labels: Names,
    groups: Names,
    /// The tables that were read.
    files: Vec<PathBuf>,
    /// Each image, with where it stands and what is said of it there.
    seen: HashMap<PathBuf, (usize, u64, Marks)>,
    /// What is in no part.
    left_out: LeftOut,
}

/// The table of a recipe.
fn table(data: &Data) -> Result<&Table, DataError> {
    data.table.as_ref().ok_or_else(|| DataError::Mismatch("`set: table` needs `file:`, the table".to_owned()))
}

/// Where the names of images begin: the folder that the recipe names, or that of the table.
fn base(data: &Data, file: &Path) -> PathBuf {
    match &data.path {
        Some(path) => places::expand_home(path),
        None => file.parent().unwrap_or(Path::new("")).to_owned(),
    }
}

/// Reads the table. Where nothing says which images are for validation, a part of each class is held out, always the
/// same; images of a group stay together.
pub fn open(data: &Data) -> Result<Collection, DataError> {
    let table = table(data)?;
    let file = places::expand_home(&table.file);
    let mut reader = Reader::new(table, data, &file);
    let (mut entries, taken_for) = reader.read(&file, None)?;
    if let Held::File(other) = &table.validation {
        let other = places::expand_home(other);
        entries.extend(reader.read(&other, Some(Role::Validation))?.0);
    }
    reader.check_groups(&entries)?;
    let of_role = |wanted: Role| move |entry: &&Entry| entry.role.unwrap_or(Role::Train) == wanted;
    let train: Vec<&Entry> = entries.iter().filter(of_role(Role::Train)).collect();
    let mut held: Vec<&Entry> = entries.iter().filter(of_role(Role::Validation)).collect();
    let mut kept = train;
    if kept.is_empty() {
        return Err(DataError::malformed(&file, "there is no row with an image to learn from"));
    }
    let marking = Marking::of(data.task, table);
    let classes = match &data.masks {
        Some(masks) => masks.classes.clone(),
        None => marking.names(kept.iter().map(|entry| &entry.marks), &reader.labels),
    };
    let numbers = reader.numbers(&classes);
    if held.is_empty() {
        let Held::Part(part) = table.validation else {
            return Err(DataError::malformed(&file, "there is no row with an image for validation"));
        };
        let labels = strata(kept.iter().map(|entry| &entry.marks), &classes, &numbers);
        let groups: Option<Vec<u32>> = table.group.as_ref().map(|_| kept.iter().map(|entry| entry.group).collect());
        let (mut first, mut second) = hold_out(&labels, groups.as_deref(), part);
        if second.is_empty() && data.task != Task::Class {
            // The rarest label of each is on no other; what is told apart are images, not kinds of them.
            (first, second) = hold_out(&vec![0; kept.len()], groups.as_deref(), part);
        }
        if second.is_empty() {
            let of = match (groups, data.task) {
                (Some(_), _) => "its groups are too few",
                (None, Task::Class) => "one image a class is too few",
                (None, _) => "one image is too few",
            };
            return Err(DataError::malformed(&file, format!("{of} to hold some out for validation")));
        }
        let [first, second] = [first, second].map(|part| part.into_iter().map(|at| kept[at]).collect::<Vec<_>>());
        (kept, held) = (first, second);
    }
    let train = reader.split(&kept, &numbers, data)?;
    let validation = reader.split(&held, &numbers, data)?;
    let left_out = reader.left_out.list;
    let (test, notes, taken_for) = (TestImages::Table, Vec::new(), Some(taken_for));
    Ok(Collection { train, validation, test, classes, left_out, notes, taken_for })
}

/// The images to test with: the table's rows for that, or those of another file.
pub fn test(data: &Data, classes: &[String]) -> Result<(Split, Vec<DataError>), DataError> {
    let table = table(data)?;
    let (file, role) = match &table.test {
        Some(file) => (places::expand_home(file), Some(Role::Test)),
        None => (places::expand_home(&table.file), None),
    };
    let mut reader = Reader::new(table, data, &places::expand_home(&table.file));
    let (entries, _) = reader.read(&file, role)?;
    if entries.iter().all(|entry| entry.role.is_none()) {
        let message = "the table has no images for testing alone: name the column that says what a row is for with \
                       `split:`, or another table with `test:`";
        return Err(DataError::malformed(&file, message));
    }
    let entries: Vec<&Entry> = entries.iter().filter(|entry| entry.role == Some(Role::Test)).collect();
    if entries.is_empty() {
        return Err(DataError::malformed(&file, "there is no row with an image for testing"));
    }
    Ok((reader.split(&entries, &reader.numbers(classes), data)?, reader.left_out.list))
}

fn check_count(rows: usize, file: &Path) -> Result<(), DataError> {
    match rows < MOST_ROWS {
        true => Ok(()),
        false => Err(DataError::malformed(file, format!("it has more than {MOST_ROWS} rows"))),
    }
}

impl<'a> Reader<'a> {
    fn new(table: &'a Table, data: &Data, file: &Path) -> Reader<'a> {
        let (labels, groups, left_out) = (Names::default(), Names::default(), LeftOut::new(data.bad_images));
        let (files, seen, base) = (Vec::new(), HashMap::new(), base(data, file));
        Reader { table, task: data.task, base, labels, groups, files, seen, left_out }
    }

    /// Every row, which is for `role` or for what it says itself, and what the table was taken for.
    fn read(&mut self, file: &Path, whole: Option<Role>) -> Result<(Vec<Entry>, String), DataError> {
        let mut rows = Rows::open(file)?;
        let columns = Columns::find(self.table, &rows.columns, file, Some(self.task))?;
        let marking = Marking::of(self.task, self.table);
        let (mut image, mut split) = (columns.image, columns.split);
        let (mut entries, mut count, table) = (Vec::new(), 0, self.files.len());
        self.files.push(file.to_owned());
        while let Some(row) = rows.next()? {
            check_count(count, file)?;
            if count == 0 && !image.file(&row.fields, &self.base).is_file() {
                let wanted = whole.filter(|role| *role == Role::Test).unwrap_or(Role::Train);
                image = self.found(image, &row.fields, &rows.columns, file, wanted)?;
            }
            if count == 0 {
                let says = |at: &usize| role(&row.fields[*at]).is_some();
                split = split.or(columns.perhaps_split.filter(says));
            }
            count += 1;
            let line = row.line;
            let named = match &columns.mask {
                Some(mask) if !row.fields[mask.column()].is_empty() => {
                    Ok(Marks::Mask(mask.file(&row.fields, &self.base)))
                }
                _ => marking.read(&row.fields, &rows.columns, &columns.labels, &mut self.labels),
            };
            let marks = match named {
                Ok(marks) => marks,
                Err(what) => {
                    self.left_out.add(DataError::malformed(file, format!("line {line}: {what}")))?;
                    continue;
                }
            };
            let role = match (whole, split) {
                (Some(role), _) => Some(role),
                (None, Some(at)) => Some(role(&row.fields[at]).ok_or_else(|| {
                    let found = &row.fields[at];
                    DataError::malformed(
                        file,
                        format!("line {line}: {found:?} is no part of a data set, such as `train`, `val` and `test`"),
                    )
                })?),
                (None, None) => None,
            };
            let path = image.file(&row.fields, &self.base);
            let entry = Entry {
                table,
                line,
                marks,
                group: columns.group.map_or(0, |at| self.groups.number(&row.fields[at])),
                role,
                file: path.clone(),
            };
            let identity = ImageName::identity(&path);
            let Some((first, there, before)) = self.seen.get(&identity) else {
                self.seen.insert(identity, (table, line, entry.marks.clone()));
                entries.push(entry);
                continue;
            };
            let of = if *first == table { String::new() } else { format!(" of {}", self.files[*first].display()) };
            let is_same = *before == entry.marks;
            let what = match (is_same, &entry.marks) {
                (true, _) => "it counts once".to_owned(),
                (false, Marks::Class(class)) => {
                    let here = &self.labels.names[*class as usize];
                    format!("there it is {}, here of `{here}`", before.shown(&self.labels))
                }
                (false, marks) => {
                    format!("there it is {}, here {}", before.shown(&self.labels), marks.shown(&self.labels))
                }
            };
            let message = format!("line {line}: {} again, as in line {there}{of}: {what}", path.display());
            let again = DataError::malformed(file, message);
            match is_same {
                true => self.left_out.list.push(again),
                false => self.left_out.add(again)?,
            }
        }
        let parts = split.map_or(String::new(), |at| format!(", parts in `{}`", rows.columns[at]));
        let taken_for = format!(
            "{} table of {count} rows: images in `{}`, {}{parts}",
            rows.form.name(),
            image.written(&rows.columns),
            columns.mask.as_ref().map_or_else(
                || marking.shown(&rows.columns, &columns.labels),
                |mask| format!("masks in `{}`", mask.written(&rows.columns)),
            )
        );
        Ok((self.present(entries, file)?, taken_for))
    }

    /// How the images' names are made, where the first is not where the table says: found out if the file leaves it
    /// open, and otherwise only told.
    fn found(
        &self,
        image: ImageName,
        fields: &[String],
        columns: &[String],
        file: &Path,
        wanted: Role,
    ) -> Result<ImageName, DataError> {
        match (image.elsewhere(fields, &self.base, wanted), &self.table.image) {
            (Some(found), None) => Ok(found),
            (Some(found), Some(written)) => Err(DataError::malformed(
                file,
                format!(
                    "there is no file {}, and there is {}: write `image: \"{}\"` in place of `{written}`",
                    image.file(fields, &self.base).display(),
                    found.file(fields, &self.base).display(),
                    found.written(columns),
                ),
            )),
            (None, _) => Ok(image),
        }
    }

    /// The entries whose images are there.
    fn present(&mut self, entries: Vec<Entry>, file: &Path) -> Result<Vec<Entry>, DataError> {
        let absent: Vec<Option<PathBuf>> = entries.par_iter().map(|entry| entry.absent().cloned()).collect();
        let missing = absent.iter().flatten().count();
        let mut kept = Vec::with_capacity(entries.len() - missing);
        for (entry, absent) in entries.into_iter().zip(absent) {
            let Some(absent) = absent else {
                kept.push(entry);
                continue;
            };
            let others = if missing > 1 && self.left_out.bad == BadImages::Refuse {
                format!(", nor the files of {} more rows", missing - 1)
            } else {
                String::new()
            };
            let message = format!("line {}: there is no file {}{others}", entry.line, absent.display());
            self.left_out.add(DataError::malformed(file, message))?;
        }
        Ok(kept)
    }

    /// No group is in two parts.
    fn check_groups(&self, entries: &[Entry]) -> Result<(), DataError> {
        let mut firsts: BTreeMap<u32, &Entry> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| self.table.group.is_some() && entry.role.is_some()) {
            let first = firsts.entry(entry.group).or_insert(entry);
            if first.role != entry.role {
                let group = &self.groups.names[entry.group as usize];
                let message = format!(
                    "line {}: the group `{group}` is in two parts, here for {} and in line {} for {}",
                    entry.line,
                    part(entry.role),
                    first.line,
                    part(first.role)
                );
                return Err(DataError::malformed(&self.files[entry.table], message));
            }
        }
        Ok(())
    }

    /// For every name of a class or label, its number among these.
    fn numbers(&self, classes: &[String]) -> Vec<Option<u32>> {
        let numbers: HashMap<&str, u32> =
            classes.iter().zip(0..).map(|(class, number)| (class.as_str(), number)).collect();
        self.labels.names.iter().map(|name| numbers.get(name.as_str()).copied()).collect()
    }

    /// The masks of some entries.
    fn masks(&self, entries: &[&Entry], masks: &Masks) -> Targets {
        let tables: Vec<Arc<Path>> = self.files.iter().map(|file| Arc::from(file.as_path())).collect();
        let of_entry = |entry: &&Entry| {
            let Marks::Mask(file) = &entry.marks else { return None };
            Some(MaskFile { file: file.clone(), row: Some((Arc::clone(&tables[entry.table]), entry.line)) })
        };
        let files = entries.iter().filter_map(of_entry).collect();
        Targets::Masks(Arc::new(MaskFiles { files, masks: masks.clone() }))
    }

    fn split(&self, entries: &[&Entry], numbers: &[Option<u32>], data: &Data) -> Result<Split, DataError> {
        let files = || entries.iter().map(|entry| entry.file.clone().into()).collect();
        if let Some(masks) = &data.masks {
            return Ok(Split::of_files(files(), self.masks(entries, masks), data.max_pixels));
        }
        let marks = entries.iter().map(|entry| &entry.marks);
        let targets = targets(self.task, marks, numbers).map_err(|(at, name)| {
            let (entry, name) = (entries[at], &self.labels.names[name as usize]);
            let what = if self.task == Task::Class { "class" } else { "label" };
            let message = format!("line {}: there is no {what} `{name}` in the training images", entry.line);
            DataError::malformed(&self.files[entry.table], message)
        })?;
        Ok(Split::of_files(files(), targets, data.max_pixels))
    }
}

fn part(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Validation) => "validation",
        Some(Role::Test) => "testing",
        Some(Role::Train) | None => "training",
    }
}

#[cfg(test)]
mod tests;
