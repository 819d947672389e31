//! Which class is taken for which.

use std::fmt::{self, Display, Formatter};

use super::{cut, escaped};

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
const CHARACTER: f64 = 6.6;

impl Display for Matrix<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let classes = self.names.len();
        let names: Vec<String> = self.names.iter().map(|name| cut(name, NAME)).collect();
        let margin = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f64 * CHARACTER + 14.0;
        let cell = (SIDE / classes.max(1) as f64).min(52.0);
        let (side, size) = (cell * classes as f64, cell * classes as f64 + margin + 24.0);
        super::sheet::begin(f, size, size, "confusion matrix")?;
        let (left, top) = (margin + 20.0, margin + 20.0);
        writeln!(
            f,
            "<text x=\"{:.1}\" y=\"13\" text-anchor=\"middle\" fill=\"#666\">taken for</text>",
            left + side / 2.0
        )?;
        let middle = top + side / 2.0;
        writeln!(
            f,
            "<text transform=\"translate(13,{middle:.1}) rotate(-90)\" text-anchor=\"middle\" fill=\"#666\">class</text>"
        )?;
        let font = (cell * 0.8).min(12.0);
        for (class, name) in names.iter().enumerate() {
            let (at, name) = (cell * (class as f64 + 0.5), escaped(name));
            writeln!(
                f,
                "<text x=\"{:.1}\" y=\"{:.1}\" dy=\".35em\" text-anchor=\"end\" font-size=\"{font:.1}\">{name}</text>",
                left - 6.0,
                top + at
            )?;
            writeln!(
                f,
                "<text transform=\"translate({:.1},{:.1}) rotate(-90)\" dy=\".35em\" font-size=\"{font:.1}\">{name}</text>",
                left + at,
                top - 6.0
            )?;
        }
        for (class, row) in self.counts.iter().enumerate() {
            let images: usize = row.iter().sum();
            for (taken_for, count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
                let part = *count as f64 / images as f64;
                let (x, y) = (left + cell * taken_for as f64, top + cell * class as f64);
                let hue = if class == taken_for { "#0072b2" } else { "#d55e00" };
                // Small parts are to be seen too.
                let opacity = 0.08 + 0.92 * part.sqrt();
                write!(
                    f,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{cell:.1}\" height=\"{cell:.1}\" fill=\"{hue}\" fill-opacity=\"{opacity:.2}\">"
                )?;
                let (class_name, taken_name) = (escaped(&self.names[class]), escaped(&self.names[taken_for]));
                writeln!(f, "<title>{class_name} taken for {taken_name}: {count} of {images}</title></rect>")?;
                if classes <= NUMBERED {
                    let ink = if opacity > 0.6 { "#fff" } else { "#222" };
                    let (x, y, font) =
                        (x + cell / 2.0, y + cell / 2.0, (cell / (count.to_string().len() as f64 * 0.75)).min(13.0));
                    writeln!(
                        f,
                        "<text x=\"{x:.1}\" y=\"{y:.1}\" dy=\".35em\" text-anchor=\"middle\" font-size=\"{font:.1}\" fill=\"{ink}\" pointer-events=\"none\">{count}</text>"
                    )?;
                }
            }
        }
        writeln!(
            f,
            "<path d=\"M{left:.1} {top:.1}h{side:.1}v{side:.1}h-{side:.1}z\" fill=\"none\" stroke=\"#999\"/>\n</svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_has_a_cell() {
        let names = ["cat", "dog <b>"].map(str::to_owned);
        let counts = [vec![3, 1], vec![0, 0]];
        let drawn = Matrix { names: &names, counts: &counts }.to_string();
        assert!(drawn.contains("<title>cat taken for dog &lt;b&gt;: 1 of 4</title>"), "{drawn}");
        assert_eq!(drawn.matches("<title>").count(), 2, "zeros are left out");
        assert!(drawn.contains(">3</text>") && !drawn.contains("NaN"), "{drawn}");

        let many: Vec<String> = (0..LARGEST).map(|class| format!("a rather long name of class {class}")).collect();
        let counts: Vec<Vec<usize>> =
            (0..LARGEST).map(|class| (0..LARGEST).map(|other| usize::from(class == other)).collect()).collect();
        let drawn = Matrix { names: &many, counts: &counts }.to_string();
        assert_eq!(drawn.matches("<title>").count(), LARGEST);
        assert!(!drawn.contains(">1</text>"), "there is no room for numbers");
    }
}
