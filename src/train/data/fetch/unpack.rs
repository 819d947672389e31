//! Archives: of each only the files with known names are taken, into one folder, whatever folders they have inside.
//!
//! So no path of an archive is ever followed. What a file may hold at most is known too, so a bomb ends early.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::CrcReader;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use zip::CompressionMethod;

use super::FetchError;

/// The largest file of any set is CIFAR-100's, 155 MB.
const LONGEST_MEMBER: u64 = 1 << 28;

/// What an archive holds in all, with what is not taken.
const LONGEST_ARCHIVE: u64 = 1 << 31;

/// Unpacks `archive`, which is what its name's ending says, into `folder`: of `members`, those that are in it.
pub fn unpack(archive: &Path, folder: &Path, members: &[&str]) -> Result<(), FetchError> {
    let file = File::open(archive).map_err(|error| FetchError::io(archive, error))?;
    let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unpacked = Unpacked { archive, folder, members };
    match name.as_str() {
        name if name.ends_with(".zip") => unpacked.zip(file),
        name if name.ends_with(".tar.gz") || name.ends_with(".tgz") => {
            unpacked.tar(MultiGzDecoder::new(BufReader::new(file)).take(LONGEST_ARCHIVE))
        }
        name if name.ends_with(".tar") => unpacked.tar(BufReader::new(file).take(LONGEST_ARCHIVE)),
        name => match name.strip_suffix(".gz") {
            Some(name) => unpacked.member(name, MultiGzDecoder::new(BufReader::new(file))),
            None => Err(FetchError::archive(archive, "nobody knows how it is packed")),
        },
    }
}

/// Where from and where to.
struct Unpacked<'a> {
    archive: &'a Path,
    folder: &'a Path,
    members: &'a [&'a str],
}

impl Unpacked<'_> {
    fn zip(&self, file: File) -> Result<(), FetchError> {
        let bad = |error| FetchError::archive(self.archive, error);
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(bad)?;
        for index in 0..archive.len() {
            // Raw, so that of packings only what data sets need is part of the program.
            let member = archive.by_index_raw(index).map_err(bad)?;
            let name = String::from_utf8_lossy(member.name_raw()).into_owned();
            if !member.is_file() || !self.wants(&name) {
                continue;
            }
            let crc = member.crc32();
            match member.compression() {
                CompressionMethod::STORE => self.checked(&name, crc, member)?,
                CompressionMethod::DEFLATE => self.checked(&name, crc, DeflateDecoder::new(member))?,
                other => {
                    return Err(FetchError::archive(self.archive, format!("`{name}` in it is packed with {other}")));
                }
            }
        }
        Ok(())
    }

    /// As [`Unpacked::member`], and its bytes must have this sum.
    fn checked(&self, name: &str, expected: u32, member: impl Read) -> Result<(), FetchError> {
        let mut member = CrcReader::new(member);
        self.member(name, &mut member)?;
        match member.crc().sum() == expected {
            true => Ok(()),
            false => Err(FetchError::archive(self.archive, format!("`{name}` in it is damaged"))),
        }
    }

    fn tar(&self, file: impl Read) -> Result<(), FetchError> {
        let bad = |error| FetchError::archive(self.archive, error);
        let mut archive = tar::Archive::new(file);
        for member in archive.entries().map_err(bad)? {
            let member = member.map_err(bad)?;
            let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
            // Links and devices are not followed or made.
            if member.header().entry_type().is_file() && self.wants(&name) {
                self.member(&name, member)?;
            }
        }
        Ok(())
    }

    /// Whether a member is one of the set's files, in whatever folder it lies.
    fn wants(&self, path: &str) -> bool {
        self.members.contains(&base(path))
    }

    /// Writes a member under its own name, without its folders.
    fn member(&self, path: &str, mut member: impl Read) -> Result<(), FetchError> {
        let name = base(path);
        if !self.wants(name) {
            return Err(FetchError::archive(self.archive, format!("`{name}` is no file of the set")));
        }
        let path = self.folder.join(name);
        let mut file = File::create_new(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => FetchError::archive(self.archive, format!("it has `{name}` twice")),
            _ => FetchError::io(&path, error),
        })?;
        let mut piece = vec![0; 1 << 16];
        let mut length = 0;
        loop {
            let count = member.read(&mut piece).map_err(|error| FetchError::archive(self.archive, error))?;
            if count == 0 {
                break;
            }
            length += count as u64;
            if length > LONGEST_MEMBER {
                let reason = format!("`{name}` in it is longer than {LONGEST_MEMBER} bytes, as no file of a set is");
                return Err(FetchError::archive(self.archive, reason));
            }
            file.write_all(&piece[..count]).map_err(|error| FetchError::io(&path, error))?;
        }
        file.sync_all().map_err(|error| FetchError::io(&path, error))
    }
}

/// The name behind all folders, in the spelling of any system.
fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
