//! Lines and columns as the protocol counts them, and changes of a text.

use gen_lsp_types::{Position, Range};

/// What columns are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// What JavaScript counts: characters beyond U+FFFF are two. Every editor can do this.
    Utf16,
}

impl Encoding {
    fn width(self, text: &str) -> u32 {
        match self {
            Encoding::Utf8 => text.len() as u32,
            Encoding::Utf16 => text.chars().map(|c| c.len_utf16() as u32).sum(),
        }
    }
}

/// Where the lines of a text begin. The protocol has three ways to end a line: `\n`, `\r\n` and `\r`.
#[derive(Debug, Clone)]
pub struct Lines(Vec<u32>);

impl Lines {
    /// Those of `text`.
    pub fn of(text: &str) -> Lines {
        let bytes = text.as_bytes();
        let ends_line = |at: usize| match bytes[at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let starts = (0..bytes.len()).filter(|at| ends_line(*at)).map(|at| at as u32 + 1);
        Lines(std::iter::once(0).chain(starts).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// In which line byte `offset` stands, from 0.
    pub fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start as usize <= offset) - 1
    }

    /// Where a line begins.
    pub fn start(&self, line: usize, text: &str) -> usize {
        self.0.get(line).map_or(text.len(), |start| *start as usize)
    }

    /// A line without what ends it.
    pub fn get<'t>(&self, line: usize, text: &'t str) -> &'t str {
        text[self.start(line, text)..self.start(line + 1, text)].trim_end_matches(['\r', '\n'])
    }

    /// Line and column of byte `offset`.
    pub fn position(&self, offset: usize, text: &str, encoding: Encoding) -> Position {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let line = self.line(offset);
        let before = &text[self.start(line, text)..offset];
        Position { line: line as u32, character: encoding.width(before) }
    }

    /// The place between two bytes.
    pub fn range(&self, range: std::ops::Range<usize>, text: &str, encoding: Encoding) -> Range {
        let end = range.end.max(range.start);
        Range { start: self.position(range.start, text, encoding), end: self.position(end, text, encoding) }
    }

    /// The byte at a line and column; behind the end of a line that end, and behind the last line the end of the text.
    pub fn offset(&self, position: Position, text: &str, encoding: Encoding) -> usize {
        let line = position.line as usize;
        if line >= self.count() {
            return text.len();
        }
        let (start, written) = (self.start(line, text), self.get(line, text));
        let mut column = 0;
        for (at, character) in written.char_indices() {
            column += encoding.width(character.encode_utf8(&mut [0; 4]));
            // Within a character counts as before it.
            if column > position.character {
                return start + at;
            }
        }
        start + written.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_as_the_protocol_says() {
        let text = "aü😀b\r\n\rß: 1\n";
        let lines = Lines::of(text);
        assert_eq!(lines.count(), 4);
        assert_eq!((lines.get(0, text), lines.get(1, text), lines.get(2, text)), ("aü😀b", "", "ß: 1"));
        let at = |line, character| Position { line, character };
        for (offset, utf8, utf16) in [
            (0, at(0, 0), at(0, 0)),
            (1, at(0, 1), at(0, 1)),
            (3, at(0, 3), at(0, 2)),
            (7, at(0, 7), at(0, 4)),
            (8, at(0, 8), at(0, 5)),
            (10, at(1, 0), at(1, 0)),
            (13, at(2, 2), at(2, 1)),
            (text.len(), at(3, 0), at(3, 0)),
        ] {
            for (encoding, expected) in [(Encoding::Utf8, utf8), (Encoding::Utf16, utf16)] {
                assert_eq!(lines.position(offset, text, encoding), expected, "{offset} {encoding:?}");
                assert_eq!(lines.offset(expected, text, encoding), offset, "{offset} {encoding:?}");
            }
        }
        assert_eq!(lines.offset(at(0, 99), text, Encoding::Utf16), 8);
        assert_eq!(lines.offset(at(9, 0), text, Encoding::Utf16), text.len());
        assert_eq!(lines.offset(at(0, 3), text, Encoding::Utf16), 3, "within a character");
        assert_eq!(lines.position(4, text, Encoding::Utf16), at(0, 2), "within a character");
    }
}
