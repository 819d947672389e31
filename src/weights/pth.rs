//! PyTorch's `.pth`: a zip archive with one pickle, which names the tensors, and an entry for each storage, which holds
//! their numbers; before PyTorch 1.6, several pickles and then the storages.
//!
//! Nothing is executed, and nothing is taken because the pickle says so: a tensor is a place in a storage that is
//! there, and its numbers are read when somebody asks for them.

mod archive;
mod legacy;
mod tensor;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;

use super::number::Number;
use super::stored::{Array, Contents, FilePart};
use crate::pickle::{ObjectId, Pickle};
use archive::Archive;
pub use legacy::read as read_legacy;

/// Where training scripts keep the state dict when they save more than that.
const STATE_DICTS: [&str; 4] = ["state_dict", "model", "model_state_dict", "net"];

/// The longest pickle that is read, in bytes; that of ResNet-152's state dict has 60 thousand.
const LONGEST_PICKLE: u64 = 16 << 20;

/// Reads the zip archive.
///
/// # Errors
/// What is wrong with the file, in words.
pub fn read(file: &File, length: u64) -> Result<Contents, String> {
    let mut archive = Archive::open(file, length)?;
    let Some(folder) = archive.folder_of("data.pkl") else {
        return Err("it is a zip archive, but not of PyTorch: there is no `data.pkl` in it".to_owned());
    };
    if archive.has(&format!("{folder}constants.pkl")) {
        return Err(
            "it is a program for TorchScript, not a state dict; write one with `torch.save(model.state_dict(), …)`"
                .to_owned(),
        );
    }
    let order = format!("{folder}byteorder");
    if archive.has(&order) && archive.bytes(&order, file)? == b"big" {
        return Err(
            "its numbers have the highest byte first; `torch.save` it again on another kind of processor".to_owned()
        );
    }
    let bytes = archive.bytes(&format!("{folder}data.pkl"), file)?;
    let pickle = Pickle::read(&bytes).map_err(|why| format!("its pickle is broken: {why}"))?;
    let StateDict { arrays, storages } = state_dict(&pickle)?;
    let part = |storage: &Storage| {
        let part = archive.part(&format!("{folder}data/{}", storage.key))?;
        storage.fits(part)
    };
    Ok(Contents { arrays, parts: storages.list.iter().map(part).collect::<Result<_, _>>()?, note: None })
}

/// Tensors of a state dict by name, and where their numbers are.
struct StateDict {
    arrays: BTreeMap<String, Array>,
    storages: Storages,
}

/// Storages that tensors were found in.
#[derive(Default)]
struct Storages {
    list: Vec<Storage>,
    by_key: HashMap<String, usize>,
}

/// What tensors share: numbers one after the other.
#[derive(Clone)]
struct Storage {
    key: String,
    number: Result<Number, Box<str>>,
    /// How many numbers; bytes, where it has no type of its own.
    length: u64,
}

impl Storages {
    /// The index of a storage.
    fn place(&mut self, storage: &Storage) -> usize {
        let next = self.list.len();
        let index = *self.by_key.entry(storage.key.clone()).or_insert(next);
        if index == next {
            self.list.push(storage.clone());
        }
        // Whatever is said about it elsewhere, it must hold this too.
        let known = &mut self.list[index];
        if known.bytes() < storage.bytes() {
            *known = storage.clone();
        }
        index
    }
}

impl Storage {
    /// How many bytes it has; as many as there can be if nobody can count them.
    fn bytes(&self) -> u64 {
        let size = self.number.as_ref().map_or(1, |number| number.size());
        self.length.saturating_mul(size as u64)
    }

    /// The part of the file, if it has all numbers.
    fn fits(&self, part: FilePart) -> Result<FilePart, String> {
        match part.length < self.bytes() {
            false => Ok(part),
            true => Err(format!(
                "`{}` in it has {} bytes, fewer than the {} that its pickle promises",
                part.name,
                part.length,
                self.bytes()
            )),
        }
    }
}

/// The state dict in a pickle: the whole, or in one of the places where scripts keep it.
fn state_dict(pickle: &Pickle) -> Result<StateDict, String> {
    let root = pickle.root();
    let entries = pickle.entries(root);
    let top = tensors(pickle, entries.unwrap_or_default())?;
    let inner = |key: &&str| {
        let named =
            entries.unwrap_or_default().iter().rev().find(|(name, _)| pickle.text(*name) == Some(key.as_bytes()));
        named.and_then(|(_, value)| pickle.entries(*value))
    };
    // A checkpoint may keep a few tensors of its own beside the state dict.
    for entries in STATE_DICTS.iter().filter_map(inner) {
        let found = tensors(pickle, entries)?;
        if found.arrays.len() > top.arrays.len() {
            return Ok(found);
        }
    }
    if !top.arrays.is_empty() {
        return Ok(top);
    }
    let without = if entries.is_some() { " without tensors" } else { "" };
    Err(format!(
        "there is no state dict in it, but {}{without}; write one with `torch.save(model.state_dict(), …)`",
        pickle.describe(root)
    ))
}

/// The tensors among the entries of a dictionary. Of two with one name the last one counts, as in Python.
fn tensors(pickle: &Pickle, entries: &[(ObjectId, ObjectId)]) -> Result<StateDict, String> {
    let mut found = StateDict { arrays: BTreeMap::new(), storages: Storages::default() };
    for (key, value) in entries {
        let Some(name) = pickle.text(*key).and_then(|name| std::str::from_utf8(name).ok()) else { continue };
        if let Some(array) = tensor::read(pickle, *value, &mut found.storages) {
            let array = array.map_err(|why| format!("`{}` in it {why}", crate::diagnostic::printable(name)))?;
            found.arrays.insert(name.to_owned(), array);
        }
    }
    Ok(found)
}
