//! Images with what they are and what they were taken for.

use image::RgbImage;

use super::drawing::{Anchor, Colour, Drawing, Mark, Style};
use super::{Picture, cut};

/// Images in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// What they show.
    pub title: String,
    /// The images.
    pub tiles: Vec<Tile>,
}

/// An image with its truth and its prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// The image; `None` if it cannot be read any more.
    pub image: Option<RgbImage>,
    /// What it is.
    pub truth: String,
    /// What it was taken for.
    pub taken_for: String,
    /// How likely that is, to the network; NaN if that is no single number.
    pub probability: f64,
}

impl Tile {
    /// Whether it was taken for what it is.
    pub fn is_right(&self) -> bool {
        self.truth == self.taken_for
    }

    /// `✓ cat 98 %`, with a name of at most so many characters.
    pub fn verdict(&self, length: usize) -> String {
        let sign = if self.is_right() { '✓' } else { '✗' };
        let taken_for = cut(&self.taken_for, length);
        match self.probability.is_nan() {
            true => format!("{sign} {taken_for}"),
            false => format!("{sign} {taken_for} {:.0} %", 100.0 * self.probability),
        }
    }
}

const COLUMNS: usize = 8;
const SIDE: f64 = 104.0;
const GAP: f64 = 12.0;
const TITLE: f64 = 34.0;
/// Two lines of small text.
const CAPTION: f64 = 34.0;
const SMALL: f64 = 11.0;
/// The longest name that is written out; beside the verdict's sign and number there is less room.
const TRUTH: usize = 16;
const TAKEN_FOR: usize = 9;

impl Picture for Grid {
    fn drawing(&self) -> Drawing {
        let columns = self.tiles.len().clamp(1, COLUMNS);
        let rows = self.tiles.len().div_ceil(columns);
        let (right, down) = (SIDE + GAP, SIDE + CAPTION + GAP);
        let width = (GAP + right * columns as f64).max(320.0);
        let mut drawing = Drawing::new(width, TITLE + down * rows as f64, &self.title);
        drawing.text([GAP, 21.0], Anchor::Start, Style::Bold, Colour::Ink, &self.title);
        for (index, tile) in self.tiles.iter().enumerate() {
            tile.draw(&mut drawing, GAP + right * (index % columns) as f64, TITLE + down * (index / columns) as f64);
        }
        drawing
    }
}

impl Tile {
    fn draw(&self, drawing: &mut Drawing, x: f64, y: f64) {
        let colour = if self.is_right() { Colour::Right } else { Colour::Wrong };
        drawing.area([x, y], [SIDE; 2], Colour::Blank);
        if let Some(image) = self.image.clone() {
            drawing.marks.push(Mark::Picture { corner: [x, y], side: SIDE, image });
        }
        let below = y + SIDE;
        drawing.area([x, below], [SIDE, 3.0], colour);
        let mut text = |down, colour, text: &str| {
            drawing.text_of_size(SMALL, [x, below + down], Anchor::Start, Style::Plain, colour, text);
        };
        text(16.0, Colour::Ink, &cut(&self.truth, TRUTH));
        text(30.0, colour, &self.verdict(TAKEN_FOR));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_its_truth_and_its_prediction() {
        let tile = |taken_for: &str, image| {
            let (truth, taken_for) = ("cat".to_owned(), taken_for.to_owned());
            Tile { image, truth, taken_for, probability: 0.875 }
        };
        let grid = |tiles| Grid { title: "test".to_owned(), tiles }.svg();
        let drawn = grid(vec![tile("cat", Some(RgbImage::new(2, 2))), tile("a <dog> of good breed", None)]);
        for (part, times) in [
            (">cat</text>", 2),
            (">✓ cat 88 %</text>", 1),
            (">✗ a &lt;dog&gt; … 88 %</text>", 1),
            ("<image ", 1),
            ("image-rendering=\"pixelated\"", 1),
            ("href=\"data:image/png;base64,", 1),
        ] {
            assert_eq!(drawn.matches(part).count(), times, "{part} in {drawn}");
        }
        for tiles in [0, 1, 8, 9, 24] {
            assert_eq!(grid(vec![tile("cat", None); tiles]).matches(">cat</text>").count(), tiles);
        }
    }
}
