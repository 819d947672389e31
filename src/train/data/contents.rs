//! What tells images from others whose files have the same names, lengths and times: a digest of what is in them.
//!
//! Reading a large set takes time, so its digest is kept in the folder for what is decoded, as `WHICH.contents`, with
//! the state that the files were in: besides names, lengths and times, the places of the files on the disk and when the
//! system last saw them change, which nobody can set. Where the system does not tell that, all is read each time. Of
//! sets of more than [`WHOLE`] bytes, three blocks of each file are read.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::Crc;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::file::ImageFile;
use crate::{durable, regular};

/// Digests of fewer files are not kept.
const FEWEST: usize = 500;

/// The most bytes that are all read.
const WHOLE: u64 = 4 << 30;

/// What is read at once, and of a file in a larger set three times.
const BLOCK: u64 = 16 << 10;

/// A change within this time may share its time with another one.
const TICK: Duration = Duration::from_secs(2);

/// What a kept digest begins with.
pub const MAGIC: &[u8] = b"archc contents 1\n";

/// SHA-256.
pub type Sum = [u8; 32];

/// A digest of the files' contents, in their order. `part` is the set's name for what these are; digests are kept in
/// `folder`.
pub fn digest(files: &[ImageFile], part: &str, folder: Option<&Path>) -> Sum {
    let kept = folder.filter(|_| files.len() >= FEWEST).map(|folder| folder.join(format!("{}.contents", name(part))));
    let before = state(files);
    if let (Some(path), Some(FileState { sum, .. })) = (&kept, &before)
        && let Some(digest) = load(path, sum)
    {
        return digest;
    }
    let digest = read_all(files);
    if let (Some(path), Some(FileState { sum, latest })) = (kept, before)
        && latest + TICK < SystemTime::now()
        && state(files).is_some_and(|after| after.sum == sum)
    {
        // Without it, everything is read again the next time.
        let _ = save(&path, &sum, &digest);
    }
    digest
}

/// What a part of a set goes by.
pub fn name(part: &str) -> String {
    hex(&Sha256::digest(part)[..12])
}

/// Bytes, as digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the system says about files, without their being read.
struct FileState {
    sum: Sum,
    /// When it last saw one of them change.
    latest: SystemTime,
}

#[cfg(unix)]
fn state(files: &[ImageFile]) -> Option<FileState> {
    use std::os::unix::fs::MetadataExt;
    let mut sum = Sha256::new();
    let mut latest = (0, 0);
    let mut before = None;
    for file in files {
        let name = file.path().as_os_str().as_encoded_bytes();
        sum.update(name.len().to_le_bytes());
        sum.update(name);
        // Of an archive with all of them, once.
        if before.replace(file.holder()) == Some(file.holder()) {
            continue;
        }
        // What is not there now may be there the next time, and then it is told by all of this.
        let Ok(found) = fs::metadata(file.holder()) else { continue };
        for number in [found.len(), found.dev(), found.ino()] {
            sum.update(number.to_le_bytes());
        }
        for number in [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()] {
            sum.update(number.to_le_bytes());
        }
        latest = latest.max((found.ctime(), found.ctime_nsec()));
    }
    let since = Duration::new(u64::try_from(latest.0).unwrap_or(0), u32::try_from(latest.1).unwrap_or(0));
    Some(FileState { sum: sum.finalize().into(), latest: UNIX_EPOCH.checked_add(since)? })
}

#[cfg(not(unix))]
fn state(_: &[ImageFile]) -> Option<FileState> {
    None
}

fn read_all(files: &[ImageFile]) -> Sum {
    let lengths = files.iter().filter_map(|file| file.lengths().ok()).map(|(_, stored)| stored);
    let whole = lengths.fold(0, u64::saturating_add) <= WHOLE;
    // What cannot be read is like nothing that can.
    let sums: Vec<Option<Sum>> = files.par_iter().map(|file| read(file, whole).ok()).collect();
    let mut all = Sha256::new();
    for sum in sums {
        all.update([u8::from(sum.is_some())]);
        all.update(sum.unwrap_or_default());
    }
    all.finalize().into()
}

fn read(file: &ImageFile, whole: bool) -> io::Result<Sum> {
    let file = file.open()?;
    let length = file.stored();
    let mut file = file.raw();
    let mut sum = Sha256::new();
    sum.update(length.to_le_bytes());
    let mut block = Vec::with_capacity(BLOCK as usize);
    let mut next = |file: &mut dyn Read| {
        block.clear();
        file.take(BLOCK).read_to_end(&mut block)?;
        sum.update(&block);
        io::Result::Ok(block.len() as u64)
    };
    if whole || length <= 3 * BLOCK {
        let mut left = length;
        // A file that grows meanwhile is another one by its length.
        while left > 0 && next(&mut file)? > 0 {
            left = left.saturating_sub(BLOCK);
        }
    } else {
        for start in [0, (length - BLOCK) / 2, length - BLOCK] {
            file.seek(SeekFrom::Start(start))?;
            next(&mut file)?;
        }
    }
    Ok(sum.finalize().into())
}

fn load(path: &Path, state: &Sum) -> Option<Sum> {
    let bytes = regular::read(path, 1 << 10).ok()?;
    let rest = bytes.strip_prefix(MAGIC)?;
    let (known, rest) = rest.split_first_chunk::<32>()?;
    let (digest, check) = rest.split_first_chunk::<32>()?;
    (known == state && *check == crc(&[known, digest])).then_some(*digest)
}

fn save(path: &Path, state: &Sum, digest: &Sum) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    durable::replace(path, |file| {
        [MAGIC, state, digest, &crc(&[state, digest])].iter().try_for_each(|bytes| file.write_all(bytes))
    })
}

fn crc(parts: &[&[u8]]) -> [u8; 4] {
    let mut sum = Crc::new();
    parts.iter().for_each(|part| sum.update(part));
    sum.sum().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn aged(path: &Path, text: &[u8], seconds: u64) {
        fs::write(path, text).expect("room on the disk");
        let time = SystemTime::now() - Duration::from_secs(seconds);
        fs::File::options().write(true).open(path).and_then(|file| file.set_modified(time)).expect("it can be aged");
    }

    #[test]
    fn other_contents_are_told_apart() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        aged(&a, &[1; 50_000], 50);
        aged(&b, b"second", 50);
        let of = |files: &[&PathBuf]| {
            digest(&files.iter().map(|file| (*file).clone().into()).collect::<Vec<_>>(), "p", None)
        };
        let before = of(&[&a, &b]);
        assert_eq!(of(&[&a, &b]), before);
        assert_ne!(of(&[&b, &a]), before, "in their order");
        for (at, value) in [(0, 2), (20_000, 2), (49_999, 2)] {
            let mut bytes = vec![1; 50_000];
            bytes[at] = value;
            aged(&a, &bytes, 50);
            assert_ne!(of(&[&a, &b]), before, "byte {at}, of the same length and time");
        }
        aged(&a, &[1; 50_000], 7);
        assert_eq!(of(&[&a, &b]), before, "times are nothing");
        fs::remove_file(&b).expect("it is there");
        assert_ne!(of(&[&a, &b]), before, "gone");
    }

    #[test]
    fn large_sets_are_sampled() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        let of = |at: usize, whole| {
            let mut bytes = vec![1; 100_000];
            bytes[at] = 2;
            fs::write(&path, bytes).expect("room on the disk");
            read(&path.clone().into(), whole).expect("readable")
        };
        for at in [0, 50_000, 99_999] {
            assert_ne!(of(at, false), of(30_000, false), "{at}");
        }
        assert_eq!(of(20_000, false), of(30_000, false));
        assert_ne!(of(20_000, true), of(30_000, true));
    }

    #[cfg(unix)]
    #[test]
    fn a_kept_digest_is_that_of_files_as_they_are() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("kept");
        let file = folder.path().join("a");
        aged(&file, b"one", 50);
        let files = [file.clone().into()];
        let before = state(&files).expect("Unix").sum;
        save(&path, &before, &[7; 32]).expect("room on the disk");
        assert_eq!(load(&path, &before), Some([7; 32]));
        // The system's time of the change is the one that nobody sets.
        std::thread::sleep(Duration::from_millis(20));
        aged(&file, b"two", 50);
        assert_eq!(load(&path, &state(&files).expect("Unix").sum), None);
        let whole = fs::read(&path).expect("there");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).expect("room on the disk");
            assert_eq!(load(&path, &before), None, "byte {at}");
        }
    }
}
