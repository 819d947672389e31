//! The header of safetensors: how long it is, a JSON object with the place of each array, and then their numbers.
//!
//! The format: <https://huggingface.co/docs/safetensors>.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::Read;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::number::Number;
use super::stored::{Array, Contents, FilePart};
use super::{NOTE, sets};

/// The longest header, in bytes: two hundred thousand arrays, or the names of a million classes.
pub const LONGEST_HEADER: u64 = 16 << 20;

/// The most dimensions of an array.
const MOST_DIMENSIONS: usize = 16;

/// The length of the header, if this is how a file of so many bytes in the format begins. A file that is cut off within
/// its header is one too.
pub fn header(start: &[u8], length: u64) -> Option<u64> {
    let (word, rest) = start.split_first_chunk::<8>()?;
    let header = u64::from_le_bytes(*word);
    let whole = header <= length.saturating_sub(8);
    (rest.first() == Some(&b'{') && (whole || header <= LONGEST_HEADER)).then_some(header)
}

/// Reads the header behind its length.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(file: &File, header: u64, length: u64) -> Result<Contents, String> {
    if header > LONGEST_HEADER {
        return Err(format!("its header has {header} bytes; at most {LONGEST_HEADER} are read"));
    }
    let data = length.checked_sub(8 + header);
    let data = data.ok_or_else(|| format!("it is cut off: its header alone has {header} bytes, the file {length}"))?;
    let mut text = Vec::new();
    let read = file.take(header).read_to_end(&mut text).map_err(|error| format!("cannot read its header: {error}"))?;
    if read as u64 != header {
        return Err("it became shorter while it was read".to_owned());
    }
    let Header { arrays, note, end } =
        serde_json::from_slice(&text).map_err(|error| format!("not valid safetensors: in its header, {error}"))?;
    if end > data {
        return Err(format!("it is cut off: its header promises {end} bytes of numbers, and it has {data}"));
    }
    if end < data {
        return Err(format!("its header promises {end} bytes of numbers, and it has {data}: something was added"));
    }
    let part = FilePart { name: "data".to_owned(), start: 8 + header, length: data, checksum: None };
    Ok(Contents { sets: sets::of_whole(arrays), parts: vec![part], note })
}

struct Header {
    arrays: BTreeMap<String, Array>,
    note: Option<String>,
    /// Where the last array ends.
    end: u64,
}

#[derive(Deserialize)]
struct Info<'a> {
    #[serde(borrow)]
    dtype: std::borrow::Cow<'a, str>,
    shape: Shape,
    data_offsets: (u64, u64),
}

struct Shape(Vec<usize>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Header, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object with an entry for each array")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Header, M::Error> {
                let mut header = Header { arrays: BTreeMap::new(), note: None, end: 0 };
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        header.note = map.next_value_seed(Metadata)?;
                        continue;
                    }
                    let (mut array, end) = place(map.next_value()?, &name).map_err(M::Error::custom)?;
                    array.position = header.arrays.len();
                    header.end = header.end.max(end);
                    if header.arrays.insert(name.clone(), array).is_some() {
                        return Err(M::Error::custom(format_args!("`{name}` is there twice")));
                    }
                }
                Ok(header)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Where an array is, and where it ends.
fn place(info: Info, name: &str) -> Result<(Array, u64), String> {
    let Info { dtype, shape: Shape(shape), data_offsets: (start, end) } = info;
    let number = Number::of_safetensors(&dtype).ok_or_else(|| dtype.into_owned().into_boxed_str());
    let promised = end.checked_sub(start).ok_or_else(|| format!("`{name}` ends before it begins"))?;
    if let Ok(number) = &number {
        let bytes = shape.iter().try_fold(number.size(), |bytes, size| bytes.checked_mul(*size));
        if bytes.is_none_or(|bytes| bytes as u64 != promised) {
            return Err(format!("`{name}` has the sizes {shape:?}, which do not take {promised} bytes"));
        }
    }
    Ok((Array { number, shape, position: 0, strides: None, part: 0, start }, end))
}

/// The note among the metadata. Nothing else of them is kept.
struct Metadata;

impl<'de> DeserializeSeed<'de> for Metadata {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        let mut metadata = HashMap::<String, String>::deserialize(deserializer)?;
        Ok(metadata.remove(NOTE))
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shape, D::Error> {
        struct Sizes;

        impl<'de> Visitor<'de> for Sizes {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                write!(f, "at most {MOST_DIMENSIONS} sizes")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut sizes: S) -> Result<Shape, S::Error> {
                let mut shape = Vec::with_capacity(4);
                while let Some(size) = sizes.next_element()? {
                    if shape.len() == MOST_DIMENSIONS {
                        return Err(S::Error::invalid_length(shape.len() + 1, &self));
                    }
                    shape.push(size);
                }
                Ok(Shape(shape))
            }
        }

        deserializer.deserialize_seq(Sizes)
    }
}
