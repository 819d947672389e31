//! The modules of the crate form layers: each imports only from those before it in this list. docs/architecture.md shows
//! the same picture.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The layers, from the bottom up. Modules of one line may import each other.
const LAYERS: &[&[&str]] = &[
    &["diagnostic"],
    &["ir"],
    &["elsewhere"],
    &["arguments"],
    &["syntax"],
    &["durable", "pattern", "quantity", "regular", "system"],
    &["recipe"],
    &["program"],
    &["layers"],
    &["graph"],
    &["network"],
    &["lower"],
    &["footprint"],
    &["lint"],
    &["elaborate"],
    &["compile"],
    &["expand", "report"],
    &["pickle", "plot", "random"],
    &["weights"],
    // What computes and what learns still know each other: a device makes learners, and a run asks for a device.
    &["cuda", "device", "executor", "gpu", "kernels", "train"],
    &["model"],
    &["cli"],
];

/// What a program says of an operation from outside the crate names the type of its kernel for GPUs.
const EXCEPTIONS: &[(&str, &str)] = &[("program", "gpu")];

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` is in no layer: give it its place in tests/layers.rs"))
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

/// The modules that a text names as `crate::NAME`, up to its tests and without comments.
fn imports(text: &str) -> BTreeSet<&str> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    paths.filter_map(|path| path.split(|c: char| !c.is_alphanumeric() && c != '_').next()).collect()
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
            if layer(import) > layer(module) && !EXCEPTIONS.contains(&(module, import)) {
                wrong.insert(format!("{module} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_import_is_found_wherever_it_stands() {
    let text = "use crate::ir::Shape;\n// crate::cli\nfn f() -> crate::graph::Node { todo() }\n#[cfg(test)]\nmod tests { use crate::cli; }";
    assert_eq!(imports(text).into_iter().collect::<Vec<_>>(), ["graph", "ir"]);
}
