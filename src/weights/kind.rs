//! What a file is, by the rules of its format.

use super::safetensors;
use crate::diagnostic::printable;

/// How much of a file's beginning is looked at.
pub const LOOKED_AT: u64 = 1024;

/// A format, or what else it is.
#[derive(Debug, PartialEq)]
pub enum FileKind {
    /// Safetensors with a header of so many bytes.
    Safetensors(u64),
    /// A zip archive, as PyTorch writes.
    Zip,
    /// A pickle, as PyTorch wrote before 1.6.
    Pickle,
    /// Something else, in words that `it is` can stand before.
    Other(String),
}

/// The kind of a file that begins with `start` and has `length` bytes.
pub fn kind(start: &[u8], length: u64) -> FileKind {
    // First, because any bytes may be the length of a header; the brace behind it decides.
    if let Some(header) = safetensors::header(start, length) {
        return FileKind::Safetensors(header);
    }
    match start {
        // The second one is of an archive without entries.
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => FileKind::Zip,
        [0x80, 2..=5, ..] => FileKind::Pickle,
        _ => FileKind::Other(other(start, length)),
    }
}

/// Beginnings that tell a format, where they stand, and what one does about it.
const SIGNATURES: [(usize, &[u8], &str); 18] = [
    (0, b"\x1f\x8b", "compressed with gzip; unpack it first (`gunzip`)"),
    (0, b"BZh", "compressed with bzip2; unpack it first (`bunzip2`)"),
    (0, b"\xfd7zXZ\0", "compressed with xz; unpack it first (`unxz`)"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with Zstandard; unpack it first (`unzstd`)"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (0, b"Rar!", "a RAR archive; unpack it first"),
    (257, b"ustar", "a tar archive; unpack it first (`tar xf`)"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes; save the weights as safetensors"),
    (0, b"\x93NUMPY", "an array of numpy; save the weights as safetensors"),
    (0, b"GGUF", "a GGUF file; save the weights as safetensors"),
    (4, b"TFL3", "a network for TensorFlow Lite; save the weights as safetensors"),
    (0, b"\x89PNG", "a picture (PNG)"),
    (0, b"\xff\xd8\xff", "a picture (JPEG)"),
    (0, b"GIF8", "a picture (GIF)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x7fELF", "a program"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (
        0,
        b"version https://git-lfs",
        "a Git LFS pointer, which stands for the file; `git lfs pull` fetches the file itself",
    ),
];

/// How much of a text is shown.
const SHOWN: usize = 40;

fn other(start: &[u8], length: u64) -> String {
    if length == 0 {
        return "empty".to_owned();
    }
    let found = SIGNATURES.iter().find(|(at, bytes, _)| start.get(*at..).is_some_and(|rest| rest.starts_with(bytes)));
    if let Some((_, _, what)) = found {
        return (*what).to_owned();
    }
    // In UTF-8, but for a character that was cut through.
    let valid = std::str::from_utf8(start).unwrap_or_else(|error| {
        let whole = if error.error_len().is_none() { error.valid_up_to() } else { 0 };
        std::str::from_utf8(&start[..whole]).unwrap_or_default()
    });
    let text = valid.trim_start_matches('\u{feff}').trim_start();
    let is_text = !text.is_empty() && !text.contains(|c: char| c.is_control() && !c.is_whitespace());
    if is_text {
        let page = text.get(..text.len().min(9)).unwrap_or_default().to_ascii_lowercase();
        if page.starts_with("<!doctype") || page.starts_with("<html") || page.starts_with("<head") {
            return "an HTML page, such as a server shows instead of a file; fetch the file itself".to_owned();
        }
        let line: String = text.lines().next().unwrap_or_default().chars().take(SHOWN).collect();
        return format!("a text, which begins with `{}`", printable(line.trim_end()));
    }
    if start.iter().all(|byte| *byte == 0) {
        return "full of zeros at its beginning, as a download that was broken off may be".to_owned();
    }
    format!("of a format that is not read; it begins with the bytes {}", bytes(start))
}

fn bytes(start: &[u8]) -> String {
    start.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
