//! `report.html`: all that is known of a run on one page, which needs nothing beside it and no network.
//!
//! The page is made of what lies in the run's folder; pictures come from the data set.

mod curves;
mod gallery;
mod labels;
mod numbers;
mod page;
mod results;
mod segments;

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use self::page::Head::{Number, Text};
use self::page::{Cell, facts, section, settings, table};
use super::data::Dataset;
use super::findings::Findings;
use super::record::Record;
use super::{Ended, TrainError, folder, scores};
use crate::draw;
use crate::network::Network;
use crate::plot::{Chart, Grid, Picture, PictureFormat, Tile, escaped};
use crate::quantity::{duration, exact, short};
use crate::recipe::Train;

/// The file's name.
pub const FILE: &str = "report.html";

/// The pictures' names, each a `.svg` and a `.png`; of [`PREDICTIONS`] there is one for each number.
const PICTURES: [&str; 4] = [CURVES, CONFUSION, CALIBRATION, IMAGES];
const CURVES: &str = "curves";
const CONFUSION: &str = "confusion";
const CALIBRATION: &str = "calibration";
const IMAGES: &str = "images";
const PREDICTIONS: &str = "predictions-";

/// Whether a file of this name in a run's folder is the page or one of its pictures.
pub fn is_part(name: &str) -> bool {
    let picture = PictureFormat::ALL
        .into_iter()
        .find_map(|kind| name.strip_suffix(kind.extension()).and_then(|stem| stem.strip_suffix('.')));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_picture = |stem: &str| PICTURES.contains(&stem) || stem.strip_prefix(PREDICTIONS).is_some_and(is_number);
    name == FILE || picture.is_some_and(is_picture)
}

/// Writes the page about the run in `folder`, as far as it is, and its pictures, see [`is_part`]. `ended` is how the
/// run ended.
///
/// # Errors
/// If the folder's files cannot be read or written.
pub fn write(
    folder: &Path,
    network: &Network,
    recipe: &Train,
    dataset: &Dataset,
    ended: Result<Ended, &TrainError>,
) -> Result<(), TrainError> {
    let record = Record::read(folder)?;
    let findings = Findings::load(folder).filter(|findings| findings.evaluation.images() > 0);
    let curves = curves::sheet(&record, recipe, recipe.steps(dataset.steps(recipe)))?;
    if !curves.charts.is_empty() {
        pictures(folder, CURVES, &curves)?;
    }
    let mut body = head(&record, network, findings.as_ref());
    body.push_str(&page::notice(&notice(&record, ended)));
    let charts = curves.charts.iter().map(Chart::svg);
    body.push_str(&section("Curves", "charts", &charts.collect::<String>()));
    if let Some(findings) = &findings {
        body.push_str(&results::sections(findings, dataset, folder)?);
    }
    body.push_str(&section("Network", "scroll", &format!("{}{}", drawn(network), layers(network))));
    body.push_str(&section("Recipe", "", &recipe_table(&record)));
    body.push_str(&section("Run", "", &origin(folder)));
    let title = format!("{} – {}", network.name, record.name);
    folder::write(folder.join(FILE), page::page(&title, &body).as_bytes())
}

/// Writes the picture of some validation images.
fn images(folder: &Path, title: &str, tiles: Vec<Tile>) -> Result<(), TrainError> {
    pictures(folder, IMAGES, &Grid { title: title.to_owned(), tiles })
}

/// Writes a picture as all kinds of files.
fn pictures(folder: &Path, name: &str, picture: &impl Picture) -> Result<(), TrainError> {
    debug_assert!(is_part(&format!("{name}.png")), "{name} would be written over");
    PictureFormat::ALL
        .into_iter()
        .try_for_each(|kind| folder::write(folder.join(name).with_extension(kind.extension()), &picture.file(kind)))
}

/// What a reader should know of a run that did not do all of its epochs.
fn notice(record: &Record, ended: Result<Ended, &TrainError>) -> String {
    match ended {
        Ok(Ended::Finished) => String::new(),
        Ok(Ended::Early) => "The run ended early: nothing got better any more.".to_owned(),
        Ok(Ended::Stopped) => {
            format!("The run was stopped. `archc train --resume {}` goes on.", record.folder.display())
        }
        Err(error) => format!("The run failed: {error}."),
    }
}

fn head(record: &Record, network: &Network, findings: Option<&Findings>) -> String {
    let totals = network.totals();
    let epochs = match record.planned {
        Some(planned) => format!("{} of {planned}", record.epochs.len()),
        None => record.epochs.len().to_string(),
    };
    let mut list = vec![("epochs", epochs), ("time", duration(record.seconds()))];
    let by = record.best_by();
    let best = format!("best {}", scores::title(by));
    if let Some((epoch, value)) = record.best(by) {
        list.insert(0, (&best, scores::shown(by, value)));
        list.insert(1, ("in epoch", epoch.to_string()));
    }
    if !record.epochs.is_empty() {
        list.push(("images a second", exact(record.images_per_s() as u64)));
    }
    if let Some(Findings { evaluation, .. }) = findings {
        list.push(("validation images", exact(evaluation.images() as u64)));
    }
    list.push(("parameters", short(totals.params)));
    list.push(("MACs an image", short(totals.macs)));
    let (name, run) = (escaped(&network.name), escaped(&record.name));
    format!("<header><h1>{name}</h1><p>{run}</p></header>\n{}", facts(&list))
}

/// The network as a picture, folded so that it is readable; nothing if it is too large for that.
fn drawn(network: &Network) -> String {
    let drawing = draw::fold(network, None);
    draw::place(&drawing, draw::Width::Channels).map_or_else(
        |_| String::new(),
        |placed| {
            let svg = draw::svg(&drawing, &placed, &network.name);
            format!("<details open>\n<summary>{} boxes</summary>\n{svg}</details>\n", drawing.boxes.len())
        },
    )
}

fn layers(network: &Network) -> String {
    let input = network.graph.input.to_string();
    let input = ["input", "", &input, "", "", ""].map(Cell::text);
    let row = |node: &crate::graph::Node| {
        let count = |number: u64| Cell::number(if number > 0 { exact(number) } else { String::new() });
        vec![
            Cell::code(&node.name),
            Cell::text(node.call.to_string()),
            Cell::text(node.output.to_string()),
            Cell::text(network.arithmetic(node).unwrap_or_default()),
            count(network.params(node)),
            count(network.macs(node)),
        ]
    };
    let rows = std::iter::once(input.into()).chain(network.graph.nodes.iter().map(row));
    let heads = ["name", "layer", "output", "(W−F+2P)/S+1"].map(Text).into_iter();
    table(&heads.chain(["parameters", "MACs"].map(Number)).collect::<Vec<_>>(), rows)
}

fn recipe_table(record: &Record) -> String {
    let of_recipe = |key: &str| key.starts_with("data.") || key.starts_with("train.");
    settings(record.settings.iter().filter(|(key, _)| of_recipe(key)).map(|(key, value)| (key.clone(), text(value))))
}

/// All of what `run.json` says.
fn origin(folder: &Path) -> String {
    let origin = std::fs::read(folder.join(folder::ORIGIN)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let Some(Value::Object(origin)) = origin else { return String::new() };
    settings(origin.into_iter().map(|(key, value)| (key.replace('_', " "), text(&value))))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Object(entries) => {
            let mut list = String::new();
            for (key, value) in entries {
                let comma = if list.is_empty() { "" } else { ", " };
                write!(list, "{comma}{}: {}", key.replace('_', " "), text(value)).expect("a String takes everything");
            }
            list
        }
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}
