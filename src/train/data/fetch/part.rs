//! A file that arrives over several attempts, and what its bytes are of.
//!
//! ```text
//! NAME         what has arrived, from the file's beginning
//! NAME.from    whose bytes these are: the address, as a SHA-256, and what tells two versions of a file there apart
//! ```
//!
//! Bytes of two files are never joined: what another address has, or the same one after a change, begins anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use ureq::http::HeaderMap;

use crate::regular;

/// The version of `NAME.from`.
const FORMAT: u32 = 1;

/// No `NAME.from` is longer.
const LONGEST_ORIGIN: u64 = 1 << 16;

/// What a server says that tells a file from what was there before under the same address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validator {
    /// Changes with every byte. Weak ones, which need not, are no validators here.
    Etag(String),
    /// `Last-Modified`, where there is no such tag.
    Date(String),
}

/// Whose bytes they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadOrigin {
    /// The SHA-256 of the address, which may hold a password.
    address: String,
    pub validator: Option<Validator>,
    /// The length of the whole file.
    pub length: Option<u64>,
}

impl DownloadOrigin {
    /// Of the file that a server at `url` describes in `headers`.
    pub fn new(url: &str, headers: &HeaderMap, length: Option<u64>) -> DownloadOrigin {
        DownloadOrigin { address: sha256(url), validator: Validator::of(headers), length }
    }

    /// Whether the bytes are from this address.
    pub fn is_at(&self, url: &str) -> bool {
        self.address == sha256(url)
    }

    fn write(&self) -> String {
        let (etag, date) = match &self.validator {
            Some(Validator::Etag(tag)) => (Some(tag), None),
            Some(Validator::Date(date)) => (None, Some(date)),
            None => (None, None),
        };
        json!({"format": FORMAT, "address": self.address, "etag": etag, "last_modified": date, "length": self.length})
            .to_string()
    }

    fn read(text: &str) -> Option<DownloadOrigin> {
        let value: Value = serde_json::from_str(text).ok()?;
        if value["format"] != FORMAT {
            return None;
        }
        let text = |key: &str| value[key].as_str().map(str::to_string);
        let validator = text("etag").map(Validator::Etag).or_else(|| text("last_modified").map(Validator::Date));
        Some(DownloadOrigin { address: text("address")?, validator, length: value["length"].as_u64() })
    }
}

impl Validator {
    pub fn of(headers: &HeaderMap) -> Option<Validator> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_string);
        let tag = text("etag").filter(|tag| tag.starts_with('"'));
        tag.map(Validator::Etag).or_else(|| text("last-modified").map(Validator::Date))
    }

    /// As a server gets it back.
    pub fn text(&self) -> &str {
        let (Validator::Etag(text) | Validator::Date(text)) = self;
        text
    }

    /// The header that asks for the file only if it has changed.
    pub fn unless(&self) -> &'static str {
        match self {
            Validator::Etag(_) => "if-none-match",
            Validator::Date(_) => "if-modified-since",
        }
    }
}

/// The file, open.
pub struct PartialFile {
    file: File,
    length: u64,
    record: PathBuf,
    /// `None` if nobody knows, or nothing has arrived.
    pub origin: Option<DownloadOrigin>,
}

impl PartialFile {
    /// Opens the file at `path`, or makes it.
    pub fn open(path: &Path) -> io::Result<PartialFile> {
        let file = own_file(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))?;
        let length = file.metadata()?.len();
        let record = record(path);
        let origin = origin(path)?;
        Ok(PartialFile { file, length, record, origin })
    }

    /// Bytes that are there.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Begins anew, with bytes of `origin` from now on.
    pub fn begin(&mut self, origin: DownloadOrigin) -> io::Result<()> {
        self.clear()?;
        // On the disk before the record is: no crash leaves old bytes under the name of new ones.
        self.file.sync_all()?;
        let mut record = own_file(&self.record, OpenOptions::new().write(true).create(true).truncate(true))?;
        // If only its beginning is written, that cannot be read, and nobody knows whose bytes they are.
        record.write_all(origin.write().as_bytes())?;
        record.sync_all()?;
        self.origin = Some(origin);
        Ok(())
    }

    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Forgets what has arrived.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        (self.length, self.origin) = (0, None);
        Ok(())
    }

    /// The SHA-256 of all that is there, which is on the disk afterwards.
    pub fn sum(&mut self) -> io::Result<String> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut hash = Sha256::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            match self.file.read(&mut piece)? {
                0 => break,
                count => hash.update(&piece[..count]),
            }
        }
        self.file.sync_all()?;
        Ok(hexadecimal(hash))
    }
}

/// Removes the file at `path`, and what is known of it.
pub fn remove(path: &Path) -> io::Result<()> {
    for file in [path.to_path_buf(), record(path)] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whose bytes the file at `path` holds, if that is known.
pub fn origin(path: &Path) -> io::Result<Option<DownloadOrigin>> {
    let record = record(path);
    match fs::symlink_metadata(&record) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        // What cannot be read as a record is none.
        Ok(_) => Ok(regular::read_to_string(&record, LONGEST_ORIGIN).ok().and_then(|text| DownloadOrigin::read(&text))),
    }
}

/// Opens a file that this module made, or makes it; never what a link leads to.
pub fn own_file(path: &Path, options: &OpenOptions) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file, and not archc's"))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => options.open(path),
    }
}

fn record(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".from");
    PathBuf::from(name)
}

fn sha256(text: &str) -> String {
    hexadecimal(Sha256::new_with_prefix(text))
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
