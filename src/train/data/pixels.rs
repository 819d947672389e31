//! Images of one size whose bytes lie one after the other in an archive, as arrays of NumPy do.
//!
//! Stored as they are, they are read in place. Compressed, nothing can be read without all before it: they are unpacked
//! when the first is asked for, into memory if they are few, and otherwise into a file without a name, which is gone
//! when the program ends.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use flate2::CrcReader;
use flate2::bufread::DeflateDecoder;

use super::file::{ImageFile, Member, Packing, read_at};
use super::image::Image;
use super::{DataError, decoded};
use crate::durable;
use crate::ir::Pair;

/// Arrays of more bytes are unpacked into a file.
const IN_MEMORY: u64 = 256 << 20;

/// Images of one size, each H×W×C bytes.
#[derive(Debug)]
pub struct PixelRows {
    member: Arc<Member>,
    /// Where the first begins in the array's own file.
    skipped: u64,
    /// How many there are.
    pub count: usize,
    /// C: 1 or 3.
    pub channels: usize,
    /// H and W.
    pub size: Pair,
    unpacked: OnceLock<Result<Unpacked, Arc<str>>>,
}

/// Bytes of all images that can be read from any place.
#[derive(Debug)]
enum Unpacked {
    Memory(Vec<u8>),
    File(File),
}

impl PixelRows {
    /// Images behind the first bytes of a member, which has exactly as many bytes as they need.
    pub fn new(member: Arc<Member>, skipped: u64, count: usize, channels: usize, size: Pair) -> PixelRows {
        PixelRows { member, skipped, count, channels, size, unpacked: OnceLock::new() }
    }

    /// What tells these images from others, as the archive has it.
    pub fn sum(&self) -> u32 {
        self.member.checksum.unwrap_or_default()
    }

    /// One of them, with 1 or 3 `channels`.
    ///
    /// # Errors
    /// If its bytes cannot be read or unpacked.
    pub fn read(&self, example: usize, channels: usize, image: &mut Image) -> Result<(), DataError> {
        let length = self.channels * self.size.height * self.size.width;
        let path = &self.member.archive.path;
        let mut bytes = Vec::new();
        let (file, start) = match self.member.packing {
            Packing::Stored => (&self.member.archive.file, self.member.start + self.skipped),
            Packing::Deflate => match self.unpacked.get_or_init(|| self.unpack().map_err(Arc::from)) {
                Ok(Unpacked::Memory(all)) => {
                    image.fill_from_rows(&all[example * length..][..length], self.channels, self.size, channels);
                    return Ok(());
                }
                Ok(Unpacked::File(file)) => (file, 0),
                Err(why) => return Err(DataError::malformed(path, why.as_ref())),
            },
        };
        bytes.resize(length, 0);
        read_at(file, &mut bytes, start + (example * length) as u64).map_err(|error| DataError::io(path, error))?;
        image.fill_from_rows(&bytes, self.channels, self.size, channels);
        Ok(())
    }

    /// All bytes of all images.
    fn unpack(&self) -> Result<Unpacked, String> {
        let member = &self.member;
        let unread = |error: io::Error| format!("it cannot be unpacked: {error}");
        let raw = ImageFile::within(member.archive.path.clone(), Arc::clone(member));
        let raw = raw.open().map_err(unread)?.raw();
        let mut all = CrcReader::new(DeflateDecoder::new(BufReader::new(raw)).take(member.length));
        let mut head = vec![0; self.skipped as usize];
        all.read_exact(&mut head).map_err(unread)?;
        let length = member.length - self.skipped;
        let (unpacked, found) = if length <= IN_MEMORY {
            let mut bytes = Vec::with_capacity(length as usize);
            all.read_to_end(&mut bytes).map_err(unread)?;
            let found = bytes.len() as u64;
            (Unpacked::Memory(bytes), found)
        } else {
            let folder = decoded::folder().unwrap_or_else(std::env::temp_dir);
            into_file(&mut all, &folder).map_err(|error| {
                let folder = folder.display();
                format!("its {length} bytes of images cannot be unpacked into {folder}: {error}; `ARCHC_CACHE` names another folder")
            })?
        };
        match found == length && member.checksum.is_none_or(|sum| sum == all.crc().sum()) {
            true => Ok(unpacked),
            false => Err("its images are damaged: they do not have the checksum that the file gives".to_owned()),
        }
    }
}

/// What can be read, in a file without a name in `folder`, and how much it is.
fn into_file(from: &mut impl Read, folder: &Path) -> io::Result<(Unpacked, u64)> {
    std::fs::create_dir_all(folder)?;
    durable::sweep(folder);
    let mut file = durable::nameless(folder)?;
    let length = io::copy(from, &mut file)?;
    file.flush()?;
    Ok((Unpacked::File(file), length))
}
