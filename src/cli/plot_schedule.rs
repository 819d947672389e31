//! `archc train FILE --plot-schedule`: the learning rate over a run, as a chart of characters and as a picture.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Failure, picture, terminal};
use crate::plot::{Chart, Line, Stroke, Unit};
use crate::recipe::{Curve, Train};
use crate::train::plan::planned;

/// Size of the chart, in characters.
const ROWS: usize = 12;
const COLUMNS: usize = 60;

/// Draws the schedule of a recipe whose epochs have so many steps, in the terminal and, if asked, into a file; over one
/// that is there only with `force`, unless it is one of those `read`.
pub fn plot(recipe: &Train, steps: usize, file: Option<&Path>, force: bool, read: &[PathBuf]) -> Result<(), Failure> {
    let plan = planned(recipe, steps);
    if let Some(path) = file {
        picture::free(path, force, read)?;
        picture::write(path, force, &drawing(recipe, plan.clone()))?;
    }
    let width = terminal::width().map_or(COLUMNS, |width| width.saturating_sub(MARGIN + 2).clamp(10, COLUMNS));
    let rates: Vec<f64> = plan.into_iter().map(|(_, rate)| rate).collect();
    terminal::print(&chart(recipe, &rates, width))
}

/// The plan as a curve.
fn drawing(recipe: &Train, plan: Vec<(f64, f64)>) -> Chart {
    let line = Line { name: title(recipe), points: plan, colour: 0, stroke: Stroke::Solid };
    Chart { title: "learning rate".to_owned(), x: "epoch".to_owned(), unit: Unit::Plain, lines: vec![line] }
}

/// What the chart is of, in a line.
fn title(recipe: &Train) -> String {
    let what_if = match recipe.schedule.curve {
        Curve::Plateau(_) => ", if no validation is better than the first",
        _ => "",
    };
    format!("{} over {} epochs{what_if}", recipe.schedule, recipe.epochs)
}

fn highest(rates: &[f64]) -> f64 {
    rates.iter().copied().fold(0.0, f64::max)
}

/// Characters before the chart: those of a rate, and the axis.
const MARGIN: usize = 11;

/// A bar for each part of the run, as high as the highest rate in it.
fn chart(recipe: &Train, rates: &[f64], width: usize) -> String {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = highest(rates);
    let bar = |column: usize| {
        let (from, to) = (column * rates.len() / width, (column + 1) * rates.len() / width);
        let rate = highest(&rates[from..to.max(from + 1)]);
        if most > 0.0 { (rate / most * (8 * ROWS) as f64).round() as usize } else { 0 }
    };
    let bars: Vec<usize> = (0..width).map(bar).collect();
    let mut text = format!("{}\n\n", title(recipe));
    for row in (0..ROWS).rev() {
        let line: String = bars.iter().map(|bar| EIGHTHS[bar.saturating_sub(8 * row).min(8)]).collect();
        let label = if row == ROWS - 1 { format!("{most:.3e}") } else { String::new() };
        writeln!(text, "{label:>9} ┤{}", line.trim_end()).expect("a string takes everything");
    }
    writeln!(text, "{:>9} └{}", 0, "─".repeat(width)).expect("a string takes everything");
    writeln!(text, "{:MARGIN$}epoch 1{:>rest$}", "", recipe.epochs, rest = width - 7)
        .expect("a string takes everything");
    let (first, last) = (rates[0], rates[rates.len() - 1]);
    writeln!(text, "\nfirst {first:.3e}, highest {most:.3e}, last {last:.3e}").expect("a string takes everything");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Picture;
    use crate::train::plan::tests::recipe;

    #[test]
    fn a_chart_has_the_shape_of_the_schedule() {
        let recipe = recipe("epochs: 4, optimizer: sgd lr=0.8, schedule: step 1 gamma=0.5");
        let rates: Vec<f64> = planned(&recipe, 3).into_iter().map(|(_, rate)| rate).collect();
        let drawn = chart(&recipe, &rates, 12);
        let expected = "step 1 gamma=0.5 over 4 epochs\n\n \
                        8.000e-1 ┤███\n          ┤███\n          ┤███\n          ┤███\n          ┤███\n          ┤███\n          ┤██████\n          \
                        ┤██████\n          ┤██████\n          ┤█████████\n          ┤█████████▄▄▄\n          ┤████████████\n        \
                        0 └────────────\n           epoch 1    4\n\nfirst 8.000e-1, highest 8.000e-1, last 1.000e-1\n";
        assert_eq!(drawn, expected, "\n{drawn}");
    }

    /// Also over more steps than a line has characters.
    #[test]
    fn a_picture_has_the_whole_plan() {
        for (epochs, steps, points) in [(1, 1, 2), (4, 3, 24), (90, 5005, 1000)] {
            let recipe = recipe(&format!("epochs: {epochs}, optimizer: sgd lr=1, schedule: cosine per=step"));
            let plan = planned(&recipe, steps);
            let rates: Vec<f64> = plan.iter().map(|(_, rate)| *rate).collect();
            assert_eq!(chart(&recipe, &rates, 40).lines().count(), 2 + ROWS + 2 + 2);
            let drawn = drawing(&recipe, plan).svg();
            let curve = drawn.lines().find(|line| line.contains("stroke-width=\"1.8\"")).expect("there is a curve");
            assert_eq!(curve.matches(['M', 'L']).count(), points, "{curve}");
            // From corner to corner: the rate falls from 1 nearly to 0.
            assert!(curve.contains("\"M56.0 30.0L") && curve.contains("L466.0 "), "{curve}");
            assert!(drawn.contains(">epoch</text>") && drawn.contains(">0</text>"), "{drawn}");
            assert!(drawn.contains(&title(&recipe)), "{drawn}");
        }
    }
}
