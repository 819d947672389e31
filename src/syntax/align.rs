//! Finds where each character of a decoded scalar was written.
//!
//! Parsers give the string and the bytes that it was read from, not how the two correspond. Both are walked together: a
//! character is itself, an escape, or white space that was folded, trimmed or indented. That is enough for every kind
//! of scalar of YAML and TOML, so no parser's rules need to be repeated here.
//!
//! ```text
//! "conv 64 \u0033x3"      ──▶  conv 64 3x3
//!          ^^^^^^ is the first 3
//! ```

use super::text::{Piece, PieceKind};

/// How a character can be written otherwise.
#[derive(Clone, Copy)]
enum Escapes {
    /// Not at all.
    None,
    /// `\n`, `\u00e9`, a backslash at the end of a line.
    Backslash,
    /// `''` for one quote.
    DoubledQuote,
}

/// The pieces that `text` was read from; `source` is the scalar as written, from byte `offset` of its file.
/// `None` if the two do not correspond, which no scalar of a correct parser should do.
pub(super) fn align(text: &str, source: &str, offset: u32) -> Option<Vec<Piece>> {
    let quotings = [
        ("\"\"\"", Escapes::Backslash),
        ("'''", Escapes::None),
        ("\"", Escapes::Backslash),
        ("'", Escapes::DoubledQuote),
        ("", Escapes::None),
    ];
    // What starts with a quote may still be the content of a block scalar; only one reading fits.
    quotings.into_iter().find_map(|(quote, escapes)| {
        let inner = source.strip_prefix(quote)?.strip_suffix(quote)?;
        walk(text, inner, offset + quote.len() as u32, escapes)
    })
}

fn walk(text: &str, source: &str, offset: u32, escapes: Escapes) -> Option<Vec<Piece>> {
    let mut pieces = Pieces { list: Vec::new(), offset };
    let mut at = 0;
    for (start, wanted) in text.char_indices() {
        loop {
            match unit(&source[at..], escapes) {
                Unit::Character(found, length) if found == wanted && length == wanted.len_utf8() => {
                    pieces.verbatim(start, at);
                    at += length;
                    break;
                }
                Unit::Character(found, length) if found == wanted || is_space(found) && is_space(wanted) => {
                    pieces.whole(start, at, length);
                    at += length;
                    break;
                }
                Unit::Joint(length) => at += length,
                Unit::Character(found, length) if is_space(found) => at += length,
                // A line break at the end that the file does not have.
                _ if is_space(wanted) => {
                    pieces.whole(start, at, 0);
                    break;
                }
                _ => return None,
            }
        }
    }
    loop {
        match unit(&source[at..], escapes) {
            Unit::End => return Some(pieces.list),
            Unit::Joint(length) => at += length,
            Unit::Character(found, length) if is_space(found) => at += length,
            Unit::Character(..) => return None,
        }
    }
}

/// What comes next in a source.
enum Unit {
    /// A character and the number of bytes that it is written with.
    Character(char, usize),
    /// A backslash of so many bytes that joins two lines and stands for nothing.
    Joint(usize),
    /// Nothing.
    End,
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn unit(rest: &str, escapes: Escapes) -> Unit {
    let Some(first) = rest.chars().next() else { return Unit::End };
    match escapes {
        Escapes::Backslash if first == '\\' => escape(rest),
        Escapes::DoubledQuote if rest.starts_with("''") => Unit::Character('\'', 2),
        _ => Unit::Character(first, first.len_utf8()),
    }
}

/// An escape sequence of YAML or TOML; where both have one, they agree.
fn escape(rest: &str) -> Unit {
    let Some(letter) = rest[1..].chars().next() else { return Unit::Character('\\', 1) };
    let code = |digits: usize| {
        let code = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
        char::from_u32(code).map(|c| Unit::Character(c, 2 + digits))
    };
    let simple = match letter {
        ' ' | '\t' | '\n' | '\r' if is_end_of_line(&rest[1..]) => return Unit::Joint(1),
        'x' => return code(2).unwrap_or(Unit::Character(letter, 2)),
        'u' => return code(4).unwrap_or(Unit::Character(letter, 2)),
        'U' => return code(8).unwrap_or(Unit::Character(letter, 2)),
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    };
    Unit::Character(simple, 1 + letter.len_utf8())
}

/// Whether only blanks come before the end of the line.
fn is_end_of_line(rest: &str) -> bool {
    rest.trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
}

struct Pieces {
    list: Vec<Piece>,
    offset: u32,
}

impl Pieces {
    /// Characters from `start` on stand in the source from `at` on.
    fn verbatim(&mut self, start: usize, at: usize) {
        let (start, at) = (start as u32, self.offset + at as u32);
        let goes_on = self
            .list
            .last()
            .is_some_and(|last| last.kind == PieceKind::Verbatim && last.source.start + (start - last.start) == at);
        if !goes_on {
            self.list.push(Piece { start, source: at..at, kind: PieceKind::Verbatim });
        }
    }

    /// The character at `start` stands for `length` bytes of the source at `at`.
    fn whole(&mut self, start: usize, at: usize, length: usize) {
        let at = self.offset + at as u32;
        self.list.push(Piece { start: start as u32, source: at..at + length as u32, kind: PieceKind::Whole });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Sources, Span};
    use crate::syntax::text::Text;

    /// Each `(part of the text, source of that part)` must correspond.
    #[test]
    fn parts_are_found_in_their_source() {
        type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
        let cases: [Case; 12] = [
            ("plain text", "plain text", &[("text", "text")]),
            ("conv 64 3x3", r#""conv 64 \u0033x3""#, &[("3x3", r"\u0033x3"), ("64", "64"), ("x3", "x3")]),
            ("a\tü b", r#""a\t\xfc b""#, &[("a", "a"), ("ü", r"\xfc"), ("b", "b")]),
            ("it's on", "'it''s on'", &[("it's", "it''s"), ("'", "''"), ("on", "on")]),
            ("conv 64 -> relu", "conv 64\r\n      -> relu", &[("64", "64"), ("->", "->"), ("relu", "relu")]),
            ("a\n  b\n", "a\n      b\n\n", &[("a", "a"), ("b", "b")]),
            ("one two\nthree", "one  \n  two\n\n  three\n", &[("one", "one"), ("two", "two"), ("three", "three")]),
            ("a b", "\"a \\\n   b\"", &[("a", "a"), ("b", "b")]),
            ("ab", "\"\"\"\na\\\n   b\"\"\"", &[("a", "a"), ("b", "b"), ("ab", "a\\\n   b")]),
            (r"C:\x", r"'C:\x'", &[(r"\x", r"\x")]),
            ("\"q\"\n", "\"q\"\n", &[("q", "q"), ("\"q\"", "\"q\"")]),
            ("é ï", "é ï", &[("ï", "ï")]),
        ];
        for (text, written, parts) in cases {
            let mut sources = Sources::default();
            let before = "prefix: é ";
            let id = sources.add("test", format!("{before}{written} suffix"));
            let span = Span::new(id, before.len()..before.len() + written.len());
            let decoded = Text::decoded(text.to_string(), written, span);
            for (part, source) in parts {
                let at = text.find(part).expect("it is a part");
                assert_eq!(sources.text(decoded.place(at..at + part.len())), *source, "{part:?} of {written:?}");
            }
        }
    }

    #[test]
    fn what_does_not_correspond_is_one_piece() {
        assert_eq!(align("abc", "abd", 0), None);
        assert_eq!(align("abc", "abcd", 0), None);
        assert_eq!(align("abc", "\"ab\\x\"", 0), None);
    }
}
