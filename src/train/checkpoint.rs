//! What a run leaves behind and goes on from.
//!
//! ```text
//! best.safetensors          the weights with the best validation so far
//! epoch-0010.safetensors    the weights after every so many epochs, if asked for
//! last.safetensors          the latest weights
//! last.state.safetensors    all that resuming needs: weights, optimizer, average, position
//! ```
//!
//! Where the recipe keeps an average of the weights (`ema:`), it is what the first three hold.
//!
//! The state is written last, and holds the weights once more. So its rename alone moves the run forward: a program
//! killed before it repeats the work since the previous state, with the same results, and rewrites the other files.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use flate2::Crc;
use serde::{Deserialize, Serialize};

use super::average::Average;
use super::data::Dataset;
use super::learner::Learned;
use super::optimizer::OptimizerState;
use super::position::Position;
use crate::expand::portable;
use crate::network::Network;
use crate::program::ProgramWeight;
use crate::weights::{self, Entry, WeightsError};

/// What a file of weights says about itself, in its only metadata key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The network's name.
    pub network: String,
    /// Class names, by label.
    pub classes: Vec<String>,
    /// Epochs it was trained.
    pub epoch: usize,
    /// Steps it was trained.
    pub step: u64,
    /// The network's text, with which the file is all that is needed: see [`portable`]. Earlier versions
    /// did not write it down, nor what follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What happens to an image before the network reads it, as the notation has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transforms: Vec<String>,
    /// From which probability on an image is said to have a label, by label; nothing where images have a class each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<f64>,
}

/// A longer text of a network is left out: with it, the header of the file might be too long to be read.
const LONGEST_TEXT: usize = 4 << 20;

impl About {
    /// What there is to say of weights that have learned on `dataset` so far.
    pub fn new(network: &Network, dataset: &Dataset, position: &Position) -> About {
        let mut text = portable(network, dataset.data());
        if text.len() > LONGEST_TEXT {
            text.clear();
        }
        About {
            network: network.name.clone(),
            classes: dataset.classes().to_vec(),
            epoch: position.epoch,
            step: position.step,
            text: Some(text).filter(|text| !text.is_empty()),
            transforms: dataset.data().eval.iter().map(ToString::to_string).collect(),
            thresholds: position.thresholds.clone(),
        }
    }

    /// What a note says, if this program wrote it.
    pub fn read(note: &str) -> Option<About> {
        serde_json::from_str(note).ok()
    }
}

/// The file of the weights of a kind: `best`, `last`, `epoch-0010`.
pub fn weights_file(folder: &Path, kind: &str) -> std::path::PathBuf {
    folder.join(format!("{kind}.safetensors"))
}

/// The file that a run goes on from.
pub fn state_file(folder: &Path) -> std::path::PathBuf {
    folder.join("last.state.safetensors")
}

/// Writes weights for use elsewhere.
pub fn save_weights(
    path: &Path,
    declared: &[ProgramWeight],
    values: &[Vec<f32>],
    about: &About,
) -> Result<(), WeightsError> {
    weights::save(path, &weights::entries(declared, values), about.step, &to_json(about))
}

/// Writes all that resuming needs.
pub(super) fn save_state(folder: &Path, learned: &Learned, position: &Position) -> Result<(), WeightsError> {
    let declared = learned.declared;
    let averages = learned.average.into_iter().flat_map(|average| average.iter().enumerate());
    let averages = averages.map(|(index, values)| (AVERAGE, index, values.as_slice()));
    let mut entries = weights::entries(declared, learned.weights);
    entries.extend(learned.moments.iter().copied().chain(averages).map(|(kind, index, values)| Entry {
        name: beside(kind, &declared[index]),
        shape: &declared[index].shape,
        values,
    }));
    let position_text = to_json(position);
    let arrays = entries.iter().fold(0, |sum, entry| sum ^ checksum(&entry.name, entry.values));
    let checksum = arrays ^ text_checksum(&position_text);
    let state = SavedState { version: VERSION, position: Written::Text(position_text), checksum };
    weights::save(&state_file(folder), &entries, position.step, &to_json(&state))
}

/// What the state says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct SavedState {
    #[serde(default = "first_version")]
    version: u32,
    position: Written,
    /// All arrays' [`checksum`]s and that of the position's text, added without carry: in whichever order.
    checksum: u32,
}

/// Of what is written. In the first version the checksum was over the arrays alone.
const VERSION: u32 = 2;

fn first_version() -> u32 {
    1
}

/// A position in JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    /// As text in the text, byte by byte what the checksum is over.
    Text(String),
    /// As the first version wrote it.
    Plain(Box<Position>),
}

impl SavedState {
    /// The position, and what of the checksum is left for the arrays. `None` if it is none.
    fn read(note: &str) -> Option<(Position, u32)> {
        let SavedState { version, position, checksum } = serde_json::from_str(note).ok()?;
        match (version, position) {
            (1, Written::Plain(position)) => Some((*position, checksum)),
            (VERSION, Written::Text(text)) => {
                Some((serde_json::from_str(&text).ok()?, checksum ^ text_checksum(&text)))
            }
            _ => None,
        }
    }
}

fn text_checksum(text: &str) -> u32 {
    let mut sum = Crc::new();
    sum.update(b"position:");
    sum.update(text.as_bytes());
    sum.sum()
}

/// Tells an array that was damaged on the disk.
fn checksum(name: &str, values: &[f32]) -> u32 {
    let mut sum = Crc::new();
    sum.update(name.as_bytes());
    for part in values.chunks(1 << 14) {
        let bytes: Vec<u8> = part.iter().flat_map(|value| value.to_le_bytes()).collect();
        sum.update(&bytes);
    }
    sum.sum()
}

/// What a run goes on with.
pub(super) struct Restored {
    /// All weights and running statistics, in the program's order.
    pub weights: Vec<Vec<f32>>,
    /// Of the weights, if the recipe keeps one.
    pub average: Option<Average<f32>>,
    /// How far the run was.
    pub position: Position,
}

/// Reads what [`save_state`] wrote; the average if the recipe keeps one with this decay. `optimizer` takes up its
/// moments.
pub(super) fn load_state(
    folder: &Path,
    declared: &[ProgramWeight],
    optimizer: &mut OptimizerState<f32>,
    decay: Option<f64>,
) -> Result<Restored, WeightsError> {
    let path = state_file(folder);
    let mut stored = weights::read(&path)?;
    let broken = |message: String| WeightsError::Format { path: path.clone(), message };
    let (position, expected) = stored
        .note()
        .and_then(SavedState::read)
        .ok_or_else(|| broken("does not say how far the run was, in a way that this version reads".to_owned()))?;
    let mut own = stored.sizes();
    own.retain(|name, _| !name.contains(BESIDE));
    let mismatched = |mismatch| WeightsError::Mismatch { path: path.clone(), mismatch };
    let own: Vec<String> =
        weights::matching(declared, &own).map_err(mismatched)?.into_iter().map(str::to_owned).collect();
    let names: Vec<String> = stored.sizes().into_keys().map(str::to_owned).collect();
    let mut arrays = HashMap::new();
    let mut found = 0;
    for name in names.into_iter().filter(|name| !weights::is_counter(name)) {
        let values = stored.values::<f32>(&name)?;
        found ^= checksum(&name, &values);
        arrays.insert(name, values);
    }
    if found != expected {
        return Err(broken("its numbers are not those that were written".to_owned()));
    }
    let values: Vec<Vec<f32>> = own.iter().filter_map(|name| arrays.remove(name)).collect();
    // Each is asked for once: nothing is there twice.
    let others = RefCell::new(arrays);
    let other = |kind: &str, index: usize| others.borrow_mut().remove(&beside(kind, &declared[index]));
    let missing = |kind: &str, index: usize| format!("`{}` is missing", beside(kind, &declared[index]));
    optimizer
        .restore(position.step, other)
        .map_err(|(kind, index)| broken(format!("{}: the run had another optimizer", missing(kind, index))))?;
    let averages = decay.map(|decay| {
        let averages = values.iter().enumerate().map(|(index, values)| {
            let found = other(AVERAGE, index).filter(|found| found.len() == values.len());
            found.ok_or_else(|| broken(format!("{}: the run kept no average", missing(AVERAGE, index))))
        });
        averages.collect::<Result<Vec<_>, _>>().map(|averages| Average::new(decay, &averages))
    });
    Ok(Restored { weights: values, average: averages.transpose()?, position })
}

/// The kind of what an average of a weight is called.
const AVERAGE: &str = "average";

/// Stands between the kind of something that is kept of a weight and its name; no weight's name has it.
const BESIDE: char = ':';

fn beside(kind: &str, weight: &ProgramWeight) -> String {
    format!("{kind}{BESIDE}{}", weight.name)
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data becomes JSON")
}
