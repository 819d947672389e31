//! Weights of Keras: a group for each layer, under names that are made of its class and a number, or of its own name in
//! older files.

use std::collections::HashMap;
use std::path::Path;

use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Hdf5File};

use super::container;
use crate::import::net::{Order, Stored};
use crate::import::values::{Values, arranged};
use crate::program::ProgramWeight;

/// What a normalisation of images multiplies by and adds, from the mean and variance in the file.
pub const SCALE: &str = "1/√variance";
pub const OFFSET: &str = "−mean/√variance";

/// Groups of layers in a file, and how deep models lie in each other.
const MOST_LAYERS: usize = 40_000;
const DEEPEST: usize = 24;

/// The arrays of a file: by the path of the layer's name, in order; older files name them instead.
struct Arrays {
    file: Hdf5File,
    /// Of newer files: the paths of the groups that hold a layer's arrays.
    groups: HashMap<String, Vec<String>>,
    /// Of older ones: the paths of the arrays, by layer and name.
    named: HashMap<(String, String), String>,
}

/// The weights of the network, in its order, from the file at `path`.
pub fn read(path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String> {
    let mut arrays = Arrays::open(container::weights(path)?)?;
    let counts: HashMap<&str, usize> = weights.iter().map(|weight| (weight.name.as_str(), weight.elements())).collect();
    let mut values: HashMap<&str, Vec<f32>> = HashMap::new();
    for stored in stored {
        let mut words = stored.layer.split('\n');
        let (layer, index, part) =
            (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let index = index.parse().unwrap_or(0);
        for array in &stored.arrays {
            // The network may have left out a layer.
            let Some(count) = counts.get(array.name.as_str()).copied() else { continue };
            let found = match (array.order, part) {
                (Order::Filled(_), _) => Vec::new(),
                (_, SCALE | OFFSET) => arrays.normal(layer, part, count)?,
                (_, literal) if literal.starts_with('=') => {
                    literal[1..].split(' ').map(|number| number.parse().unwrap_or(f32::NAN)).collect()
                }
                _ => arrays.array(layer, index, part, count)?,
            };
            values.insert(
                &array.name,
                arranged(found, array.order, count).map_err(|why| format!("layer `{layer}`: {why}"))?,
            );
        }
    }
    let used: Vec<&str> = stored.iter().filter_map(|stored| stored.layer.split('\n').next()).collect();
    let used: std::collections::HashSet<&str> = used.into_iter().collect();
    let mut left_out: Vec<String> =
        arrays.layers().into_iter().filter(|layer| !used.contains(layer.as_str())).collect();
    left_out.sort();
    Values::collect(weights, |name| values.remove(name), left_out)
}

fn said(error: hdf5_reader::error::Error) -> String {
    error.to_string()
}

impl Arrays {
    fn open(file: Hdf5File) -> Result<Arrays, String> {
        let root = file.root_group().map_err(said)?;
        let mut arrays = Arrays { file, groups: HashMap::new(), named: HashMap::new() };
        let mut left = MOST_LAYERS;
        let (groups, _) = root.member_names().map_err(said)?;
        if groups.iter().any(|name| name == "model_weights") {
            let group = root.group("model_weights").map_err(said)?;
            arrays.older(&group, "model_weights", &mut left)?;
        } else if root.attribute("layer_names").is_ok() {
            arrays.older(&root, "", &mut left)?;
        } else {
            arrays.newer(&root, "", "", 0, &mut left)?;
        }
        Ok(arrays)
    }

    /// Layers by class and number; each has its own name in an attribute.
    fn newer(&mut self, group: &Group, at: &str, layers: &str, depth: usize, left: &mut usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("its groups lie more than {DEEPEST} levels deep"));
        }
        let (groups, _) = group.member_names().map_err(said)?;
        for name in groups.iter().filter(|name| *name == "layers" || *name == "_layer_checkpoint_dependencies") {
            let inner = group.group(name).map_err(said)?;
            let (members, _) = inner.member_names().map_err(said)?;
            for member in members {
                *left = left.checked_sub(1).ok_or_else(|| format!("it has more than {MOST_LAYERS} groups"))?;
                let layer = inner.group(&member).map_err(said)?;
                let path = format!("{at}/{name}/{member}");
                let (parts, _) = layer.member_names().map_err(said)?;
                let own = match parts.iter().any(|part| part == "vars") {
                    true => {
                        let vars = layer.group("vars").map_err(said)?;
                        vars.attribute("name").ok().and_then(|name| name.read_string().ok())
                    }
                    false => None,
                };
                let own = own.unwrap_or_else(|| member.clone());
                let own = if layers.is_empty() { own } else { format!("{layers}/{own}") };
                self.groups.entry(own.clone()).or_default().push(format!("{path}/vars"));
                self.newer(&layer, &path, &own, depth + 1, left)?;
            }
        }
        Ok(())
    }

    /// Layers by their own names, which list the names of their arrays.
    fn older(&mut self, group: &Group, at: &str, left: &mut usize) -> Result<(), String> {
        let (members, _) = group.member_names().map_err(said)?;
        for member in members {
            let layer = group.group(&member).map_err(said)?;
            let Ok(names) = layer.attribute("weight_names") else { continue };
            for name in names.read_strings().unwrap_or_default() {
                *left = left.checked_sub(1).ok_or_else(|| format!("it has more than {MOST_LAYERS} arrays"))?;
                let path = format!("{at}/{member}/{name}");
                // `conv/kernel:0`; of a model within, `inner/conv/kernel`.
                let name = name.split(':').next().unwrap_or_default();
                let (owner, part) = name.rsplit_once('/').unwrap_or((member.as_str(), name));
                let owner = if owner == member || owner.starts_with(&format!("{member}/")) {
                    owner.to_string()
                } else {
                    format!("{member}/{owner}")
                };
                self.named.insert((owner.clone(), part.to_string()), path.clone());
                // A name that another model gave it is no part of where it is.
                self.named.entry((member.clone(), part.to_string())).or_insert(path);
            }
        }
        Ok(())
    }

    fn layers(&self) -> Vec<String> {
        let has_arrays = |paths: &Vec<String>| {
            paths.iter().any(|path| {
                self.file
                    .group(path.trim_start_matches('/'))
                    .and_then(|group| group.member_names())
                    .is_ok_and(|(_, arrays)| !arrays.is_empty())
            })
        };
        self.groups.iter().filter(|(_, paths)| has_arrays(paths)).map(|(layer, _)| layer.clone()).collect()
    }

    fn dataset(&self, layer: &str, index: usize, part: &str) -> Result<Dataset, String> {
        let missing = || format!("it has no `{part}` of the layer `{layer}`");
        let path = match self.groups.get(layer).map(Vec::as_slice) {
            Some([group]) => format!("{group}/{index}"),
            Some(_) => return Err(format!("it has several layers called `{layer}`")),
            None => {
                let named = |part: &str| self.named.get(&(layer.to_string(), part.to_string()));
                // Keras 3 has one name for kernels of both kinds, and none for a weight that its class did not name.
                let kernel = || named(part.strip_prefix("depthwise_")?);
                let unnamed =
                    || named("variable").filter(|_| self.named.keys().filter(|(own, _)| own == layer).count() == 1);
                named(part).or_else(kernel).or_else(unnamed).ok_or_else(missing)?.clone()
            }
        };
        self.file.dataset(path.trim_start_matches('/')).map_err(|error| format!("{}: {error}", missing()))
    }

    /// So many numbers.
    fn array(&mut self, layer: &str, index: usize, part: &str, count: usize) -> Result<Vec<f32>, String> {
        let dataset = self.dataset(layer, index, part)?;
        let found = dataset.shape().iter().try_fold(1u64, |count, size| count.checked_mul(*size));
        if found != Some(count as u64) {
            let sizes = dataset.shape().iter().map(u64::to_string).collect::<Vec<_>>().join("×");
            return Err(format!(
                "`{part}` of the layer `{layer}` is {sizes} in the file, and the network wants {count} numbers"
            ));
        }
        let single = dataset.read_array::<f32>().map(|array| array.into_iter().collect());
        let found = single.or_else(|_| {
            dataset.read_array::<f64>().map(|array| array.into_iter().map(|number| number as f32).collect::<Vec<f32>>())
        });
        found.map_err(|error| format!("`{part}` of the layer `{layer}` cannot be read: {error}"))
    }

    fn normal(&mut self, layer: &str, part: &str, count: usize) -> Result<Vec<f32>, String> {
        let (mean, variance) = (self.array(layer, 0, "mean", count)?, self.array(layer, 1, "variance", count)?);
        let scale = variance.iter().map(|variance| 1.0 / variance.sqrt().max(1e-7));
        Ok(match part {
            SCALE => scale.collect(),
            _ => scale.zip(mean).map(|(scale, mean)| -mean * scale).collect(),
        })
    }
}
