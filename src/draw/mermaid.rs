//! For Mermaid, which Markdown on many sites draws: <https://mermaid.js.org/syntax/flowchart.html>.

use std::fmt::Write;

use super::{Block, Drawing, Kind};

/// The text of a flowchart.
pub fn mermaid(drawing: &Drawing) -> String {
    let mut text = "flowchart TD\n".to_owned();
    for (index, Block { title, lines, .. }) in drawing.boxes.iter().enumerate() {
        let label = std::iter::once(title).chain(lines).map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
        writeln!(text, "  n{index}[\"{label}\"]").expect("a String takes everything");
    }
    for wire in &drawing.wires {
        writeln!(text, "  n{} -->|\"{}\"| n{}", wire.from, escaped(&wire.shape), wire.to)
            .expect("a String takes everything");
    }
    for kind in Kind::ALL {
        let of_kind = drawing.boxes.iter().enumerate().filter(|(_, block)| block.kind == kind);
        let names: Vec<String> = of_kind.map(|(index, _)| format!("n{index}")).collect();
        if !names.is_empty() {
            let (class, colour) = (kind.name(), kind.colour());
            write!(
                text,
                "  classDef {class} fill:{colour},stroke:#555,color:#111\n  class {} {class}\n",
                names.join(",")
            )
            .expect("a String takes everything");
        }
    }
    text
}

/// What means something to Mermaid as its own entities.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '&' => escaped.push_str("#amp;"),
            other => escaped.push(other),
        }
    }
    escaped
}
