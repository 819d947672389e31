//! docs/language.md: its examples are networks without a fault, and it has a section for every layer, with its usage.

use std::fs;
use std::path::Path;

use archc::compile_source;
use archc::layers::LAYERS;
use archc::syntax::Format;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md");
    fs::read_to_string(path).expect("it is in the repository")
}

#[test]
fn examples_are_sound() {
    let page = page();
    let examples: Vec<&str> = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 7);
    for example in examples {
        let said = match compile_source("example.yaml", example, Format::Yaml, &[]) {
            Ok(compiled) => compiled.warnings,
            Err(errors) => errors,
        };
        assert!(said.list.is_empty(), "{example}\n{said}");
    }
}

#[test]
fn every_layer_has_a_section() {
    let page = page();
    let (_, layers) = page.split_once("\n## Layers\n").expect("a section about layers");
    let told: Vec<(&str, &str)> = layers
        .split("\n### ")
        .skip(1)
        .map(|section| {
            let (name, rest) = section.split_once("\n\n```text\n").expect("a section begins with its layer's usage");
            (name, rest.split("\n```\n").next().unwrap_or_default())
        })
        .collect();
    let known: Vec<(&str, &str)> = LAYERS.iter().map(|layer| (layer.name, layer.usage)).collect();
    assert_eq!(told, known);
}

/// The rules about names, by the page's own examples.
#[test]
fn names_are_as_the_page_says() {
    let page = page();
    let (_, rows) = page.split_once("| items | layers |\n|---|---|\n").expect("a table of names");
    let rows: Vec<&str> = rows.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let (items, names) = row[2..].split_once(" | ").expect("two columns");
        let items = items.trim_matches('`');
        let text = format!(
            "input: [8, 8, 8]\nblocks: {{unit: conv 8 3x3 p1 -> relu}}\nallow: [W002, W005]\nlayers: [{items}]\n"
        );
        let compiled = compile_source("names.yaml", &text, Format::Yaml, &[]);
        let network = compiled.unwrap_or_else(|errors| panic!("{text}\n{errors}")).network;
        let found: Vec<&str> = network.graph.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(found, quoted(names), "{items}");
    }
}
