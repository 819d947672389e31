//! Pictures of a run as SVG: curves ([`Chart`], [`Sheet`]), tables of counts ([`Matrix`]) and images with captions
//! ([`Grid`]).
//!
//! Each is a [`Picture`], which becomes a file of [`PictureFormat`] SVG or PNG, or a part of an HTML page. All of them
//! draw the same few things, which are written in two ways. What is drawn has a white ground and, as SVG, names no font
//! that a machine might lack; a page may show the classes `paper`, `blank`, `ink`, `faint`, `rule`, `axis`, `right` and
//! `wrong` in other colours.
//!
//! ```ignore
//! let line = Line { name: "training".into(), points: vec![(1.0, 0.9), (2.0, 0.4)], colour: 0, stroke: Stroke::Solid };
//! let chart = Chart { title: "loss".into(), x: "epoch".into(), unit: Unit::Plain, lines: vec![line] };
//! std::fs::write("loss.svg", chart.svg())?;
//! std::fs::write("loss.png", chart.file(Kind::Png))?;
//! ```

mod chart;
mod drawing;
mod grid;
mod matrix;
mod pixels;
mod scatter;
mod sheet;
mod svg;
mod ticks;

use std::path::Path;

pub use chart::{Chart, Line, Unit};
use drawing::Colour;
pub use drawing::{Drawing, Stroke, is_small};
pub use grid::{Grid, Tile};
pub use matrix::{LARGEST, Matrix};
pub(crate) use pixels::{CAPTION, caption};
pub use scatter::Scatter;
pub use sheet::Sheet;
pub use svg::address;

/// What can be drawn.
pub trait Picture {
    /// What it consists of.
    fn drawing(&self) -> Drawing;

    /// It as SVG.
    fn svg(&self) -> String {
        self.drawing().to_string()
    }

    /// The content of a file with it.
    fn file(&self, kind: PictureFormat) -> Vec<u8> {
        match kind {
            PictureFormat::Svg => self.svg().into_bytes(),
            PictureFormat::Png => svg::png(&pixels::pixels(&self.drawing())),
        }
    }
}

/// What a picture's file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// Lines and text, for pages that people zoom into.
    Svg,
    /// Pixels, for everything else.
    Png,
}

impl PictureFormat {
    /// Both.
    pub const ALL: [PictureFormat; 2] = [PictureFormat::Svg, PictureFormat::Png];

    /// What the name of such a file ends with.
    pub fn extension(self) -> &'static str {
        match self {
            PictureFormat::Svg => "svg",
            PictureFormat::Png => "png",
        }
    }

    /// What a file of this name should be; `None` if the name does not say.
    pub fn of(path: &Path) -> Option<PictureFormat> {
        let extension = path.extension()?;
        PictureFormat::ALL.into_iter().find(|kind| extension.eq_ignore_ascii_case(kind.extension()))
    }
}

/// Colours that are told apart in print and by most colour-blind people. Source: Okabe and Ito, "Color Universal
/// Design" (2008), without yellow, which is hard to see on white.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555"];

/// The colour with this number; they come again when there are no more.
fn colour(number: usize) -> Colour {
    Colour::Other(COLOURS[number % COLOURS.len()])
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

    #[test]
    fn a_name_says_what_a_file_is() {
        for (name, kind) in [
            ("a.svg", Some(PictureFormat::Svg)),
            ("a/b.PNG", Some(PictureFormat::Png)),
            ("a.jpg", None),
            ("svg", None),
            (".png", None),
        ] {
            assert_eq!(PictureFormat::of(Path::new(name)), kind, "{name}");
        }
    }
}
