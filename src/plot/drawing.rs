//! What pictures are made of, however they are written: [`svg`](super::svg) and [`pixels`](super::pixels) read it.
//!
//! Lengths are in units of which a page shows one as a pixel; places are to the right of and below the upper left
//! corner.

use image::RgbImage;

/// A place.
pub type Point = [f64; 2];

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    /// What it shows.
    pub(super) title: String,
    /// Later ones lie over earlier ones.
    pub(super) marks: Vec<Mark>,
}

/// Something in a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Straight from point to point.
    Line { points: Vec<Point>, width: f64, stroke: Stroke, colour: Colour },
    /// A disc; `hover` shows when a page's reader points at it.
    Dot { at: Point, colour: Colour, hover: String },
    /// A rectangle, of which something else may be seen through; `hover` as above, if it is not empty.
    Area { corner: Point, size: Point, colour: Colour, opacity: f64, hover: String },
    /// A line of text, whose baseline begins, has its middle or ends at `at`.
    Text { at: Point, anchor: Anchor, size: f64, style: Style, colour: Colour, text: String },
    /// An image, as large as fits into a square, in its middle.
    Picture { corner: Point, side: f64, image: RgbImage },
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// Without gaps.
    Solid,
    /// With gaps.
    Dashed,
}

/// Lengths of a dash and of the gap after it.
pub const DASHES: [f64; 2] = [5.0, 3.0];

/// The radius of [`Mark::Dot`].
pub const DOT: f64 = 2.4;

/// What of a text is where it says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Bold,
    /// From below upwards.
    Turned,
}

/// What things are drawn with. All but the last are named, so that a page may show them in other colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// The ground.
    Paper,
    /// Where an image is missing.
    Blank,
    /// What is read first.
    Ink,
    /// What is read next.
    Faint,
    /// Lines that numbers stand at.
    Rule,
    /// The edge.
    Axis,
    /// For prediction that is right.
    Right,
    /// For one that is wrong.
    Wrong,
    /// In hexadecimal.
    Other(&'static str),
}

impl Colour {
    /// In hexadecimal.
    pub fn hex(self) -> &'static str {
        match self {
            Colour::Paper => "#ffffff",
            Colour::Blank => "#eceff1",
            Colour::Ink => "#222222",
            Colour::Faint => "#666666",
            Colour::Rule => "#e3e3e3",
            Colour::Axis => "#999999",
            Colour::Right => "#00724f",
            Colour::Wrong => "#b34c00",
            Colour::Other(hex) => hex,
        }
    }

    /// Its name, if it has one.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Colour::Paper => Some("paper"),
            Colour::Blank => Some("blank"),
            Colour::Ink => Some("ink"),
            Colour::Faint => Some("faint"),
            Colour::Rule => Some("rule"),
            Colour::Axis => Some("axis"),
            Colour::Right => Some("right"),
            Colour::Wrong => Some("wrong"),
            Colour::Other(_) => None,
        }
    }
}

/// Up to here an image's pixels are shown as squares.
const SMALL: u32 = 96;

/// Whether an image's pixels are shown as squares.
pub fn is_small(image: &RgbImage) -> bool {
    image.width().max(image.height()) <= SMALL
}

impl Drawing {
    /// One of this size, with nothing on its paper.
    pub fn new(width: f64, height: f64, title: &str) -> Drawing {
        let mut drawing = Drawing { width, height, title: title.to_owned(), marks: Vec::new() };
        drawing.area([0.0; 2], [width, height], Colour::Paper);
        drawing
    }

    /// Adds a thin straight line.
    pub fn line(&mut self, from: Point, to: Point, colour: Colour) {
        self.marks.push(Mark::Line { points: vec![from, to], width: 1.0, stroke: Stroke::Solid, colour });
    }

    /// Adds a rectangle.
    pub fn area(&mut self, corner: Point, size: Point, colour: Colour) {
        self.marks.push(Mark::Area { corner, size, colour, opacity: 1.0, hover: String::new() });
    }

    /// Adds text in the usual size.
    pub fn text(&mut self, at: Point, anchor: Anchor, style: Style, colour: Colour, text: &str) {
        self.text_of_size(SIZE, at, anchor, style, colour, text);
    }

    /// Adds text.
    pub fn text_of_size(&mut self, size: f64, at: Point, anchor: Anchor, style: Style, colour: Colour, text: &str) {
        self.marks.push(Mark::Text { at, anchor, size, style, colour, text: text.to_owned() });
    }
}

/// The usual size of text.
pub const SIZE: f64 = 13.0;

/// How far below the middle of a text of size 1 its baseline is.
pub const MIDDLE: f64 = 0.35;
