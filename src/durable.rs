//! Files that are there whole or not at all.
//!
//! [`replace`] writes beside the file, syncs, and renames: whoever looks at the path, also after a crash or on a full
//! disk, finds the old contents or the new ones.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Gives `path` the contents that `fill` writes. If anything fails, the old contents are still there.
pub fn replace(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let aside = aside(path);
    let written = write_and_sync(&aside, fill).and_then(|()| std::fs::rename(&aside, path));
    if let Err(error) = written {
        // The half-written file may be what fills the disk. If it cannot be removed either, the first error says more.
        let _ = std::fs::remove_file(&aside);
        return Err(error);
    }
    sync_folder(path)
}

/// Where the new contents grow: the same folder, so that renaming is atomic; a fixed name, so that what a killed
/// program left there is overwritten by the next one.
fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn write_and_sync(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(File::create(path)?);
    fill(&mut writer)?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

/// Makes the rename itself survive a power cut.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Only Unix can open a folder as a file; elsewhere the system decides when a rename reaches the disk.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
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
        assert_eq!(std::fs::read(&path).expect("still there"), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing else is left behind");

        replace(&path, |file| file.write_all(b"new")).expect("room on the disk");
        assert_eq!(std::fs::read(&path).expect("there"), b"new");
    }
}
