//! Several sets of weights in one file: the weights themselves, averages of them, what an optimizer remembers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::stored::{Array, WeightSet};

/// Where training scripts keep the state dict when they save more than that; of two sets of one size, the first of
/// these.
const STATE_DICTS: [&str; 8] =
    ["state_dict", "model", "model_state_dict", "net", "weights", "model_state", "network", "module"];

/// The most sets that are kept.
const MOST_SETS: usize = 64;

/// The sets, those first that are most likely meant, and behind them the averages that stand among the weights of one,
/// as `ema_model.conv1.weight`.
pub fn in_order(mut sets: Vec<WeightSet>) -> Vec<WeightSet> {
    let rank = |place: &str| {
        let last = place.rsplit('.').next().unwrap_or_default();
        STATE_DICTS.iter().position(|known| *known == last).unwrap_or(STATE_DICTS.len())
    };
    sets.sort_by_cached_key(|set| (set.is_averaged, Reverse(set.arrays.len()), rank(&set.place)));
    sets.truncate(MOST_SETS);
    let within: Vec<WeightSet> = sets.iter().filter(|set| !set.is_averaged).flat_map(averages_within).collect();
    sets.extend(within);
    sets.truncate(MOST_SETS);
    sets
}

/// The only set of a file without keys around it.
pub fn of_whole(arrays: BTreeMap<String, Array>) -> Vec<WeightSet> {
    in_order(vec![WeightSet { place: String::new(), is_averaged: false, arrays }])
}

/// Whether what has this name is averages of weights: `ema`, `model_ema`, `state_dict_ema`, `ema_state_dict`,
/// `averaged_model`.
pub fn is_averaged(key: &str) -> bool {
    key.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| ["ema", "averaged", "swa"].contains(&word))
}

/// The averages whose names stand among a set's own.
fn averages_within(set: &WeightSet) -> Vec<WeightSet> {
    let mut found: BTreeMap<&str, BTreeMap<String, Array>> = BTreeMap::new();
    for (name, array) in &set.arrays {
        if let Some((first, rest)) = name.split_once('.')
            && is_averaged(first)
        {
            found.entry(first).or_default().insert(rest.to_owned(), array.clone());
        }
    }
    let averaged = |(first, arrays)| {
        let place = if set.place.is_empty() { format!("{first}.*") } else { format!("{}.{first}.*", set.place) };
        WeightSet { place, is_averaged: true, arrays }
    };
    found.into_iter().map(averaged).collect()
}
