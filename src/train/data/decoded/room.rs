//! Keeps the files of decoded images from filling the disk. The folder is the user's: only what archc made, by name and
//! by what is in it, is counted or removed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::MAGIC;
use crate::regular;
use crate::train::data::contents;

/// All files together.
pub const LIMIT: u64 = 16 << 30;

/// One of archc's files.
struct Own {
    used: SystemTime,
    name: OsString,
    path: PathBuf,
    length: u64,
}

/// Removes files that were not used longest until the others take `limit` bytes at most; `kept` stays.
pub fn make_room(folder: &Path, limit: u64, kept: &Path) {
    let mut files = own(folder);
    files.sort_by(|a, b| (a.used, &a.name).cmp(&(b.used, &b.name)));
    let mut total: u64 = files.iter().map(|file| file.length).sum();
    for file in files.iter().filter(|file| file.path != kept) {
        if total <= limit {
            return;
        }
        total -= file.length;
        // A file that cannot be removed takes room, and nothing else.
        let _ = fs::remove_file(&file.path);
    }
}

/// Removes the images of `which` that are not `kept`.
pub fn remove_others(folder: &Path, which: &str, kept: &Path) {
    for file in own(folder) {
        if file.path != kept
            && file.name.to_string_lossy().strip_prefix(which).is_some_and(|rest| rest.starts_with('-'))
        {
            let _ = fs::remove_file(&file.path);
        }
    }
}

fn own(folder: &Path) -> Vec<Own> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let own = |entry: fs::DirEntry| {
        let (path, name) = (entry.path(), entry.file_name());
        // Of a link, this is the link's.
        let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        let length = metadata.len();
        is_own(&name.to_string_lossy(), &path, length).then_some(())?;
        Some(Own { used: metadata.modified().ok()?, name, path, length })
    };
    entries.filter_map(own).collect()
}

/// Whether the name is one that archc gives, and the file is what such a file is.
fn is_own(name: &str, path: &Path, length: u64) -> bool {
    let begins = |magic: &[u8]| {
        let mut start = vec![0; magic.len()];
        regular::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok() && start == magic)
    };
    match name.rsplit_once('.') {
        Some((which, "contents")) => is_hex(which) && begins(contents::MAGIC),
        Some((stem, "images")) => {
            let named = stem.split_once('-').is_some_and(|(which, state)| is_hex(which) && is_hex(state));
            named && (begins(MAGIC) || is_of_version_1(path, length))
        }
        _ => false,
    }
}

fn is_hex(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Earlier files begin with height and width of each image, and the values of these images, of one or three channels,
/// are the rest.
fn is_of_version_1(path: &Path, length: u64) -> bool {
    let Ok(file) = regular::open(path) else { return false };
    let mut heads = BufReader::<File>::new(file);
    let (mut head, mut pixels, mut read) = ([0; 8], 0u64, 0u64);
    while read + pixels <= length && heads.read_exact(&mut head).is_ok() {
        let [a, b, c, d, e, f, g, h] = head;
        let (height, width) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        pixels = pixels.saturating_add(u64::from(height) * u64::from(width));
        read += 8;
        if [1, 3].iter().any(|channels| pixels.saturating_mul(*channels).saturating_add(read) == length) {
            return true;
        }
    }
    false
}
