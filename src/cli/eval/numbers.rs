//! How near a network comes to numbers, for people and for programs.

use serde::Serialize;

use super::WIDEST_NAME;
use crate::diagnostic::printable;
use crate::recipe::Measure;
use crate::train::evaluate::{ColumnResult, Evaluation, NumbersEvaluation};
use crate::train::scores::{Scores, shown, title};

/// For programs.
#[derive(Serialize)]
pub struct Report<'a> {
    columns: Vec<Column<'a>>,
    images: usize,
    loss: f64,
    mae: f64,
    name: &'a str,
    r2: f64,
}

#[derive(Serialize)]
struct Column<'a> {
    mae: Option<f64>,
    name: &'a str,
    r2: Option<f64>,
    rmse: Option<f64>,
}

impl<'a> Report<'a> {
    pub fn new(network: &'a str, numbers: &NumbersEvaluation, scores: &Scores, names: &'a [String]) -> Report<'a> {
        let column = |(column, name): (&ColumnResult, &'a String)| Column {
            mae: column.mae,
            name,
            r2: column.r2,
            rmse: column.mse.map(f64::sqrt),
        };
        Report {
            columns: numbers.columns.iter().zip(names).map(column).collect(),
            images: numbers.images,
            loss: scores.get(Measure::Loss),
            mae: scores.get(Measure::MeanDistance),
            name: network,
            r2: scores.get(Measure::Explained),
        }
    }
}

pub fn text(evaluation: &Evaluation, numbers: &NumbersEvaluation, names: &[String]) -> String {
    let scores = evaluation.scores();
    let mut facts = vec![("images", numbers.images.to_string())];
    for measure in [Measure::Loss, Measure::MeanDistance, Measure::Explained] {
        let name = if measure == Measure::Loss { "mean squared error" } else { title(measure) };
        facts.push((name, shown(measure, scores.get(measure))));
    }
    let mut text: String = facts.into_iter().map(|(name, value)| format!("{name:19}  {value}\n")).collect();
    let names: Vec<String> = names.iter().map(|name| printable(name)).collect();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(6, WIDEST_NAME);
    let line = |name: &str, cells: [String; 3]| {
        format!("{name:widest$}{}\n", cells.map(|cell| format!("  {cell:>10}")).concat())
    };
    text.push('\n');
    text.push_str(&line("number", ["R²", "MAE", "RMSE"].map(str::to_owned)));
    for (column, name) in numbers.columns.iter().zip(&names) {
        let cell = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
        text.push_str(&line(name, [cell(column.r2), cell(column.mae), cell(column.mse.map(f64::sqrt))]));
    }
    text
}
