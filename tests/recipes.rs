//! docs/recipes.md: its examples compile, it explains everything that `train:` can say, and it has a source for every
//! network.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use archc::compile_source;
use archc::diagnostic::Diagnostics;
use archc::syntax::Format;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes.md");
    fs::read_to_string(path).expect("it is in the repository")
}

/// All that is said about a network with this `train:` section.
fn said(train: &str) -> Diagnostics {
    let text = format!(
        "input: [3, 32, 32]\nclasses: 10\nallow: [W004]\nlayers:\n  - features: conv 8 3x3 p1 -> relu -> maxpool 4\n  - flatten -> linear 10 as classifier\n{train}"
    );
    match compile_source("example.yaml", &text, Format::Yaml, &[]) {
        Ok(compiled) => compiled.warnings,
        Err(errors) => errors,
    }
}

#[test]
fn examples_are_sound() {
    let page = page();
    let examples: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a text has a first part"))
        .collect();
    assert!(examples.len() > 10);
    for example in examples {
        let said = said(example);
        assert!(said.list.is_empty(), "{example}\n{said}");
    }
}

/// docs/accuracy.md names a file beside it.
#[test]
fn the_quick_recipe_is_sound() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cifar10_quick.yaml");
    let text = fs::read_to_string(path).expect("it is in the repository");
    let compiled = compile_source("cifar10_quick.yaml", &text, Format::Yaml, &[]).expect("it compiles");
    assert!(compiled.warnings.list.is_empty(), "{}", compiled.warnings);
}

/// The names in the help for an unknown one: `its settings are epochs, batch`, `there are sgd, adam`.
fn names(train: &str) -> Vec<String> {
    let said = said(train);
    let help = said.list.iter().flat_map(|diagnostic| &diagnostic.help).map(|help| help.text.as_str());
    let list =
        help.filter_map(|text| text.strip_prefix("its settings are ").or(text.strip_prefix("there are "))).next();
    list.expect("an unknown name gets a list").split(", ").map(str::to_string).collect()
}

#[test]
fn everything_is_explained() {
    let page = page();
    for key in names("train: {unheard: 1}") {
        assert!(page.contains(&format!("\n### `{key}`\n")), "`{key}` has no section");
    }
    for key in ["optimizer", "schedule", "loss", "mix", "clip", "validate_every"] {
        let section = page.split(&format!("\n### `{key}`\n")).nth(1).expect("checked above");
        let section = section.split("\n### ").next().expect("a text has a first part");
        for name in names(&format!("train: {{{key}: unheard}}")) {
            let called = [format!("`{name} "), format!("`{name}`")];
            assert!(called.iter().any(|called| section.contains(called)), "`{name}` is not in the section of `{key}`");
        }
    }
}

#[test]
fn every_network_has_a_source() {
    let page = page();
    let sources = page.split("\n## Where the recipes come from\n").nth(1).expect("the page has that section");
    let told: BTreeSet<&str> = sources.split('`').skip(1).step_by(2).collect();
    let files =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("architectures")).expect("it is in the repository");
    let stem = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("it can be listed").path().file_stem().expect("a file").to_string_lossy().into_owned()
    };
    let there: BTreeSet<String> = files.map(stem).collect();
    assert_eq!(told, there.iter().map(String::as_str).collect());
}
