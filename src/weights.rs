//! Weights in files: safetensors both ways and PyTorch's `.pth` for reading, matched to a network by name and shape.
//!
//! Names are PyTorch's, so a file that [`save`] wrote goes into `load_state_dict(strict=True)` of the same module,
//! and a state dict from there comes in through [`load`].
//!
//! ```text
//! file ──read──▶ sets of arrays ──naming──▶ names here ──fit──▶ an array for each weight ──load──▶ numbers
//! ```

mod fit;
mod kind;
mod load;
mod matching;
mod naming;
mod number;
mod propose;
mod pth;
mod reading;
mod safetensors;
mod save;
mod sets;
mod stored;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::{Tensor, WithDType};

use crate::regular;
use kind::{FileKind, kind};
pub use load::{Match, hold_against, load, load_as};
pub(crate) use matching::is_counter;
pub use matching::{Reshaped, WeightsMismatch, matching};
pub use reading::{Loaded, Reading, Remark};
pub use save::{Entry, entries, save};
pub use stored::{Stored, StoredArray, StoredSet};

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
