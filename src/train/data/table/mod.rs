//! Tables of images: a CSV, TSV or JSON lines file with a row an image, which says where it is and what is on it.
//!
//! Only the table and the names of files are read here. Class names are sorted, as those of folders are.

mod columns;
mod rows;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::collection::{Collection, TestImages};
use super::layout::{Role, role};
use super::left_out::LeftOut;
use super::split::{Split, hold_out};
use super::{DataError, places};
use crate::recipe::{BadImages, Data, Held, Table};

use self::columns::{Columns, ImageName};
use self::rows::Rows;

pub use self::rows::is_table;

/// More rows are not read.
const MOST_ROWS: usize = 1 << 22;

/// An image of a table.
struct Entry {
    /// The number of its table, among those that were read, and where it stands there.
    table: usize,
    line: u64,
    file: PathBuf,
    /// The number of its class's name, or of its group's, in their order of appearance.
    label: u32,
    group: u32,
    role: Option<Role>,
}

/// Reads tables.
struct Reader<'a> {
    table: &'a Table,
    base: PathBuf,
    labels: Names,
    groups: Names,
    /// The tables that were read.
    files: Vec<PathBuf>,
    /// Each image, with where it stands and its class.
    seen: HashMap<PathBuf, (usize, u64, u32)>,
    /// What is in no part.
    left_out: LeftOut,
}

/// Names, each with a number in its order of appearance.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }
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
    let mut classes: Vec<&str> = kept.iter().map(|entry| reader.labels.names[entry.label as usize].as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
    if held.is_empty() {
        let Held::Part(part) = table.validation else {
            return Err(DataError::malformed(&file, "there is no row with an image for validation"));
        };
        let labels: Vec<u32> =
            kept.iter().map(|entry| reader.number(entry, &classes).expect("its class is one")).collect();
        let groups: Option<Vec<u32>> = table.group.as_ref().map(|_| kept.iter().map(|entry| entry.group).collect());
        let (first, second) = hold_out(&labels, groups.as_deref(), part);
        if second.is_empty() {
            let of = if groups.is_some() { "its groups are too few" } else { "one image a class is too few" };
            return Err(DataError::malformed(&file, format!("{of} to hold some out for validation")));
        }
        let [first, second] = [first, second].map(|part| part.into_iter().map(|at| kept[at]).collect::<Vec<_>>());
        (kept, held) = (first, second);
    }
    let train = reader.split(&kept, &classes, data)?;
    let validation = reader.split(&held, &classes, data)?;
    let left_out = reader.left_out.list;
    Ok(Collection { train, validation, test: TestImages::Table, classes, left_out, taken_for: Some(taken_for) })
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
    Ok((reader.split(&entries, classes, data)?, reader.left_out.list))
}

/// What a table has that says where its images are: for prediction, without classes.
#[derive(Debug)]
pub struct Listed {
    /// What the column is called that tells the rows apart.
    pub id: String,
    /// The rows' values in it.
    pub ids: Vec<String>,
    /// Their images' files.
    pub files: Vec<PathBuf>,
}

/// The images of a table of any form like that of `table`, in its order; each must be there.
pub fn listed(file: &Path, table: &Table, base: Option<&Path>) -> Result<Listed, DataError> {
    let mut rows = Rows::open(file)?;
    let columns = Columns::find(table, &rows.columns, file, false)?;
    let base = base.or(file.parent()).unwrap_or(Path::new(""));
    let mut image = columns.image;
    let (mut ids, mut files) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        check_count(ids.len(), file)?;
        if ids.is_empty() && !image.file(&row.fields, base).is_file() {
            image = image.elsewhere(&row.fields, base, Role::Test).unwrap_or(image);
        }
        let path = image.file(&row.fields, base);
        if !path.is_file() {
            return Err(DataError::malformed(file, format!("line {}: there is no file {}", row.line, path.display())));
        }
        files.push(path);
        ids.extend(row.fields.into_iter().nth(image.column()));
    }
    Ok(Listed { id: rows.columns[image.column()].clone(), ids, files })
}

/// What a submission calls its columns, and what is cut off the names of files to get the values of the first: as the
/// table has them that a network learned from.
pub fn conventions(table: &Table) -> Result<(String, String, String), DataError> {
    let file = places::expand_home(&table.file);
    let mut rows = Rows::open(&file)?;
    let columns = Columns::find(table, &rows.columns, &file, true)?;
    let first = rows.next()?;
    let base = file.parent().unwrap_or(Path::new(""));
    let fields = first.map(|row| row.fields).unwrap_or_default();
    let image = match columns.image.file(&fields, base).is_file() {
        true => columns.image,
        false => columns.image.elsewhere(&fields, base, Role::Train).unwrap_or(columns.image),
    };
    let label = columns.label.map_or("label", |at| &rows.columns[at]);
    Ok((rows.columns[image.column()].clone(), label.to_owned(), image.ending().to_owned()))
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
        Reader { table, base, labels, groups, files, seen, left_out }
    }

    /// Every row, which is for `role` or for what it says itself, and what the table was taken for.
    fn read(&mut self, file: &Path, whole: Option<Role>) -> Result<(Vec<Entry>, String), DataError> {
        let mut rows = Rows::open(file)?;
        let columns = Columns::find(self.table, &rows.columns, file, true)?;
        let label = columns.label.unwrap_or(0);
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
            let name = &row.fields[label];
            if name.is_empty() || name.contains(char::is_control) {
                let what = if name.is_empty() {
                    "it has no class".to_owned()
                } else {
                    format!("the class {name:?} is not one line of text")
                };
                self.left_out.add(DataError::malformed(file, format!("line {line}: {what}")))?;
                continue;
            }
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
                label: self.labels.number(name),
                group: columns.group.map_or(0, |at| self.groups.number(&row.fields[at])),
                role,
                file: path.clone(),
            };
            let identity = ImageName::identity(&path);
            let Some((first, there, label)) = self.seen.get(&identity).copied() else {
                self.seen.insert(identity, (table, line, entry.label));
                entries.push(entry);
                continue;
            };
            let of = if first == table { String::new() } else { format!(" of {}", self.files[first].display()) };
            let what = match label == entry.label {
                true => "it counts once".to_owned(),
                false => format!("there it is of the class `{}`, here of `{name}`", self.labels.names[label as usize]),
            };
            let message = format!("line {line}: {} again, as in line {there}{of}: {what}", path.display());
            let again = DataError::malformed(file, message);
            match label == entry.label {
                true => self.left_out.list.push(again),
                false => self.left_out.add(again)?,
            }
        }
        let parts = split.map_or(String::new(), |at| format!(", parts in `{}`", rows.columns[at]));
        let taken_for = format!(
            "{} table of {count} rows: images in `{}`, classes in `{}`{parts}",
            rows.form.name(),
            image.written(&rows.columns),
            rows.columns[label]
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
        let there: Vec<bool> = entries.par_iter().map(|entry| entry.file.is_file()).collect();
        let missing = there.iter().filter(|there| !**there).count();
        let mut kept = Vec::with_capacity(entries.len() - missing);
        for (entry, there) in entries.into_iter().zip(there) {
            if there {
                kept.push(entry);
                continue;
            }
            let others = if missing > 1 && self.left_out.bad == BadImages::Refuse {
                format!(", nor the files of {} more rows", missing - 1)
            } else {
                String::new()
            };
            let message = format!("line {}: there is no file {}{others}", entry.line, entry.file.display());
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

    /// The number of an entry's class, if there is one of its name.
    fn number(&self, entry: &Entry, classes: &[String]) -> Option<u32> {
        classes.binary_search(&self.labels.names[entry.label as usize]).ok().map(|at| at as u32)
    }

    fn split(&self, entries: &[&Entry], classes: &[String], data: &Data) -> Result<Split, DataError> {
        let numbers: HashMap<&str, u32> =
            classes.iter().zip(0..).map(|(class, number)| (class.as_str(), number)).collect();
        let mut labels = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = self.labels.names[entry.label as usize].as_str();
            let Some(label) = numbers.get(name) else {
                let message = format!("line {}: there is no class `{name}` in the training images", entry.line);
                return Err(DataError::malformed(&self.files[entry.table], message));
            };
            labels.push(*label);
        }
        let files = entries.iter().map(|entry| entry.file.clone()).collect();
        Ok(Split::of_files(files, labels, data.max_pixels))
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
