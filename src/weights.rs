//! Weights in files: safetensors both ways and PyTorch's `.pth` for reading, matched to a network by name and shape.
//!
//! Names are PyTorch's, so a file that [`save`] wrote goes into `load_state_dict(strict=True)` of the same module,
//! and a state dict from there comes in through [`load`].

mod kind;
mod matching;
mod number;
mod pth;
mod safetensors;
mod save;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::{Tensor, WithDType};

use crate::program::ProgramWeight;
use crate::regular;
use kind::{FileKind, kind};
use matching::bare;
pub(crate) use matching::is_counter;
pub use matching::{Reshaped, WeightsMismatch, matching};
pub use save::{Entry, entries, save};
pub use stored::Stored;

/// The only metadata key that is written: metadata is a hash map, so with two keys the bytes would differ from run to
/// run.
const NOTE: &str = "archc";

/// What batch norms count in PyTorch. Nothing here reads it, but PyTorch insists that it is there.
const TRACKED: &str = "num_batches_tracked";

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

/// Opens safetensors or a `.pth` of PyTorch, told apart by the formats' own rules. Nothing in a `.pth` is executed, and
/// no numbers are read before somebody asks for them.
///
/// # Errors
/// If the file cannot be read, or is something else: what.
pub fn read(path: &Path) -> Result<Stored, WeightsError> {
    let unreadable = |source| WeightsError::Io { action: "read", path: path.to_owned(), source };
    let mut file = regular::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut start = Vec::new();
    (&file).take(kind::LOOKED_AT).read_to_end(&mut start).map_err(unreadable)?;
    let kind = kind(&start, length);
    let begin = if let FileKind::Safetensors(_) = kind { 8 } else { 0 };
    file.seek(SeekFrom::Start(begin)).map_err(unreadable)?;
    let contents = match kind {
        FileKind::Safetensors(header) => safetensors::read(&file, header, length),
        FileKind::Zip => pth::read(&file, length),
        FileKind::Pickle => pth::read_legacy(&file, length),
        FileKind::Other(what) => Err(format!("neither safetensors nor a .pth of PyTorch: it is {what}")),
    };
    let contents = contents.map_err(|message| WeightsError::Format { path: path.to_owned(), message })?;
    Ok(Stored::new(path, file, contents))
}

/// Whether a file holds weights, by the formats' own rules.
pub fn is_one(path: &Path) -> bool {
    let Ok(file) = regular::open(path) else { return false };
    let Ok(length) = file.metadata().map(|found| found.len()) else { return false };
    let mut start = Vec::new();
    file.take(kind::LOOKED_AT).read_to_end(&mut start).is_ok() && !matches!(kind(&start, length), FileKind::Other(_))
}

/// The weights of a network from a file, in the network's order, with what else the file says.
///
/// # Errors
/// If the file cannot be read, or its arrays are not the network's weights.
pub fn load<T: WithDType>(
    path: &Path,
    weights: &[ProgramWeight],
) -> Result<(Vec<Vec<T>>, Option<String>), WeightsError> {
    let mut stored = read(path)?;
    let names = names(path, weights, &stored.sizes())?;
    Ok((of_network(path, &mut stored, &names)?, stored.note().map(str::to_owned)))
}

/// The weights of a network as far as a file has them.
#[derive(Debug)]
pub struct Others<T> {
    /// In the network's order; `None` where a weight begins anew.
    pub weights: Vec<Option<Vec<T>>>,
    /// What the file has beyond the network: the head of another one, say.
    pub left_out: Vec<String>,
}

/// As [`load`], but for the weights whose name is `anew`, whatever the file has under such names. Where there are some,
/// the file may have arrays that the network does not: what stood in their place.
///
/// # Errors
/// As [`load`].
pub fn load_others<T: WithDType>(
    path: &Path,
    weights: &[ProgramWeight],
    anew: impl Fn(&str) -> bool,
) -> Result<Others<T>, WeightsError> {
    let mut stored = read(path)?;
    let mut sizes = stored.sizes();
    sizes.retain(|name, _| !anew(bare(name)));
    let others: Vec<ProgramWeight> = weights.iter().filter(|weight| !anew(&weight.name)).cloned().collect();
    let mut left_out = Vec::new();
    if let Err(WeightsMismatch { unexpected, .. }) = matching(&others, &sizes)
        && others.len() < weights.len()
    {
        sizes.retain(|name, _| {
            let unknown = [*name, bare(name)].iter().any(|name| unexpected.iter().any(|other| other == name));
            if unknown {
                left_out.push((*name).to_owned());
            }
            !unknown
        });
    }
    let names = names(path, &others, &sizes)?;
    let mut values = of_network(path, &mut stored, &names)?.into_iter();
    let weights = weights.iter().map(|weight| if anew(&weight.name) { None } else { values.next() }).collect();
    Ok(Others { weights, left_out })
}

/// What a network's weights are called in a file.
fn names(
    path: &Path,
    weights: &[ProgramWeight],
    sizes: &BTreeMap<&str, &[usize]>,
) -> Result<Vec<String>, WeightsError> {
    let names =
        matching(weights, sizes).map_err(|mismatch| WeightsError::Mismatch { path: path.to_owned(), mismatch })?;
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn of_network<T: WithDType>(path: &Path, stored: &mut Stored, names: &[String]) -> Result<Vec<Vec<T>>, WeightsError> {
    let finite = |name: &String| {
        let values: Vec<T> = stored.values(name)?;
        // Whatever such weights predict means nothing.
        match values.iter().all(|value| value.to_f64().is_finite()) {
            true => Ok(values),
            false => {
                let message = format!("`{name}` holds numbers that are not finite");
                Err(WeightsError::Format { path: path.to_owned(), message })
            }
        }
    };
    names.iter().map(finite).collect()
}

/// The numbers of a tensor, row by row.
pub fn values<T: WithDType>(tensor: &Tensor) -> candle_core::Result<Vec<T>> {
    tensor.to_dtype(T::DTYPE)?.flatten_all()?.to_vec1()
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
