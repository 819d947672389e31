//! `archc weights FILE`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::names::Names;
use super::source::{Changes, compile_and_report};
use super::terminal::{self, Format, WIDEST};
use super::{Failure, data::count};
use crate::diagnostic::printable;
use crate::lower::lower;
use crate::quantity;
use crate::weights::{self, Match, Remark, StoredArray, StoredSet, WeightsError};

/// List what a file of weights holds, and what a network lacks in it
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::WEIGHTS)]
#[command(
    mut_arg("rename", |option| option.requires("network")),
    mut_arg("strict", |option| option.requires("network")),
    mut_arg("input", |option| option.requires("network")),
    mut_arg("images", |option| option.requires("network")),
    mut_arg("set", |option| option.requires("network")),
    mut_arg("allowed", |option| option.requires("network"))
)]
pub struct Weights {
    /// The weights: safetensors, or PyTorch's .pth
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Hold them against this network
    #[arg(long, value_name = "NETWORK")]
    network: Option<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    names: Names,
    /// Tables, or JSON for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Weights {
    pub fn run(self) -> Result<(), Failure> {
        let stored = weights::read(&self.path)?;
        let found = match &self.network {
            None => None,
            Some(path) => {
                let network = compile_and_report(path, &self.changes)?.network;
                Some(weights::hold_against(&stored, &lower(&network).weights, &self.names.reading())?)
            }
        };
        let sets: Vec<StoredSet> = stored.sets().collect();
        let of_kind = sets.iter().position(|set| set.is_averaged() == self.names.ema);
        let shown = match (&found, of_kind) {
            (Some(found), _) => found.set(),
            (None, Some(index)) => index,
            (None, None) if self.names.ema => {
                let path = self.path.display();
                return Err(Failure::Message(format!(
                    "{path}: there are no averages of weights in it, which `--ema` asks for"
                )));
            }
            (None, None) => 0,
        };
        let text = match self.format {
            Format::Json => format!("{}\n", to_json(&sets, shown, found.as_ref())),
            Format::Text => {
                let mut text = table(&sets[shown].arrays());
                text.push_str(&summary(&sets, shown));
                if let Some(found) = &found {
                    text.push_str(&verdict(found));
                }
                text
            }
        };
        terminal::put(self.format, &text)?;
        match found.as_ref().and_then(Match::mismatch) {
            None => Ok(()),
            // In JSON it has been said.
            Some(_) if self.format == Format::Json => Err(Failure::Reported),
            Some(mismatch) => {
                let mut mismatch = mismatch.clone();
                // They have been printed, all of them.
                mismatch.renames.clear();
                Err(WeightsError::Mismatch { path: self.path, mismatch }.into())
            }
        }
    }
}

fn table(arrays: &[StoredArray]) -> String {
    let rows: Vec<[String; 3]> =
        arrays.iter().map(|array| [printable(array.name), sizes(array.shape), printable(array.dtype)]).collect();
    let width = |column: usize, head: &str| {
        rows.iter().map(|row| row[column].chars().count()).chain([head.len()]).max().unwrap_or(0).min(WIDEST)
    };
    let (name, shape) = (width(0, "name"), width(1, "shape"));
    let mut text = format!("{:name$}  {:shape$}  type\n", "name", "shape");
    for [array, sizes, dtype] in &rows {
        text.push_str(&format!("{array:name$}  {sizes:shape$}  {dtype}\n"));
    }
    text
}

fn sizes(shape: &[usize]) -> String {
    match shape {
        [] => "1".to_owned(),
        _ => shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×"),
    }
}

/// How many numbers an array has; more than can be counted are as many as can.
fn elements(array: &StoredArray) -> u64 {
    array.shape.iter().fold(1, |product: u64, size| product.saturating_mul(*size as u64))
}

fn summary(sets: &[StoredSet], shown: usize) -> String {
    let arrays = sets[shown].arrays();
    let numbers = arrays.iter().map(elements).fold(0, u64::saturating_add);
    let bytes = |array: &StoredArray| elements(array).saturating_mul(array.size.unwrap_or(0) as u64);
    let bytes = arrays.iter().map(bytes).fold(0, u64::saturating_add);
    let at = match sets[shown].place() {
        "" => String::new(),
        place => format!(", in `{place}`"),
    };
    let bytes = quantity::bytes(bytes);
    let mut text = format!("{}, {numbers} numbers, {bytes}{at}\n", count(arrays.len(), "array"));
    for (_, set) in sets.iter().enumerate().filter(|(index, _)| *index != shown) {
        let what = if set.is_averaged() { ", averages: `--ema`" } else { "" };
        let place = if set.place().is_empty() { "the file itself" } else { set.place() };
        text.push_str(&format!("also `{place}`: {}{what}\n", count(set.arrays().len(), "array")));
    }
    text
}

/// How they fit, if they do; else with which names they would.
fn verdict(found: &Match) -> String {
    let Some(mismatch) = found.mismatch() else {
        let whose = found.whose().map_or(String::new(), |whose| format!(", by the names of {whose}"));
        let remarks: String = found.remarks().iter().map(|remark| format!("{remark}\n")).collect();
        return format!("all weights of the network are there{whose}\n{remarks}");
    };
    if mismatch.renames.is_empty() {
        return String::new();
    }
    let mut text = "by order and shape they fit under other names; if these are meant, put the lines into a file and \
                    add `--rename @FILE`:\n"
        .to_owned();
    for rename in &mismatch.renames {
        text.push_str(&format!("{}={}\n", printable(&rename.pattern), printable(&rename.replacement)));
    }
    text
}

fn to_json(sets: &[StoredSet], shown: usize, found: Option<&Match>) -> Value {
    let array = |array: &StoredArray| json!({"name": array.name, "shape": array.shape, "dtype": array.dtype});
    let set =
        |set: &StoredSet| json!({"place": set.place(), "averaged": set.is_averaged(), "arrays": set.arrays().len()});
    let others = sets.iter().enumerate().filter(|(index, _)| *index != shown).map(|(_, one)| set(one));
    let arrays: Vec<Value> = sets[shown].arrays().iter().map(array).collect();
    json!({
        "place": sets[shown].place(), "averaged": sets[shown].is_averaged(), "arrays": arrays,
        "others": others.collect::<Vec<_>>(), "network": found.map(against),
    })
}

fn against(found: &Match) -> Value {
    let left_out = found.remarks().iter().find_map(|remark| match remark {
        Remark::LeftOut(names) => Some(names.as_slice()),
        _ => None,
    });
    let empty = Default::default();
    let mismatch = found.mismatch().unwrap_or(&empty);
    let reshaped =
        mismatch.reshaped.iter().map(|one| json!({"name": one.name, "found": one.found, "expected": one.expected}));
    // A list, as the first pattern that is for a name counts.
    let renames = mismatch.renames.iter().map(|one| json!({"pattern": one.pattern, "name": one.replacement}));
    json!({
        "fits": found.mismatch().is_none(), "names": found.whose(), "left_out": left_out.unwrap_or_default(),
        "missing": mismatch.missing, "unexpected": mismatch.unexpected, "reshaped": reshaped.collect::<Vec<_>>(),
        "rename": renames.collect::<Vec<_>>(),
    })
}
