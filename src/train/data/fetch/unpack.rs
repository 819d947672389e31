//! Archives: of each only the files with known names are taken, into one folder, whatever folders they have inside.
//!
//! So no path of an archive is ever followed. What a file may hold at most is known too, so a bomb ends early, and what
//! an archive says about its files is read up to a limit.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::rc::Rc;

use flate2::CrcReader;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use zip::CompressionMethod;

use super::FetchError;
use super::sources::DownloadSource;
use crate::regular;
use crate::train::data::archive::Names;

/// What an archive holds in all, with what is not taken.
const LONGEST_ARCHIVE: u64 = 1 << 31;

/// The longest index of a zip file: a hundred thousand files.
const LONGEST_INDEX: u64 = 1 << 24;

/// Unpacks `archive`, which is what its name's ending says, into `folder`: of the set's files, those that are in it.
pub fn unpack(archive: &Path, folder: &Path, source: &DownloadSource) -> Result<(), FetchError> {
    let open = || regular::open(archive).map_err(|error| FetchError::io(archive, error));
    let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unpacked = Unpacked { archive, folder, source };
    if let Some(kind) = another_kind(open()?, &name) {
        return Err(unpacked.bad(format!("it is {kind}")));
    }
    let file = open()?;
    let packed = |file: File| MultiGzDecoder::new(BufReader::new(file));
    match name.as_str() {
        name if name.ends_with(".zip") => unpacked.zip(file),
        name if name.ends_with(".tar.gz") || name.ends_with(".tgz") => unpacked.tar(packed(file)),
        name if name.ends_with(".tar") => unpacked.tar(BufReader::new(file)),
        name => match name.strip_suffix(".gz") {
            Some(name) => unpacked.member(name, None, packed(file)),
            None => Err(unpacked.bad("nobody knows how it is packed")),
        },
    }
}

/// What a file is, if its first bytes say that it is something else than it is called.
fn another_kind(file: File, name: &str) -> Option<&'static str> {
    let mut start = Vec::new();
    file.take(512).read_to_end(&mut start).ok()?;
    let kind = match start.as_slice() {
        [] => "an empty file",
        [0x1f, 0x8b, ..] => "packed with gzip",
        [b'P', b'K', 3 | 5, _, ..] => "a zip file",
        [b'B', b'Z', b'h', ..] => "packed with bzip2",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "packed with xz",
        [b'7', b'z', 0xbc, 0xaf, ..] => "a 7z file",
        [b'R', b'a', b'r', b'!', ..] => "a RAR file",
        start if start.get(257..262) == Some(b"ustar") => "a tar file",
        start if start.starts_with(b"version https://git-lfs") => "a pointer of Git LFS instead of the file",
        start => match start.trim_ascii_start() {
            [b'<', ..] => "a web page",
            text if text.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) => "a text",
            _ => return None,
        },
    };
    let right = match kind {
        "packed with gzip" => name.ends_with("gz"),
        "a zip file" => name.ends_with(".zip"),
        "a tar file" => name.ends_with(".tar"),
        _ => false,
    };
    (!right).then_some(kind)
}

/// Reads until the budget is spent, which is an error then.
struct Bounded<R> {
    inner: R,
    budget: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        let left = self.budget.get().checked_sub(count as u64);
        self.budget.set(left.ok_or_else(|| Error::new(ErrorKind::FileTooLarge, "more is in it than in any data set"))?);
        Ok(count)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// Where from and where to.
struct Unpacked<'a> {
    archive: &'a Path,
    folder: &'a Path,
    source: &'a DownloadSource,
}

impl Unpacked<'_> {
    fn bad(&self, reason: impl std::fmt::Display) -> FetchError {
        FetchError::archive(self.archive, reason)
    }

    fn zip(&self, file: File) -> Result<(), FetchError> {
        let budget = Rc::new(Cell::new(LONGEST_INDEX));
        let file = Bounded { inner: file, budget: Rc::clone(&budget) };
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| self.bad(error))?;
        budget.set(LONGEST_ARCHIVE);
        for index in 0..archive.len() {
            // Raw, so that of packings only what data sets need is part of the program.
            let member = archive.by_index_raw(index).map_err(|error| self.bad(error))?;
            let name = String::from_utf8_lossy(member.name_raw()).into_owned();
            if !member.is_file() || !self.wants(&name) {
                continue;
            }
            let (crc, length) = (member.crc32(), member.size());
            match member.compression() {
                CompressionMethod::STORE => self.checked(&name, crc, length, member)?,
                CompressionMethod::DEFLATE => self.checked(&name, crc, length, DeflateDecoder::new(member))?,
                other => return Err(self.bad(format!("`{name}` in it is packed with {other}"))),
            }
        }
        Ok(())
    }

    /// As [`Unpacked::member`], and its bytes must have this sum.
    fn checked(&self, name: &str, expected: u32, length: u64, member: impl Read) -> Result<(), FetchError> {
        let mut member = CrcReader::new(member);
        self.member(name, Some(length), &mut member)?;
        match member.crc().sum() == expected {
            true => Ok(()),
            false => Err(self.bad(format!("`{name}` in it is damaged"))),
        }
    }

    fn tar(&self, file: impl Read) -> Result<(), FetchError> {
        let file = Bounded { inner: file, budget: Rc::new(Cell::new(LONGEST_ARCHIVE)) };
        let mut archive = tar::Archive::new(file);
        let mut names = Names::default();
        // Raw, because otherwise what stands before a header is read whatever its length.
        for member in archive.entries().map_err(|error| self.bad(error))?.raw(true) {
            let mut member = member.map_err(|error| self.bad(error))?;
            let Some(name) = names.name(&mut member).map_err(|error| self.bad(error))? else { continue };
            let name = String::from_utf8_lossy(&name).into_owned();
            // Links and devices are not followed or made.
            if member.header().entry_type().is_file() && self.wants(&name) {
                self.member(&name, Some(member.size()), member)?;
            }
        }
        Ok(())
    }

    /// Whether a member is one of the set's files, in whatever folder it lies.
    fn wants(&self, path: &str) -> bool {
        self.source.members.contains(&base(path))
    }

    /// Writes a member under its own name, without its folders. `promised` is its length as the archive has it.
    fn member(&self, path: &str, promised: Option<u64>, mut member: impl Read) -> Result<(), FetchError> {
        let name = base(path);
        if !self.wants(name) {
            return Err(self.bad(format!("`{name}` is no file of the set")));
        }
        let longest = self.source.longest;
        let too_long = || self.bad(format!("`{name}` in it is longer than {longest} bytes, as no file of the set is"));
        if promised.is_some_and(|promised| promised > longest) {
            return Err(too_long());
        }
        let path = self.folder.join(name);
        let mut file = File::create_new(&path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => self.bad(format!("it has `{name}` twice")),
            _ => FetchError::io(&path, error),
        })?;
        let mut piece = vec![0; 1 << 16];
        let mut length = 0;
        loop {
            let count = member.read(&mut piece).map_err(|error| self.bad(error))?;
            if count == 0 {
                break;
            }
            length += count as u64;
            match promised {
                Some(promised) if length > promised => break,
                None if length > longest => return Err(too_long()),
                _ => {}
            }
            file.write_all(&piece[..count]).map_err(|error| FetchError::io(&path, error))?;
        }
        if let Some(promised) = promised.filter(|promised| *promised != length) {
            let found = if length > promised { "more follow".to_string() } else { format!("{length} follow") };
            return Err(self.bad(format!("`{name}` in it is to have {promised} bytes, and {found}")));
        }
        file.sync_all().map_err(|error| FetchError::io(&path, error))
    }
}

/// The name behind all folders, in the spelling of any system.
fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
