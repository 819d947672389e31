//! From byte offsets to lines and columns, without reading a long text from its start each time.

use std::sync::OnceLock;

use super::Position;

/// Bytes between two entries of an [`Index`].
const BLOCK: usize = 1 << 10;

/// What is known of a text at every [`BLOCK`]th byte; made when the first position is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(OnceLock<Vec<Mark>>);

/// How far a text has come.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// Line breaks before it.
    lines: usize,
    /// Characters before it.
    characters: usize,
    /// Characters before the line that it lies in.
    line_start: usize,
}

impl Index {
    /// Line and column of byte `offset` of `text`.
    pub(super) fn position(&self, text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let marks = self.0.get_or_init(|| marks(text.as_bytes()));
        let block = offset / BLOCK;
        let at = marks[block].advanced(&text.as_bytes()[block * BLOCK..offset]);
        Position { line: at.lines + 1, column: at.characters - at.line_start + 1 }
    }
}

fn marks(text: &[u8]) -> Vec<Mark> {
    let mut mark = Mark::default();
    let mut marks = vec![mark];
    for block in text.chunks_exact(BLOCK) {
        mark = mark.advanced(block);
        marks.push(mark);
    }
    marks
}

impl Mark {
    /// The mark after these bytes, which may end within a character: it is counted where it begins.
    fn advanced(self, bytes: &[u8]) -> Mark {
        let characters = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        let all = self.characters + characters(bytes);
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            None => Mark { characters: all, ..self },
            Some(last) => Mark {
                lines: self.lines + bytes.iter().filter(|byte| **byte == b'\n').count(),
                characters: all,
                line_start: all - characters(&bytes[last + 1..]),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the definition: counted from the start.
    #[test]
    fn counts_as_from_the_start() {
        let long = "añ€😀\n".repeat(700) + &"€".repeat(3000) + "\n\nb";
        for text in ["", "\n", "ü: 1\nß: 2", &long] {
            let index = Index::default();
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let before = &text[..offset];
                let line_start = before.rfind('\n').map_or(0, |at| at + 1);
                let expected = Position {
                    line: before.matches('\n').count() + 1,
                    column: before[line_start..].chars().count() + 1,
                };
                assert_eq!(index.position(text, offset), expected, "{offset}");
            }
        }
        assert_eq!(Index::default().position("ü", 1), Position { line: 1, column: 1 });
        assert_eq!(Index::default().position("ab", 9), Position { line: 1, column: 3 });
    }
}
