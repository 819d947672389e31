//! The zip archive: where its entries are.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::LONGEST_PICKLE;
use crate::diagnostic::printable;
use crate::weights::stored::FilePart;

/// The most bytes of names and places that are read: those of some hundred thousand entries.
const LONGEST_DIRECTORY: u64 = 8 << 20;

pub struct Archive<'a> {
    zip: ZipArchive<Bounded<BufReader<&'a File>>>,
    length: u64,
}

impl<'a> Archive<'a> {
    /// Reads the directory at the end of a file of `length` bytes.
    pub fn open(file: &'a File, length: u64) -> Result<Archive<'a>, String> {
        let bounded = Bounded { inner: BufReader::new(file), left: LONGEST_DIRECTORY };
        // It begins where the file does. Looked for, it is taken for shifted if a header is as long as the records
        // behind the directory.
        let whole = Config { archive_offset: ArchiveOffset::Known(0) };
        let zip = ZipArchive::with_config(whole, bounded).map_err(|error| match error {
            ZipError::Io(error) if error.kind() == io::ErrorKind::Other => error.to_string(),
            // What it is, is told by its beginning; so it is its end that is missing.
            _ => "it is a zip archive, as of PyTorch, that is cut off or damaged: it has no directory at its end"
                .to_owned(),
        })?;
        Ok(Archive { zip, length })
    }

    /// The folder with an entry of this name, with a slash behind it, if it has a name; of several, the first.
    pub fn folder_of(&self, name: &str) -> Option<String> {
        let folders = self.zip.file_names().flatten().filter_map(|path| path.strip_suffix(name).map(str::to_owned));
        folders
            .filter(|folder| folder.is_empty() || folder.ends_with('/'))
            .min_by_key(|folder| folder.matches('/').count())
    }

    pub fn has(&self, name: &str) -> bool {
        self.zip.index_for_name_raw(name.as_bytes()).is_some()
    }

    /// Where an entry is.
    pub fn part(&mut self, name: &str) -> Result<FilePart, String> {
        let shown = printable(name);
        let index =
            self.zip.index_for_name_raw(name.as_bytes()).ok_or_else(|| format!("`{shown}` is missing in it"))?;
        let entry = self.zip.by_index_raw(index).map_err(|error| format!("`{shown}` in it is damaged: {error}"))?;
        if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
            return Err(format!(
                "`{shown}` in it is compressed or encrypted, as PyTorch does not; `torch.save` it again"
            ));
        }
        let (start, length) = (entry.data_start().unwrap_or(u64::MAX), entry.size());
        if length != entry.compressed_size() || start.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(format!("`{shown}` in it is cut off"));
        }
        // PyTorch can be told to leave the checksums out, and writes zeros then.
        let checksum = Some(entry.crc32()).filter(|checksum| *checksum != 0);
        Ok(FilePart { name: shown, start, length, checksum })
    }

    /// What a short entry holds.
    pub fn bytes(&mut self, name: &str, file: &File) -> Result<Vec<u8>, String> {
        let mut part = self.part(name)?;
        if part.length > LONGEST_PICKLE {
            return Err(format!("`{}` in it has {} bytes; at most {LONGEST_PICKLE} are read", part.name, part.length));
        }
        part.bytes(file).map_err(|error| error.to_string())
    }
}

/// A reader of so many bytes, wherever they are.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(format!("its directory has more than {LONGEST_DIRECTORY} bytes")));
        }
        let most = self.left.min(buffer.len() as u64) as usize;
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.inner.seek(place)
    }
}
