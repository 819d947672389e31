//! Writing weights.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::safetensors::LONGEST_HEADER;
use super::{NOTE, TRACKED, WeightsError};
use crate::durable;
use crate::program::ProgramWeight;

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
///
/// # Errors
/// If the file cannot be written.
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
    if header.len() as u64 > LONGEST_HEADER {
        // Better now than when it is to be read again.
        let message = format!("the names of its arrays take {} bytes, more than {LONGEST_HEADER}", header.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
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
