//! PyTorch's `.pth`: a zip archive with one pickle, which names the tensors, and a file for each tensor's numbers.
//!
//! Candle reads the pickle without executing anything. But it recurses, and it allocates what the pickle declares; so
//! a file is first looked at on a stack of its own, and whatever could not be in it is refused.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::thread;

use candle_core::{Tensor, pickle};
use zip::ZipArchive;

/// Where training scripts keep the state dict when they save more than that.
const STATE_DICTS: [&str; 4] = ["state_dict", "model", "model_state_dict", "net"];

/// The largest pickle that is read, in bytes; that of ResNet-152's state dict has 60 thousand.
const LARGEST_PICKLE: u64 = 1 << 20;

/// Enough for the deepest nesting that a pickle of that size can have. Only what is used of it takes memory.
const STACK: usize = 1 << 30;

/// The tensors of a state dict, by name.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn read(path: &Path) -> Result<HashMap<String, Tensor>, String> {
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || read_here(path));
        let reader = reader.map_err(|error| format!("cannot start a thread to read it: {error}"))?;
        reader.join().unwrap_or_else(|_| Err("not a state dict of PyTorch".to_owned()))
    })
}

fn read_here(path: &Path) -> Result<HashMap<String, Tensor>, String> {
    check_archive(path).map_err(|error| refused(&error))?;
    let dict = |key: Option<&str>| {
        check_sizes(path, key)?;
        let tensors = match key {
            None => pickle::read_all(path),
            Some(key) => pickle::read_all_with_key(path, Some(key)),
        };
        tensors.map(|tensors| tensors.into_iter().collect::<HashMap<_, _>>()).map_err(|error| refused(&error))
    };
    let top = dict(None)?;
    // A checkpoint may keep a few tensors of its own beside the state dict.
    let nested = STATE_DICTS.into_iter().filter_map(|key| dict(Some(key)).ok()).find(|inner| inner.len() > top.len());
    match nested.unwrap_or(top) {
        found if found.is_empty() => {
            Err("there is no state dict in it; write one with `torch.save(model.state_dict(), …)`".to_owned())
        }
        found => Ok(found),
    }
}

fn check_archive(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| error.to_string())?;
        let is_pickle = entry.name().is_ok_and(|name| name.ends_with(".pkl"));
        if is_pickle && entry.size() > LARGEST_PICKLE {
            return Err(format!("its pickle has {} bytes, more than {LARGEST_PICKLE}", entry.size()));
        }
    }
    Ok(())
}

/// What Candle or the system says, without the backtrace that Candle's errors may carry.
fn refused(error: &dyn Display) -> String {
    let said = error.to_string();
    format!("not a state dict of PyTorch: {}", said.lines().next().unwrap_or_default())
}

/// No tensor can hold more numbers than the file has room for.
fn check_sizes(path: &Path, key: Option<&str>) -> Result<(), String> {
    let length = std::fs::metadata(path).map_err(|error| refused(&error))?.len();
    for tensor in pickle::read_pth_tensor_info(path, false, key).map_err(|error| refused(&error))? {
        let sizes = tensor.layout.dims();
        let bytes = sizes.iter().try_fold(tensor.dtype.size_in_bytes(), |bytes, size| bytes.checked_mul(*size));
        if bytes.is_none_or(|bytes| bytes as u64 > length) {
            return Err(format!("`{}` is declared with sizes {sizes:?}, more than the file holds", tensor.name));
        }
    }
    Ok(())
}
