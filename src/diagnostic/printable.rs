//! Text from elsewhere on its way to a terminal: names of files and classes, contents of other programs' files. A
//! terminal obeys control characters, so they are shown as U+FFFD.

use std::borrow::Cow;

/// A name or another short text that stands within a line: no control character is left, line breaks neither.
///
/// Characters that turn the direction of what follows are replaced too: a name must not look like another one.
pub fn printable(name: &str) -> String {
    name.replace(|c: char| c.is_control() || turns(c), "\u{fffd}")
}

/// As [`printable`], of a message that has lines of its own.
pub fn printable_lines(message: &str) -> Cow<'_, str> {
    // A table of a hundred thousand lines is passed on as it is.
    if is_harmless(message.as_bytes()) {
        return Cow::Borrowed(message);
    }
    Cow::Owned(message.replace(|c: char| c != '\n' && c.is_control() || turns(c), "\u{fffd}"))
}

/// Whether nothing is to be replaced, told by the bytes of UTF-8: control characters are below U+0020 and from U+007F
/// to U+009F.
fn is_harmless(text: &[u8]) -> bool {
    // Most bytes are passed over in whole registers, by what follows them: minus signs and arrows begin as characters
    // do that change the direction.
    let is_passed = |start: usize| {
        let next = text.get(start + 1..start + 1 + BLOCK)?;
        let begins = |byte: u8, next: u8| {
            byte < b' ' && byte != b'\n' || byte == 0x7f || byte == 0xc2 || byte == 0xe2 && next <= 0x81
        };
        Some(!text[start..].iter().zip(next).fold(false, |any, (byte, next)| any | begins(*byte, *next)))
    };
    let is_harmless = |at: usize| match text[at] {
        b'\n' => true,
        0x00..=0x1f | 0x7f => false,
        0xc2 => !matches!(text[at + 1..], [0x80..=0x9f, ..]),
        0xe2 => !matches!(text[at + 1..], [0x80, 0xaa..=0xae, ..] | [0x81, 0xa6..=0xa9, ..]),
        _ => true,
    };
    let mut blocks = (0..text.len()).step_by(BLOCK).filter(|start| is_passed(*start) != Some(true));
    blocks.all(|start| (start..text.len().min(start + BLOCK)).all(is_harmless))
}

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// Whether a character changes the direction of the text around it:
/// <https://unicode.org/reports/tr9/#Directional_Formatting_Characters>.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        assert_eq!(printable("a\u{1b}[31mb\r\nc\u{202e}d"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c\u{fffd}d");
        assert_eq!(printable_lines("a\u{1b}[31mb\r\nc\td"), "a\u{fffd}[31mb\u{fffd}\nc\u{fffd}d");
    }

    #[test]
    fn bytes_tell_which_characters_are_replaced() {
        for c in '\0'..=char::MAX {
            let replaced = c != '\n' && (c.is_control() || turns(c));
            for (before, after) in [(0, 0), (0, BLOCK), (BLOCK - 2, BLOCK), (BLOCK - 1, BLOCK)] {
                let text = format!("{}{c}{}", " ".repeat(before), "x".repeat(after));
                assert_eq!(is_harmless(text.as_bytes()), !replaced, "{c:?} between {before} and {after}");
            }
        }
    }
}
