//! Folders that tests fill, and that go away with them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A folder of its own under the system's temporary folder.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one; `name` must be the test's alone.
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("archc-{}-{name}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// The folder itself, as a recipe's `path:`.
    pub fn root(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Where a file in it would be; folders on the way are made.
    pub fn path(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a file, packed with gzip.
    pub fn write_gz(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        self.write(name, &encoder.finish().unwrap())
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in /tmp does no harm, and a panic here would hide the test's own.
        let _ = fs::remove_dir_all(&self.0);
    }
}
