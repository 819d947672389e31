//! Files with mistakes, and what is said about them: for each file in ui/, the diagnostics in NAME.txt beside it.
//!
//! A new case is a new file. `sh tests/accept.sh` shows what is said about it, and what has changed elsewhere. A first
//! line such as `# --set let.width=0` changes the file as the command line would; files in ui/included are for
//! `include:`.

mod snapshot;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use archc::compile_with;
use archc::diagnostic::{Diagnostic, Diagnostics, Edit};
use archc::import::Language;
use archc::layers::Layers;
use archc::syntax::Override;

/// A file of tests/ui.
struct Case {
    path: PathBuf,
    name: String,
    language: Language,
    text: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui")
}

fn cases() -> Vec<Case> {
    let entries = fs::read_dir(folder()).expect("it is in the repository");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    let case = |path: PathBuf| {
        let language = Language::from_extension(path.extension().and_then(OsStr::to_str)?)?;
        let name = path.file_name()?.to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("it is text");
        Some(Case { path, name, language, text })
    };
    files.into_iter().filter_map(case).collect()
}

/// Everything that is said about `text` in place of the case's own.
fn said(case: &Case, text: &str) -> Diagnostics {
    let load = |name: &str| fs::read_to_string(folder().join(name)).map_err(|_| "there is no such file".to_string());
    let set = |option: &str| {
        let (path, value) = option.split_once('=').expect("KEY=VALUE");
        Override { path: path.to_string(), value: value.to_string(), option: None }
    };
    let options = text.lines().next().and_then(|line| line.strip_prefix("# --set "));
    let overrides: Vec<Override> = options.into_iter().flat_map(|options| options.split(" --set ")).map(set).collect();
    match compile_with(&Layers::default(), &load, &case.name, text, case.language, &overrides) {
        Ok(compiled) => compiled.warnings,
        Err(errors) => errors,
    }
}

#[test]
fn mistakes_are_explained() {
    let mut different = Vec::new();
    for case in cases() {
        let said = match said(&case, &case.text) {
            said if said.list.is_empty() => format!("{} is sound\n", case.name),
            said => format!("{said}\n"),
        };
        different.extend(snapshot::compare(&case.path.with_extension("txt"), &said).err());
    }
    assert!(different.is_empty(), "`sh tests/accept.sh` after reading each:\n{}", different.join("\n"));
}

/// Each suggestion that a program can follow removes the mistake that it is for.
#[test]
fn suggestions_help() {
    let mut followed = 0;
    for case in cases() {
        let before = said(&case, &case.text);
        for diagnostic in &before.list {
            for edit in diagnostic.help.iter().filter_map(|help| help.edit.as_ref()) {
                if before.sources.get(edit.span.source).name != case.name {
                    continue;
                }
                let text = edited(&case.text, edit);
                let after = said(&case, &text);
                let times = |said: &Diagnostics| said.list.iter().filter(|other| is_same(other, diagnostic)).count();
                assert!(
                    times(&after) < times(&before),
                    "{}: {diagnostic:?} is still there:\n{text}\n{after}",
                    case.name
                );
                followed += 1;
            }
        }
    }
    assert!(followed > 50, "only {followed} suggestions");
}

fn edited(text: &str, edit: &Edit) -> String {
    let mut text = text.to_string();
    text.replace_range(edit.span.range(), &edit.text);
    text
}

fn is_same(other: &Diagnostic, diagnostic: &Diagnostic) -> bool {
    (other.code, &other.message) == (diagnostic.code, &diagnostic.message)
}
