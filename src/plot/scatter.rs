//! Points in a square: what is, and what was predicted.

use super::drawing::{Anchor, Colour, Drawing, MIDDLE, Mark, SIZE, Stroke, Style};
use super::ticks::Scale;
use super::{Picture, colour, cut};

/// Truth to the right, prediction upwards, on axes that are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// What it shows.
    pub title: String,
    /// Truth and prediction.
    pub points: Vec<(f64, f64)>,
}

const TITLE: f64 = 30.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 14.0;
const SIDE: f64 = 260.0;
const BELOW: f64 = 44.0;
/// The longest title.
const LONGEST: usize = 40;

impl Picture for Scatter {
    fn drawing(&self) -> Drawing {
        let mut drawing = Drawing::new(LEFT + SIDE + RIGHT, TITLE + SIDE + BELOW, &self.title);
        let finite = self.points.iter().filter(|(truth, given)| truth.is_finite() && given.is_finite());
        let scale = Scale::holding(finite.clone().flat_map(|(truth, given)| [*truth, *given]), 5);
        let (end, bottom) = (LEFT + SIDE, TITLE + SIDE);
        let place = |truth: f64, given: f64| [LEFT + SIDE * scale.part(truth), bottom - SIDE * scale.part(given)];
        drawing.text([LEFT, 18.0], Anchor::Start, Style::Bold, Colour::Ink, &cut(&self.title, LONGEST));
        for mark in scale.marks() {
            let [across, down] = place(mark, mark);
            let label = scale.label(mark);
            drawing.line([LEFT, down], [end, down], Colour::Rule);
            drawing.line([across, bottom], [across, bottom + 4.0], Colour::Axis);
            drawing.text([LEFT - 6.0, down + MIDDLE * SIZE], Anchor::End, Style::Plain, Colour::Faint, &label);
            drawing.text([across, bottom + 18.0], Anchor::Middle, Style::Plain, Colour::Faint, &label);
        }
        drawing.line([LEFT, bottom], [end, bottom], Colour::Axis);
        let below = [LEFT + SIDE / 2.0, bottom + 35.0];
        drawing.text(below, Anchor::Middle, Style::Plain, Colour::Faint, "truth, and prediction upwards");
        let right = vec![[LEFT, bottom], [end, TITLE]];
        drawing.marks.push(Mark::Line { points: right, width: 1.0, stroke: Stroke::Dashed, colour: Colour::Axis });
        for (truth, given) in finite {
            let hover = format!("{truth}: {given}");
            drawing.marks.push(Mark::Dot { at: place(*truth, *given), colour: colour(1), hover });
        }
        drawing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dots(points: &[(f64, f64)]) -> Vec<[f64; 2]> {
        let drawing = Scatter { title: "age".to_owned(), points: points.to_vec() }.drawing();
        let dot = |mark: &Mark| if let Mark::Dot { at, .. } = mark { Some(*at) } else { None };
        drawing.marks.iter().filter_map(dot).collect()
    }

    #[test]
    fn what_is_right_lies_on_the_diagonal() {
        let (left, bottom) = (LEFT, TITLE + SIDE);
        let found = dots(&[(0.0, 0.0), (10.0, 10.0), (5.0, 10.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)]);
        assert_eq!(found, [[left, bottom], [left + SIDE, TITLE], [left + SIDE / 2.0, TITLE]]);
        for points in [&[][..], &[(1e308, -1e308)], &[(3.0, 3.0)]] {
            let inside = |at: &[f64; 2]| (0.0..=LEFT + SIDE).contains(&at[0]) && (0.0..=bottom).contains(&at[1]);
            assert!(dots(points).len() == points.len() && dots(points).iter().all(inside), "{points:?}");
        }
    }
}
