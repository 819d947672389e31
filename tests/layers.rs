//! The modules of the crate form layers: each imports only from those before it in this list. docs/architecture.md
//! shows the same picture.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The modules, from the bottom up.
const LAYERS: &[&str] = &[
    "diagnostic",
    "budget",
    "ir",
    "aliases",
    "arguments",
    "syntax",
    "pattern",
    "quantity",
    "durable",
    "regular",
    "system",
    "files",
    "recipe",
    "program",
    "layers",
    "graph",
    "network",
    "lower",
    "footprint",
    "lint",
    "import",
    "elaborate",
    "compile",
    "expand",
    "manual",
    "report",
    "device",
    "cuda",
    "random",
    "kernels",
    "gpu",
    "executor",
    "pickle",
    "plot",
    "draw",
    "weights",
    "export",
    "model",
    "train",
    "schema",
    "lsp",
    "cli",
];

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| *layer == module);
    found.unwrap_or_else(|| panic!("`{module}` has no layer: give it its place in tests/layers.rs"))
}

/// Every source file with its module's name; tests stand outside of the layers.
fn files(folder: &Path, module: Option<&str>, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("it is in the repository") {
        let path = entry.expect("it can be listed").path();
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let is_test = stem.ends_with("tests") || stem == "testing" || stem == "networks";
        if is_test || module.is_none() && (stem == "lib" || stem == "main") {
            continue;
        }
        let module = module.map_or(stem, str::to_owned);
        if path.is_dir() {
            files(&path, Some(&module), found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((module, fs::read_to_string(&path).expect("it is text")));
        }
    }
}

/// The modules that a text names as `crate::NAME` or `crate::{NAME::…, …}`, up to its tests and without comments.
fn imports(text: &str) -> BTreeSet<&str> {
    let text = without_tests(text);
    let mut found = BTreeSet::new();
    for (start, _) in text.match_indices("crate::") {
        let line = text[..start].rsplit('\n').next().unwrap_or_default();
        if line.trim_start().starts_with("//") {
            continue;
        }
        let path = &text[start + "crate::".len()..];
        match path.strip_prefix('{') {
            Some(group) => found.extend(heads(group)),
            None => found.extend([name(path)]),
        }
    }
    found
}

/// The text up to the tests that stand in it.
fn without_tests(text: &str) -> &str {
    let is_inline = |(start, head): &(usize, &str)| {
        text[start + head.len()..].lines().next().is_some_and(|line| line.ends_with('{'))
    };
    let end = text.match_indices("#[cfg(test)]\nmod ").find(is_inline);
    &text[..end.map_or(text.len(), |(start, _)| start)]
}

fn name(path: &str) -> &str {
    path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The first names of the paths of a group, up to its end.
fn heads(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (place, c) in group.char_indices() {
        match c {
            '}' if depth == 0 => {
                found.push(name(group[start..place].trim_start()));
                break;
            }
            ',' if depth == 0 => {
                found.push(name(group[start..place].trim_start()));
                start = place + 1;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

#[test]
fn modules_import_only_from_below() {
    let mut sources = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut sources);
    let modules: BTreeSet<&str> = sources.iter().map(|(module, _)| module.as_str()).collect();
    assert!(modules.len() > 25, "{modules:?}");
    let mut wrong = BTreeSet::new();
    for (module, text) in &sources {
        for import in imports(text).into_iter().filter(|import| modules.contains(import)) {
            if layer(import) > layer(module) {
                wrong.insert(format!("{module} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a layer has against its arguments it says by their names, and a node is where its index says: nothing from the
/// operations up to the network knows where anything was written.
#[test]
fn networks_know_no_places() {
    let mut sources = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut sources);
    let mut wrong = Vec::new();
    for (module, text) in &sources {
        if !["ir", "program", "layers", "graph", "network", "lower", "footprint"].contains(&module.as_str()) {
            continue;
        }
        let code = without_tests(text).lines().filter(|line| !line.trim_start().starts_with("//"));
        let words = ["Span", "Spanned", "Frame", "Origin", "Sources", "SourceId"];
        let names = |line: &str| {
            line.contains(".place(") || line.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word))
        };
        wrong.extend(code.filter(|line| names(line)).map(|line| format!("{module}: {}", line.trim())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_import_is_found_wherever_it_stands() {
    let text = "#[cfg(test)]\nmod testing;\nuse crate::ir::Shape;\n// crate::cli\nfn f() -> crate::graph::Node { todo() }\n\
                use crate::{\n    durable,\n    program::{Op, call::{Order, Mode}},\n    regular::open,\n};\n\
                #[cfg(test)]\nmod tests {\nuse crate::cli; }";
    let found: Vec<&str> = imports(text).into_iter().filter(|name| !name.is_empty()).collect();
    assert_eq!(found, ["durable", "graph", "ir", "program", "regular"]);
}
