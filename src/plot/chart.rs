//! Curves over a common axis.

use super::drawing::{Anchor, Colour, Drawing, MIDDLE, Mark, Point, SIZE, Stroke, Style};
use super::ticks::Scale;
use super::{Picture, colour, cut};

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
            let width = 44.0 + CHARACTER * shown(line).chars().count() as f64;
            if x > LEFT && x + width > WIDTH - RIGHT {
                (x, row) = (LEFT, row + 1);
            }
            places.push((line, x, row));
            x += width;
        }
        places
    }

    /// Draws it with its upper left corner at (left, top).
    pub(super) fn draw(&self, drawing: &mut Drawing, left: f64, top: f64) {
        let factor = match self.unit {
            Unit::Plain => 1.0,
            Unit::Percent => 100.0,
        };
        // A finite value may be too large for its unit, and has no place then.
        let points = || self.lines.iter().flat_map(|line| &line.points).filter(|(_, y)| (factor * y).is_finite());
        let first = points().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
        let last = points().map(|(x, _)| *x).fold(f64::NEG_INFINITY, f64::max);
        let x_scale = if first.is_finite() { Scale::counting(first, last, 8) } else { Scale::counting(0.0, 1.0, 1) };
        let y_scale = Scale::holding(points().map(|(_, y)| factor * y), 5);
        let (start, end, bottom) = (left + LEFT, left + WIDTH - RIGHT, top + TITLE + PLOT);
        let x = |value: f64| start + (end - start) * x_scale.part(value);
        let y = |value: f64| bottom - PLOT * y_scale.part(value);

        drawing.text([start, top + 18.0], Anchor::Start, Style::Bold, Colour::Ink, &self.title);
        for mark in y_scale.marks() {
            let (at, unit) = (y(mark), if self.unit == Unit::Percent { " %" } else { "" });
            drawing.line([start, at], [end, at], Colour::Rule);
            let label = format!("{}{unit}", y_scale.label(mark));
            drawing.text([start - 6.0, at + MIDDLE * SIZE], Anchor::End, Style::Plain, Colour::Faint, &label);
        }
        for mark in x_scale.marks() {
            let at = x(mark);
            drawing.line([at, bottom], [at, bottom + 4.0], Colour::Axis);
            drawing.text([at, bottom + 18.0], Anchor::Middle, Style::Plain, Colour::Faint, &x_scale.label(mark));
        }
        drawing.line([start, bottom], [end, bottom], Colour::Axis);
        let below = [f64::midpoint(start, end), bottom + 35.0];
        drawing.text(below, Anchor::Middle, Style::Plain, Colour::Faint, &self.x);
        for line in &self.lines {
            line.draw(drawing, factor, |(at, value)| [x(at), y(factor * value)]);
        }
        for (line, from, row) in self.legend() {
            let at = [left + from, bottom + BELOW + ENTRY * row as f64 + 6.0];
            drawing.marks.push(line.through(vec![at, [at[0] + 22.0, at[1]]]));
            let name = [at[0] + 28.0, at[1] + MIDDLE * SIZE];
            drawing.text(name, Anchor::Start, Style::Plain, Colour::Ink, &shown(line));
        }
    }
}

impl Picture for Chart {
    fn drawing(&self) -> Drawing {
        let mut drawing = Drawing::new(WIDTH, self.height(), &self.title);
        self.draw(&mut drawing, 0.0, 0.0);
        drawing
    }
}

fn shown(line: &Line) -> String {
    cut(&line.name, ((WIDTH - LEFT - RIGHT - 34.0) / CHARACTER) as usize)
}

impl Line {
    /// A part of it.
    fn through(&self, points: Vec<Point>) -> Mark {
        Mark::Line { points, width: 1.8, stroke: self.stroke, colour: colour(self.colour) }
    }

    /// Every curve of few points has them marked; pointing at one shows its numbers. Those have a place that are finite
    /// when they are multiplied with `factor`.
    fn draw(&self, drawing: &mut Drawing, factor: f64, place: impl Fn((f64, f64)) -> Point) {
        let points = thinned(&self.points);
        let has_place = |(_, value): &(f64, f64)| (factor * value).is_finite();
        let parts = points.split(|point| !has_place(point)).filter(|part| !part.is_empty());
        drawing.marks.extend(parts.map(|part| self.through(part.iter().map(|point| place(*point)).collect())));
        if self.stroke == Stroke::Dashed || points.len() > MARKED {
            return;
        }
        for (at, value) in points.iter().filter(|point| has_place(point)) {
            let hover = format!("{} {at}: {value:.4}", self.name);
            drawing.marks.push(Mark::Dot { at: place((*at, *value)), colour: colour(self.colour), hover });
        }
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
        let drawn = chart(vec![line("training", &[1.0, 0.5, 0.0])]).svg();
        assert!(drawn.contains("<path d=\"M56.0 30.0L261.0 135.0L466.0 240.0\""), "{drawn}");
        assert!(drawn.contains("<title>training 2: 0.5000</title>"), "{drawn}");
    }

    #[test]
    fn what_is_no_number_leaves_a_gap() {
        for (values, curves, marks) in [
            (&[1.0, f64::NAN, 0.5, 0.25, 0.125][..], 2, 4),
            (&[1.0], 1, 1),
            (&[f64::NAN, f64::INFINITY], 0, 0),
            (&[], 0, 0),
            (&[0.5; 5000], 1, 0),
        ] {
            let drawing = chart(vec![line("<a>", values)]).drawing();
            let is_curve =
                |mark: &&Mark| matches!(mark, Mark::Line { width, points, .. } if *width > 1.0 && points.len() != 2);
            let found = drawing.marks.iter().filter(is_curve).count();
            let dots = drawing.marks.iter().filter(|mark| matches!(mark, Mark::Dot { .. })).count();
            assert_eq!((found, dots), (curves, marks), "{values:?}");
            let drawn = drawing.to_string();
            assert!(drawn.len() < 30_000 && !drawn.contains("NaN") && !drawn.contains("inf") && !drawn.contains("<a>"));
        }
    }

    /// Numbers that somebody has written into a run's files, at the edge of what a number can be.
    #[test]
    fn extreme_numbers_are_drawn_within_the_picture() {
        let extremes = [0.5, 1e300, 1e306, 1e307, f64::MAX, -1e306, f64::MIN, f64::MIN_POSITIVE, 0.5];
        for unit in [Unit::Plain, Unit::Percent] {
            for stroke in [Stroke::Solid, Stroke::Dashed] {
                for width in 1..extremes.len() {
                    for values in extremes.windows(width) {
                        let line = Line { stroke, ..line("a", values) };
                        let drawing = Chart { unit, ..chart(vec![line]) }.drawing();
                        let places = drawing.marks.iter().flat_map(|mark| match mark {
                            Mark::Line { points, .. } => points.clone(),
                            Mark::Dot { at, .. } | Mark::Text { at, .. } => vec![*at],
                            _ => Vec::new(),
                        });
                        let paper = [drawing.width, drawing.height];
                        let outside = places.flatten().find(|x| !(-1.0..=paper[0].max(paper[1])).contains(x));
                        assert_eq!(outside, None, "{values:?}, {unit:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_legend_has_several_rows() {
        let lines: Vec<Line> = (0..9).map(|run| line(&format!("runs/a_longer_name-{run}"), &[1.0, 2.0])).collect();
        let few = chart(lines[..1].to_vec()).height();
        assert_eq!(chart(lines).height(), few + 4.0 * ENTRY, "two in each row");
    }
}
