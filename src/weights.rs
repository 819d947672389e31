//! Weights in files: safetensors both ways and PyTorch's `.pth` for reading, matched to a network by name and shape.
//!
//! Names are PyTorch's, so a file that [`save`] wrote goes into `load_state_dict(strict=True)` of the same module,
//! and a state dict from there comes in through [`read`] and [`matching`].

mod pth;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor, WithDType};
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};

use crate::durable;
use crate::program::ProgramWeight;

/// The only metadata key that is written: metadata is a hash map, so with two keys the bytes would differ from run to run.
const NOTE: &str = "archc";

/// What batch norms count in PyTorch. Nothing here reads it, but PyTorch insists that it is there.
const TRACKED: &str = "num_batches_tracked";

/// Prefixes that wrappers of PyTorch put before every name.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// What a file of weights holds.
#[derive(Debug, Clone)]
pub struct Stored {
    /// By name, as the file has them.
    pub tensors: BTreeMap<String, Tensor>,
    /// What [`save`] was given as a note; `None` in files of other programs.
    pub note: Option<String>,
}

/// Why weights cannot be read, used or written.
#[derive(Debug)]
pub enum WeightsError {
    /// The system refused.
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The file is not what it should be.
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// They belong to another network.
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What differs.
        mismatch: WeightsMismatch,
    },
}

/// How a set of tensors differs from the weights of a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeightsMismatch {
    /// The network's weights that are not among the tensors.
    pub missing: Vec<String>,
    /// Tensors that the network does not have.
    pub unexpected: Vec<String>,
    /// Same name, different sizes.
    pub reshaped: Vec<Reshaped>,
}

/// A tensor whose sizes are not those of the weight of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshaped {
    /// The name of both.
    pub name: String,
    /// Sizes in the file.
    pub found: Vec<usize>,
    /// Sizes in the network.
    pub expected: Vec<usize>,
}

/// Reads safetensors or a `.pth` of PyTorch, told apart by their first bytes. Nothing in a `.pth` is executed.
pub fn read(path: &Path) -> Result<Stored, WeightsError> {
    let unreadable = |source| WeightsError::Io { action: "read", path: path.to_owned(), source };
    let mut start = Vec::new();
    File::open(path).map_err(unreadable)?.take(4).read_to_end(&mut start).map_err(unreadable)?;
    match start.as_slice() {
        b"PK\x03\x04" => read_pth(path),
        [0x80, ..=5, ..] => Err(WeightsError::Format {
            path: path.to_owned(),
            message: "PyTorch's format from before 1.6; load it there and `torch.save` it again".to_owned(),
        }),
        _ => read_safetensors(path, &std::fs::read(path).map_err(unreadable)?),
    }
}

fn read_safetensors(path: &Path, bytes: &[u8]) -> Result<Stored, WeightsError> {
    let refused = |message: String| WeightsError::Format { path: path.to_owned(), message };
    let (_, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|error| refused(format!("neither safetensors nor a .pth of PyTorch ({error})")))?;
    let note = metadata.metadata().as_ref().and_then(|entries| entries.get(NOTE).cloned());
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)
        .map_err(|error| refused(format!("not valid safetensors: {error}")))?;
    Ok(Stored { tensors: tensors.into_iter().collect(), note })
}

fn read_pth(path: &Path) -> Result<Stored, WeightsError> {
    let refused = |message: String| WeightsError::Format { path: path.to_owned(), message };
    Ok(Stored { tensors: pth::read(path).map_err(refused)?.into_iter().collect(), note: None })
}

/// The tensors of a network's weights, in their order. Batch norms' counters may be there or not, and every name
/// may carry the prefix of a wrapper.
pub fn matching(weights: &[ProgramWeight], tensors: &BTreeMap<String, Tensor>) -> Result<Vec<Tensor>, WeightsMismatch> {
    let wrapped = |prefix: &&str| tensors.keys().all(|name| name.starts_with(prefix));
    let own = |prefix: &&str| weights.iter().any(|weight| weight.name.starts_with(prefix));
    let prefix = WRAPPERS.into_iter().find(|prefix| wrapped(prefix) && !own(prefix)).unwrap_or("");
    let mut unclaimed: BTreeMap<&str, &Tensor> = tensors
        .iter()
        .map(|(name, tensor)| (&name[prefix.len()..], tensor))
        .filter(|(name, _)| name.rsplit('.').next() != Some(TRACKED))
        .collect();
    let mut matched = Vec::with_capacity(weights.len());
    let mut mismatch = WeightsMismatch::default();
    for weight in weights {
        match unclaimed.remove(weight.name.as_str()) {
            None => mismatch.missing.push(weight.name.clone()),
            Some(tensor) if tensor.dims() != weight.shape => mismatch.reshaped.push(Reshaped {
                name: weight.name.clone(),
                found: tensor.dims().to_vec(),
                expected: weight.shape.clone(),
            }),
            Some(tensor) => matched.push(tensor.clone()),
        }
    }
    mismatch.unexpected = unclaimed.into_keys().map(str::to_owned).collect();
    if mismatch == WeightsMismatch::default() { Ok(matched) } else { Err(mismatch) }
}

/// The weights of a network from a file, in the network's order, with what else the file says.
pub fn load<T: WithDType>(
    path: &Path,
    weights: &[ProgramWeight],
) -> Result<(Vec<Vec<T>>, Option<String>), WeightsError> {
    let stored = read(path)?;
    Ok((of_network(path, weights, &stored.tensors)?, stored.note))
}

/// As [`load`], but for the weights whose name is `anew`: they are `None`, whatever the file has under such names.
pub fn load_others<T: WithDType>(
    path: &Path,
    weights: &[ProgramWeight],
    anew: impl Fn(&str) -> bool,
) -> Result<Vec<Option<Vec<T>>>, WeightsError> {
    let mut tensors = read(path)?.tensors;
    tensors.retain(|name, _| !anew(bare(name)));
    let others: Vec<ProgramWeight> = weights.iter().filter(|weight| !anew(&weight.name)).cloned().collect();
    let mut values = of_network(path, &others, &tensors)?.into_iter();
    Ok(weights.iter().map(|weight| if anew(&weight.name) { None } else { values.next() }).collect())
}

/// The name without a wrapper's prefix.
fn bare(name: &str) -> &str {
    WRAPPERS.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

fn of_network<T: WithDType>(
    path: &Path,
    weights: &[ProgramWeight],
    tensors: &BTreeMap<String, Tensor>,
) -> Result<Vec<Vec<T>>, WeightsError> {
    let tensors =
        matching(weights, tensors).map_err(|mismatch| WeightsError::Mismatch { path: path.to_owned(), mismatch })?;
    let refused = |message: String| WeightsError::Format { path: path.to_owned(), message };
    let values: Vec<Vec<T>> =
        tensors.iter().map(values).collect::<candle_core::Result<_>>().map_err(|error| refused(error.to_string()))?;
    // Whatever such weights predict means nothing.
    let finite = |values: &Vec<T>| values.iter().all(|value| value.to_f64().is_finite());
    match values.iter().position(|values| !finite(values)) {
        Some(index) => Err(refused(format!("`{}` holds numbers that are not finite", weights[index].name))),
        None => Ok(values),
    }
}

/// The numbers of a tensor, row by row.
pub fn values<T: WithDType>(tensor: &Tensor) -> candle_core::Result<Vec<T>> {
    tensor.to_dtype(T::DTYPE)?.flatten_all()?.to_vec1()
}

/// A named array on its way into a file.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Its name.
    pub name: String,
    /// Its sizes.
    pub shape: &'a [usize],
    /// Its numbers, row by row.
    pub values: &'a [f32],
}

/// A network's weights as entries of a file.
pub fn entries<'a>(weights: &'a [ProgramWeight], values: &'a [Vec<f32>]) -> Vec<Entry<'a>> {
    let entry = |(weight, values): (&'a ProgramWeight, &'a Vec<f32>)| Entry {
        name: weight.name.clone(),
        shape: &weight.shape,
        values,
    };
    weights.iter().zip(values).map(entry).collect()
}

/// Writes entries as safetensors, whole or not at all: equal contents give equal bytes. Where there are running
/// statistics, `steps` becomes the counter that PyTorch expects beside them.
pub fn save(path: &Path, entries: &[Entry], steps: u64, note: &str) -> Result<(), WeightsError> {
    durable::replace(path, |file| write_safetensors(file, entries, steps, note)).map_err(|source| WeightsError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

/// The format: <https://huggingface.co/docs/safetensors>. Eight-byte numbers come first, so that everything is aligned.
fn write_safetensors(file: &mut BufWriter<File>, entries: &[Entry], steps: u64, note: &str) -> io::Result<()> {
    let counters = entries.iter().filter_map(|entry| {
        let norm = entry.name.strip_suffix("running_mean")?;
        Some((format!("{norm}{TRACKED}"), Dtype::I64, &[] as &[usize], 8))
    });
    let counted = counters.clone().count();
    let arrays = entries.iter().map(|entry| (entry.name.clone(), Dtype::F32, entry.shape, 4 * entry.values.len()));
    let mut end = 0;
    let infos = counters.chain(arrays).map(|(name, dtype, shape, bytes)| {
        let start = end;
        end += bytes;
        (name, TensorInfo { dtype, shape: shape.to_vec(), data_offsets: (start, end) })
    });
    let metadata = HashMap::from([(NOTE.to_owned(), note.to_owned())]);
    let metadata = Metadata::new(Some(metadata), infos.collect()).map_err(io::Error::other)?;

    let mut header = serde_json::to_vec(&metadata)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    for _ in 0..counted {
        file.write_all(&steps.to_le_bytes())?;
    }
    for value in entries.iter().flat_map(|entry| entry.values) {
        file.write_all(&value.to_le_bytes())?;
    }
    Ok(())
}

/// How many names an error message lists before it only counts.
const LISTED: usize = 10;

impl fmt::Display for WeightsMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = |shape: &[usize]| match shape {
            [] => "a single number".to_owned(),
            _ => shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×"),
        };
        let reshaped = self.reshaped.iter().map(|Reshaped { name, found, expected }| {
            format!("{name} is {} in the file, {} in the network", sizes(found), sizes(expected))
        });
        let groups = [
            ("missing in the file", self.missing.clone()),
            ("unknown to the network", self.unexpected.clone()),
            ("of another shape", reshaped.collect()),
        ];
        f.write_str("the weights do not fit the network")?;
        for (what, names) in groups.iter().filter(|(_, names)| !names.is_empty()) {
            write!(f, "\n  {} {what}: {}", names.len(), names[..names.len().min(LISTED)].join(", "))?;
            if names.len() > LISTED {
                write!(f, ", and {} more", names.len() - LISTED)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for WeightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WeightsError::Io { action, path, source } => write!(f, "cannot {action} {}: {source}", path.display()),
            WeightsError::Format { path, message } => write!(f, "{}: {message}", path.display()),
            WeightsError::Mismatch { path, mismatch } => write!(f, "{}: {mismatch}", path.display()),
        }
    }
}

impl std::error::Error for WeightsError {}
