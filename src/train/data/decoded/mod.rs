//! Decoded images of a folder, kept in one file between runs.
//!
//! Decoding takes longer than everything else that happens to a photo. So a folder of [`FEWEST`] images or more is
//! decoded once, into a file in `$ARCHC_CACHE` (if that is empty: not at all) or `~/.cache/archc/decoded`:
//!
//! ```text
//! WHICH-CONTENTS.images
//!     MAGIC; the number of images and of channels, a checksum over the table, 4 bytes each
//!     the table: each image's height, width, bytes a value (0 if it is not here), checksum, 4 bytes each
//!     the images' values, plane after plane, one image after the other                       all little-endian
//! ```
//!
//! WHICH stands for the part of a data set and the number of channels, CONTENTS for what is in its files: if one
//! changes, the file is made anew and the old one removed. Sets of more than [`LARGEST`] bytes are decoded each time.
//! All files together take [`LIMIT`](room::LIMIT) at most. Anything that goes wrong here only costs time: an image that
//! is not as it was written, also because the file was cut short in the meantime, is decoded from its own.

mod build;
mod room;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::Crc;

use super::contents::{self, Sum, hex};
use super::file::{ImageFile, read_at};
use super::image::{Image, size};
use crate::ir::Pair;
use crate::recipe::MaxPixels;
use crate::{durable, regular, system};

/// Fewer images are decoded each time.
const FEWEST: usize = 500;

/// The largest file.
const LARGEST: u64 = 4 << 30;

/// What a file begins with.
const MAGIC: &[u8; 16] = b"archc images  2\n";

/// Bytes before the table, and of an entry in it.
const HEAD: usize = MAGIC.len() + 12;
const ENTRY: usize = 16;

/// The values of a folder's images.
#[derive(Debug)]
pub struct Decoded {
    file: File,
    channels: usize,
    entries: Vec<Entry>,
}

/// One image in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    /// Where its values begin.
    start: u64,
    size: Pair,
    /// Bytes a value: 1, 2, or 0 if it is not here.
    depth: usize,
    checksum: u32,
}

impl Entry {
    fn length(&self, channels: usize) -> Option<usize> {
        channels.checked_mul(self.size.height)?.checked_mul(self.size.width)?.checked_mul(self.depth)
    }
}

impl Decoded {
    /// The images `files` of `part` with 1 or 3 `channels`, from the file in `folder` that has them or that is made
    /// now; `None` if there is none, for whatever reason. `part` is the set's name for what these are, `contents` a
    /// digest of them.
    pub fn open(files: &[ImageFile], part: &str, contents: &Sum, channels: usize, folder: &Path) -> Option<Decoded> {
        let which = contents::name(&format!("{channels} channels of {part}"));
        let path = folder.join(format!("{which}-{}.images", hex(&contents[..12])));
        if let Some(decoded) = Decoded::at(&path, files.len(), channels) {
            // The time of last use, for `make_room`.
            let _ = decoded.file.set_modified(SystemTime::now());
            return Some(decoded);
        }
        // Of large sets, a few show how large.
        let few =
            files.iter().step_by(files.len().div_ceil(64)).filter_map(|file| size(file, MaxPixels::default()).ok());
        let few: Vec<u64> = few.map(|size| (size.height * size.width * channels) as u64).collect();
        let mean = few.iter().sum::<u64>() / few.len().max(1) as u64;
        if mean.saturating_mul(files.len() as u64) > LARGEST {
            return None;
        }
        fs::create_dir_all(folder).ok()?;
        durable::sweep(folder);
        room::remove_others(folder, &which, &path);
        durable::replace(&path, |file| {
            build::write(files, channels, file)?;
            // What was decoded is what the name says only if nobody changed it meanwhile.
            let unchanged = contents::digest(files, part, Some(folder)) == *contents;
            if unchanged { Ok(()) } else { Err(io::Error::other("the images changed")) }
        })
        .ok()?;
        room::make_room(folder, room::LIMIT, &path);
        Decoded::at(&path, files.len(), channels)
    }

    /// Copies an image; false if it is not here, or not as it was written.
    pub fn read(&self, example: usize, channels: usize, image: &mut Image) -> bool {
        thread_local! { static VALUES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) } }
        let entry = self.entries[example];
        if channels != self.channels || entry.depth == 0 {
            return false;
        }
        VALUES.with_borrow_mut(|values| {
            values.resize(entry.length(channels).expect("it was looked at when the file was opened"), 0);
            if read_at(&self.file, values, entry.start).is_err() || checksum(values) != entry.checksum {
                return false;
            }
            image.channels = channels;
            image.size = entry.size;
            image.pixels.clear();
            match entry.depth {
                1 => image.pixels.extend(values.iter().map(|value| f32::from(*value) / WHITE)),
                _ => {
                    let values = values.as_chunks::<2>().0.iter();
                    image.pixels.extend(values.map(|value| f32::from(u16::from_le_bytes(*value)) / FINE_WHITE));
                }
            }
            true
        })
    }

    /// The file, if it is one for so many images, and whole.
    fn at(path: &Path, count: usize, channels: usize) -> Option<Decoded> {
        let file = regular::open_unlinked(path).ok()?;
        let length = file.metadata().ok()?.len();
        let table = count.checked_mul(ENTRY)?;
        if length < (HEAD + table) as u64 {
            return None;
        }
        let mut bytes = vec![0; HEAD + table];
        read_at(&file, &mut bytes, 0).ok()?;
        let (head, table) = bytes.split_at(HEAD);
        let numbers = [count, channels].map(|number| (number as u32).to_le_bytes());
        let expected = [MAGIC.as_slice(), &numbers[0], &numbers[1], &checksum(table).to_le_bytes()].concat();
        if head != expected {
            return None;
        }
        let mut entries = Vec::with_capacity(count);
        let mut start = bytes.len() as u64;
        for entry in table.as_chunks::<ENTRY>().0 {
            let [height, width, depth, checksum] =
                [0, 4, 8, 12].map(|at| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]));
            let size = Pair { height: height as usize, width: width as usize };
            let entry = Entry { start, size, depth: depth as usize, checksum };
            start = start.checked_add(entry.length(channels)? as u64)?;
            entries.push(entry);
        }
        (start == length).then_some(Decoded { file, channels, entries })
    }
}

/// What becomes 1, of values of 8 and of 16 bits.
const WHITE: f32 = u8::MAX as f32;
const FINE_WHITE: f32 = u16::MAX as f32;

fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(bytes);
    sum.sum()
}

/// Whether so many files are worth the trouble.
pub fn worthwhile(files: usize) -> bool {
    files >= FEWEST
}

/// Where such files lie; `None` if the user wants none.
pub fn folder() -> Option<PathBuf> {
    match env::var_os("ARCHC_CACHE") {
        Some(folder) if folder.is_empty() => None,
        Some(folder) => Some(PathBuf::from(folder)),
        None => system::cache_folder().map(|cache| cache.join("decoded")),
    }
}
