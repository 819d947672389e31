//! Inlay hints: the shape that leaves a line, at its end.

use gen_lsp_types::{InlayHint, InlayHintKind, Label, Position, Range, Tooltip};

use super::analysis::Analysis;
use super::document::Document;
use super::text::Encoding;
use crate::ir::Shape;

/// So many shapes are shown of a line in a block that is called with different ones.
const MOST_SHAPES: usize = 3;

/// The hints of the lines in `range`.
pub fn hints(document: &Document, analysis: &Analysis, range: Range, encoding: Encoding) -> Vec<InlayHint> {
    let Some(places) = analysis.places() else { return Vec::new() };
    let (text, lines) = (&document.text, &document.lines);
    let wanted = range.start.line as usize..(range.end.line as usize).saturating_add(1);
    let hint = |(line, shapes): (usize, Vec<Shape>)| {
        let written = lines.get(line, text).trim_end();
        let end = lines.start(line, text) + written.len();
        InlayHint {
            position: lines.position(end, text, encoding) as Position,
            label: Label::String(label(&shapes)),
            kind: Some(InlayHintKind::Type),
            tooltip: Some(Tooltip::String(match shapes.len() {
                1 => "what leaves this line".to_string(),
                count => format!("what leaves this line, in {count} calls of the block"),
            })),
            padding_left: Some(true),
            text_edits: None,
            padding_right: None,
            data: None,
        }
    };
    places.leaving(text, lines, wanted).into_iter().map(hint).collect()
}

fn label(shapes: &[Shape]) -> String {
    let shown: Vec<String> = match shapes {
        [first, .., last] if shapes.len() > MOST_SHAPES => vec![first.to_string(), "…".to_string(), last.to_string()],
        _ => shapes.iter().map(Shape::to_string).collect(),
    };
    format!("→ {}", shown.join(" | "))
}
