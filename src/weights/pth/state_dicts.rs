//! The state dicts in a pickle: the whole, or wherever scripts keep them among other things.
//!
//! Every dictionary that can be reached from the top and holds tensors is one. Which of them is meant shows when a
//! network is held against them; until then the largest is.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::{Storages, tensor};
use crate::diagnostic::printable;
use crate::pickle::{ObjectId, Pickle, Value};
use crate::weights::sets;
use crate::weights::stored::WeightSet;

/// How many dictionaries deep, below the top, as `checkpoint: {model: {state_dict: …}}` is.
const DEEPEST: usize = 3;

/// The most dictionaries that are looked into.
const MOST_PLACES: usize = 4096;

/// A list that is longer holds no state dicts.
const LONGEST_LIST: usize = 16;

/// The most bytes of names in all dictionaries: a pickle can use one text as often as it likes.
const MOST_NAMES: usize = 64 << 20;

/// A value that may hold state dicts.
struct Place {
    value: ObjectId,
    keys: Vec<String>,
}

/// All state dicts, and the storages that their tensors are in.
///
/// # Errors
/// What there is instead, in words.
pub fn find(pickle: &Pickle) -> Result<(Vec<WeightSet>, Storages), String> {
    let root = pickle.root();
    let mut waiting = VecDeque::from([Place { value: root, keys: Vec::new() }]);
    let mut known = HashSet::from([root.index()]);
    let (mut found, mut storages, mut problem) = (Vec::new(), Storages::default(), None);
    let mut names = 0;
    while let Some(place) = waiting.pop_front() {
        match tensors(pickle, &place, &mut storages, &mut names) {
            Ok(set) if set.arrays.is_empty() => {}
            Ok(set) => found.push(set),
            Err(why) => problem = problem.or(Some(why)),
        }
        if names > MOST_NAMES {
            return Err(format!("the names of its tensors have more than {MOST_NAMES} bytes"));
        }
        if place.keys.len() == DEEPEST {
            continue;
        }
        for (key, value) in inside(pickle, place.value) {
            let may_hold = pickle.entries(value).is_some() || list(pickle, value).is_some();
            if may_hold && known.len() < MOST_PLACES && known.insert(value.index()) {
                let keys = place.keys.iter().cloned().chain([key]).collect();
                waiting.push_back(Place { value, keys });
            }
        }
    }
    match (found.is_empty(), problem) {
        (false, _) => Ok((sets::in_order(found), storages)),
        (true, Some(problem)) => Err(problem),
        (true, None) => {
            let without = if pickle.entries(root).is_some() { " without tensors" } else { "" };
            Err(format!(
                "there is no state dict in it, but {}{without}; write one with `torch.save(model.state_dict(), …)`",
                pickle.describe(root)
            ))
        }
    }
}

/// What a dictionary, a list or a tuple holds, with the keys in words.
fn inside<'a>(pickle: &'a Pickle, value: ObjectId) -> Box<dyn Iterator<Item = (String, ObjectId)> + 'a> {
    if let Some(items) = list(pickle, value) {
        return Box::new(items.iter().enumerate().map(|(index, item)| (index.to_string(), *item)));
    }
    // The state of an optimizer has numbers for keys.
    let named = |(key, value): &(ObjectId, ObjectId)| {
        let text = std::str::from_utf8(pickle.text(*key)?).ok()?;
        Some((printable(&text.chars().take(100).collect::<String>()), *value))
    };
    Box::new(pickle.entries(value).unwrap_or_default().iter().filter_map(named))
}

fn list<'a>(pickle: &'a Pickle, value: ObjectId) -> Option<&'a [ObjectId]> {
    let items = match pickle.get(value) {
        Value::List(items) => items.as_slice(),
        _ => pickle.tuple(value)?,
    };
    (items.len() <= LONGEST_LIST).then_some(items)
}

/// The tensors among the entries of a dictionary. Of two with one name the last one counts, as in Python.
fn tensors(pickle: &Pickle, place: &Place, storages: &mut Storages, names: &mut usize) -> Result<WeightSet, String> {
    let mut arrays = BTreeMap::new();
    for (key, value) in pickle.entries(place.value).unwrap_or_default() {
        let Some(name) = pickle.text(*key).and_then(|name| std::str::from_utf8(name).ok()) else { continue };
        let Some(array) = tensor::read(pickle, *value, storages) else { continue };
        let mut array = array.map_err(|why| format!("`{}` in it {why}", printable(name)))?;
        *names += name.len();
        if *names > MOST_NAMES {
            break;
        }
        array.position = arrays.len();
        arrays.insert(name.to_owned(), array);
    }
    let is_averaged = place.keys.iter().any(|key| sets::is_averaged(key));
    Ok(WeightSet { place: place.keys.join("."), is_averaged, arrays })
}
