//! Tables of images: which columns say what.

/// `set: table`, what its other keys say.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// `file:`, a CSV, TSV or JSON lines file with a row an image.
    pub file: String,
    /// `image:`, the column with the images' files, or how their names are made: `photos/{id}.jpg`. Guessed, if left
    /// out.
    pub image: Option<String>,
    /// `label:`, the column with the classes or labels, or a column for each; or how the names of masks are made.
    /// Guessed, if there is none.
    pub label: Vec<String>,
    /// `separator:`, what stands between several labels in one column.
    pub separator: Option<String>,
    /// `split:`, the column that says what a row is for: `train`, `val`, `test` and the like.
    pub split: Option<String>,
    /// `group:`, the column with what must not be divided: all images of a patient are in one part.
    pub group: Option<String>,
    /// `validation:`, what the network is judged by where no row says so.
    pub validation: Held,
    /// `test:`, a file like the first with what it is tested with at the very end.
    pub test: Option<String>,
}

/// Which images are for validation.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// This part of the images to learn from is held out, always the same.
    Part(f64),
    /// Those in another file with the same columns.
    File(String),
}

impl Table {
    /// The part that is held out unless the file says otherwise.
    pub const USUAL_PART: f64 = 0.2;

    /// One of which nothing is known but its file.
    pub fn of(file: impl Into<String>) -> Table {
        let (image, separator, split, group, test) = (None, None, None, None, None);
        let validation = Held::Part(Table::USUAL_PART);
        Table { file: file.into(), image, label: Vec::new(), separator, split, group, validation, test }
    }
}
