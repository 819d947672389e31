//! Strings that know where each of their characters was written.
//!
//! Quotes, escapes and folded lines make a string differ from its source, so an offset into the string says nothing
//! about the file. `"a\tb"` in double quotes has three characters that come from one, two and one bytes of the source.

use std::ops::Range;

use super::align::align;
use crate::diagnostic::Span;

/// A string and where each of its characters was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The decoded string.
    pub text: String,
    /// From where its parts come, in order and without gaps; empty if the string stands in the source as it is, from
    /// the span's start.
    pub origin: Vec<Piece>,
    /// Where the scalar stands, quotes included.
    pub span: Span,
}

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Its first byte in the string; it reaches to the next piece.
    pub start: u32,
    /// The bytes of the source that it was made from.
    pub source: Range<u32>,
    /// How the two correspond.
    pub kind: PieceKind,
}

/// How a part of a string and its source correspond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// Byte for byte.
    Verbatim,
    /// As a whole: an escape, a folded line break, text that the compiler made.
    Whole,
}

impl Text {
    /// A string that stands in the source as it is, from the start of `span`.
    pub fn verbatim(text: impl Into<String>, span: Span) -> Text {
        Text { text: text.into(), origin: Vec::new(), span }
    }

    /// A string that was read from the scalar `source`, which stands at `span`, quotes included.
    pub fn decoded(text: String, source: &str, span: Span) -> Text {
        if text == source {
            return Text::verbatim(text, span);
        }
        match align(&text, source, span.start) {
            Some(origin) => Text { text, origin, span },
            None => Text::generated(text, span),
        }
    }

    /// A string that the compiler made because of what stands at `span`: each part of it has this one place.
    pub fn generated(text: impl Into<String>, span: Span) -> Text {
        let piece = Piece { start: 0, source: span.start..span.end, kind: PieceKind::Whole };
        Text { text: text.into(), origin: vec![piece], span }
    }

    /// Whether the compiler made it, so that none of its characters has a place of its own.
    pub fn is_generated(&self) -> bool {
        matches!(self.origin.as_slice(), [Piece { source, kind: PieceKind::Whole, .. }] if *source == (self.span.start..self.span.end))
    }

    /// Where the bytes `range` of the string were written.
    pub fn place(&self, range: Range<usize>) -> Span {
        let start = self.start_of(range.start);
        let end = if range.is_empty() { start } else { self.end_of(range.end) };
        Span { source: self.span.source, start, end: end.max(start) }
    }

    /// The source offset at which byte `at` of the string starts.
    fn start_of(&self, at: usize) -> u32 {
        if at >= self.text.len() && at > 0 {
            return self.end_of(at);
        }
        match self.piece(at) {
            None => self.span.start + at as u32,
            Some(Piece { start, source, kind: PieceKind::Verbatim }) => source.start + (at as u32 - start),
            Some(Piece { source, kind: PieceKind::Whole, .. }) => source.start,
        }
    }

    /// The source offset at which the part of the string before byte `at`, which is not 0, ends.
    fn end_of(&self, at: usize) -> u32 {
        match self.piece(at - 1) {
            None => self.span.start + at as u32,
            Some(Piece { start, source, kind: PieceKind::Verbatim }) => source.start + (at as u32 - start),
            Some(Piece { source, kind: PieceKind::Whole, .. }) => source.end,
        }
    }

    /// The piece that byte `at` belongs to.
    fn piece(&self, at: usize) -> Option<&Piece> {
        let after = self.origin.partition_point(|piece| piece.start as usize <= at);
        self.origin.get(after.checked_sub(1)?)
    }
}
