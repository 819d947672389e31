//! Texts that are reviewed: what a test finds is held against a file of the repository. Where they differ, the new text
//! is written beside the old one, and the test fails until somebody has read it: `sh tests/accept.sh` shows the
//! differences one by one.

use std::path::Path;
use std::{fs, io};

/// Whether `found` is what the file at `expected` says. `Err` is what to look at.
pub fn compare(expected: &Path, found: &str) -> Result<(), String> {
    let extension = expected.extension().expect("NAME.txt or NAME.md").to_string_lossy();
    let new = expected.with_extension(format!("new.{extension}"));
    if fs::read_to_string(expected).is_ok_and(|expected| expected == found) {
        // Left by a change that has been undone since.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{}: {error}", new.display()),
            _ => return Ok(()),
        }
    }
    fs::write(&new, found).unwrap_or_else(|error| panic!("{}: {error}", new.display()));
    Err(format!("{} differs: see {}", expected.display(), new.display()))
}
