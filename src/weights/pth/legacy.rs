//! PyTorch's format from before 1.6: pickles of a magic number, of a version, of what machine it was and of what was
//! saved, then one of the storages' keys, and then each storage behind its length.
//!
//! Source: `_legacy_save` in torch/serialization.py of PyTorch.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::{LONGEST_PICKLE, Storage, state_dicts, tensor};
use crate::pickle::{Pickle, Value};
use crate::weights::stored::{Contents, FilePart};

/// 0x1950a86a20f9469cfc6c, the lowest byte first.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The only version that there ever was.
const VERSION: i64 = 1001;

/// Reads a file that begins with a pickle.
///
/// # Errors
/// What is wrong with the file, in words.
pub fn read(file: &File, length: u64) -> Result<Contents, String> {
    let unread = |error: std::io::Error| format!("cannot read it: {error}");
    let mut bytes = Vec::new();
    file.take(LONGEST_PICKLE).read_to_end(&mut bytes).map_err(unread)?;
    let mut at = 0;
    let mut pickle = || {
        let pickle = Pickle::read(&bytes[at..]).map_err(|why| match bytes.len() as u64 == length {
            true => format!("it is a pickle, as of PyTorch before 1.6, that is broken: {why}"),
            false => format!("it is a pickle of more than {LONGEST_PICKLE} bytes, or a broken one: {why}"),
        })?;
        at += pickle.length();
        Ok::<_, String>((pickle, at))
    };
    let (magic, _) = pickle()?;
    if magic.long(magic.root()) != Some(&MAGIC) {
        return Err(format!("it is a pickle of Python, but not of PyTorch: it holds {}", magic.describe(magic.root())));
    }
    let (version, _) = pickle()?;
    if version.integer(version.root()) != Some(VERSION) {
        return Err("it is of PyTorch's format from before 1.6, in a version that never was".to_owned());
    }
    let (machine, _) = pickle()?;
    let lowest_first = machine.entries(machine.root()).unwrap_or_default().iter();
    let mut lowest_first = lowest_first.filter(|(name, _)| machine.text(*name) == Some(b"little_endian"));
    if lowest_first.any(|(_, value)| matches!(machine.get(*value), Value::Bool(false))) {
        return Err(
            "its numbers have the highest byte first; `torch.save` it again on another kind of processor".to_owned()
        );
    }
    let (saved, _) = pickle()?;
    let (keys, end) = pickle()?;
    let (sets, storages) = state_dicts::find(&saved)?;

    let mut places = places(&saved, &keys, file, end as u64, length)?;
    let part = |storage: &Storage| {
        let part = places.remove(&storage.key).ok_or_else(|| format!("its storage {} is missing", storage.key))?;
        storage.fits(part)
    };
    Ok(Contents { sets, parts: storages.list.iter().map(part).collect::<Result<_, _>>()?, note: None })
}

/// Where the storages are that begin at `at`, by key.
fn places(
    saved: &Pickle,
    keys: &Pickle,
    mut file: &File,
    mut at: u64,
    length: u64,
) -> Result<HashMap<String, FilePart>, String> {
    let storages = saved.persistent().filter_map(|name| tensor::storage(saved, name));
    let sizes: HashMap<String, usize> = storages
        .map(|(storage, _)| (storage.key, storage.number.map_or_else(|other| size(&other), |number| number.size())))
        .collect();
    let Value::List(keys_in_order) = keys.get(keys.root()) else {
        return Err("it is of PyTorch's format from before 1.6, but without a list of its storages".to_owned());
    };
    let mut places = HashMap::new();
    for key in keys_in_order {
        let key = keys.text(*key).map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let cut = || format!("it is cut off: its storages begin at byte {at}, and the file has {length}");
        let mut count = [0; 8];
        let counted = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut count));
        counted.map_err(|_| cut())?;
        let size = *sizes
            .get(&key)
            .ok_or_else(|| format!("nothing is said of its storage {}", crate::diagnostic::printable(&key)))?;
        let bytes = u64::from_le_bytes(count).checked_mul(size as u64);
        let end = bytes.and_then(|bytes| bytes.checked_add(at + 8)).filter(|end| *end <= length).ok_or_else(cut)?;
        let name = format!("storage {}", crate::diagnostic::printable(&key));
        places.insert(key, FilePart { name, start: at + 8, length: end - at - 8, checksum: None });
        at = end;
    }
    Ok(places)
}

/// Bytes of a number of a type that is not read: the storages behind it are.
fn size(class: &str) -> usize {
    match class {
        "ComplexDoubleStorage" => 16,
        "ComplexFloatStorage" => 8,
        "QInt32Storage" => 4,
        _ => 1,
    }
}
