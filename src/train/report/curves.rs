//! What changed over a run: loss, accuracy, learning rate.

use serde_json::Value;

use super::super::TrainError;
use super::super::metrics::EpochMetrics;
use super::super::plan::planned;
use super::super::record::{Record, lines};
use super::super::scores::title;
use crate::plot::{Chart, Line, Sheet, Stroke, Unit};
use crate::recipe::{Curve, Measure, Task, Train};

/// The curves of a run whose epochs have so many steps, over its epochs; validation wherever in an epoch it was.
///
/// # Errors
/// If the run's files cannot be read.
pub fn sheet(record: &Record, recipe: &Train, steps: usize) -> Result<Sheet, TrainError> {
    let epochs = |value: fn(&EpochMetrics) -> f64| -> Vec<(f64, f64)> {
        record.epochs.iter().map(|epoch| (epoch.epoch as f64, value(epoch))).collect()
    };
    let written = lines(&record.folder, "steps.jsonl")?;
    let over_steps = |lines: &[Value], key: &str| -> Vec<(f64, f64)> {
        let point = |line: &Value| {
            let value = line.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
            Some((line.get("step")?.as_f64()? / steps as f64, value))
        };
        lines.iter().filter_map(point).collect()
    };
    let line = |name: &str, colour, points| Line { name: name.to_owned(), points, colour, stroke: Stroke::Solid };
    let rates = over_steps(&written, "lr");
    let left = left_of_plan(recipe, steps, record.epochs.len(), rates.last().copied());
    let rates = match left.is_empty() {
        true => vec![line("", 2, rates)],
        false => {
            let planned = Line { stroke: Stroke::Dashed, ..line("planned", 2, left) };
            vec![line("so far", 2, rates), planned]
        }
    };
    let of_validation = |(measure, colour)| {
        let points = record.validations.iter().map(|line| (line.step as f64 / steps as f64, line.scores.get(measure)));
        line(title(measure), colour, points.collect())
    };
    let task = record.validations.first().map_or(Task::Class, |line| line.scores.task());
    const ALIKE: &str = "measures of validation that weigh all classes alike";
    let (title_of_others, unit, others) = match task {
        Task::Class => (ALIKE, Unit::Percent, vec![Measure::BalancedAccuracy, Measure::MacroF1, Measure::Auroc]),
        Task::Multilabel => (ALIKE, Unit::Percent, vec![Measure::MeanPrecision, Measure::MacroF1, Measure::Auroc]),
        Task::Regression => ("measures of validation", Unit::Plain, vec![Measure::MeanDistance, Measure::Explained]),
        Task::Segment => ("measures of validation", Unit::Percent, vec![Measure::MeanIou, Measure::PixelAccuracy]),
    };
    let charts = [
        (
            "loss",
            Unit::Plain,
            vec![
                line("training", 0, epochs(|epoch| epoch.train_loss)),
                Line { name: "validation".to_owned(), ..of_validation((Measure::Loss, 1)) },
            ],
        ),
        (
            "accuracy",
            Unit::Percent,
            vec![
                line("training", 0, epochs(|epoch| epoch.train_acc)),
                Line { name: "validation".to_owned(), ..of_validation((Measure::Accuracy, 1)) },
            ],
        ),
        (title_of_others, unit, others.into_iter().zip(3..).map(of_validation).collect()),
        ("learning rate", Unit::Plain, rates),
        ("loss of single steps", Unit::Plain, vec![line("", 0, over_steps(&written, "loss"))]),
    ];
    let chart = |(title, unit, lines): (&str, Unit, Vec<Line>)| {
        let (title, x) = (title.to_owned(), "epoch".to_owned());
        Chart { title, x, unit, lines }
    };
    // In the first epoch there is not much to show yet.
    let begun = |(_, _, lines): &(&str, Unit, Vec<Line>)| {
        lines.iter().any(|line| line.points.iter().any(|(_, value)| !value.is_nan()))
    };
    let charts = charts.into_iter().filter(begun).map(chart).collect();
    Ok(Sheet { title: format!("{} – {}", record.network, record.name), charts })
}

/// The learning rates that come after the last one so far, which they begin with, if not all epochs are over. What a
/// plateau will do, nobody knows.
fn left_of_plan(recipe: &Train, steps: usize, over: usize, last: Option<(f64, f64)>) -> Vec<(f64, f64)> {
    if over >= recipe.epochs || matches!(recipe.schedule.curve, Curve::Plateau(_)) {
        return Vec::new();
    }
    let to_come = |(epoch, _): &(f64, f64)| last.is_none_or(|(reached, _)| *epoch > reached);
    let left: Vec<(f64, f64)> = planned(recipe, steps).into_iter().filter(to_come).collect();
    if left.is_empty() { left } else { last.into_iter().chain(left).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::plan::tests::recipe;

    #[test]
    fn a_plan_goes_on_where_the_run_is() {
        let step = recipe("epochs: 3, optimizer: sgd lr=0.8, schedule: step 1 gamma=0.5");
        let plateau = recipe("epochs: 3, optimizer: sgd lr=0.8, schedule: plateau");
        let tail = [(2.0, 0.4), (2.0, 0.2), (3.0, 0.2)];
        for (recipe, over, last, expected) in [
            (&step, 1, Some((1.5, 0.4)), [&[(1.5, 0.4)], &tail[..]].concat()),
            (&step, 0, None, [&[(0.0, 0.8), (1.0, 0.8), (1.0, 0.4)], &tail[..]].concat()),
            // The last step is not always written down.
            (&step, 3, Some((2.9, 0.2)), Vec::new()),
            (&plateau, 1, Some((1.5, 0.4)), Vec::new()),
        ] {
            assert_eq!(left_of_plan(recipe, 10, over, last), expected, "{last:?}");
        }
    }
}
