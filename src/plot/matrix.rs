//! Which class is taken for which.

use super::drawing::{Anchor, Colour, Drawing, MIDDLE, Mark, Style};
use super::{Picture, colour, cut};

/// A confusion matrix of at most [`LARGEST`] classes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix<'a> {
    /// Class names.
    pub names: &'a [String],
    /// Images by class (row) and by what they were taken for (column).
    pub counts: &'a [Vec<usize>],
}

/// The most classes of which a matrix can be read.
pub const LARGEST: usize = 100;
/// The most whose cells have numbers.
const NUMBERED: usize = 20;
/// The longest name that is written out.
const NAME: usize = 16;
/// The picture's side without names.
const SIDE: f64 = 520.0;
/// The size of names where there is room for it, and the width of their characters.
const FONT: f64 = 12.0;
const CHARACTER: f64 = 6.6;

impl Picture for Matrix<'_> {
    fn drawing(&self) -> Drawing {
        let classes = self.names.len();
        let names: Vec<String> = self.names.iter().map(|name| cut(name, NAME)).collect();
        let cell = (SIDE / classes.max(1) as f64).min(52.0);
        let font = (cell * 0.8).min(FONT);
        let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f64;
        let margin = widest * CHARACTER * font / FONT + 14.0;
        let (side, size) = (cell * classes as f64, cell * classes as f64 + margin + 24.0);
        let mut drawing = Drawing::new(size, size, "confusion matrix");
        let (left, top) = (margin + 20.0, margin + 20.0);
        // Names that are narrower than their columns stand upright.
        let upright = margin < cell;
        let (column, row) = ([left + side / 2.0, 13.0], [13.0, top + side / 2.0]);
        drawing.text(column, Anchor::Middle, Style::Plain, Colour::Faint, "predicted");
        drawing.text(row, Anchor::Middle, Style::Turned, Colour::Faint, "class");
        for (class, name) in names.iter().enumerate() {
            let (at, middle) = (cell * (class as f64 + 0.5), MIDDLE * font);
            drawing.text_of_size(font, [left - 6.0, top + at + middle], Anchor::End, Style::Plain, Colour::Ink, name);
            let (shift, anchor, style) = match upright {
                true => (0.0, Anchor::Middle, Style::Plain),
                false => (middle, Anchor::Start, Style::Turned),
            };
            drawing.text_of_size(font, [left + at + shift, top - 6.0], anchor, style, Colour::Ink, name);
        }
        for (class, row) in self.counts.iter().enumerate() {
            let images: usize = row.iter().sum();
            for (taken_for, count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
                let part = *count as f64 / images as f64;
                let corner = [left + cell * taken_for as f64, top + cell * class as f64];
                let colour = colour(usize::from(class != taken_for));
                // Small parts are to be seen too.
                let opacity = 0.08 + 0.92 * part.sqrt();
                let hover =
                    format!("{} predicted as {}: {count} of {images}", self.names[class], self.names[taken_for]);
                drawing.marks.push(Mark::Area { corner, size: [cell; 2], colour, opacity, hover });
                if classes <= NUMBERED {
                    let text = count.to_string();
                    let font = (cell / (text.len() as f64 * 0.75)).min(13.0);
                    // On the deep cells white, whatever the page's colours.
                    let ink = if opacity > 0.6 { Colour::Other("#ffffff") } else { Colour::Ink };
                    let middle = [corner[0] + cell / 2.0, corner[1] + cell / 2.0 + MIDDLE * font];
                    drawing.text_of_size(font, middle, Anchor::Middle, Style::Plain, ink, &text);
                }
            }
        }
        let corners = [[left, top], [left + side, top], [left + side, top + side], [left, top + side]];
        for (index, corner) in corners.into_iter().enumerate() {
            drawing.line(corner, corners[(index + 1) % corners.len()], Colour::Axis);
        }
        drawing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_has_a_cell() {
        let names = ["cat", "dog <b>"].map(str::to_owned);
        let counts = [vec![3, 1], vec![0, 0]];
        let drawn = Matrix { names: &names, counts: &counts }.svg();
        assert!(drawn.contains("<title>cat predicted as dog &lt;b&gt;: 1 of 4</title>"), "{drawn}");
        assert_eq!(drawn.matches("<title>").count(), 2, "zeros are left out");
        assert!(drawn.contains(">3</text>") && !drawn.contains("NaN"), "{drawn}");

        let many: Vec<String> = (0..LARGEST).map(|class| format!("a rather long name of class {class}")).collect();
        let counts: Vec<Vec<usize>> =
            (0..LARGEST).map(|class| (0..LARGEST).map(|other| usize::from(class == other)).collect()).collect();
        let matrix = Matrix { names: &many, counts: &counts };
        let drawn = matrix.svg();
        assert_eq!(drawn.matches("<title>").count(), LARGEST);
        assert!(matrix.drawing().width < 1.2 * SIDE, "small names take little room");
        assert!(!drawn.contains(">1</text>"), "there is no room for numbers");
    }
}
