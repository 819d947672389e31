//! How the layers of a model are wired: each says which layers it reads.

use std::collections::HashMap;

use crate::diagnostic::Spanned;
use crate::import::json::{Json, Value as Kind};

/// The layers that stand in a list of calls, by name: `["conv", 0, 0]`, in whatever it lies.
pub fn names(json: &Json) -> Vec<Spanned<String>> {
    let mut found = Vec::new();
    collect(json, &mut found, 0);
    found
}

fn collect(json: &Json, found: &mut Vec<Spanned<String>>, depth: usize) {
    const DEEP: usize = 12;
    if depth > DEEP {
        return;
    }
    match &json.value {
        Kind::List(all) => match all.as_slice() {
            [name, node, output, ..] if name.text().is_some() && node.whole().is_some() && output.whole().is_some() => {
                found.extend(name.name());
            }
            _ => all.iter().for_each(|json| collect(json, found, depth + 1)),
        },
        Kind::Map(entries) => {
            // Besides the tensors there are other arguments, of no concern here.
            entries.iter().for_each(|(_, json)| collect(json, found, depth + 1));
        }
        _ => {}
    }
}

/// Which layers read each, by index.
pub fn readers(layers: &[Json]) -> HashMap<String, Vec<usize>> {
    let mut readers: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, layer) in layers.iter().enumerate() {
        for name in layer.get("inbound_nodes").map(names).unwrap_or_default() {
            readers.entry(name.value).or_default().push(index);
        }
    }
    readers
}

/// So many layers are looked at to see what becomes of a vector.
pub const LONGEST: usize = 8;

/// The layers that follow one after the other, each the only one that reads the one before.
pub fn followers<'j>(name: &str, layers: &'j [Json], readers: &HashMap<String, Vec<usize>>) -> Vec<&'j Json> {
    let mut found = Vec::new();
    let mut name = name;
    while let Some([only]) = readers.get(name).map(Vec::as_slice).filter(|_| found.len() < LONGEST) {
        let layer = &layers[*only];
        found.push(layer);
        let Some(next) = layer.get("name").and_then(Json::text) else { break };
        name = next;
    }
    found
}

/// Whether a vector becomes a map of one position again, as in squeeze and excitation.
pub fn is_map_again<'j>(classes: &[&str], config: impl Fn(usize) -> Option<&'j Json>) -> bool {
    for (index, class) in classes.iter().enumerate() {
        match *class {
            "Reshape" => {
                let shape = config(index).and_then(|config| config.get("target_shape"));
                return shape.is_some_and(|shape| shape.list().len() == 3);
            }
            "Dense" | "Activation" | "ReLU" | "LeakyReLU" | "BatchNormalization" => {}
            _ => return false,
        }
    }
    false
}
