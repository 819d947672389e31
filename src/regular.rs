//! Files that are files. A pipe without a writer would be waited for without end, a device may never end, and what the
//! kernel shows under `/proc` claims to have no length: none of them is read where a file is expected.

use std::fs::{self, File};
use std::io::{self, Error, ErrorKind, Read};
use std::path::Path;

use crate::durable;

/// Opens a file to read it; an error of the kind `InvalidInput` where `path` leads to anything but a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: opening a pipe waits for its writer, and opening a device may do anything.
    let kind = fs::metadata(path)?.file_type();
    let refused = |what| Err(Error::new(ErrorKind::InvalidInput, what));
    if !kind.is_file() {
        return refused(if kind.is_dir() { "it is a folder" } else { "it is no regular file" });
    }
    let file = File::open(path)?;
    if is_of_proc(&file) { refused("it is no regular file") } else { Ok(file) }
}

/// Whether the kernel shows it under `/proc`, as a file of no length of which there may be something to read once more
/// is written.
#[cfg(target_os = "linux")]
fn is_of_proc(file: &File) -> bool {
    use std::os::fd::AsRawFd;
    let mut found = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the descriptor is open, and what was asked for is written to `found`, unless it fails.
    let told = unsafe { libc::fstatfs(file.as_raw_fd(), found.as_mut_ptr()) } == 0;
    // SAFETY: it did not fail.
    told && unsafe { found.assume_init() }.f_type == libc::PROC_SUPER_MAGIC
}

#[cfg(not(target_os = "linux"))]
fn is_of_proc(_file: &File) -> bool {
    false
}

/// As [`open`], but a link is not followed.
pub fn open_unlinked(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path)?.is_symlink() {
        false => open(path),
        true => Err(Error::new(ErrorKind::InvalidInput, "it is a link")),
    }
}

/// What is at `path`, where archc may write into it: a regular file, or nothing.
pub fn check_own(path: &Path) -> io::Result<Option<fs::Metadata>> {
    let refused = |what| Err(Error::new(ErrorKind::InvalidInput, what));
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => refused("it is a link, and nothing is written through links"),
        Ok(found) if !found.is_file() => refused("it is no regular file"),
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a file of archc's own to read and write it, and makes it if it is not there. A link is not followed: what it
/// leads to is somebody else's. A file that has another name besides gets contents of its own.
pub fn open_own(path: &Path) -> io::Result<File> {
    if check_own(path)?.is_some_and(|found| names(&found) > 1) {
        durable::replace(path, |copy| io::copy(&mut File::open(path)?, copy).map(drop))?;
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    // Whoever puts a link or a pipe there meanwhile.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(Error::new(ErrorKind::InvalidInput, "it is no regular file")),
    }
}

/// How many names lead to a file.
#[cfg(unix)]
fn names(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

#[cfg(not(unix))]
fn names(_: &fs::Metadata) -> u64 {
    1
}

/// All bytes of a file of at most `most` bytes. As many are read as the file has when it is opened.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > most {
        let limit = if most < 1 << 20 { format!("{most} bytes") } else { format!("{} MiB", most >> 20) };
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it is longer than {limit}")));
    }
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// As [`read`], for text in UTF-8.
pub fn read_to_string(path: &Path, most: u64) -> io::Result<String> {
    let not_text = |error: std::string::FromUtf8Error| {
        let place = error.utf8_error().valid_up_to();
        Error::new(ErrorKind::InvalidData, format!("it is not text: byte {place} is not UTF-8"))
    };
    String::from_utf8(read(path, most)?).map_err(not_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_without_reading() {
        for path in ["/dev/zero", "/dev/null", "/"] {
            let error = read(Path::new(path), 1 << 20).expect_err(path);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path}: {error}");
        }
        if cfg!(target_os = "linux") {
            for path in ["/proc/cpuinfo", "/proc/kmsg", "/proc/self/environ"] {
                assert!(open(Path::new(path)).is_err(), "{path}");
            }
        }
    }

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("text");
        fs::write(&path, "12345").expect("written");
        assert_eq!(read_to_string(&path, 5).expect("read"), "12345");
        assert_eq!(read(&path, 4).expect_err("too long").to_string(), "it is longer than 4 bytes");
        fs::write(&path, [b'1', 0xff]).expect("written");
        assert_eq!(read_to_string(&path, 5).expect_err("not text").to_string(), "it is not text: byte 1 is not UTF-8");
    }

    #[cfg(unix)]
    #[test]
    fn own_files_are_no_links() {
        use std::io::{Seek, Write};
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("mine"), "mine").expect("written");
        symlink(path("mine"), path("link")).expect("links are there");
        symlink(path("nowhere"), path("dangling")).expect("links are there");
        fs::hard_link(path("mine"), path("twin")).expect("links are there");
        for name in ["link", "dangling", ""] {
            let error = open_own(&path(name)).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}: {error}");
        }
        open_own(Path::new("/dev/null")).expect_err("a device");
        assert!(!path("nowhere").exists());
        let mut twin = open_own(&path("twin")).expect("a file");
        let mut text = String::new();
        twin.read_to_string(&mut text).expect("read");
        twin.rewind().and_then(|()| twin.write_all(b"new!")).expect("written");
        assert_eq!((text.as_str(), fs::read(path("mine")).expect("there")), ("mine", b"mine".to_vec()));
        open_own(&path("new")).expect("made");
        assert!(path("new").is_file());
    }
}
