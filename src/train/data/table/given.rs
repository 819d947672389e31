//! Tables that are given for prediction, and how the table says things that a network learned from.

use std::path::{Path, PathBuf};

use super::super::layout::Role;
use super::super::{DataError, places};
use super::check_count;
use super::columns::Columns;
use super::rows::Rows;
use crate::recipe::{Table, Task};

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
    let columns = Columns::find(table, &rows.columns, file, None)?;
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

/// What a submission calls its columns, and how it says what is in them: as the table has it that a network learned
/// from.
#[derive(Debug)]
pub struct Conventions {
    /// The column that tells images apart.
    pub id: String,
    /// The column of the classes or labels, or one for each.
    pub labels: Vec<String>,
    /// What is cut off the names of files to get the values of the first column.
    pub ending: String,
}

/// Those of a table for a task.
pub fn conventions(table: &Table, task: Task) -> Result<Conventions, DataError> {
    let file = places::expand_home(&table.file);
    let mut rows = Rows::open(&file)?;
    let columns = Columns::find(table, &rows.columns, &file, Some(task))?;
    let first = rows.next()?;
    let base = file.parent().unwrap_or(Path::new(""));
    let fields = first.map(|row| row.fields).unwrap_or_default();
    let image = match columns.image.file(&fields, base).is_file() {
        true => columns.image,
        false => columns.image.elsewhere(&fields, base, Role::Train).unwrap_or(columns.image),
    };
    let labels = columns.labels.iter().map(|at| rows.columns[*at].clone()).collect();
    Ok(Conventions { id: rows.columns[image.column()].clone(), labels, ending: image.ending().to_owned() })
}
