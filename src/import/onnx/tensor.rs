//! Tensors with constant numbers: what they are, and where their numbers lie, inside the file or beside it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use crate::import::wire::{Field, Wire};
use crate::regular;

/// A tensor.
#[derive(Debug, Clone, Default)]
pub struct Tensor {
    pub name: String,
    pub sizes: Vec<u64>,
    /// The number of its type.
    pub kind: u64,
    place: Place,
}

/// Where the numbers are.
#[derive(Debug, Clone, Default)]
enum Place {
    #[default]
    Nowhere,
    /// Bytes of the file, as many a number as the type has.
    Raw { start: u64, length: u64 },
    /// The same, of another file in the folder.
    Beside { location: String, offset: u64, length: Option<u64> },
    /// In a field of their own: numbers of so many bytes.
    Fixed { parts: Vec<(u64, u64)>, width: u64 },
    /// Whole numbers of as many bytes as each takes.
    Packed { parts: Vec<(u64, u64)> },
    /// Each by itself, as its bits.
    Loose(Vec<u64>),
}

/// Dimensions of a tensor, and numbers of one that are not packed.
const MOST_SIZES: usize = 16;
const MOST_LOOSE: usize = 1 << 16;

/// Numbers of fields of a TensorProto.
mod field {
    pub const DIMS: u64 = 1;
    pub const KIND: u64 = 2;
    pub const SEGMENT: u64 = 3;
    pub const FLOATS: u64 = 4;
    pub const INT32S: u64 = 5;
    pub const INT64S: u64 = 7;
    pub const NAME: u64 = 8;
    pub const RAW: u64 = 9;
    pub const DOUBLES: u64 = 10;
    pub const UINT64S: u64 = 11;
    pub const EXTERNAL: u64 = 13;
    pub const LOCATION: u64 = 14;
}

pub const FLOAT: u64 = 1;
const DOUBLE: u64 = 11;
const HALF: u64 = 10;
const BRAIN: u64 = 16;

/// Types of elements: number, name, bytes of each.
const KINDS: [(u64, &str, u64); 13] = [
    (FLOAT, "float", 4),
    (2, "uint8", 1),
    (3, "int8", 1),
    (4, "uint16", 2),
    (5, "int16", 2),
    (6, "int32", 4),
    (7, "int64", 8),
    (9, "bool", 1),
    (HALF, "float16", 2),
    (DOUBLE, "double", 8),
    (12, "uint32", 4),
    (13, "uint64", 8),
    (BRAIN, "bfloat16", 2),
];

/// What a type of elements is called.
pub fn kind_name(kind: u64) -> String {
    let known = KINDS.iter().find(|(number, ..)| *number == kind);
    known.map_or_else(|| format!("type {kind}"), |(_, name, _)| (*name).to_string())
}

/// Whether a type holds real numbers.
pub fn is_real(kind: u64) -> bool {
    matches!(kind, FLOAT | DOUBLE | HALF | BRAIN)
}

impl Tensor {
    /// A vector, or a single number, that stands in a node.
    pub fn written(name: String, kind: u64, sizes: Vec<u64>, bits: Vec<u64>) -> Tensor {
        Tensor { name, sizes, kind, place: Place::Loose(bits) }
    }

    /// The same numbers under another name.
    pub fn renamed(&self, name: String) -> Tensor {
        Tensor { name, ..self.clone() }
    }

    /// The tensor whose message is at these bytes.
    pub fn read(wire: &mut Wire<File>, start: u64, length: u64) -> Result<Tensor, String> {
        let mut tensor = Tensor::default();
        let mut is_beside = false;
        let mut beside = (String::new(), 0, None);
        let mut typed = None;
        wire.fields(start, length, &mut |wire, number, found| {
            match (number, found) {
                (field::DIMS, Field::Whole(size)) => tensor.sizes.push(size),
                (field::DIMS, Field::Bytes { start, length }) => {
                    tensor.sizes.extend(wire.packed(start, length, MOST_SIZES)?);
                }
                (field::KIND, Field::Whole(kind)) => tensor.kind = kind,
                (field::NAME, Field::Bytes { start, length }) => tensor.name = wire.text(start, length)?,
                (field::SEGMENT, _) => return Err("a tensor is stored in segments".to_string()),
                (field::RAW, Field::Bytes { start, length }) => tensor.place = Place::Raw { start, length },
                (field::FLOATS | field::DOUBLES, Field::Bytes { start, length }) => {
                    let width = if number == field::FLOATS { 4 } else { 8 };
                    fixed(&mut typed, width).push((start, length));
                }
                (field::INT32S | field::INT64S | field::UINT64S, Field::Bytes { start, length }) => {
                    packed(&mut typed).push((start, length));
                }
                (field::FLOATS | field::DOUBLES | field::INT32S | field::INT64S | field::UINT64S, found) => {
                    let bits = match found {
                        Field::Whole(bits) => bits,
                        Field::Four(bytes) => u64::from(u32::from_le_bytes(bytes)),
                        Field::Eight(bytes) => u64::from_le_bytes(bytes),
                        Field::Bytes { .. } => unreachable!("those are above"),
                    };
                    match typed.get_or_insert_with(|| Place::Loose(Vec::new())) {
                        Place::Loose(all) if all.len() < MOST_LOOSE => all.push(bits),
                        Place::Loose(_) => return Err(format!("a tensor has more than {MOST_LOOSE} loose numbers")),
                        _ => return Err("a tensor's numbers are stored in two ways".to_string()),
                    }
                }
                (field::EXTERNAL, Field::Bytes { start, length }) => {
                    let (key, value) = entry(wire, start, length)?;
                    let number =
                        || value.parse::<u64>().map_err(|_| format!("`{key}` of a tensor's data is `{value}`"));
                    match key.as_str() {
                        "location" => beside.0 = value,
                        "offset" => beside.1 = number()?,
                        "length" => beside.2 = Some(number()?),
                        _ => {}
                    }
                }
                (field::LOCATION, Field::Whole(location)) => is_beside = location == 1,
                _ => {}
            }
            if tensor.sizes.len() > MOST_SIZES {
                return Err(format!("a tensor has more than {MOST_SIZES} dimensions"));
            }
            Ok(())
        })?;
        if let Some(typed) = typed {
            tensor.place = typed;
        }
        if is_beside {
            let (location, offset, length) = beside;
            tensor.place = Place::Beside { location, offset, length };
        }
        Ok(tensor)
    }

    /// How many numbers it has, by its sizes.
    pub fn count(&self) -> Option<u64> {
        self.sizes.iter().try_fold(1u64, |count, size| count.checked_mul(*size))
    }

    /// Its numbers, of which there must be so many; data beside the file lies in `folder`.
    pub fn numbers(&self, wire: &mut Wire<File>, folder: &Path, count: usize) -> Result<Vec<f64>, String> {
        let mut all = Vec::new();
        self.each(wire, folder, count, &mut |number| all.push(number))?;
        Ok(all)
    }

    /// As [`Tensor::numbers`], in single precision.
    pub fn floats(&self, wire: &mut Wire<File>, folder: &Path, count: usize) -> Result<Vec<f32>, String> {
        let mut all = Vec::new();
        self.each(wire, folder, count, &mut |number| all.push(number as f32))?;
        Ok(all)
    }

    fn each(
        &self,
        wire: &mut Wire<File>,
        folder: &Path,
        count: usize,
        take: &mut dyn FnMut(f64),
    ) -> Result<(), String> {
        let width = KINDS.iter().find(|(kind, ..)| *kind == self.kind).map(|(.., width)| *width);
        let width = width.ok_or_else(|| format!("`{}` is of {}", self.name, kind_name(self.kind)))?;
        let promised = |found: u64| {
            let wanted = count as u64;
            if found == wanted {
                return Ok(());
            }
            Err(format!("`{}` promises {wanted} numbers by its sizes, and has {found}", self.name))
        };
        let kind = self.kind;
        match &self.place {
            Place::Nowhere => promised(0),
            Place::Raw { start, length } => {
                promised(length / width)?;
                chunks(wire.open(*start)?, *length, width, &mut |bits| take(real(bits, kind)))
            }
            Place::Beside { location, offset, length } => {
                let mut file = beside(folder, location)?;
                let there = file.metadata().map_err(|error| error.to_string())?.len();
                let room = there.saturating_sub(*offset);
                let wanted = length.unwrap_or_else(|| (count as u64).saturating_mul(width));
                if wanted > room {
                    return Err(format!(
                        "`{}` is {wanted} bytes of `{location}` from byte {offset} on, where {room} are left",
                        self.name
                    ));
                }
                promised(wanted / width)?;
                file.seek(SeekFrom::Start(*offset)).map_err(|error| error.to_string())?;
                chunks(&mut file, wanted, width, &mut |bits| take(real(bits, kind)))
            }
            Place::Fixed { parts, width } => {
                promised(parts.iter().map(|(_, length)| length / width).sum())?;
                let kind = if *width == 4 { FLOAT } else { DOUBLE };
                for (start, length) in parts {
                    chunks(wire.open(*start)?, *length, *width, &mut |bits| take(real(bits, kind)))?;
                }
                Ok(())
            }
            Place::Packed { parts } => {
                let mut found = 0;
                for (start, length) in parts {
                    for bits in wire.packed(*start, *length, count.saturating_add(1))? {
                        found += 1;
                        take(real(bits, kind));
                    }
                }
                promised(found)
            }
            Place::Loose(bits) => {
                promised(bits.len() as u64)?;
                bits.iter().for_each(|bits| take(real(*bits, kind)));
                Ok(())
            }
        }
    }
}

fn fixed(typed: &mut Option<Place>, width: u64) -> &mut Vec<(u64, u64)> {
    match typed {
        Some(Place::Fixed { width: found, .. }) if *found == width => {}
        _ => *typed = Some(Place::Fixed { parts: Vec::new(), width }),
    }
    match typed {
        Some(Place::Fixed { parts, .. }) => parts,
        _ => unreachable!("it has just been made"),
    }
}

fn packed(typed: &mut Option<Place>) -> &mut Vec<(u64, u64)> {
    if !matches!(typed, Some(Place::Packed { .. })) {
        *typed = Some(Place::Packed { parts: Vec::new() });
    }
    match typed {
        Some(Place::Packed { parts }) => parts,
        _ => unreachable!("it has just been made"),
    }
}

/// A key and its value, both text.
fn entry(wire: &mut Wire<File>, start: u64, length: u64) -> Result<(String, String), String> {
    let (mut key, mut value) = (String::new(), String::new());
    wire.fields(start, length, &mut |wire, number, found| {
        match (number, found) {
            (1, Field::Bytes { start, length }) => key = wire.text(start, length)?,
            (2, Field::Bytes { start, length }) => value = wire.text(start, length)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, value))
}

/// A file of data. It is read because a network's file says so: nothing is read that does not lie in the same folder or
/// below it.
fn beside(folder: &Path, location: &str) -> Result<File, String> {
    let refused = |why: &str| format!("the weights are in `{location}`, {why}");
    let path = Path::new(location);
    if location.is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(refused("which is no path below the folder of the file"));
    }
    let path = folder.join(path);
    let place = fs::canonicalize(&path).map_err(|error| refused(&format!("which cannot be read: {error}")))?;
    let own = fs::canonicalize(folder).map_err(|error| error.to_string())?;
    if !place.starts_with(own) {
        return Err(refused("a link that leads out of the folder of the file"));
    }
    regular::open(&path).map_err(|error| refused(&format!("which cannot be read: {error}")))
}

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

fn chunks(file: &mut impl Read, length: u64, width: u64, take: &mut dyn FnMut(u64)) -> Result<(), String> {
    let mut bytes = vec![0; CHUNK.min(length as usize)];
    let mut left = length - length % width;
    while left > 0 {
        let next = (bytes.len() as u64 - bytes.len() as u64 % width).min(left) as usize;
        file.read_exact(&mut bytes[..next]).map_err(|error| format!("it cannot be read to its end: {error}"))?;
        let bytes = &bytes[..next];
        match width {
            1 => bytes.iter().for_each(|bits| take(u64::from(*bits))),
            2 => bytes.as_chunks().0.iter().for_each(|bits| take(u64::from(u16::from_le_bytes(*bits)))),
            4 => bytes.as_chunks().0.iter().for_each(|bits| take(u64::from(u32::from_le_bytes(*bits)))),
            _ => bytes.as_chunks().0.iter().for_each(|bits| take(u64::from_le_bytes(*bits))),
        }
        left -= next as u64;
    }
    Ok(())
}

/// What the bits of a number of this type say.
fn real(bits: u64, kind: u64) -> f64 {
    match kind {
        FLOAT => f64::from(f32::from_bits(bits as u32)),
        DOUBLE => f64::from_bits(bits),
        HALF => half::f16::from_bits(bits as u16).to_f64(),
        BRAIN => half::bf16::from_bits(bits as u16).to_f64(),
        3 => f64::from(bits as i8),
        5 => f64::from(bits as i16),
        6 => f64::from(bits as i32),
        7 => bits as i64 as f64,
        _ => bits as f64,
    }
}
