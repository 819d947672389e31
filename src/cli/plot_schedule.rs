//! `archc train FILE --plot-schedule`: the learning rate over a run, as a chart of characters and as SVG.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use super::{Failure, terminal};
use crate::durable;
use crate::recipe::{Curve, Train};
use crate::train::plateau::Reduced;
use crate::train::schedule::Course;

/// Rates that are worked out, at most.
const SAMPLES: usize = 1000;
/// Size of the chart, in characters.
const ROWS: usize = 12;
const COLUMNS: usize = 60;

/// Draws the schedule of a recipe whose epochs have so many steps, in the terminal and, if asked, into a file.
pub fn plot(recipe: &Train, steps: usize, file: Option<&Path>) -> Result<(), Failure> {
    let rates = rates(recipe, steps);
    if let Some(path) = file {
        if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("svg")) {
            return Err(Failure::Message(format!(
                "the plot is an SVG file: name it {}",
                path.with_extension("svg").display()
            )));
        }
        let svg = svg(recipe, &rates);
        durable::replace(path, |file| file.write_all(svg.as_bytes()))
            .map_err(|error| Failure::Message(format!("cannot write `{}`: {error}", path.display())))?;
    }
    let width = terminal::width().map_or(COLUMNS, |width| width.saturating_sub(MARGIN + 2).clamp(10, COLUMNS));
    terminal::print(&chart(recipe, &rates, width))
}

/// The rates of steps that are evenly spread over the run, the first and the last among them. A plateau is drawn as it goes
/// when no validation is better than the first.
fn rates(recipe: &Train, steps: usize) -> Vec<f64> {
    let course = Course::new(recipe, steps);
    let total = recipe.epochs.saturating_mul(steps.max(1));
    let samples = total.min(SAMPLES);
    let mut reduced = Reduced::new(recipe.optimizer.lr);
    let mut validated = 0;
    let rate = |sample: usize| {
        let index = (sample as u128 * (total - 1) as u128 / (samples.max(2) - 1) as u128) as usize;
        let (epoch, step) = (index / steps.max(1), index % steps.max(1));
        if let Curve::Plateau(plateau) = &recipe.schedule.curve {
            (validated..epoch).filter(|epoch| !course.warms_up(*epoch)).for_each(|_| reduced.see(plateau, 1.0));
            validated = epoch;
        }
        course.rate(epoch, step, reduced.rate())
    };
    (0..samples).map(rate).collect()
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

/// The same as a line in a picture that fits a page.
fn svg(recipe: &Train, rates: &[f64]) -> String {
    let (left, top, width, height) = (80.0, 40.0, 560.0, 240.0);
    let most = highest(rates);
    let last = (rates.len() - 1).max(1) as f64;
    let points: String = rates
        .iter()
        .enumerate()
        .map(|(index, rate)| {
            let part = if most > 0.0 { rate / most } else { 0.0 };
            format!("{:.1},{:.1} ", left + width * index as f64 / last, top + height * (1.0 - part))
        })
        .collect();
    let (right, bottom) = (left + width, top + height);
    let title = title(recipe);
    let epochs = recipe.epochs;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 330" font-family="sans-serif" font-size="13">
<rect width="680" height="330" fill="#ffffff"/>
<text x="{left}" y="24">{title}</text>
<path d="M{left},{top} V{bottom} H{right}" fill="none" stroke="#888888"/>
<text x="{label}" y="{top}" text-anchor="end" dominant-baseline="middle">{most:.3e}</text>
<text x="{label}" y="{bottom}" text-anchor="end" dominant-baseline="middle">0</text>
<text x="{left}" y="{below}">epoch 1</text>
<text x="{right}" y="{below}" text-anchor="end">{epochs}</text>
<polyline points="{points}" fill="none" stroke="#1f6fb4" stroke-width="2"/>
</svg>
"##,
        label = left - 8.0,
        below = bottom + 20.0,
        points = points.trim_end(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;

    fn recipe(text: &str) -> Train {
        let network = compile(&format!("input: [4]\nlayers: [linear 2]\ntrain: {{{text}}}"));
        network.unwrap_or_else(|errors| panic!("{errors}")).train.expect("written above")
    }

    #[test]
    fn a_chart_has_the_shape_of_the_schedule() {
        let recipe = recipe("epochs: 4, optimizer: sgd lr=0.8, schedule: step 1 gamma=0.5");
        let rates = rates(&recipe, 3);
        assert_eq!(rates, [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1]);
        let drawn = chart(&recipe, &rates, 12);
        let expected = "step 1 gamma=0.5 over 4 epochs\n\n \
                        8.000e-1 ┤███\n          ┤███\n          ┤███\n          ┤███\n          ┤███\n          ┤███\n          ┤██████\n          \
                        ┤██████\n          ┤██████\n          ┤█████████\n          ┤█████████▄▄▄\n          ┤████████████\n        \
                        0 └────────────\n           epoch 1    4\n\nfirst 8.000e-1, highest 8.000e-1, last 1.000e-1\n";
        assert_eq!(drawn, expected, "\n{drawn}");
    }

    /// Whatever the length of a run, it is drawn from its first step to its last.
    #[test]
    fn short_and_long_runs_are_drawn() {
        for (epochs, steps, samples) in [(1, 1, 1), (2, 1, 2), (90, 5005, SAMPLES), (100_000, 100_000, SAMPLES)] {
            let recipe = recipe(&format!("epochs: {epochs}, optimizer: sgd lr=1, schedule: polynomial per=step"));
            let rates = rates(&recipe, steps);
            assert_eq!((rates.len(), rates[0]), (samples, 1.0));
            let last = 1.0 / (epochs * steps) as f64;
            assert!((rates[samples - 1] - last).abs() < 1e-12, "{epochs}·{steps}: {}", rates[samples - 1]);
            assert_eq!(chart(&recipe, &rates, 40).lines().count(), 2 + ROWS + 2 + 2);
            assert_eq!(svg(&recipe, &rates).matches("polyline").count(), 1);
        }
    }

    #[test]
    fn a_plateau_falls_where_nothing_gets_better() {
        let recipe = recipe("epochs: 9, optimizer: sgd lr=1, schedule: plateau patience=2 factor=0.5 warmup=2");
        let third = 1.0 / 3.0;
        assert_eq!(rates(&recipe, 1), [third, third + (1.0 - third) / 2.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]);
    }
}
