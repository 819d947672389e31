//! Where an image's bytes are: in a file of their own, or among others in an archive, from which they are read in
//! place, by as many threads as there are.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use crate::regular;

/// An image that is still to be decoded.
#[derive(Debug, Clone)]
pub struct ImageFile {
    path: PathBuf,
    member: Option<Arc<Member>>,
}

/// Bytes in an archive.
#[derive(Debug)]
pub struct Member {
    /// The archive's file.
    pub archive: Arc<Opened>,
    /// Where they begin in it.
    pub start: u64,
    /// How many there are in it.
    pub stored: u64,
    /// How many they become.
    pub length: u64,
    /// How.
    pub packing: Packing,
    /// The CRC-32 of what they become, if the archive has one.
    pub checksum: Option<u32>,
}

/// An archive's file, which stays the same as long as it is open, whatever becomes of its name.
#[derive(Debug)]
pub struct Opened {
    /// What it was opened by.
    pub path: PathBuf,
    /// The file.
    pub file: File,
}

/// How bytes are written in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Stored,
    /// Compressed (RFC 1951).
    Deflate,
}

/// What can be read from any place.
pub trait Source: BufRead + Seek {}

impl<T: BufRead + Seek> Source for T {}

impl From<PathBuf> for ImageFile {
    fn from(path: PathBuf) -> ImageFile {
        ImageFile { path, member: None }
    }
}

impl ImageFile {
    /// Bytes in an archive that go by this name.
    pub fn within(path: PathBuf, member: Arc<Member>) -> ImageFile {
        ImageFile { path, member: Some(member) }
    }

    /// What it goes by: its file, or the archive with its name there behind it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that its bytes are in.
    pub fn holder(&self) -> &Path {
        self.member.as_ref().map_or(&self.path, |member| &member.archive.path)
    }

    /// How many bytes the image has, and how many of its file those are.
    pub fn lengths(&self) -> io::Result<(u64, u64)> {
        match &self.member {
            None => self.path.metadata().map(|found| (found.len(), found.len())),
            Some(member) => Ok((member.length, member.stored)),
        }
    }

    /// Opens it.
    pub fn open(&self) -> io::Result<Reading<'_>> {
        let member = self.member.as_deref();
        let section = match &self.member {
            None => {
                let file = regular::open(&self.path)?;
                let length = file.metadata()?.len();
                Section { file: SectionFile::Own(file), start: 0, length, at: 0 }
            }
            Some(member) => {
                let file = SectionFile::Shared(Arc::clone(&member.archive));
                Section { file, start: member.start, length: member.stored, at: 0 }
            }
        };
        Ok(Reading { section, member })
    }
}

/// An image's bytes, to be read.
pub struct Reading<'a> {
    section: Section,
    member: Option<&'a Member>,
}

impl Reading<'_> {
    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.member.map_or(self.section.length, |member| member.length)
    }

    /// How many bytes of the file those are.
    pub fn stored(&self) -> u64 {
        self.section.length
    }

    /// The bytes of the file as they are, packed or not.
    pub fn raw(self) -> impl Read + Seek {
        self.section
    }

    /// The first bytes, at most so many.
    pub fn head(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let (is_packed, mut head) = (self.is_packed(), Vec::new());
        match is_packed {
            true => drop(DeflateDecoder::new(BufReader::new(&mut self.section)).take(most).read_to_end(&mut head)?),
            false => drop((&mut self.section).take(most).read_to_end(&mut head)?),
        }
        self.section.at = 0;
        Ok(head)
    }

    /// At most so many bytes, which are read only as far as they are asked for if they are not packed.
    pub fn source(self, most: u64) -> io::Result<Box<dyn Source>> {
        match self.is_packed() {
            true => Ok(Box::new(Cursor::new(self.bytes(most)?))),
            false => Ok(Box::new(BufReader::new(self.section.take(most)))),
        }
    }

    /// At most so many bytes.
    pub fn bytes(self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.section.length.min(most) as usize);
        let is_packed = self.is_packed();
        let Reading { section, member } = self;
        let Some(member) = member else {
            section.take(most).read_to_end(&mut bytes)?;
            return Ok(bytes);
        };
        match is_packed {
            // One more than promised shows that there is more.
            true => {
                let unpacked = DeflateDecoder::new(BufReader::new(section));
                unpacked.take(most.min(member.length.saturating_add(1))).read_to_end(&mut bytes)?
            }
            false => section.take(most).read_to_end(&mut bytes)?,
        };
        let damaged = |what: String| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        let found = bytes.len() as u64;
        if found != member.length.min(most) {
            return damaged(format!("the archive promises {} bytes, and has {found}", member.length));
        }
        let mut sum = Crc::new();
        sum.update(&bytes);
        match member.checksum {
            Some(expected) if found == member.length && expected != sum.sum() => {
                damaged("it is damaged: its bytes do not have the checksum that the archive gives".to_owned())
            }
            _ => Ok(bytes),
        }
    }

    fn is_packed(&self) -> bool {
        self.member.is_some_and(|member| member.packing == Packing::Deflate)
    }
}

/// A part of a file, as if it were one.
#[derive(Debug)]
struct Section {
    file: SectionFile,
    start: u64,
    length: u64,
    at: u64,
}

#[derive(Debug)]
enum SectionFile {
    Own(File),
    Shared(Arc<Opened>),
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &self.file {
            SectionFile::Own(file) => file,
            SectionFile::Shared(opened) => &opened.file,
        };
        let most = self.length.saturating_sub(self.at).min(buffer.len() as u64) as usize;
        let read = read_some(file, &mut buffer[..most], self.start.saturating_add(self.at))?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Section {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.at = sought(place, self.at, self.length)?;
        Ok(self.at)
    }
}

/// The place that is sought, from `at` in so many bytes.
pub fn sought(place: SeekFrom, at: u64, length: u64) -> io::Result<u64> {
    let to = match place {
        SeekFrom::Start(at) => Some(at),
        SeekFrom::End(by) => length.checked_add_signed(by),
        SeekFrom::Current(by) => at.checked_add_signed(by),
    };
    to.ok_or(io::ErrorKind::InvalidInput.into())
}

/// Reads from a place in a file, which several threads may do at once. A file in memory could not be cut short without
/// ending the program.
#[cfg(unix)]
fn read_some(file: &File, bytes: &mut [u8], start: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, start)
}

#[cfg(windows)]
fn read_some(file: &File, bytes: &mut [u8], start: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, start)
}

/// Fills `bytes` from a place in a file.
pub fn read_at(file: &File, mut bytes: &mut [u8], mut start: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match read_some(file, bytes, start) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                bytes = &mut bytes[count..];
                start += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
