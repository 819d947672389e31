//! PyTorch's `.pth`: a zip archive with one pickle, which names the tensors, and an entry for each storage, which holds
//! their numbers; before PyTorch 1.6, several pickles and then the storages.
//!
//! Nothing is executed, and nothing is taken because the pickle says so: a tensor is a place in a storage that is
//! there, and its numbers are read when somebody asks for them.

mod archive;
mod legacy;
mod state_dicts;
mod tensor;

use std::collections::HashMap;
use std::fs::File;

use super::number::Number;
use super::stored::{Contents, FilePart};
use crate::pickle::Pickle;
use archive::Archive;
pub use legacy::read as read_legacy;

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
    let (sets, storages) = state_dicts::find(&pickle)?;
    let part = |storage: &Storage| {
        let part = archive.part(&format!("{folder}data/{}", storage.key))?;
        storage.fits(part)
    };
    Ok(Contents { sets, parts: storages.list.iter().map(part).collect::<Result<_, _>>()?, note: None })
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
