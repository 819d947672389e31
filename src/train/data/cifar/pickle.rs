//! CIFAR's Python version: pickles, read without running anything.
//!
//! A pickle is a program for a small stack machine. The few instructions that dictionaries, lists, numbers, texts and numpy arrays
//! need are carried out on values of our own; a function that the file wants called is looked at, never called: only those that make
//! a numpy array are understood. Values stand in one list and name each other by number, so nothing nests and nothing recurses.
//!
//! Source: Python's pickletools.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

/// What a batch file holds.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// Where the pixels are in the file: an image after the other.
    pub pixels: Range<usize>,
    /// A class for each image.
    pub labels: Vec<u32>,
}

/// The most instructions of a file, and so the most values; CIFAR-100's have 300,000.
const LONGEST: usize = 2 << 20;

/// Reads the array `data` with rows of `row` bytes, and the list `labels`, from a pickled dictionary.
///
/// # Errors
/// What is wrong, in words.
pub fn read(bytes: &[u8], row: usize, labels: &str) -> Result<Table, String> {
    let mut machine =
        Machine { bytes, at: 0, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
    let root = machine.run()?;
    let Value::Dictionary(entries) = &machine.values[root] else { return Err("it holds no dictionary".to_string()) };
    let entry = |name: &str| {
        let found = entries.iter().find(|(key, _)| machine.text(*key) == Some(name.as_bytes()));
        found.map(|(_, value)| &machine.values[*value]).ok_or_else(|| format!("its dictionary has no `{name}`"))
    };
    let Value::Array { shape, pixels } = entry("data")? else { return Err("`data` is no array of bytes".to_string()) };
    let Value::List(items) = entry(labels)? else { return Err(format!("`{labels}` is no list")) };
    let label = |item: &usize| match &machine.values[*item] {
        Value::Integer(label) => u32::try_from(*label).ok(),
        _ => None,
    };
    let labels: Vec<u32> = items
        .iter()
        .map(label)
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`{labels}` holds something else than labels"))?;
    match shape[..] {
        [rows, length] if rows == labels.len() && length == row => Ok(Table { pixels: pixels.clone(), labels }),
        _ => Err(format!(
            "`data` is an array of {shape:?}, but there are {} labels and images of {row} bytes",
            labels.len()
        )),
    }
}

/// What the machine works on. Numbers are places in [`Machine::values`].
#[derive(Debug)]
enum Value {
    None,
    Integer(i64),
    /// Bytes or text: a place in the file.
    Text(Range<usize>),
    Tuple(Vec<usize>),
    List(Vec<usize>),
    Dictionary(Vec<(usize, usize)>),
    /// A function or class: module and name.
    Global(String),
    /// Unsigned bytes if true.
    Type(bool),
    /// An array that has no content yet.
    Empty,
    Array {
        shape: Vec<usize>,
        pixels: Range<usize>,
    },
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<usize>,
    marks: Vec<usize>,
    memo: HashMap<u32, usize>,
}

impl Machine<'_> {
    /// The place of the value that is left at the end.
    fn run(&mut self) -> Result<usize, String> {
        for _ in 0..LONGEST {
            let start = self.take(1)?.start;
            match self.bytes[start] {
                b'.' => return self.pop(),
                // Protocol and frame say how the file was written.
                0x80 => self.skip(1)?,
                0x95 => self.skip(8)?,
                b'(' => self.marks.push(self.stack.len()),
                b'N' | 0x88 => self.push(Value::None),
                0x89 => self.push(Value::Integer(0)),
                b'K' => self.integer(1)?,
                b'M' => self.integer(2)?,
                b'J' => {
                    let number = self.number(4)? as u32 as i32;
                    self.push(Value::Integer(number.into()));
                }
                0x8a => {
                    let length = self.number(1)?;
                    self.integer(length)?;
                }
                b'U' | 0x8c | b'C' => self.string(1)?,
                b'T' | b'X' | b'B' => self.string(4)?,
                0x8d | 0x8e | 0x96 => self.string(8)?,
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.push(Value::Global(format!("{module}.{name}")));
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let part = |machine: &Self, value| {
                        machine.text(value).map(|text| String::from_utf8_lossy(text).into_owned())
                    };
                    let (Some(module), Some(name)) = (part(self, module), part(self, name)) else {
                        return Err(broken(start));
                    };
                    self.push(Value::Global(format!("{module}.{name}")));
                }
                b'}' => self.push(Value::Dictionary(Vec::new())),
                b']' => self.push(Value::List(Vec::new())),
                b')' => self.push(Value::Tuple(Vec::new())),
                length @ 0x85..=0x87 => {
                    let first =
                        self.stack.len().checked_sub(usize::from(length - 0x84)).ok_or_else(|| broken(start))?;
                    let items = self.stack.split_off(first);
                    self.push(Value::Tuple(items));
                }
                b't' => {
                    let items = self.since_mark()?;
                    self.push(Value::Tuple(items));
                }
                b'a' => {
                    let item = self.pop()?;
                    self.append(&[item], start)?;
                }
                b'e' => {
                    let items = self.since_mark()?;
                    self.append(&items, start)?;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.insert(&[key, value], start)?;
                }
                b'u' => {
                    let items = self.since_mark()?;
                    self.insert(&items, start)?;
                }
                b'q' => {
                    let name = self.number(1)?;
                    self.remember(name)?;
                }
                b'r' => {
                    let name = self.number(4)?;
                    self.remember(name)?;
                }
                0x94 => self.remember(self.memo.len())?,
                b'h' => {
                    let name = self.number(1)?;
                    self.recall(name, start)?;
                }
                b'j' => {
                    let name = self.number(4)?;
                    self.recall(name, start)?;
                }
                b'R' => {
                    let (arguments, function) = (self.pop()?, self.pop()?);
                    let made = self.understand(function, arguments)?;
                    self.push(made);
                }
                b'b' => {
                    let (state, object) = (self.pop()?, self.pop()?);
                    self.fill(object, state)?;
                    self.stack.push(object);
                }
                other => return Err(format!("byte {start} is the instruction {other:#04x}, which no data set needs")),
            }
        }
        Err(format!("it has more than {LONGEST} instructions"))
    }

    /// What a call would make.
    fn understand(&self, function: usize, arguments: usize) -> Result<Value, String> {
        let (Value::Global(name), Value::Tuple(arguments)) = (&self.values[function], &self.values[arguments]) else {
            return Err("it calls what is no function".to_string());
        };
        match (name.as_str(), arguments.as_slice()) {
            ("numpy.core.multiarray._reconstruct" | "numpy._core.multiarray._reconstruct", _) => Ok(Value::Empty),
            ("numpy.dtype", [kind, ..]) => Ok(Value::Type(self.text(*kind) == Some(b"u1"))),
            ("numpy.core.numeric._frombuffer" | "numpy._core.numeric._frombuffer", [data, kind, shape, _]) => {
                self.array(*shape, *kind, *data)
            }
            _ => Err(format!("it wants `{name}` called, which no data set needs; nothing was called")),
        }
    }

    /// Gives an object its content.
    fn fill(&mut self, object: usize, state: usize) -> Result<(), String> {
        match (&self.values[object], &self.values[state]) {
            (Value::Type(_), _) => Ok(()),
            (Value::Empty, Value::Tuple(state)) => {
                let [_, shape, kind, by_column, data] = state[..] else {
                    return Err("an array has another form".to_string());
                };
                if !matches!(self.values[by_column], Value::Integer(0)) {
                    return Err("an array lies column by column".to_string());
                }
                self.values[object] = self.array(shape, kind, data)?;
                Ok(())
            }
            _ => Err("it changes what is no array".to_string()),
        }
    }

    fn array(&self, shape: usize, kind: usize, data: usize) -> Result<Value, String> {
        let (Value::Tuple(sizes), Value::Type(true), Value::Text(pixels)) =
            (&self.values[shape], &self.values[kind], &self.values[data])
        else {
            return Err("an array is not of unsigned bytes".to_string());
        };
        let size = |place: &usize| match self.values[*place] {
            Value::Integer(size) => usize::try_from(size).ok(),
            _ => None,
        };
        let shape: Option<Vec<usize>> = sizes.iter().map(size).collect();
        let product = |shape: &Vec<usize>| shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
        match shape.filter(|shape| product(shape) == Some(pixels.len())) {
            Some(shape) => Ok(Value::Array { shape, pixels: pixels.clone() }),
            None => Err(format!("an array's {} bytes are not those of its sizes", pixels.len())),
        }
    }

    fn text(&self, value: usize) -> Option<&[u8]> {
        match &self.values[value] {
            Value::Text(range) => Some(&self.bytes[range.clone()]),
            _ => None,
        }
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<usize, String> {
        self.stack.pop().ok_or_else(|| broken(self.at))
    }

    fn since_mark(&mut self) -> Result<Vec<usize>, String> {
        let first = self.marks.pop().filter(|first| *first <= self.stack.len()).ok_or_else(|| broken(self.at))?;
        Ok(self.stack.split_off(first))
    }

    fn append(&mut self, items: &[usize], start: usize) -> Result<(), String> {
        match self.stack.last().map(|list| &mut self.values[*list]) {
            Some(Value::List(list)) => list.extend_from_slice(items),
            _ => return Err(broken(start)),
        }
        Ok(())
    }

    fn insert(&mut self, items: &[usize], start: usize) -> Result<(), String> {
        let (pairs, rest) = items.as_chunks::<2>();
        match self.stack.last().map(|dictionary| &mut self.values[*dictionary]) {
            Some(Value::Dictionary(entries)) if rest.is_empty() => {
                entries.extend(pairs.iter().map(|[key, value]| (*key, *value)))
            }
            _ => return Err(broken(start)),
        }
        Ok(())
    }

    fn remember(&mut self, name: usize) -> Result<(), String> {
        let value = *self.stack.last().ok_or_else(|| broken(self.at))?;
        self.memo.insert(name as u32, value);
        Ok(())
    }

    fn recall(&mut self, name: usize, start: usize) -> Result<(), String> {
        let value = *self.memo.get(&(name as u32)).ok_or_else(|| broken(start))?;
        self.stack.push(value);
        Ok(())
    }

    /// A whole number of so many bytes, the lowest first.
    fn integer(&mut self, length: usize) -> Result<(), String> {
        let number = self.number(length)?;
        let number = i64::try_from(number).map_err(|_| broken(self.at))?;
        self.push(Value::Integer(number));
        Ok(())
    }

    /// A text whose length takes so many bytes.
    fn string(&mut self, length: usize) -> Result<(), String> {
        let length = self.number(length)?;
        let text = self.take(length)?;
        self.push(Value::Text(text));
        Ok(())
    }

    fn number(&mut self, length: usize) -> Result<usize, String> {
        let bytes = &self.bytes[self.take(length)?];
        if bytes.len() > size_of::<usize>() {
            return Err(broken(self.at));
        }
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn line(&mut self) -> Result<String, String> {
        const LONGEST_LINE: usize = 200;
        let rest = &self.bytes[self.at..self.bytes.len().min(self.at + LONGEST_LINE)];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| broken(self.at))?;
        self.at += length + 1;
        Ok(String::from_utf8_lossy(&rest[..length]).into_owned())
    }

    fn skip(&mut self, length: usize) -> Result<(), String> {
        self.take(length).map(|_| ())
    }

    fn take(&mut self, length: usize) -> Result<Range<usize>, String> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| format!("the file is cut off at byte {}", self.bytes.len()))?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }
}

fn broken(at: usize) -> String {
    format!("the instruction at byte {at} does not fit what is before it")
}
