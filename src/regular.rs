//! Files that are files. A pipe without a writer would be waited for without end, a device may never end, and what the
//! kernel shows under `/proc` claims to have no length: none of them is read where a file is expected.

use std::fs::{self, File};
use std::io::{self, Error, ErrorKind, Read};
use std::path::Path;

/// Opens a file to read it; an error of the kind `InvalidInput` where `path` leads to anything but a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: opening a pipe waits for its writer, and opening a device may do anything.
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() {
        return File::open(path);
    }
    let what = if kind.is_dir() { "it is a folder" } else { "it is no regular file" };
    Err(Error::new(ErrorKind::InvalidInput, what))
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
            assert_eq!(read(Path::new("/proc/cpuinfo"), 1 << 20).expect("opens"), b"", "as long as it claims to be");
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
}
