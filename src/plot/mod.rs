//! Charts as SVG: curves ([`Chart`]) and tables of counts ([`Matrix`]).
//!
//! What is displayed stands alone: a file of its own, or a part of an HTML page. It has a white ground and names no font that a
//! machine might lack.
//!
//! ```ignore
//! let line = Line { name: "training".into(), points: vec![(1.0, 0.9), (2.0, 0.4)], colour: 0, stroke: Stroke::Solid };
//! let chart = Chart { title: "loss".into(), x: "epoch".into(), unit: Unit::Plain, lines: vec![line] };
//! std::fs::write("loss.svg", chart.to_string())?;
//! ```

mod chart;
mod matrix;
mod sheet;
mod ticks;

pub use chart::{Chart, Line, Stroke, Unit};
pub use matrix::{LARGEST, Matrix};
pub use sheet::Sheet;

/// Colours that are told apart in print and by most colour-blind people. Source: Okabe and Ito, "Color Universal Design" (2008),
/// without yellow, which is hard to see on white.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555"];

/// The colour with this number; they come again when there are no more.
fn colour(number: usize) -> &'static str {
    COLOURS[number % COLOURS.len()]
}

/// Text as it stands in HTML and SVG, also between quotes.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no place for other control characters.
            control if control.is_control() && control != '\n' && control != '\t' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The text, or its beginning and an ellipsis.
fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        for (text, expected) in [
            ("a & b", "a &amp; b"),
            ("<script>", "&lt;script&gt;"),
            ("\"quoted\"", "&quot;quoted&quot;"),
            ("\u{1b}[31m", "\u{fffd}[31m"),
            ("수 → 数", "수 → 数"),
        ] {
            assert_eq!(escaped(text), expected);
        }
        assert_eq!((cut("abcd", 4).as_str(), cut("abcde", 4).as_str()), ("abcd", "abc…"));
    }
}
