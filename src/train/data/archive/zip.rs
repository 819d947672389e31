//! Zip archives.

use std::cell::Cell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::{Entry, MOST_MEMBERS};
use crate::diagnostic::printable;
use crate::train::data::file::{Member, Opened, Packing, read_at, sought};

/// The most bytes of names and places that are read: those of some two million files.
const LONGEST_DIRECTORY: u64 = 256 << 20;

/// Deflate packs at most 1,032 bytes into one (Deutsch, RFC 1951).
const MOST_UNPACKED: u64 = 1032;

/// The files in an archive, in the order of its directory.
pub fn entries(archive: &Arc<Opened>) -> Result<Vec<Entry>, String> {
    let length = archive.file.metadata().map_err(|error| error.to_string())?.len();
    let budget = Cell::new(LONGEST_DIRECTORY);
    let bounded = Bounded { archive, at: 0, length, budget: &budget };
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut zip = ZipArchive::with_config(config, BufReader::new(bounded)).map_err(|error| match error {
        ZipError::Io(error) if error.kind() == io::ErrorKind::Other => error.to_string(),
        error => format!("this zip archive is cut off or damaged: {error}"),
    })?;
    if zip.len() > MOST_MEMBERS {
        return Err(format!("it has {} members, and {MOST_MEMBERS} at most are read", zip.len()));
    }
    let mut found = Vec::with_capacity(zip.len());
    for index in 0..zip.len() {
        // Where bytes begin stands before them.
        budget.set(LONGEST_DIRECTORY);
        let entry = zip.by_index_raw(index).map_err(|error| format!("its directory is damaged: {error}"))?;
        // .NET's older versions write folders as Windows does.
        let name = entry.name().unwrap_or_else(|_| String::from_utf8_lossy(entry.name_raw())).replace('\\', "/");
        if !entry.is_file() || name.ends_with('/') {
            continue;
        }
        let shown = printable(&name);
        let packing = match entry.compression() {
            _ if entry.encrypted() => return Err(format!("`{shown}` in it is encrypted: unpack it")),
            CompressionMethod::STORE => Packing::Stored,
            CompressionMethod::DEFLATE => Packing::Deflate,
            other => {
                return Err(format!("`{shown}` in it is compressed with {other}: unpack it, or pack it with `zip -0`"));
            }
        };
        let (start, stored, unpacked) = (entry.data_start(), entry.compressed_size(), entry.size());
        let start = start.filter(|start| start.checked_add(stored).is_some_and(|end| end <= length));
        let Some(start) = start else { return Err(format!("`{shown}` in it is cut off")) };
        let possible = if packing == Packing::Stored { stored } else { stored.saturating_mul(MOST_UNPACKED) };
        if unpacked > possible || (packing == Packing::Stored && unpacked != stored) {
            return Err(format!("`{shown}` in it is to have {unpacked} bytes, and {stored} cannot become so many"));
        }
        let (archive, checksum) = (Arc::clone(archive), Some(entry.crc32()));
        let member = Member { archive, start, stored, length: unpacked, packing, checksum };
        found.push(Entry { name, member: Arc::new(member) });
    }
    Ok(found)
}

/// A file of which so many bytes are read, wherever they are.
struct Bounded<'a> {
    archive: &'a Opened,
    at: u64,
    length: u64,
    budget: &'a Cell<u64>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.get();
        if left == 0 {
            return Err(io::Error::other(format!("its directory has more than {LONGEST_DIRECTORY} bytes")));
        }
        let most = left.min(self.length.saturating_sub(self.at)).min(buffer.len() as u64) as usize;
        read_at(&self.archive.file, &mut buffer[..most], self.at)?;
        self.at += most as u64;
        self.budget.set(left - most as u64);
        Ok(most)
    }
}

impl Seek for Bounded<'_> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.at = sought(place, self.at, self.length)?;
        Ok(self.at)
    }
}
