//! docs/errors.md has a section for each code, whose example gives the rendering below it.
//!
//! Where it does not, `sh tests/accept.sh` shows the page with the renderings of now.

mod snapshot;

use std::fs;
use std::path::Path;

use archc::compile_source;
use archc::diagnostic::Code;
use archc::syntax::Format;

#[test]
fn every_code_is_explained_by_an_example() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let page = fs::read_to_string(&path).expect("it is in the repository");
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    let headings = sections.iter().map(|section| section.lines().next().unwrap_or_default());
    let expected = Code::ALL.iter().map(|code| format!("{}: {}", code.id(), code.explanation().trim()));
    assert_eq!(headings.collect::<Vec<_>>(), expected.collect::<Vec<_>>());

    let mut told = page.split("\n## ").next().unwrap_or_default().to_string();
    for (section, code) in sections.iter().zip(Code::ALL) {
        told.push_str(&format!("\n## {}", with_rendering(section, *code)));
    }
    snapshot::compare(&path, &told).unwrap_or_else(|different| panic!("{different}"));
}

/// The section with what is said about its example now.
fn with_rendering(section: &str, code: Code) -> String {
    let (before, rest) = section.split_once("```").expect("a section has an example");
    let (language, rest) = rest.split_once('\n').expect("the example says what it is written in");
    let (example, rest) = rest.split_once("```\n").expect("the example ends");
    let (between, rest) = rest.split_once("```text\n").expect("a rendering follows");
    let (_, after) = rest.split_once("```\n").expect("the rendering ends");
    let format = Format::from_extension(language).expect("an example is YAML or TOML");
    let name = format!("example.{language}");
    let said = match compile_source(&name, example, format, &[]) {
        Ok(compiled) => compiled.warnings,
        Err(errors) => errors,
    };
    assert!(said.list.iter().all(|diagnostic| diagnostic.code == code), "the example of {} gives\n{said}", code.id());
    assert!(!said.list.is_empty(), "the example of {} is sound", code.id());
    format!("{before}```{language}\n{example}```\n{between}```text\n{said}\n```\n{after}")
}
