//! CIFAR's Python version: a pickled dictionary with a numpy array and a list.

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::pickle::{ObjectId, Pickle, Value};

/// What a batch file holds.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// Where the pixels are in the file: an image after the other.
    pub pixels: Range<usize>,
    /// A class for each image.
    pub labels: Vec<u32>,
}

/// Reads the array `data` with rows of `row` bytes, and the list `labels`, from a pickled dictionary.
///
/// # Errors
/// What is wrong, in words.
pub fn read(bytes: &[u8], row: usize, labels: &str) -> Result<Table, String> {
    let pickle = Pickle::read(bytes)?;
    let Value::Dictionary(entries) = pickle.get(pickle.root()) else {
        return Err(format!("it holds no dictionary, but {}", pickle.describe(pickle.root())));
    };
    let entry = |name: &str| {
        let found = entries.iter().rev().find(|(key, _)| pickle.text(*key) == Some(name.as_bytes()));
        found.map(|(_, value)| *value).ok_or_else(|| format!("its dictionary has no `{name}`"))
    };
    let (shape, pixels) =
        array(&pickle, entry("data")?).map_err(|why| format!("`data` is no array of bytes: {why}"))?;
    let Value::List(items) = pickle.get(entry(labels)?) else { return Err(format!("`{labels}` is no list")) };
    let label = |item: &ObjectId| pickle.integer(*item).and_then(|label| u32::try_from(label).ok());
    let labels: Vec<u32> = items
        .iter()
        .map(label)
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`{labels}` holds something else than labels"))?;
    match shape[..] {
        [rows, length] if rows == labels.len() && length == row => Ok(Table { pixels, labels }),
        _ => Err(format!(
            "`data` is an array of {shape:?}, but there are {} labels and images of {row} bytes",
            labels.len()
        )),
    }
}

/// The sizes of a numpy array of unsigned bytes, and where they are in the file.
fn array(pickle: &Pickle, place: ObjectId) -> Result<(Vec<usize>, Range<usize>), String> {
    let (function, arguments) = pickle.call(place).ok_or_else(|| format!("it is {}", pickle.describe(place)))?;
    let (shape, kind, pixels) = match (function.as_str(), arguments) {
        ("numpy.core.multiarray._reconstruct" | "numpy._core.multiarray._reconstruct", _) => {
            let Value::Object(object) = pickle.get(place) else { return Err("it is no object".to_owned()) };
            match object.state.and_then(|state| pickle.tuple(state)) {
                Some([_, shape, kind, by_column, pixels]) => {
                    if !matches!(pickle.get(*by_column), Value::Bool(false) | Value::Integer(0)) {
                        return Err("it lies column by column".to_owned());
                    }
                    (*shape, *kind, *pixels)
                }
                _ => return Err("it has no content".to_owned()),
            }
        }
        ("numpy.core.numeric._frombuffer" | "numpy._core.numeric._frombuffer", [pixels, kind, shape, _]) => {
            (*shape, *kind, *pixels)
        }
        _ => return Err(format!("it is {}", pickle.describe(place))),
    };
    let bytes = pickle.call(kind).is_some_and(|(function, arguments)| {
        function == "numpy.dtype" && arguments.first().and_then(|kind| pickle.text(*kind)) == Some(b"u1")
    });
    let Value::Text(pixels) = pickle.get(pixels) else { return Err("its numbers are elsewhere".to_owned()) };
    if !bytes {
        return Err("it holds other numbers".to_owned());
    }
    let size = |place: &ObjectId| pickle.integer(*place).and_then(|size| usize::try_from(size).ok());
    let shape: Option<Vec<usize>> = pickle.tuple(shape).and_then(|sizes| sizes.iter().map(size).collect());
    let product = |shape: &Vec<usize>| shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    let pixels = pixels.range();
    match shape.filter(|shape| product(shape) == Some(pixels.len())) {
        Some(shape) => Ok((shape, pixels)),
        None => Err(format!("its {} bytes are not those of its sizes", pixels.len())),
    }
}
