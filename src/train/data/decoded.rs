//! Decoded images of a folder, kept in one memory-mapped file between runs.
//!
//! Decoding takes longer than everything else that happens to a photo. So a folder of [`FEWEST`] images or more is decoded once, into
//! a file in `$ARCHC_CACHE` (if that is empty: not at all) or `~/.cache/archc/decoded`:
//!
//! ```text
//! WHICH-STATE.images
//!     height and width of each image, 4 bytes each; 0 and 0 for one that is not kept: it cannot be decoded, or has more than 8 bits
//!     its values, a byte each, plane after plane, the images one after the other
//! ```
//!
//! WHICH stands for the part of a data set and the number of channels, STATE for the length and the time of every file: if one changes, the file is
//! made anew and the old one removed. Sets of more than [`LARGEST`] bytes are decoded each time. All files together take [`LIMIT`] at
//! most: those that were not used longest go first. Anything that goes wrong here only costs time.

use std::env;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use memmap2::Mmap;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::image::{Image, decode, size};
use super::places;
use crate::durable;
use crate::ir::Pair;
use crate::recipe::MaxPixels;

/// Fewer images are decoded each time.
const FEWEST: usize = 500;

/// The largest file.
const LARGEST: u64 = 4 << 30;

/// All files together.
const LIMIT: u64 = 16 << 30;

/// Images that are decoded before they are written.
const CHUNK: usize = 256;

/// The values of a folder's images.
#[derive(Debug)]
pub struct Decoded {
    map: Mmap,
    channels: usize,
    /// Where each image's values begin, and its size.
    entries: Vec<(usize, Pair)>,
}

impl Decoded {
    /// The images `files` of `part` with 1 or 3 `channels`, from the file in `folder` that has them or that is made now; `None` if
    /// there is none, for whatever reason. `part` is the set's name for what these are.
    pub fn open(files: &[PathBuf], part: &str, channels: usize, folder: &Path) -> Option<Decoded> {
        if files.len() < FEWEST {
            return None;
        }
        let (which, state) = fingerprints(files, part, channels).ok()?;
        let path = folder.join(format!("{which}-{state}.images"));
        if let Some(decoded) = Decoded::map(&path, files.len(), channels) {
            // The time of last use, for `make_room`.
            let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
            return Some(decoded);
        }
        // Of large sets, a few show how large.
        let few =
            files.iter().step_by(files.len().div_ceil(64)).filter_map(|file| size(file, MaxPixels::default()).ok());
        let few: Vec<u64> = few.map(|size| (size.height * size.width * channels) as u64).collect();
        let mean = few.iter().sum::<u64>() / few.len().max(1) as u64;
        if mean * files.len() as u64 > LARGEST {
            return None;
        }
        fs::create_dir_all(folder).ok()?;
        remove(folder, |name| name.starts_with(&which));
        durable::replace(&path, |file| write(files, channels, file)).ok()?;
        make_room(folder, LIMIT);
        Decoded::map(&path, files.len(), channels)
    }

    /// Copies an image; false if it could not be decoded.
    pub fn read(&self, example: usize, channels: usize, image: &mut Image) -> bool {
        let (start, size) = self.entries[example];
        if channels != self.channels || size.height == 0 {
            return false;
        }
        let bytes = &self.map[start..][..channels * size.height * size.width];
        image.fill_from_planes(bytes, channels, size, u8::MAX, channels);
        true
    }

    fn map(path: &Path, count: usize, channels: usize) -> Option<Decoded> {
        let file = File::open(path).ok()?;
        // SAFETY: the file was renamed into place when it was whole, and archc never writes to it again: it makes another and removes
        // this one, which leaves the mapping as it is. Whoever else writes into it breaks the pictures, which are plain bytes.
        let map = unsafe { Mmap::map(&file) }.ok()?;
        let (heads, _) = map.get(..8 * count)?.as_chunks::<8>();
        let mut entries = Vec::with_capacity(count);
        let mut end = 8 * count;
        for [a, b, c, d, e, f, g, h] in heads {
            let height = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            let width = u32::from_le_bytes([*e, *f, *g, *h]) as usize;
            entries.push((end, Pair { height, width }));
            end = height.checked_mul(width)?.checked_mul(channels)?.checked_add(end)?;
        }
        (map.len() == end).then_some(Decoded { map, channels, entries })
    }
}

/// Where such files lie; `None` if the user wants none.
pub fn folder() -> Option<PathBuf> {
    match env::var_os("ARCHC_CACHE") {
        Some(folder) if folder.is_empty() => None,
        Some(folder) => Some(PathBuf::from(folder)),
        None => places::cache().map(|cache| cache.join("decoded")),
    }
}

/// Which images these are, and in what state they are.
fn fingerprints(files: &[PathBuf], part: &str, channels: usize) -> io::Result<(String, String)> {
    let mut which = Sha256::new();
    which.update(channels.to_le_bytes());
    which.update(part);
    let mut state = Sha256::new();
    // Another number whenever other values are kept for the same files.
    state.update([2]);
    for file in files {
        let metadata = fs::metadata(file)?;
        let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = file.as_os_str().as_encoded_bytes();
        state.update(name.len().to_le_bytes());
        state.update(name);
        state.update(metadata.len().to_le_bytes());
        state.update(age.as_nanos().to_le_bytes());
    }
    let short = |hash: Sha256| hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Ok((short(which), short(state)))
}

/// Decodes `files`, all processors at once, and writes them in order.
fn write(files: &[PathBuf], channels: usize, out: &mut io::BufWriter<File>) -> io::Result<()> {
    let mut heads: Vec<u8> = Vec::with_capacity(8 * files.len());
    out.write_all(&vec![0; 8 * files.len()])?;
    let mut length = 0;
    for files in files.chunks(CHUNK) {
        let decoded: Vec<Image> = files
            .par_iter()
            .map(|file| {
                let mut image = Image::default();
                // What cannot be decoded is left to whoever reads it: it knows what to say. So is what bytes are too coarse for.
                let kept = decode(file, channels, MaxPixels::default(), &mut image).is_ok() && image.is_of_bytes();
                if kept { image } else { Image::default() }
            })
            .collect();
        for image in decoded {
            length += image.pixels.len() as u64;
            if length > LARGEST {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            let Pair { height, width } = image.size;
            heads.extend_from_slice(&(height as u32).to_le_bytes());
            heads.extend_from_slice(&(width as u32).to_le_bytes());
            // The values are bytes that were divided by 255.
            let bytes: Vec<u8> = image.pixels.iter().map(|value| (value * 255.0).round() as u8).collect();
            out.write_all(&bytes)?;
        }
    }
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&heads)
}

/// Removes files that were not used longest until the others take `limit` bytes at most.
fn make_room(folder: &Path, limit: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let files = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok()?;
        Some((metadata.modified().ok()?, entry.file_name(), metadata.len()))
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, _, length)| length).sum();
    for (_, file, length) in files {
        if total <= limit {
            return;
        }
        total -= length;
        remove(folder, |name| file == name);
    }
}

/// Removes the files in `folder` whose name is one of those.
fn remove(folder: &Path, which: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if which(&entry.file_name().to_string_lossy()) {
            // A file that cannot be removed takes room, and nothing else.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use image::RgbImage;

    use super::*;
    use crate::train::data::fixture::Folder;

    /// As many files as it takes, of which the last is no image.
    fn photos(folder: &Folder) -> Vec<PathBuf> {
        let one = |index: usize| {
            let path = folder.path(&format!("photos/{index:03}.png"));
            match index + 1 == FEWEST {
                true => fs::write(&path, "no image").unwrap(),
                false => {
                    RgbImage::from_pixel(1 + index as u32 % 3, 2, image::Rgb([index as u8, 7, 9])).save(&path).unwrap()
                }
            }
            path
        };
        (0..FEWEST).map(one).collect()
    }

    #[test]
    fn is_made_anew_when_a_file_changes() {
        let folder = Folder::new("decoded");
        let (files, cache) = (photos(&folder), folder.path("cache/x"));
        let cache = cache.parent().unwrap();
        let made = || fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        let value = |decoded: &Decoded, example| {
            let mut image = Image::default();
            decoded.read(example, 3, &mut image).then(|| (image.size.width, image.pixels[0] * 255.0))
        };
        assert!(Decoded::open(&files[1..], "train", 3, cache).is_none(), "few images are decoded each time");
        let first = Decoded::open(&files, "train", 3, cache).unwrap();
        assert_eq!([0, 5, FEWEST - 1].map(|example| value(&first, example)), [Some((1, 0.0)), Some((3, 5.0)), None]);
        assert!(!first.read(0, 1, &mut Image::default()), "another number of channels");
        let before = made();
        let again = Decoded::open(&files, "train", 3, cache).unwrap();
        assert_eq!((made(), value(&again, 5)), (before.clone(), Some((3, 5.0))));

        RgbImage::from_pixel(3, 2, image::Rgb([77, 7, 9])).save(&files[5]).unwrap();
        File::open(&files[5]).unwrap().set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
        let changed = Decoded::open(&files, "train", 3, cache).unwrap();
        assert_eq!((value(&changed, 5), value(&again, 5)), (Some((3, 77.0)), Some((3, 5.0))));
        assert!(made().len() == 1 && made() != before, "the old one is gone: {:?}", made());

        // One that is cut off is no such file, and is made anew.
        let whole = fs::read(&made()[0]).unwrap();
        fs::write(&made()[0], &whole[..whole.len() - 1]).unwrap();
        assert!(Decoded::map(&made()[0], files.len(), 3).is_none());
        drop(Decoded::open(&files, "train", 3, cache).unwrap());
        assert!(fs::read(&made()[0]).unwrap() == whole);

        // Other images have a file of their own, until there is no room.
        drop(Decoded::open(&files, "validation", 3, cache).unwrap());
        assert_eq!(made().len(), 2);
        let old = made()[1].clone();
        File::open(&old).unwrap().set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        make_room(cache, whole.len() as u64);
        assert!(made().len() == 1 && !old.exists());
    }
}
