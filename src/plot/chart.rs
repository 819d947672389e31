//! Curves over a common axis.

use std::fmt::{self, Display, Formatter};

use super::ticks::Scale;
use super::{colour, cut, escaped};

/// Some curves.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What they show.
    pub title: String,
    /// What goes to the right, in whole numbers: `epoch`.
    pub x: String,
    /// How values are written.
    pub unit: Unit,
    /// The curves.
    pub lines: Vec<Line>,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// As they are.
    Plain,
    /// Fractions, as parts of a hundred.
    Percent,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// In the legend, which lines without a name are left out of.
    pub name: String,
    /// Its points, from left to right; it has a gap where a value is not finite.
    pub points: Vec<(f64, f64)>,
    /// The number of its colour.
    pub colour: usize,
    /// How it is drawn.
    pub stroke: Stroke,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// Without gaps.
    Solid,
    /// With gaps.
    Dashed,
}

/// The picture's width. Characters are a third as large as in a page that shows it at this width.
pub(super) const WIDTH: f64 = 480.0;
const TITLE: f64 = 30.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 14.0;
const PLOT: f64 = 210.0;
const BELOW: f64 = 44.0;
/// A line of the legend, and the width of a character in it.
const ENTRY: f64 = 18.0;
const CHARACTER: f64 = 7.0;
/// The most curves that have their points marked, and the most points of such a curve.
const MARKED: usize = 40;
/// Points of a curve, at most: no screen shows more.
const DRAWN: usize = 1000;

impl Chart {
    /// How high the picture is.
    pub(super) fn height(&self) -> f64 {
        let rows = self.legend().last().map_or(0.0, |(_, _, row)| *row as f64 + 1.0);
        TITLE + PLOT + BELOW + rows * ENTRY
    }

    /// The lines with a name, each with its place: from the left, and its row.
    fn legend(&self) -> Vec<(&Line, f64, usize)> {
        let (mut x, mut row) = (LEFT, 0);
        let mut places = Vec::new();
        for line in self.lines.iter().filter(|line| !line.name.is_empty()) {
            let width = 34.0 + CHARACTER * shown(line).chars().count() as f64;
            if x > LEFT && x + width > WIDTH - RIGHT {
                (x, row) = (LEFT, row + 1);
            }
            places.push((line, x, row));
            x += width;
        }
        places
    }

    /// Writes the picture's content with its upper left corner at (left, top).
    pub(super) fn draw(&self, f: &mut Formatter<'_>, left: f64, top: f64) -> fmt::Result {
        let factor = match self.unit {
            Unit::Plain => 1.0,
            Unit::Percent => 100.0,
        };
        let points = || self.lines.iter().flat_map(|line| &line.points).filter(|(_, y)| y.is_finite());
        let first = points().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
        let last = points().map(|(x, _)| *x).fold(f64::NEG_INFINITY, f64::max);
        let x_scale = if first.is_finite() { Scale::counting(first, last, 8) } else { Scale::counting(0.0, 1.0, 1) };
        let y_scale = Scale::holding(points().map(|(_, y)| factor * y), 5);
        let width = WIDTH - LEFT - RIGHT;
        let x = |value: f64| LEFT + width * x_scale.part(value);
        let y = |value: f64| TITLE + PLOT * (1.0 - y_scale.part(value));

        writeln!(f, "<g transform=\"translate({left},{top})\">")?;
        writeln!(f, "<text x=\"{LEFT}\" y=\"18\" font-weight=\"600\">{}</text>", escaped(&self.title))?;
        for mark in y_scale.marks() {
            let (at, end, label) = (y(mark), WIDTH - RIGHT, y_scale.label(mark));
            writeln!(f, "<path d=\"M{LEFT} {at:.1}H{end}\" stroke=\"#e3e3e3\"/>")?;
            let unit = if self.unit == Unit::Percent { " %" } else { "" };
            writeln!(
                f,
                "<text x=\"{:.1}\" y=\"{at:.1}\" dy=\".35em\" text-anchor=\"end\" fill=\"#666\">{label}{unit}</text>",
                LEFT - 6.0
            )?;
        }
        let bottom = TITLE + PLOT;
        for mark in x_scale.marks() {
            let (at, label) = (x(mark), x_scale.label(mark));
            writeln!(f, "<path d=\"M{at:.1} {bottom}v4\" stroke=\"#999\"/>")?;
            writeln!(
                f,
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#666\">{label}</text>",
                bottom + 18.0
            )?;
        }
        writeln!(f, "<path d=\"M{LEFT} {bottom}H{}\" stroke=\"#999\"/>", WIDTH - RIGHT)?;
        let (middle, below) = (LEFT + width / 2.0, bottom + 35.0);
        writeln!(
            f,
            "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\" fill=\"#666\">{}</text>",
            escaped(&self.x)
        )?;
        for line in &self.lines {
            line.draw(f, x, |value| y(factor * value))?;
        }
        for (line, x, row) in self.legend() {
            let y = bottom + BELOW + ENTRY * row as f64 + 6.0;
            writeln!(f, "<path d=\"M{x:.1} {y:.1}h22\" {}/>", line.style())?;
            writeln!(f, "<text x=\"{:.1}\" y=\"{y:.1}\" dy=\".35em\">{}</text>", x + 28.0, escaped(&shown(line)))?;
        }
        writeln!(f, "</g>")
    }
}

fn shown(line: &Line) -> String {
    cut(&line.name, ((WIDTH - LEFT - RIGHT - 34.0) / CHARACTER) as usize)
}

impl Line {
    fn style(&self) -> String {
        let dashes = match self.stroke {
            Stroke::Solid => "",
            Stroke::Dashed => " stroke-dasharray=\"5 3\"",
        };
        format!(
            "fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\" stroke-linejoin=\"round\"{dashes}",
            colour(self.colour)
        )
    }

    /// Every curve of few points has them marked; pointing at one shows its numbers.
    fn draw(&self, f: &mut Formatter<'_>, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> fmt::Result {
        let points = thinned(&self.points);
        let mut path = String::new();
        let mut pen_is_down = false;
        for (at, value) in &points {
            let letter = if pen_is_down { 'L' } else { 'M' };
            pen_is_down = value.is_finite();
            if pen_is_down {
                path.push_str(&format!("{letter}{:.1} {:.1}", x(*at), y(*value)));
            }
        }
        if path.is_empty() {
            return Ok(());
        }
        writeln!(f, "<path d=\"{path}\" {}/>", self.style())?;
        if points.len() > MARKED {
            return Ok(());
        }
        for (at, value) in points.iter().filter(|(_, value)| value.is_finite()) {
            let (colour, name) = (colour(self.colour), escaped(&self.name));
            write!(f, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.4\" fill=\"{colour}\">", x(*at), y(*value))?;
            writeln!(f, "<title>{name} {at}: {value:.4}</title></circle>")?;
        }
        Ok(())
    }
}

/// The points, or the means of as many neighbours as leave no more than can be seen.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let neighbours = points.len().div_ceil(DRAWN).max(1);
    let mean = |points: &[(f64, f64)]| {
        let count = points.len() as f64;
        (points.iter().map(|(x, _)| x / count).sum(), points.iter().map(|(_, y)| y / count).sum())
    };
    points.chunks(neighbours).map(mean).collect()
}

impl Display for Chart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        super::sheet::begin(f, WIDTH, self.height(), &self.title)?;
        self.draw(f, 0.0, 0.0)?;
        writeln!(f, "</svg>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, values: &[f64]) -> Line {
        let points = values.iter().enumerate().map(|(index, value)| (index as f64 + 1.0, *value)).collect();
        Line { name: name.to_owned(), points, colour: 0, stroke: Stroke::Solid }
    }

    fn chart(lines: Vec<Line>) -> Chart {
        Chart { title: "loss".to_owned(), x: "epoch".to_owned(), unit: Unit::Plain, lines }
    }

    #[test]
    fn curves_reach_from_corner_to_corner() {
        let drawn = chart(vec![line("training", &[1.0, 0.5, 0.0])]).to_string();
        assert!(drawn.contains("<path d=\"M56.0 30.0L261.0 135.0L466.0 240.0\""), "{drawn}");
        assert!(drawn.contains("<title>training 2: 0.5000</title>"), "{drawn}");
    }

    #[test]
    fn what_is_no_number_leaves_a_gap() {
        for (values, curves, marks) in [
            (&[1.0, f64::NAN, 0.5, 0.25][..], 2, 3),
            (&[1.0], 1, 1),
            (&[f64::NAN, f64::INFINITY], 0, 0),
            (&[], 0, 0),
            (&[0.5; 5000], 1, 0),
        ] {
            let drawn = chart(vec![line("<a>", values)]).to_string();
            let path = drawn.lines().find(|line| line.contains("stroke-width") && !line.contains("h22")).unwrap_or("");
            assert_eq!((path.matches('M').count(), drawn.matches("<circle").count()), (curves, marks), "{values:?}");
            assert!(path.len() < 20_000 && !drawn.contains("NaN") && !drawn.contains("inf") && !drawn.contains("<a>"));
        }
    }

    #[test]
    fn a_long_legend_has_several_rows() {
        let lines: Vec<Line> = (0..9).map(|run| line(&format!("runs/a_longer_name-{run}"), &[1.0, 2.0])).collect();
        let few = chart(lines[..1].to_vec()).height();
        assert_eq!(chart(lines).height(), few + 4.0 * ENTRY, "two in each row");
    }
}
