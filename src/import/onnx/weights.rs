//! Weights from the tensors of a model, in the order of the network.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::file;
use super::listing::{SHORTEST, folder};
use super::tensor::{Tensor, is_real};
use crate::import::net::Stored;
use crate::import::values::{Values, arranged};
use crate::program::ProgramWeight;

/// The weights of the network, in its order, from the model at `path`.
pub fn read(path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String> {
    let (model, mut wire) = file::model(path)?;
    let folder = folder(path);
    let tensors: HashMap<&str, &Tensor> = model.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let places: HashMap<&str, _> = (stored.iter())
        .flat_map(|stored| {
            stored.arrays.iter().map(|array| (array.name.as_str(), (stored.layer.as_str(), array.order)))
        })
        .collect();
    let mut used = HashSet::new();
    let mut values: HashMap<&str, Vec<f32>> = HashMap::new();
    for weight in weights {
        let Some((tensor, order)) = places.get(weight.name.as_str()) else { continue };
        let count = weight.elements();
        let found = match tensors.get(tensor) {
            Some(tensor) if tensor.count() != Some(count as u64) => {
                let sizes = tensor.sizes.iter().map(u64::to_string).collect::<Vec<_>>().join("×");
                return Err(format!(
                    "`{}` is {sizes} in the file, and `{}` has {count} numbers",
                    tensor.name, weight.name
                ));
            }
            Some(tensor) => tensor.floats(&mut wire, folder, count)?,
            None => Vec::new(),
        };
        used.insert(*tensor);
        values.insert(&weight.name, arranged(found, *order, count)?);
    }
    let is_weight = |tensor: &&Tensor| is_real(tensor.kind) && tensor.count().is_some_and(|count| count > SHORTEST);
    let unused = model.tensors.iter().filter(is_weight).map(|tensor| tensor.name.as_str());
    let mut left_out: Vec<String> = unused.filter(|name| !used.contains(name)).map(str::to_string).collect();
    left_out.sort();
    Values::collect(weights, |name| values.remove(name), left_out)
}
