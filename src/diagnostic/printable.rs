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
    if !message.bytes().fold(false, |found, byte| found | may_begin(byte)) {
        return Cow::Borrowed(message);
    }
    Cow::Owned(message.replace(|c: char| c != '\n' && c.is_control() || turns(c), "\u{fffd}"))
}

/// Whether a character that is replaced may begin with this byte of UTF-8: control characters are below 0x20 or from
/// 0x7f to 0x9f, and those that change the direction from U+2000 on.
fn may_begin(byte: u8) -> bool {
    byte < 0x20 && byte != b'\n' || matches!(byte, 0x7f | 0xc2 | 0xe2)
}

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
        assert_eq!(printable_lines("3×8\nconv"), "3×8\nconv");
    }

    #[test]
    fn no_character_slips_through() {
        for c in ('\0'..=char::MAX).filter(|c| *c != '\n' && (c.is_control() || turns(*c))) {
            assert_eq!(printable_lines(&format!("a{c}b")), "a\u{fffd}b", "{c:?}");
        }
    }
}
