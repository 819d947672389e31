//! `archc runs RUN…`

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::terminal::{self, Format, WIDEST};
use super::{Failure, files, picture};
use crate::diagnostic::printable;
use crate::plot::{Chart, Line, Sheet, Stroke, Unit};
use crate::quantity::{duration, exact};
use crate::recipe::{Measure, Task};
use crate::report::table::{Column, Form, draw, length, widths};
use crate::train::folder;
use crate::train::metrics::EpochMetrics;
use crate::train::record::Record;
use crate::train::scores::{Scores, shown as shown_score};

/// Compare runs: their results, and the settings that differ
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::RUNS)]
pub struct Runs {
    /// Folders of runs, or folders that contain some
    #[arg(value_name = "RUN", default_value = folder::RUNS)]
    runs: Vec<PathBuf>,
    /// Plot the runs' loss and accuracy in one figure, into this SVG or PNG file
    #[arg(long, value_name = "FILE.png")]
    plot: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long, requires = "plot")]
    force: bool,
    /// A table, or JSON for programs, one object per line and run
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Runs {
    pub fn run(self) -> Result<(), Failure> {
        let folders = files::runs(&self.runs).map_err(Failure::Message)?;
        let records: Vec<Record> = folders.iter().map(|folder| Record::read(folder)).collect::<Result<_, _>>()?;
        if let Some(path) = &self.plot {
            picture::write(path, self.force, &sheet(&records))?;
        }
        match self.format {
            Format::Text => {
                terminal::print(&table(&records, terminal::width()))?;
                terminal::print(&differences(&records))
            }
            Format::Json => {
                terminal::data(&records.iter().map(|record| format!("{}\n", json(record))).collect::<String>())
            }
        }
    }
}

const TITLES: [(&str, Form); 9] = [
    ("run", Form::Name(8)),
    ("network", Form::Text(8)),
    ("parameters", Form::Number),
    ("epochs", Form::Number),
    ("best", Form::Number),
    ("epoch", Form::Number),
    ("last loss", Form::Number),
    ("validation", Form::Number),
    ("time", Form::Number),
];

fn table(records: &[Record], width: Option<usize>) -> String {
    let rows: Vec<[String; TITLES.len()]> = records.iter().map(cells).collect();
    let column = |(index, (title, form)): (usize, &(&'static str, Form))| {
        let widest = rows.iter().map(|row| length(&row[index])).max().unwrap_or(0);
        Column { title, form: *form, widest }
    };
    let columns: Vec<Column> = TITLES.iter().enumerate().map(column).collect();
    let widest = columns.iter().map(|column| column.widest.max(length(column.title))).collect();
    let widths = width.and_then(|width| widths(&columns, width)).unwrap_or(widest);
    let mut text = String::new();
    draw(&mut text, &columns, &widths, (rows.len(), rows.len()), terminal::colour(), |row, column, cell| {
        cell.write_str(&rows[row][column])
    })
    .expect("a String takes everything");
    text
}

fn cells(record: &Record) -> [String; TITLES.len()] {
    let loss = |loss: fn(&EpochMetrics) -> f64| {
        let last = record.epochs.last().map(loss).filter(|loss| loss.is_finite());
        last.map_or(String::new(), |loss| format!("{loss:.4}"))
    };
    let by = record.best_by();
    let best = record.best(by);
    let measure = if by == Measure::default() { String::new() } else { format!(" {by}") };
    [
        printable(&record.name),
        printable(&record.network),
        record.params.map_or(String::new(), exact),
        match record.planned {
            Some(planned) => format!("{}/{planned}", record.epochs.len()),
            None => record.epochs.len().to_string(),
        },
        best.map_or(String::new(), |(_, value)| shown_score(by, value) + &measure),
        best.map_or(String::new(), |(epoch, _)| epoch.to_string()),
        loss(|epoch| epoch.train_loss),
        loss(|epoch| epoch.validation.get(Measure::Loss)),
        duration(record.seconds()),
    ]
}

fn json(record: &Record) -> Value {
    let by = record.best_by();
    let (best, accuracy) = (record.best(by), record.best(Measure::Accuracy));
    let last = record.epochs.last();
    let mut told = json!({
        "run": record.name,
        "network": record.network,
        "params": record.params,
        "epochs": record.epochs.len(),
        "planned": record.planned,
        "best_by": by.name(),
        "best": best.map(|(_, value)| value),
        "best_acc": accuracy.map(|(_, accuracy)| accuracy),
        "best_epoch": best.map(|(epoch, _)| epoch),
        "train_loss": last.map(|epoch| epoch.train_loss),
        "seconds": record.seconds(),
        "settings": record.settings.iter().cloned().collect::<serde_json::Map<_, _>>(),
    });
    // Of the last epoch: `val_loss` and so on.
    let scores = serde_json::to_value(last.map_or(Scores::none(Task::Class), |epoch| epoch.validation));
    if let (Ok(Value::Object(scores)), Some(told)) = (scores, told.as_object_mut()) {
        told.extend(scores);
    }
    told
}

/// Each setting that is not the same in all runs: its values, and the runs that have them.
fn differences(records: &[Record]) -> String {
    // A run's files are others' to write, and may hold any number of settings.
    let settings: Vec<HashMap<&str, &Value>> = records
        .iter()
        .map(|record| record.settings.iter().rev().map(|(key, value)| (key.as_str(), value)).collect())
        .collect();
    let mut seen = HashSet::new();
    let keys = records.iter().flat_map(|record| &record.settings).map(|(key, _)| key.as_str());
    let mut rows: Vec<[String; 3]> = Vec::new();
    for key in keys.filter(|key| seen.insert(*key)) {
        let mut values: Vec<(Option<&Value>, Vec<&str>)> = Vec::new();
        for (record, settings) in records.iter().zip(&settings) {
            let value = settings.get(key).copied();
            match values.iter_mut().find(|(known, _)| *known == value) {
                Some((_, runs)) => runs.push(&record.name),
                None => values.push((value, vec![&record.name])),
            }
        }
        if values.len() > 1 {
            let row = |(index, (value, runs)): (usize, (Option<&Value>, Vec<&str>))| {
                [
                    if index == 0 { printable(key) } else { String::new() },
                    value.map_or("–".to_owned(), shown),
                    runs.join(", "),
                ]
            };
            rows.extend(values.into_iter().enumerate().map(row));
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let widest = |column: usize| rows.iter().map(|row| length(&row[column])).max().unwrap_or(0).min(WIDEST);
    let (key, value) = (widest(0), widest(1));
    let lines = rows.iter().map(|row| format!("  {:key$}  {:value$}  {}\n", row[0], row[1], row[2]));
    format!("\nthey differ in\n{}", lines.collect::<String>())
}

/// A setting's value, for people, in a line.
fn shown(value: &Value) -> String {
    printable(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Loss and accuracy of all runs, each in a colour of its own.
fn sheet(records: &[Record]) -> Sheet {
    let chart = |title: &str, unit, trained: fn(&EpochMetrics) -> f64, validated: fn(&EpochMetrics) -> f64| {
        let mut lines = Vec::new();
        for (colour, record) in records.iter().enumerate() {
            for (value, stroke) in [(validated, Stroke::Solid), (trained, Stroke::Dashed)] {
                let points = record.epochs.iter().map(|epoch| (epoch.epoch as f64, value(epoch))).collect();
                let name = if stroke == Stroke::Solid { record.name.clone() } else { String::new() };
                lines.push(Line { name, points, colour, stroke });
            }
        }
        Chart { title: format!("{title}: validation, and training (dashed)"), x: "epoch".to_owned(), unit, lines }
    };
    Sheet {
        title: "runs".to_owned(),
        charts: vec![
            chart("loss", Unit::Plain, |epoch| epoch.train_loss, |epoch| epoch.validation.get(Measure::Loss)),
            chart("accuracy", Unit::Percent, |epoch| epoch.train_acc, |epoch| epoch.validation.get(Measure::Accuracy)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Picture;
    use crate::train::metrics::{EpochTimes, ValidationMetrics};

    fn scores(accuracy: f64) -> Scores {
        let mut scores = Scores::none(Task::Class);
        scores.set(Measure::Accuracy, accuracy);
        scores
    }

    fn record(name: &str, settings: &[(&str, &str)], accuracies: &[f64]) -> Record {
        let epoch = |(index, accuracy): (usize, &f64)| EpochMetrics {
            epoch: index + 1,
            lr: 0.1,
            train_loss: 1.5,
            train_acc: 0.125,
            validation: scores(*accuracy),
        };
        let validation = |(index, accuracy): (usize, &f64)| ValidationMetrics {
            step: 10 * (index as u64 + 1),
            epoch: index + 1,
            scores: scores(*accuracy),
        };
        let times = |index| EpochTimes { epoch: index + 1, seconds: 40.0, images_per_s: 10.0, data_wait: 0.0 };
        Record {
            folder: PathBuf::from(name),
            name: name.to_owned(),
            network: "tiny".to_owned(),
            params: Some(12_345),
            planned: Some(20),
            settings: settings.iter().map(|(key, value)| (key.to_string(), Value::from(*value))).collect(),
            epochs: accuracies.iter().enumerate().map(epoch).collect(),
            times: (0..accuracies.len()).map(times).collect(),
            validations: accuracies.iter().enumerate().map(validation).collect(),
        }
    }

    #[test]
    fn runs_stand_below_each_other() {
        let records = [
            record("runs/a", &[("train.batch", "100"), ("train.seed", "1")], &[0.5, 0.75, 0.75]),
            record("runs/b", &[("train.batch", "200"), ("train.seed", "1")], &[f64::NAN]),
            record("runs/c", &[("train.batch", "100"), ("train.ema", "0.9"), ("train.seed", "1")], &[]),
        ];
        let expected = "\
run     network  parameters  epochs     best  epoch  last loss  validation  time
runs/a  tiny         12,345    3/20  75.00 %      2     1.5000              2:00
runs/b  tiny         12,345    1/20  12.50 %      1     1.5000              0:40
runs/c  tiny         12,345    0/20                                         0:00
";
        assert_eq!(table(&records, None), expected);
        let expected = "
they differ in
  train.batch  100  runs/a, runs/c
               200  runs/b
  train.ema    –    runs/a, runs/b
               0.9  runs/c
";
        assert_eq!(differences(&records), expected);
        assert_eq!(differences(&records[..1]), "");
    }

    /// What somebody has written into `run.json` or called a folder.
    #[test]
    fn settings_may_be_anything() {
        let long = "x".repeat(70_000);
        let many: Vec<(String, String)> = (0..100_000).map(|index| (format!("key{index}"), "1".to_owned())).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let records = [
            record("a\u{1b}[31m", &[("long", &long), ("seed\n", "\u{1b}[2J\r\n"), ("seed\n", "again")], &[]),
            record("b", &many, &[]),
        ];
        let found = differences(&records);
        assert_eq!(found.lines().count(), 2 + 2 * 2 + 2 * 100_000);
        assert!(
            found.contains(&format!("  long      {long}  a")) && found.contains("  seed\u{fffd}     \u{fffd}[2J"),
            "{}",
            &found[..200]
        );
        let shown = table(&records, None);
        assert_eq!((shown.lines().count(), shown.contains('\u{1b}')), (3, false), "{shown}");
    }

    #[test]
    fn every_run_has_a_colour() {
        let records = ["a", "b"].map(|name| record(name, &[], &[0.5, 0.75]));
        let drawn = sheet(&records).svg();
        // Loss and accuracy; of validation there is no loss; a line in the legend for each run.
        assert_eq!(drawn.matches("stroke-width=\"1.8\"").count(), 2 + 4 + 4, "{drawn}");
    }
}
