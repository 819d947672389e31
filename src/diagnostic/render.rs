//! Drawing diagnostics the way rustc does. No other module names the renderer.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Severity, SourceId};

impl Diagnostics {
    /// Draws all of them, `width` columns wide, with terminal colours if `colour` is set.
    pub fn render(&self, colour: bool, width: usize) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(width);
        let drawn: Vec<String> = self.list.iter().map(|d| self.draw(d, &renderer)).collect();
        drawn.join("\n\n")
    }

    fn draw(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let primary = (AnnotationKind::Primary, &diagnostic.primary);
        let others = diagnostic.others.iter().map(|label| (AnnotationKind::Context, label));
        let labels: Vec<_> = std::iter::once(primary).chain(others).collect();
        let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.id()));
        // One snippet a source, in the order in which the labels first mention it.
        let mut drawn: Vec<SourceId> = Vec::new();
        for (_, label) in &labels {
            let id = label.span.source;
            if drawn.contains(&id) {
                continue;
            }
            drawn.push(id);
            let source = self.sources.get(id);
            let mut snippet = Snippet::source(&source.text).path(&source.name).fold(true);
            for (kind, label) in labels.iter().filter(|(_, label)| label.span.source == id) {
                let range = clamp(label.span.range(), &source.text);
                let annotation = kind.span(range);
                snippet =
                    snippet.annotation(if label.text.is_empty() { annotation } else { annotation.label(&label.text) });
            }
            group = group.element(snippet);
        }
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(&help.text));
        }
        renderer.render(&[group])
    }
}

/// A range that the renderer can draw: inside the text, on character boundaries.
fn clamp(range: Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(range.start.min(text.len()));
    let end = text.ceil_char_boundary(range.end.min(text.len())).max(start);
    start..end
}
