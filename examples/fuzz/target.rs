//! What is fed with mutated inputs.

use std::fs;
use std::path::{Path, PathBuf};

use archc::syntax::Format;

pub struct Target {
    pub name: &'static str,
    /// Folders of seeds, from the crate's own.
    pub corpus: &'static [&'static str],
    pub input: Input,
}

/// What a target takes. `words` are put into inputs; `run` panics if something is wrong.
pub enum Input {
    /// Seeds are documents and files that end in `.seed`.
    Text { words: &'static [&'static str], run: fn(&str, Format) },
    /// Seeds are all files of the corpus, and `made`, which says what no file need be kept for. Inputs grow to
    /// `longest` bytes.
    Bytes { words: &'static [&'static [u8]], made: fn() -> Vec<Vec<u8>>, longest: usize, run: fn(&[u8]) },
}

impl Target {
    /// The files of the corpus, in order.
    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let paths = |corpus: &&str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(corpus);
            let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
            paths.sort();
            paths
        };
        self.corpus.iter().flat_map(paths).filter(|path| path.is_file())
    }

    pub fn texts(&self) -> Vec<(String, Format)> {
        let text = |path: PathBuf| match path.extension()?.to_string_lossy().as_ref() {
            "seed" => Some((fs::read_to_string(&path).ok()?, Format::Yaml)),
            extension => Some((fs::read_to_string(&path).ok()?, Format::from_extension(extension)?)),
        };
        self.files().filter_map(text).collect()
    }

    pub fn bytes(&self) -> Vec<Vec<u8>> {
        self.files().filter_map(|path| fs::read(path).ok()).collect()
    }
}
