//! Drawing diagnostics the way rustc does. No other module names the renderer.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Label, Severity, SourceId, Span};

/// No terminal has more columns.
const WIDEST: usize = 1 << 16;

impl Diagnostics {
    /// Draws all of them, `width` columns wide, with terminal colours if `colour` is set.
    pub fn render(&self, colour: bool, width: usize) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        // The renderer adds to the width.
        let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(width.min(WIDEST));
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
        for Excerpt { source, range, labels } in self.excerpts(&labels) {
            let text = self.sources.get(source);
            let start = self.sources.positions(Span::new(source, range.clone())).0;
            if range.len() > LONGEST {
                let place = self.sources.positions(labels[0].1.span).0;
                let origin = Origin::path(&text.name).line(place.line).char_column(place.column);
                group = group.element(origin);
                continue;
            }
            let mut snippet =
                Snippet::source(&text.text[range.clone()]).line_start(start.line).path(&text.name).fold(true);
            for (kind, label) in labels {
                let within = clamp(label.span.range(), &text.text);
                let annotation = kind.span(within.start - range.start..within.end - range.start);
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

    /// The lines that are drawn, in the order in which labels first mention their texts. The renderer reads every line
    /// that it is given, so it is not given all of a long text.
    fn excerpts<'a>(&self, labels: &[(AnnotationKind, &'a Label)]) -> Vec<Excerpt<'a>> {
        let mut excerpts: Vec<Excerpt> = Vec::new();
        for (kind, label) in labels {
            let source = label.span.source;
            let range =
                lines(clamp(label.span.range(), &self.sources.get(source).text), &self.sources.get(source).text);
            let is_near = |other: &&mut Excerpt| {
                let gap = range.start.max(other.range.start).saturating_sub(range.end.min(other.range.end));
                other.source == source && gap <= FARTHEST
            };
            match excerpts.iter_mut().find(is_near) {
                Some(near) => {
                    near.range = near.range.start.min(range.start)..near.range.end.max(range.end);
                    near.labels.push((*kind, *label));
                }
                None => excerpts.push(Excerpt { source, range, labels: vec![(*kind, *label)] }),
            }
        }
        excerpts
    }
}

/// Some lines of a text with what is shown there.
struct Excerpt<'a> {
    source: SourceId,
    range: Range<usize>,
    labels: Vec<(AnnotationKind, &'a Label)>,
}

/// Bytes between labels that are drawn together.
const FARTHEST: usize = 1 << 14;

/// Bytes of a line that is still drawn.
const LONGEST: usize = 1 << 14;

/// The whole lines that a range lies on; the end of the text belongs to the last line that is not empty.
fn lines(range: Range<usize>, text: &str) -> Range<usize> {
    let before = &text[..range.start];
    let before = if range.start == text.len() { before.strip_suffix('\n').unwrap_or(before) } else { before };
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |length| range.end + length + 1);
    start..end
}

/// A range that the renderer can draw: inside the text, on character boundaries.
fn clamp(range: Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(range.start.min(text.len()));
    let end = text.ceil_char_boundary(range.end.min(text.len())).max(start);
    start..end
}
