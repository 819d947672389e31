//! A file's rows, one at a time: comma-separated, tab-separated or JSON lines.
//!
//! However large a file is, and whatever is in it, one row of it is in memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Chain, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::super::DataError;
use super::object::Object;
use crate::regular;

/// The longest row, in bytes, with what is read ahead.
const LONGEST_ROW: u64 = 1 << 20;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Fields with this between them, as <https://www.rfc-editor.org/rfc/rfc4180> has it; the first row is the head.
    Delimited(u8),
    /// An object a line.
    JsonLines,
}

/// The rows of a file, and the names of its columns.
pub struct Rows {
    path: PathBuf,
    /// How it is written.
    pub form: Form,
    /// The columns' names.
    pub columns: Vec<String>,
    source: Source,
}

/// A file with a line's end behind it, of which so much is read and no more.
type Limited = Take<Chain<File, &'static [u8]>>;

/// What is in an object of JSON lines, and its line.
type Found = (u64, Map<String, Value>);

enum Source {
    Delimited {
        /// A line's end follows the last row, which may have none.
        reader: Box<Reader<Limited>>,
        record: ByteRecord,
        /// Whether lines end as on Windows, in two characters, of which the reader has seen one after a row.
        crlf: bool,
    },
    JsonLines {
        lines: BufReader<File>,
        /// Lines that were read.
        line: u64,
        /// The first row, from which the columns are known.
        first: Option<Row>,
    },
}

/// One row.
#[derive(Debug, PartialEq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// A field for each column.
    pub fields: Vec<String>,
}

/// Whether a file's name is a table's.
pub fn is_table(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    ending.is_some_and(|ending| ["csv", "tsv", "tab", "jsonl", "ndjson"].contains(&ending.as_str()))
}

/// What Unicode text may begin with.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Rows {
    /// Opens a file, and reads its head.
    ///
    /// # Errors
    /// If it cannot be read, or has no head.
    pub fn open(path: &Path) -> Result<Rows, DataError> {
        let failed = |error| DataError::io(path, error);
        let mut file = regular::open(path).map_err(failed)?;
        let mut start = Vec::new();
        (&mut file).take(1 << 16).read_to_end(&mut start).map_err(failed)?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(DataError::malformed(path, "it is in UTF-16: save it as UTF-8"));
        }
        let skipped = if start.starts_with(MARK) { MARK.len() } else { 0 };
        file.seek(SeekFrom::Start(skipped as u64)).map_err(failed)?;
        let form = Form::of(path, &start[skipped..]);
        let (source, columns) = match form {
            Form::Delimited(delimiter) => {
                let mut builder = ReaderBuilder::new();
                builder.delimiter(delimiter).flexible(true).has_headers(false);
                let crlf = start.iter().position(|byte| *byte == b'\n').is_some_and(|at| start[..at].ends_with(b"\r"));
                let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
                let reader = Box::new(builder.from_reader(file.chain(end).take(LONGEST_ROW)));
                (Source::Delimited { reader, record: ByteRecord::new(), crlf }, Vec::new())
            }
            Form::JsonLines => (Source::JsonLines { lines: BufReader::new(file), line: 0, first: None }, Vec::new()),
        };
        let mut rows = Rows { path: path.to_owned(), form, columns, source };
        match &mut rows.source {
            Source::Delimited { .. } => {
                rows.columns = rows.next()?.map(|row| row.fields).unwrap_or_default();
            }
            Source::JsonLines { .. } => {
                if let Some((line, object)) = rows.object()? {
                    let (columns, values): (Vec<String>, Vec<Value>) = object.into_iter().unzip();
                    rows.columns = columns;
                    let fields = values.iter().map(text).collect();
                    if let Source::JsonLines { first, .. } = &mut rows.source {
                        *first = Some(Row { line, fields });
                    }
                }
            }
        }
        if rows.columns.is_empty() {
            return Err(DataError::malformed(
                path,
                "it is empty; what is expected is a head with the columns' names, and a row for each image",
            ));
        }
        Ok(rows)
    }

    /// The next row; of lines that are empty there is none.
    ///
    /// # Errors
    /// If it is none, or cannot be read.
    pub fn next(&mut self) -> Result<Option<Row>, DataError> {
        let path = &self.path;
        match &mut self.source {
            Source::Delimited { reader, record, crlf } => {
                reader.get_mut().set_limit(LONGEST_ROW);
                let more = reader.read_byte_record(record).map_err(|error| match error.into_kind() {
                    csv::ErrorKind::Io(error) => DataError::io(path, error),
                    other => DataError::malformed(path, format!("{other:?}")),
                })?;
                // Where it ends, back over the lines in it: empty ones may lie before it.
                let within = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
                let is_whole = reader.get_ref().limit() > 0;
                let line = reader.position().line().saturating_sub(within + u64::from(is_whole && !*crlf));
                let before = record.position().map_or(1, |position| position.line());
                if more && is_whole && line < before {
                    // The end of the file ended it, and no line's end.
                    return Err(DataError::malformed(
                        path,
                        format!("line {before}: a quote begins here and does not end"),
                    ));
                }
                let line = line.max(1);
                if !is_whole {
                    return Err(too_long(path, line));
                }
                if !more {
                    return Ok(None);
                }
                let fields: Option<Vec<String>> =
                    record.iter().map(|field| str::from_utf8(field).ok().map(str::to_owned)).collect();
                let fields = fields.ok_or_else(|| not_unicode(path, line))?;
                let (found, expected) = (fields.len(), self.columns.len());
                if expected > 0 && found != expected {
                    let message = format!("line {line}: it has {found} fields, and the head names {expected} columns");
                    return Err(DataError::malformed(path, message));
                }
                Ok(Some(Row { line, fields }))
            }
            Source::JsonLines { first, .. } if first.is_some() => Ok(first.take()),
            Source::JsonLines { .. } => {
                let Some((line, object)) = self.object()? else { return Ok(None) };
                let field = |column: &String| object.get(column).map(text).unwrap_or_default();
                Ok(Some(Row { line, fields: self.columns.iter().map(field).collect() }))
            }
        }
    }

    /// The next object of JSON lines.
    fn object(&mut self) -> Result<Option<Found>, DataError> {
        let Source::JsonLines { lines, line, .. } = &mut self.source else { return Ok(None) };
        let path = &self.path;
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = lines.by_ref().take(LONGEST_ROW).read_until(b'\n', &mut bytes);
            *line += 1;
            if read.map_err(|error| DataError::io(path, error))? == 0 {
                return Ok(None);
            }
            if bytes.len() as u64 == LONGEST_ROW {
                return Err(too_long(path, *line));
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            if str::from_utf8(&bytes).is_err() {
                return Err(not_unicode(path, *line));
            }
            return match serde_json::from_slice(&bytes) {
                Ok(Object(object)) => Ok(Some((*line, object))),
                Err(error) => {
                    let what = if error.is_data() { "" } else { "it is no JSON: " };
                    // The parser has seen no other line.
                    let why = error.to_string().replace(" at line 1 ", " at ");
                    Err(DataError::malformed(path, format!("line {line}: {what}{why}")))
                }
            };
        }
    }
}

impl Form {
    /// That of a file whose name or beginning says so. Between fields stands a comma, unless there is none in the head
    /// and a tab or a semicolon is.
    fn of(path: &Path, start: &[u8]) -> Form {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let head = start.split(|byte| *byte == b'\n' || *byte == b'\r').find(|line| !line.is_empty());
        let has = |byte: u8| head.is_some_and(|head| head.contains(&byte));
        match ending.as_str() {
            "jsonl" | "ndjson" => Form::JsonLines,
            "tsv" | "tab" => Form::Delimited(b'\t'),
            _ if start.trim_ascii_start().starts_with(b"{") && ending != "csv" => Form::JsonLines,
            _ if has(b'\t') && !has(b',') => Form::Delimited(b'\t'),
            _ if has(b';') && !has(b',') => Form::Delimited(b';'),
            _ => Form::Delimited(b','),
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Form::Delimited(b'\t') => "tab-separated",
            Form::Delimited(b';') => "semicolon-separated",
            Form::Delimited(_) => "comma-separated",
            Form::JsonLines => "JSON lines",
        }
    }
}

/// Stands before each element of a list in a field of JSON lines.
pub const ELEMENT: char = '\u{1f}';

/// Stands before everything else there that is no single value.
pub const NESTED: char = '\u{1e}';

/// A value as a field; nothing is empty.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => ELEMENT.to_string(),
        Value::Array(list) if !list.iter().any(|value| value.is_array() || value.is_object()) => {
            list.iter().map(|value| format!("{ELEMENT}{}", text(value))).collect()
        }
        Value::Array(_) | Value::Object(_) => format!("{NESTED}{value}"),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn too_long(path: &Path, line: u64) -> DataError {
    let most = LONGEST_ROW;
    DataError::malformed(path, format!("line {line}: the row is longer than {most} bytes; is a quote missing?"))
}

fn not_unicode(path: &Path, line: u64) -> DataError {
    DataError::malformed(path, format!("line {line}: it is not UTF-8: save the file as UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::Folder;
    use super::*;

    /// How a file is written, its columns, and its rows with their lines.
    type Told = (Form, Vec<String>, Vec<(u64, Vec<String>)>);

    fn rows(name: &str, content: &[u8]) -> Result<Told, String> {
        let folder = Folder::new(&format!("rows-{}", content.len()));
        let path = folder.write(name, content);
        let mut rows = Rows::open(&path).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        while let Some(Row { line, fields }) = rows.next().map_err(|error| error.to_string())? {
            found.push((line, fields));
        }
        Ok((rows.form, rows.columns, found))
    }

    #[test]
    fn every_form_is_read() {
        let comma = Form::Delimited(b',');
        for (name, content, form, expected) in [
            ("a.csv", "p,c\na,1\nb,2\n", comma, &[(2, "a|1"), (3, "b|2")][..]),
            ("a.csv", "\u{feff}p,c\r\na,1\r\n\r\nb,2", comma, &[(2, "a|1"), (4, "b|2")]),
            (
                "a.csv",
                "p,c\n\"a, \"\"b\"\"\",1\n\"x\ny\",2\n\nz,3\n",
                comma,
                &[(2, "a, \"b\"|1"), (3, "x\ny|2"), (6, "z|3")],
            ),
            ("a.csv", "p;c\na,x;1\n", Form::Delimited(b';'), &[(2, "a,x|1")]),
            ("a.csv", "p,c\n a , NA\nb,\n", comma, &[(2, " a | NA"), (3, "b|")]),
            ("a.tsv", "p\tc\na,b\t1\n", Form::Delimited(b'\t'), &[(2, "a,b|1")]),
            ("a.txt", "p\tc\na\t1\n", Form::Delimited(b'\t'), &[(2, "a|1")]),
            ("a.csv", "{p},c\na,1\n", comma, &[(2, "a|1")]),
            (
                "a.jsonl",
                "{\"p\":\"a\",\"c\":1}\n\n{\"c\":null,\"p\":\"b\",\"d\":[2]}\n{\"p\":\"c\"}",
                Form::JsonLines,
                &[(1, "1|a"), (3, "|b"), (4, "|c")],
            ),
            ("a.json", " {\"p\":\"a\",\"c\":true}\n", Form::JsonLines, &[(1, "true|a")]),
        ] {
            let (found, columns, rows) =
                rows(name, content.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((found, columns.len()), (form, 2), "{content}");
            let rows: Vec<(u64, String)> = rows.into_iter().map(|(line, fields)| (line, fields.join("|"))).collect();
            let expected: Vec<(u64, String)> =
                expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
            assert_eq!(rows, expected, "{content}");
        }
    }

    #[test]
    fn hostile_files_are_refused() {
        let quote = [b"p,c\n\"".to_vec(), vec![b'x'; 3 << 20]].concat();
        let long = [b"p,c\n".to_vec(), vec![b','; 3 << 20]].concat();
        let object = [b"{\"p\":1}\n{\"p\":\"".to_vec(), vec![b'x'; 3 << 20]].concat();
        let deep = [b"{\"p\":1}\n{\"p\":".to_vec(), vec![b'['; 1 << 16]].concat();
        for (name, content, expected) in [
            ("a.csv", &b""[..], "it is empty"),
            ("a.csv", b"\n\n", "it is empty"),
            ("a.jsonl", b"\n", "it is empty"),
            ("a.csv", b"p,c\na\n", "line 2: it has 1 fields, and the head names 2 columns"),
            ("a.csv", b"p,c\na,b\na,b,c\n", "line 3: it has 3 fields"),
            ("a.csv", b"p,c\na,\xff\n", "line 2: it is not UTF-8"),
            ("a.csv", b"\xff\xfep\0,\0", "in UTF-16"),
            ("a.csv", &quote, "line 2: the row is longer than"),
            ("a.csv", &long, "line 2: the row is longer than"),
            ("a.csv", &quote[5..], "line 1: the row is longer than"),
            ("a.jsonl", &object, "line 2: the row is longer than"),
            ("a.jsonl", &deep, "line 2: it is no JSON: recursion limit"),
            ("a.jsonl", b"{\"p\":1}\n[1]\n", "line 2: invalid type: sequence, expected an object such as {"),
            ("a.jsonl", b"{\"p\":1,\"p\":1}\n", "line 1: `p` stands in it twice at column 13"),
            ("a.jsonl", b"{\"p\":1}\n{\"c\":1,\"\\u0063\":2}\n", "line 2: `c` stands in it twice"),
            ("a.csv", b"p,c\na,\"b\nc,d\ne,f\n", "line 2: a quote begins here and does not end"),
            ("a.csv", b"p,c\na,b\n\"c,d", "line 3: a quote begins here and does not end"),
            ("a.csv", b"p,c\na,b\n\n\n\"c\n,d\n\n", "it has 1 fields, and the head names 2 columns"),
            ("a.jsonl", b"{\"p\":1}\n{\"p\":\n", "line 2: it is no JSON: "),
        ] {
            let error = rows(name, content).expect_err("it is no table");
            assert!(error.contains(expected), "{error}, not {expected}");
        }
    }

    /// The fixture is made by tests/scripts/tables.py with pandas.
    #[test]
    fn fields_are_those_of_pandas() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables");
        let told = std::fs::read_to_string(folder.join("pandas.json")).unwrap();
        let told: Map<String, Value> = serde_json::from_str(&told).unwrap();
        for (name, expected) in &told {
            let mut rows = Rows::open(&folder.join(name)).unwrap();
            let mut found = Vec::new();
            while let Some(row) = rows.next().unwrap_or_else(|error| panic!("{name}: {error}")) {
                found.push(row.fields);
            }
            assert_eq!(serde_json::json!({"columns": rows.columns, "rows": found}), *expected, "{name}");
        }
        assert_eq!(told.len(), 13);
    }
}
