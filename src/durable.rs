//! Files that are there whole or not at all.
//!
//! [`replace`] writes beside the file, syncs, and renames: whoever looks at the path, also after a crash or on a full
//! disk, finds the old contents or the new ones.
//!
//! The file beside is a new one, `.archc-0123456789abcdef.partial`: nothing that was there is written over, no link is
//! followed, and two processes do not meet. It is locked while it is written, so that [`sweep`] can tell what a killed
//! program left.

use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Gives `path` the contents that `fill` writes. If anything fails, the old contents are still there.
pub fn replace(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file() && !found.is_symlink()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is there, and no regular file"));
    }
    let (aside, file) = begin(path)?;
    let written = write_and_sync(file, fill).and_then(|locked| {
        fs::rename(&aside, path)?;
        drop(locked);
        Ok(())
    });
    if let Err(error) = written {
        // The half-written file may be what fills the disk. If it cannot be removed either, the first error says more.
        let _ = fs::remove_file(&aside);
        return Err(error);
    }
    sync_folder(path)
}

/// Removes from `folder` what programs left there that were killed while they wrote.
#[cfg(any(test, feature = "train"))]
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_partial(&entry.file_name().to_string_lossy()) {
            // A file that is locked is being written. One that cannot be removed takes room, and nothing else.
            if let Ok(file) = File::open(entry.path())
                && file.try_lock().is_ok()
            {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A file in `folder` to write and to read again, which is gone once it is closed.
#[cfg(any(test, feature = "train"))]
pub fn nameless(folder: &Path) -> io::Result<File> {
    let (path, locked) = begin(&folder.join("nameless"))?;
    let file = File::options().read(true).write(true).open(&path)?;
    // Where an open file keeps its name, whoever sweeps next removes it.
    let _ = fs::remove_file(&path);
    drop(locked);
    Ok(file)
}

const START: &str = ".archc-";
const END: &str = ".partial";

#[cfg(any(test, feature = "train"))]
fn is_partial(name: &str) -> bool {
    let number = name.strip_prefix(START).and_then(|name| name.strip_suffix(END));
    number.is_some_and(|number| number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A new file in which the new contents of `path` grow: in the same folder, so that renaming is atomic.
fn begin(path: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let aside = path.with_file_name(format!("{START}{:016x}{END}", RandomState::new().hash_one(0)));
        let file = match File::options().write(true).create_new(true).open(&aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => opened?,
        };
        match file.try_lock() {
            // Somebody sweeps.
            Err(TryLockError::WouldBlock) => {}
            Ok(()) if !aside.exists() => {}
            // A file system without locks: nothing is swept there.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok((aside, file)),
        }
    }
}

/// The file, still locked.
fn write_and_sync(file: File, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<File> {
    let mut writer = BufWriter::new(file);
    fill(&mut writer)?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file)
}

/// Makes what has become of a name, such as its renaming, survive a power cut.
#[cfg(unix)]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Only Unix can open a folder as a file; elsewhere the system decides when a rename reaches the disk.
#[cfg(not(unix))]
pub fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("last");
        replace(&path, |file| file.write_all(b"old")).expect("room on the disk");
        let failed = replace(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert_eq!(failed.map_err(|error| error.kind()), Err(io::ErrorKind::StorageFull));
        assert_eq!(fs::read(&path).expect("still there"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing else is left behind");

        replace(&path, |file| file.write_all(b"new")).expect("room on the disk");
        assert_eq!(fs::read(&path).expect("there"), b"new");
    }

    #[test]
    fn only_what_was_left_is_swept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let kept = ["last", "last.partial", ".archc-1.partial", ".archc-0123456789abcdeg.partial", "0123456789abcdef"];
        for name in kept.iter().chain(&[".archc-0123456789abcdef.partial"]) {
            fs::write(path(name), "text").expect("room on the disk");
        }
        replace(&path("last"), |file| {
            sweep(folder.path());
            file.write_all(b"new")
        })
        .expect("what is being written stays");
        let mut found: Vec<_> =
            fs::read_dir(folder.path()).expect("readable").map(|entry| entry.expect("listed").file_name()).collect();
        found.sort();
        let mut kept: Vec<_> = kept.map(std::ffi::OsString::from).into();
        kept.sort();
        assert_eq!(found, kept);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed_and_no_device_replaced() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [mine, link, folder_there] = ["mine", "link", "folder"].map(|name| folder.path().join(name));
        fs::write(&mine, "mine").expect("room on the disk");
        symlink(&mine, &link).expect("links are there");
        replace(&link, |file| file.write_all(b"new")).expect("room on the disk");
        assert_eq!((fs::read(&mine).expect("there"), fs::read(&link).expect("there")), (b"mine".into(), b"new".into()));
        fs::create_dir(&folder_there).expect("room on the disk");
        for path in [&folder_there, Path::new("/dev/null")] {
            let error = replace(path, |file| file.write_all(b"new")).expect_err("refused");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{}", path.display());
        }
    }
}
