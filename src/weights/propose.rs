//! Names for the arrays of a file by their order and shapes, when by their names they do not fit: a proposal, for
//! somebody who knows to look at.

use std::collections::{BTreeMap, BTreeSet};

use super::fit::fit;
use super::matching::is_counter;
use super::reading::Reading;
use crate::pattern::{Rename, glob};
use crate::program::ProgramWeight;

/// Networks with more layers get no proposals.
const MOST_LAYERS: usize = 2000;

/// The arrays of a layer, by the last word of their names.
struct Layer<'a> {
    name: &'a str,
    /// Words and sizes.
    parts: Vec<(&'a str, &'a [usize])>,
}

impl<'a> Layer<'a> {
    /// What two layers that may be one have in common: the words and the sizes, in any order.
    fn signature(&self) -> Vec<(&'a str, &'a [usize])> {
        let mut signature = self.parts.clone();
        signature.sort_unstable();
        signature
    }

    fn words(&self) -> BTreeSet<&'a str> {
        self.parts.iter().map(|(word, _)| *word).collect()
    }
}

/// Renames with which the arrays, in the file's order, are the weights. They have been tried.
pub fn propose(weights: &[ProgramWeight], arrays: &[(&str, &[usize])], reading: &Reading) -> Vec<Rename> {
    let own = layers(weights.iter().map(|weight| (weight.name.as_str(), weight.shape.as_slice())));
    let found = layers(arrays.iter().copied().filter(|(name, _)| !is_counter(name)));
    if own.len() > MOST_LAYERS || found.len() > MOST_LAYERS {
        return Vec::new();
    }
    let Some(pairs) = pairs(&own, &found, &reading.head) else { return Vec::new() };
    let all = patterns(&pairs, arrays);
    // What keeps its name needs a pattern only where one behind it would take it.
    let changing: Vec<Rename> = all.iter().filter(|rename| rename.pattern != rename.replacement).cloned().collect();
    let sizes = arrays.iter().copied().collect();
    let fits =
        |renames: &Vec<Rename>| fit(weights, &sizes, &Reading { renames: renames.clone(), ..reading.clone() }).is_ok();
    [changing, all].into_iter().find(fits).unwrap_or_default()
}

/// Arrays by layer, in the order in which layers begin.
fn layers<'a>(arrays: impl Iterator<Item = (&'a str, &'a [usize])>) -> Vec<Layer<'a>> {
    let mut found: Vec<Layer> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, sizes) in arrays {
        let (layer, part) = name.rsplit_once('.').unwrap_or(("", name));
        let place = *places.entry(layer).or_insert_with(|| {
            found.push(Layer { name: layer, parts: Vec::new() });
            found.len() - 1
        });
        found[place].parts.push((part, sizes));
    }
    found
}

/// For each layer of the network that of the file: of those with the same words and sizes, the first is the first.
/// `None` if there are not as many. A head may have another size.
fn pairs<'a>(own: &[Layer<'a>], found: &[Layer<'a>], head: &[String]) -> Option<Vec<(&'a str, &'a str)>> {
    let mut alike: BTreeMap<Vec<(&str, &[usize])>, Vec<&Layer<'a>>> = BTreeMap::new();
    for layer in in_order_of_numbers(found).into_iter().rev() {
        alike.entry(layer.signature()).or_default().push(layer);
    }
    let (mut pairs, mut without) = (Vec::with_capacity(own.len()), Vec::new());
    for layer in own {
        match alike.get_mut(&layer.signature()).and_then(Vec::pop) {
            Some(other) => pairs.push((other.name, layer.name)),
            None => without.push(layer),
        }
    }
    let mut left = alike.into_values().flatten();
    match (without.as_slice(), left.next(), left.next()) {
        ([], None, _) => Some(pairs),
        ([layer], Some(other), None) => {
            let is_head = layer.parts.iter().all(|(word, _)| head.contains(&format!("{}.{word}", layer.name)));
            (is_head && layer.words() == other.words()).then(|| {
                pairs.push((other.name, layer.name));
                pairs
            })
        }
        // If one is left over, nobody knows which.
        _ => None,
    }
}

/// The layers as they stand in the file; but where they stand in alphabetical order, as some programs write them, by
/// the numbers in their names.
fn in_order_of_numbers<'a, 'b>(layers: &'b [Layer<'a>]) -> Vec<&'b Layer<'a>> {
    let mut ordered: Vec<&Layer> = layers.iter().collect();
    if layers.is_sorted_by_key(|layer| layer.name) {
        let words = |name: &str| -> Vec<(Option<u64>, String)> {
            name.split('.').map(|word| (word.parse().ok(), word.to_owned())).collect()
        };
        ordered.sort_by_cached_key(|layer| words(layer.name));
    }
    ordered
}

/// As few patterns as stand for all pairs: what whole groups of layers have in common comes first.
fn patterns(pairs: &[(&str, &str)], arrays: &[(&str, &[usize])]) -> Vec<Rename> {
    let to: BTreeMap<&str, &str> = pairs.iter().copied().collect();
    let names: Vec<&str> = arrays.iter().map(|(name, _)| *name).filter(|name| !is_counter(name)).collect();
    let becomes = |name: &str| {
        let (layer, part) = name.rsplit_once('.').unwrap_or(("", name));
        let layer = to.get(layer)?;
        Some(if layer.is_empty() { part.to_owned() } else { format!("{layer}.{part}") })
    };
    let mut renames: Vec<Rename> = Vec::new();
    for (from, into) in pairs {
        let done = |name: &str| renames.iter().find_map(|rename| rename.apply(name));
        let array = names.iter().find(|name| name.rsplit_once('.').unwrap_or(("", name)).0 == *from);
        if array.is_some_and(|name| done(name).is_some()) {
            continue;
        }
        // From the shortest beginnings on: all that is inside must go where this pattern sends it.
        let sound = |rename: &Rename| {
            let mut inside = names.iter().filter(|name| glob(&rename.pattern, name));
            inside.all(|name| done(name).is_some() || rename.apply(name) == becomes(name))
        };
        let found = candidates(from, into).find(sound);
        renames.extend(found);
    }
    renames
}

/// Patterns that send one layer to another, the most general first.
fn candidates<'a>(from: &'a str, into: &'a str) -> impl Iterator<Item = Rename> + use<'a> {
    let [from, into] = [from, into].map(|name| name.split('.').filter(|word| !word.is_empty()).collect::<Vec<_>>());
    let common = from.iter().rev().zip(into.iter().rev()).take_while(|(a, b)| a == b).count();
    let pattern = |words: &[&str]| {
        let mut text = words.join(".");
        text.push_str(if words.is_empty() { "*" } else { ".*" });
        text
    };
    (0..=common).rev().map(move |shared| Rename {
        pattern: pattern(&from[..from.len() - shared]),
        replacement: pattern(&into[..into.len() - shared]),
    })
}
