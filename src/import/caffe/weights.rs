//! caffemodel: a `NetParameter` whose layers have blobs, in the newer syntax (field 100) or in the older (field 2).

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;

use crate::import::net::{Array, Order, Stored};
use crate::import::values::{Values, numbers, transposed};
use crate::import::wire::{Field, Wire};
use crate::program::ProgramWeight;
use crate::regular;

/// An array of a layer: its sizes, and where its numbers are.
#[derive(Debug, Default)]
struct Blob {
    sizes: Vec<u64>,
    /// Where numbers are, and how many: of four bytes or of eight.
    parts: Vec<(u64, u64)>,
    is_double: bool,
    /// Numbers that are not packed.
    loose: Vec<f32>,
}

/// Sizes of a blob, numbers of one that are not packed, and blobs in a file.
const MOST_SIZES: usize = 32;
const MOST_LOOSE: usize = 1 << 20;
const MOST_BLOBS: usize = 100_000;

/// Numbers of fields: of the network, of a layer in both syntaxes, of a blob.
mod field {
    pub const LAYERS: u64 = 2;
    pub const LAYER: u64 = 100;
    pub const NAME: u64 = 1;
    pub const BLOBS: u64 = 7;
    pub const OLD_NAME: u64 = 4;
    pub const OLD_BLOBS: u64 = 6;
    pub const OLD_SIZES: std::ops::RangeInclusive<u64> = 1..=4;
    pub const DATA: u64 = 5;
    pub const SHAPE: u64 = 7;
    pub const DOUBLE_DATA: u64 = 8;
    pub const DIM: u64 = 1;
}

/// The weights of the network, in its order, from the file at `path`.
pub fn read(path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String> {
    let file = regular::open(path).map_err(|error| error.to_string())?;
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let mut wire = Wire::new(file);
    let mut layers = layers(&mut wire, length)?;
    let shapes: HashMap<&str, &ProgramWeight> = weights.iter().map(|weight| (weight.name.as_str(), weight)).collect();
    let mut values: HashMap<&str, Vec<f32>> = HashMap::new();
    for layer in stored {
        let blobs = layers.remove(&layer.layer).ok_or_else(|| missing(&layer.layer, &layers))?;
        // The network may have left out a layer: it has no weights then.
        let arrays: Vec<(&Array, &ProgramWeight)> =
            layer.arrays.iter().filter_map(|array| Some((array, *shapes.get(array.name.as_str())?))).collect();
        if blobs.len() < layer.arrays.len() {
            let (there, wanted) = (blobs.len(), layer.arrays.len());
            return Err(format!("layer `{}` has {there} arrays, and the network wants {wanted}", layer.layer));
        }
        for (index, (array, weight)) in arrays.into_iter().enumerate() {
            let mut found = blobs[index].values(&mut wire, weight, array.order, &layer.layer)?;
            if array.order == Order::Accumulated {
                // What has been added up is a mean with the factor behind it; nothing has been if that is zero.
                let factor = blobs.get(layer.arrays.len()).ok_or_else(|| {
                    format!("layer `{}` lacks the array by which its statistics are divided", layer.layer)
                })?;
                let factor = factor.numbers(&mut wire, 1, &layer.layer)?[0];
                let scale = if factor == 0.0 { 0.0 } else { 1.0 / factor };
                found.iter_mut().for_each(|number| *number *= scale);
            }
            values.insert(&array.name, found);
        }
    }
    let mut left_out: Vec<String> =
        layers.into_iter().filter(|(_, blobs)| !blobs.is_empty()).map(|(name, _)| name).collect();
    left_out.sort();
    Values::collect(weights, |name| values.remove(name), left_out)
}

fn missing(name: &str, layers: &HashMap<String, Vec<Blob>>) -> String {
    let mut names: Vec<&str> =
        layers.iter().filter(|(_, blobs)| !blobs.is_empty()).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    const SHOWN: usize = 10;
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let shown = crate::diagnostic::printable(&names.join("`, `"));
    match (names.is_empty(), more) {
        (true, _) => "it is no caffemodel, or one without weights".to_string(),
        (false, 0) => format!("it has no weights for the layer `{name}`, but for `{shown}`"),
        (false, more) => format!("it has no weights for the layer `{name}`, but for `{shown}` and {more} others"),
    }
}

/// The blobs of every layer, by its name.
fn layers(wire: &mut Wire<File>, length: u64) -> Result<HashMap<String, Vec<Blob>>, String> {
    let mut layers = HashMap::new();
    let mut names = HashSet::new();
    let mut count = 0;
    wire.fields(0, length, &mut |wire, number, found| {
        let (Field::Bytes { start, length }, field::LAYERS | field::LAYER) = (found, number) else { return Ok(()) };
        let (own_name, own_blobs) = match number {
            field::LAYER => (field::NAME, field::BLOBS),
            _ => (field::OLD_NAME, field::OLD_BLOBS),
        };
        let mut name = String::new();
        let mut blobs = Vec::new();
        wire.fields(start, length, &mut |wire, number, found| {
            if let Field::Bytes { start, length } = found {
                if number == own_name {
                    name = wire.text(start, length)?;
                } else if number == own_blobs {
                    count += 1;
                    if count > MOST_BLOBS {
                        return Err(format!("it has more than {MOST_BLOBS} arrays"));
                    }
                    blobs.push(blob(wire, start, length)?);
                }
            }
            Ok(())
        })?;
        // A file that was saved in training has the layers of one phase, each once.
        if names.insert(name.clone()) || !blobs.is_empty() {
            layers.insert(name, blobs);
        }
        Ok(())
    })?;
    Ok(layers)
}

fn blob(wire: &mut Wire<File>, start: u64, length: u64) -> Result<Blob, String> {
    let mut blob = Blob::default();
    let mut older = [None; 4];
    wire.fields(start, length, &mut |wire, number, found| {
        match (number, found) {
            (field::DATA, Field::Bytes { start, length }) if length % 4 == 0 => blob.parts.push((start, length / 4)),
            (field::DATA, Field::Four(bytes)) if blob.loose.len() < MOST_LOOSE => {
                blob.loose.push(f32::from_le_bytes(bytes));
            }
            (field::DOUBLE_DATA, Field::Bytes { start, length }) if length % 8 == 0 => {
                blob.is_double = true;
                blob.parts.push((start, length / 8));
            }
            (field::DATA | field::DOUBLE_DATA, _) => return Err("an array's numbers are cut off".to_string()),
            (field::SHAPE, Field::Bytes { start, length }) => {
                wire.fields(start, length, &mut |wire, number, found| {
                    match (number, found) {
                        (field::DIM, Field::Bytes { start, length }) => {
                            blob.sizes.extend(wire.packed(start, length, MOST_SIZES)?);
                        }
                        (field::DIM, Field::Whole(size)) => blob.sizes.push(size),
                        _ => {}
                    }
                    match blob.sizes.len() {
                        ..=MOST_SIZES => Ok(()),
                        _ => Err(format!("a shape has more than {MOST_SIZES} sizes")),
                    }
                })?;
            }
            (number, Field::Whole(size)) if field::OLD_SIZES.contains(&number) => {
                older[number as usize - 1] = Some(size)
            }
            _ => {}
        }
        Ok(())
    })?;
    if blob.sizes.is_empty() {
        blob.sizes = older.into_iter().flatten().collect();
    }
    Ok(blob)
}

impl Blob {
    fn count(&self) -> u64 {
        self.parts.iter().map(|(_, count)| count).sum::<u64>() + self.loose.len() as u64
    }

    /// The numbers of a weight, in its order.
    fn values(
        &self,
        wire: &mut Wire<File>,
        weight: &ProgramWeight,
        order: Order,
        layer: &str,
    ) -> Result<Vec<f32>, String> {
        let mut wanted: Vec<u64> = weight.shape.iter().map(|size| *size as u64).collect();
        if order == Order::Transposed {
            wanted.reverse();
        }
        // Older files have four sizes for everything.
        let plain = |sizes: &[u64]| sizes.iter().copied().filter(|size| *size != 1).collect::<Vec<u64>>();
        if !self.sizes.is_empty() && plain(&self.sizes) != plain(&wanted) {
            let shown = |sizes: &[u64]| sizes.iter().map(u64::to_string).collect::<Vec<_>>().join("×");
            return Err(format!(
                "`{}` is {} in the file, in layer `{layer}`, and {} in the network",
                weight.name,
                shown(&self.sizes),
                shown(&wanted)
            ));
        }
        let found = self.numbers(wire, weight.elements(), layer)?;
        Ok(if order == Order::Transposed { transposed(&found, weight.shape[0]) } else { found })
    }

    fn numbers(&self, wire: &mut Wire<File>, count: usize, layer: &str) -> Result<Vec<f32>, String> {
        if self.count() != count as u64 {
            let there = self.count();
            return Err(format!("an array of layer `{layer}` has {there} numbers, and the network wants {count}"));
        }
        let mut all = self.loose.clone();
        for (start, count) in &self.parts {
            let file = wire.open(*start)?;
            if self.is_double {
                for _ in 0..*count {
                    let mut bytes = [0; 8];
                    std::io::Read::read_exact(file, &mut bytes).map_err(|error| error.to_string())?;
                    all.push(f64::from_le_bytes(bytes) as f32);
                }
            } else {
                all.append(&mut numbers(file, *count as usize, layer)?);
            }
        }
        Ok(all)
    }
}
