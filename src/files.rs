//! The files that a compilation reads, for programs that compile what their users name: a network's text, and what it
//! includes.
//!
//! ```no_run
//! # use std::path::Path;
//! # use archc::{compile_with, files, layers::Layers, syntax::Format};
//! let path = Path::new("networks/small.yaml");
//! let text = files::text(path)?;
//! let load = files::beside(path, &[], |folder| format!("include files from {} as well", folder.display()));
//! let compiled = compile_with(&Layers::default(), &load, &path.to_string_lossy(), &text, Format::Yaml, &[]);
//! # Ok::<(), String>(())
//! ```

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest text that is read, in bytes.
const LONGEST: u64 = 32 << 20;

/// Gives the files that the one at `path` includes. A file is read because the user says so, an included one because
/// another file does, which may be somebody else's: nothing is read but what lies beside it, or in one of the folders
/// `allowed`. What the user can do about another folder, `advice` says.
pub fn beside<A: Fn(&Path) -> String>(
    path: &Path,
    allowed: &[PathBuf],
    advice: A,
) -> impl Fn(&str) -> Result<String, String> + use<A> {
    let own = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folders: Vec<PathBuf> = std::iter::once(own)
        .chain(allowed.iter().map(PathBuf::as_path))
        .filter_map(|folder| fs::canonicalize(folder).ok())
        .collect();
    move |name| {
        let path = Path::new(name);
        // Where it is when all links are followed.
        let place = fs::canonicalize(path).map_err(|error| error.to_string())?;
        if folders.iter().any(|folder| place.starts_with(folder)) {
            return match path.is_file() || path.is_dir() {
                true => text(path),
                false => Err("it is no file".to_string()),
            };
        }
        let folder = place.parent().unwrap_or(&place);
        let named = path.parent().filter(|named| fs::canonicalize(named).is_ok_and(|named| named == folder));
        let advice = advice(named.unwrap_or(folder));
        Err(format!("it lies outside the folder of the file that is read; {advice}"))
    }
}

/// The text of a file.
///
/// # Errors
/// Why there is none: it cannot be read, is too long, or is no text.
pub fn text(path: &Path) -> Result<String, String> {
    if path.is_dir() {
        return Err("it is a directory".to_string());
    }
    #[cfg(unix)]
    refuse_pipe(path)?;
    let file = File::open(path).map_err(|error| error.to_string())?;
    let found = file.metadata().map_err(|error| error.to_string())?;
    // Of a file no more than it has: what the kernel shows under `/proc` claims to have nothing, and may be waited for.
    let most = if found.is_file() { found.len().min(LONGEST + 1) } else { LONGEST + 1 };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("it is longer than {} MB", LONGEST >> 20));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is written in UTF-16; save it as UTF-8".to_string());
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("it is not text: byte {} is not UTF-8", error.utf8_error().valid_up_to()))
}

/// A pipe in a folder may have no writer, and would be waited for; `/dev/stdin` and what a shell writes for `<(…)` are
/// links.
#[cfg(unix)]
fn refuse_pipe(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::FileTypeExt;
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_fifo() => Err("it is a pipe; `/dev/stdin` reads one".to_string()),
        _ => Ok(()),
    }
}
