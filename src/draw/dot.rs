//! For Graphviz: <https://graphviz.org/doc/info/lang.html>.

use std::fmt::Write;

use super::{Block, Drawing};

/// The text of a graph called `name`.
pub fn dot(drawing: &Drawing, name: &str) -> String {
    let mut text = format!(
        "digraph {} {{\n  node [shape=box, style=\"rounded,filled\", fontname=monospace];\n  edge [fontname=monospace];\n",
        quoted(name)
    );
    for (index, Block { title, lines, kind, .. }) in drawing.boxes.iter().enumerate() {
        let label = std::iter::once(title).chain(lines).map(String::as_str).collect::<Vec<_>>().join("\n");
        let colour = kind.colour();
        writeln!(text, "  n{index} [label={}, fillcolor=\"{colour}\"];", quoted(&label))
            .expect("a String takes everything");
    }
    for wire in &drawing.wires {
        writeln!(text, "  n{} -> n{} [label={}];", wire.from, wire.to, quoted(&wire.shape))
            .expect("a String takes everything");
    }
    text.push_str("}\n");
    text
}

/// Backslashes begin an escape, and only quotes and line ends need one.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
