//! Tar archives.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use tar::{Archive, EntryType, Header};

use super::{Entry, MOST_MEMBERS};
use crate::diagnostic::printable;
use crate::train::data::file::{Member, Opened, Packing};

/// What may stand before a file: its long name, or what pax says about it.
const LONGEST_EXTENSION: u64 = 1 << 16;

/// Whether a file that begins so is a tar archive.
pub fn begins(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<512>() else { return false };
    // The sum of all bytes, those of the sum itself taken for spaces.
    let sum = block[..148].iter().chain(&[b' '; 8]).chain(&block[156..]).map(|byte| u32::from(*byte)).sum::<u32>();
    Header::from_byte_slice(block).cksum().is_ok_and(|found| found == sum)
}

/// The files in an archive, in their order. Only headers are read.
pub fn entries(opened: &Arc<Opened>) -> Result<Vec<Entry>, String> {
    let bad = |error: io::Error| format!("this tar archive is cut off or damaged: {error}");
    let length = opened.file.metadata().map_err(|error| error.to_string())?.len();
    let mut archive = Archive::new(BufReader::new(&opened.file));
    let (mut names, mut found) = (Names::default(), Vec::new());
    // Raw, because otherwise what stands before a header is read whatever its length.
    for entry in archive.entries_with_seek().map_err(bad)?.raw(true) {
        let mut entry = entry.map_err(bad)?;
        let Some(name) = names.name(&mut entry).map_err(bad)? else { continue };
        let (start, stored) = (entry.raw_file_position(), entry.size());
        if !entry.header().entry_type().is_file() {
            // Links, folders and devices.
            continue;
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        if start.checked_add(stored).is_none_or(|end| end > length) {
            return Err(format!("`{}` in it is cut off", printable(&name)));
        }
        if found.len() == MOST_MEMBERS {
            return Err(format!("it has more than {MOST_MEMBERS} members"));
        }
        let (archive, packing, checksum) = (Arc::clone(opened), Packing::Stored, None);
        let member = Member { archive, start, stored, length: stored, packing, checksum };
        found.push(Entry { name, member: Arc::new(member) });
    }
    Ok(found)
}

/// Names of members, which may stand before the headers that they belong to.
#[derive(Debug, Default)]
pub struct Names {
    /// The name that the next file has.
    long: Option<Vec<u8>>,
}

impl Names {
    /// What the member is called that was just come upon; nothing if it only says something about the next.
    ///
    /// # Errors
    /// If it cannot be read, or says too much.
    pub fn name(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> io::Result<Option<Vec<u8>>> {
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let mut name = extension(entry)?;
                name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
                self.long = Some(name);
            }
            EntryType::XHeader => self.long = pax_path(&extension(entry)?).or(self.long.take()),
            // A long target of a link, and what holds for all files: neither says what a file is called.
            EntryType::GNULongLink | EntryType::XGlobalHeader => {}
            _ => return Ok(Some(self.long.take().unwrap_or_else(|| entry.path_bytes().into_owned()))),
        }
        Ok(None)
    }
}

/// What stands before a file's header.
fn extension(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<Vec<u8>> {
    let length = entry.size();
    if length > LONGEST_EXTENSION {
        let reason = format!("{length} bytes before a file in it say what it is called, more than {LONGEST_EXTENSION}");
        return Err(io::Error::other(reason));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The entry `path` of `LENGTH KEY=VALUE\n …`, the last one that there is. Source: POSIX, pax, "pax Extended Header".
fn pax_path(mut records: &[u8]) -> Option<Vec<u8>> {
    let mut path = None;
    while let Some(space) = records.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&records[..space]).ok()?.parse().ok()?;
        let record = records.get(space + 1..length)?;
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(value.strip_suffix(b"\n").unwrap_or(value).to_vec());
        }
        records = &records[length..];
    }
    path
}
