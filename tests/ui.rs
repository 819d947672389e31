//! Files with mistakes, and what is said about them: for each file in ui/, the diagnostics in NAME.txt beside it.
//!
//! A new case is a new file. `ARCHC_BLESS=1 cargo test --test ui` writes what is said now; read it before committing it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{env, fs};

use archc::compile_source;
use archc::syntax::Format;

#[test]
fn mistakes_are_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let entries = fs::read_dir(&folder).expect("it is in the repository");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    let mut different = Vec::new();
    for file in files {
        let format = match file.extension().and_then(OsStr::to_str) {
            Some("yaml") => Format::Yaml,
            Some("toml") => Format::Toml,
            _ => continue,
        };
        let name = file.file_name().expect("files have names").to_string_lossy();
        let text = fs::read_to_string(&file).expect("it is text");
        let said = match compile_source(&name, &text, format, &[]) {
            Ok(_) => panic!("{name} compiles"),
            Err(diagnostics) => format!("{diagnostics}\n"),
        };
        let expected = file.with_extension("txt");
        if env::var_os("ARCHC_BLESS").is_some() {
            fs::write(&expected, &said).expect("the folder can be written to");
        }
        if fs::read_to_string(&expected).ok().as_ref() != Some(&said) {
            different.push(said);
        }
    }
    assert!(different.is_empty(), "not as expected:\n\n{}", different.join("\n"));
}
