//! What a file of weights holds: first only names and sizes; the numbers of an array when somebody asks for them.
//!
//! So nothing is taken for an array that nobody wants, or whose sizes are not those that were expected, and reading a
//! network's weights takes their own memory and little more.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::WithDType;
use flate2::Crc;

use super::WeightsError;
use super::number::Number;

/// A file of weights that is open.
#[derive(Debug)]
pub struct Stored {
    path: PathBuf,
    file: File,
    contents: Contents,
    /// Which of its sets is read.
    chosen: usize,
}

/// What a format says is where in its file.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// At least one; those first that are most likely meant.
    pub sets: Vec<WeightSet>,
    pub parts: Vec<FilePart>,
    pub note: Option<String>,
}

/// Arrays that are the weights of one network: a file may hold several such sets.
#[derive(Debug, Default)]
pub(super) struct WeightSet {
    /// The keys that lead to it, as `checkpoint.state_dict`; empty where it is the whole file.
    pub place: String,
    /// Whether they are averages of weights.
    pub is_averaged: bool,
    pub arrays: BTreeMap<String, Array>,
}

/// An array in a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    /// A type, or the name of one that is not read here.
    pub number: Result<Number, Box<str>>,
    pub shape: Vec<usize>,
    /// The how manieth of its set it is in the file.
    pub position: usize,
    /// Numbers from one index to the next, for each dimension; `None` where they lie row by row.
    pub strides: Option<Vec<usize>>,
    /// Which part of the file it is in.
    pub part: usize,
    /// Where it begins there, in bytes.
    pub start: u64,
}

/// A part of a file: what several arrays may share, and what is checked at a time.
#[derive(Debug)]
pub(super) struct FilePart {
    /// In the file's own words.
    pub name: String,
    pub start: u64,
    pub length: u64,
    /// Of its bytes, where the format keeps one that has not been compared yet.
    pub checksum: Option<u32>,
}

/// Bytes that are read at a time.
const CHUNK: u64 = 1 << 16;

impl Stored {
    pub(super) fn new(path: &Path, file: File, contents: Contents) -> Stored {
        Stored { path: path.to_owned(), file, contents, chosen: 0 }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sets of weights in the file, those first that are most likely meant.
    pub fn sets(&self) -> impl Iterator<Item = StoredSet<'_>> {
        self.contents.sets.iter().map(StoredSet)
    }

    /// Makes another set the one whose arrays are listed and read.
    pub(super) fn choose(&mut self, index: usize) {
        self.chosen = index;
    }

    fn chosen(&self) -> &WeightSet {
        &self.contents.sets[self.chosen]
    }

    /// The sizes of all arrays, by name.
    pub fn sizes(&self) -> BTreeMap<&str, &[usize]> {
        self.chosen().arrays.iter().map(|(name, array)| (name.as_str(), array.shape.as_slice())).collect()
    }

    /// What [`save`](super::save) was given as a note; `None` in files of other programs.
    pub fn note(&self) -> Option<&str> {
        self.contents.note.as_deref()
    }

    /// The numbers of an array, row by row.
    ///
    /// # Errors
    /// If there is none of this name, if it is of a type that is not read here, or damaged.
    pub fn values<T: WithDType>(&mut self, name: &str) -> Result<Vec<T>, WeightsError> {
        let refused = |message: String| WeightsError::Format { path: self.path.clone(), message };
        let array =
            self.chosen().arrays.get(name).cloned().ok_or_else(|| refused(format!("there is no `{name}` in it")))?;
        let part = &mut self.contents.parts[array.part];
        let number = array.number.clone();
        let number = number.map_err(|other| {
            refused(format!(
                "`{name}` holds numbers of the type `{other}`, which are not read; convert them to float32"
            ))
        })?;
        let unread = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => refused(format!("`{name}` is cut off: the file ends before it does")),
            io::ErrorKind::InvalidData => refused(error.to_string()),
            _ => WeightsError::Io { action: "read", path: self.path.clone(), source: error },
        };
        part.check(&self.file).map_err(unread)?;
        array.read(number, part.start, &self.file).map_err(unread)
    }
}

/// One of the sets of weights in a file.
#[derive(Debug, Clone, Copy)]
pub struct StoredSet<'a>(&'a WeightSet);

/// What a file says of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredArray<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its sizes.
    pub shape: &'a [usize],
    /// Its type: as PyTorch calls it, or in the file's own words where it is none that is read.
    pub dtype: &'a str,
    /// Bytes of a number; `None` where that is not known.
    pub size: Option<usize>,
}

impl<'a> StoredSet<'a> {
    /// The keys that lead to it, as `checkpoint.state_dict`; empty where it is the whole file.
    pub fn place(self) -> &'a str {
        &self.0.place
    }

    /// Whether they are averages of weights.
    pub fn is_averaged(self) -> bool {
        self.0.is_averaged
    }

    /// Its arrays, in the file's order.
    pub fn arrays(self) -> Vec<StoredArray<'a>> {
        let mut arrays: Vec<_> = self.0.arrays.iter().collect();
        arrays.sort_by_key(|(_, array)| array.position);
        let told = |(name, array): (&'a String, &'a Array)| StoredArray {
            name,
            shape: &array.shape,
            dtype: array.number.as_ref().map_or_else(|other| &**other, |number| number.name()),
            size: array.number.as_ref().ok().map(|number| number.size()),
        };
        arrays.into_iter().map(told).collect()
    }
}

impl FilePart {
    /// All of it; in memory, so it has to be short.
    pub fn bytes(&mut self, file: &File) -> io::Result<Vec<u8>> {
        self.check(file)?;
        let mut bytes = Vec::new();
        each_chunk(file, self.start, self.length, |chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }

    /// Compares the checksum, once.
    fn check(&mut self, file: &File) -> io::Result<()> {
        let Some(expected) = self.checksum else { return Ok(()) };
        let mut found = Crc::new();
        each_chunk(file, self.start, self.length, |bytes| found.update(bytes))?;
        if found.sum() != expected {
            let message = format!(
                "`{}` in it is damaged: its checksum is {:08x}, not {expected:08x} as the file says",
                self.name,
                found.sum()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.checksum = None;
        Ok(())
    }
}

impl Array {
    /// Its numbers, row by row.
    fn read<T: WithDType>(&self, number: Number, part: u64, file: &File) -> io::Result<Vec<T>> {
        let elements: usize = self.shape.iter().product();
        let mut values = Vec::new();
        let taken = values.try_reserve_exact(elements);
        taken.map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error.to_string()))?;
        let (start, size) = (part + self.start, number.size());
        let Some(strides) = &self.strides else {
            each_chunk(file, start, (elements * size) as u64, |bytes| number.decode(bytes, &mut values))?;
            return Ok(values);
        };
        if elements == 0 {
            return Ok(values);
        }
        // From its first to its last number; what lies between may be another's.
        let span = extent(&self.shape, strides).unwrap_or(usize::MAX);
        let mut numbers: Vec<T> = Vec::new();
        each_chunk(file, start, (span * size) as u64, |bytes| number.decode(bytes, &mut numbers))?;
        let mut index = vec![0; self.shape.len()];
        let mut at = 0;
        for _ in 0..elements {
            values.push(numbers[at]);
            // The next index, as on a mileage counter.
            for ((index, size), stride) in index.iter_mut().zip(&self.shape).zip(strides).rev() {
                *index += 1;
                at += stride;
                if *index < *size {
                    break;
                }
                at -= stride * size;
                *index = 0;
            }
        }
        Ok(values)
    }
}

/// Numbers from the first to the last of an array that has some, both included; `None` beyond what can be counted.
pub(super) fn extent(shape: &[usize], strides: &[usize]) -> Option<usize> {
    shape.iter().zip(strides).try_fold(1usize, |extent, (size, stride)| {
        (size - 1).checked_mul(*stride).and_then(|further| extent.checked_add(further))
    })
}

/// Hands out the bytes of a file from `start` on, a chunk after the other, each of a multiple of eight bytes but the
/// last.
fn each_chunk(mut file: &File, start: u64, length: u64, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    file.seek(SeekFrom::Start(start))?;
    let mut buffer = vec![0; length.min(CHUNK) as usize];
    let mut left = length;
    while left > 0 {
        let chunk = &mut buffer[..left.min(CHUNK) as usize];
        file.read_exact(chunk)?;
        take(chunk);
        left -= chunk.len() as u64;
    }
    Ok(())
}
