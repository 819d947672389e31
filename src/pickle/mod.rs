//! Python's pickles, read without running anything.
//!
//! A pickle is a program for a small stack machine that makes objects. Here its instructions make values of our own: a
//! call that the file wants is written down with its arguments, as [`Value::Object`], and never made. Who reads a kind
//! of file knows the few functions that its writer uses, and understands their calls by name.
//!
//! Values stand in one list and name each other by their place, so nothing nests and nothing recurses; how many there
//! may be is bounded, texts stay where they are in the file, and so a hostile pickle costs no more than a few times its
//! own length.
//!
//! Protocols 2 to 5. Source: Python's pickletools.

mod machine;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

/// Where a value is in a [`Pickle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectId(u32);

impl ObjectId {
    /// Tells it from any other of its pickle.
    pub fn index(self) -> u32 {
        self.0
    }
}

/// What the instructions made.
#[derive(Debug)]
pub enum Value {
    None,
    Bool(bool),
    Integer(i64),
    /// An integer of more than 64 bits: its bytes in the file, the lowest first.
    Long(Slice),
    Float,
    /// Bytes or text.
    Text(Slice),
    Tuple(Box<[ObjectId]>),
    /// A list, or a set.
    List(Vec<ObjectId>),
    Dictionary(Vec<(ObjectId, ObjectId)>),
    /// A function or a class: module and name.
    Global(Slice, Slice),
    /// What a call would make.
    Object(Box<Object>),
    /// What the file's reader keeps elsewhere, under this name.
    Persistent(ObjectId),
}

/// What a call would make, and what would be done to it.
#[derive(Debug)]
pub struct Object {
    /// What would be called.
    pub function: ObjectId,
    /// With what: a tuple.
    pub arguments: ObjectId,
    /// What its attributes would become.
    pub state: Option<ObjectId>,
    /// What would be put into it as into a dictionary.
    pub entries: Vec<(ObjectId, ObjectId)>,
}

/// A piece of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    start: u32,
    length: u32,
}

impl Slice {
    /// Its bytes in the file.
    pub fn range(self) -> Range<usize> {
        self.start as usize..(self.start + self.length) as usize
    }
}

/// A pickle that was read.
#[derive(Debug)]
pub struct Pickle<'a> {
    bytes: &'a [u8],
    values: Vec<Value>,
    root: ObjectId,
    length: usize,
}

impl<'a> Pickle<'a> {
    /// Reads the pickle at the beginning of `bytes`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(bytes: &'a [u8]) -> Result<Pickle<'a>, String> {
        machine::read(bytes)
    }

    /// What it holds.
    pub fn root(&self) -> ObjectId {
        self.root
    }

    /// How many bytes it takes; others may follow it.
    pub fn length(&self) -> usize {
        self.length
    }

    /// A value.
    pub fn get(&self, place: ObjectId) -> &Value {
        &self.values[place.0 as usize]
    }

    /// The bytes of a text.
    pub fn text(&self, place: ObjectId) -> Option<&'a [u8]> {
        match self.get(place) {
            Value::Text(text) => Some(&self.bytes[text.range()]),
            _ => None,
        }
    }

    /// A whole number.
    pub fn integer(&self, place: ObjectId) -> Option<i64> {
        match self.get(place) {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The bytes of a whole number of more than 64 bits.
    pub fn long(&self, place: ObjectId) -> Option<&'a [u8]> {
        match self.get(place) {
            Value::Long(bytes) => Some(&self.bytes[bytes.range()]),
            _ => None,
        }
    }

    /// The items of a tuple.
    pub fn tuple(&self, place: ObjectId) -> Option<&[ObjectId]> {
        match self.get(place) {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// `module.name` of a function or a class.
    pub fn global(&self, place: ObjectId) -> Option<String> {
        match self.get(place) {
            Value::Global(module, name) => {
                let text = |slice: &Slice| String::from_utf8_lossy(&self.bytes[slice.range()]);
                Some(format!("{}.{}", text(module), text(name)))
            }
            _ => None,
        }
    }

    /// Of an object, `module.name` of what would be called, and the arguments.
    pub fn call(&self, place: ObjectId) -> Option<(String, &[ObjectId])> {
        match self.get(place) {
            Value::Object(object) => Some((self.global(object.function)?, self.tuple(object.arguments)?)),
            _ => None,
        }
    }

    /// The names of all that is kept elsewhere.
    pub fn persistent(&self) -> impl Iterator<Item = ObjectId> {
        self.values.iter().filter_map(|value| match value {
            Value::Persistent(name) => Some(*name),
            _ => None,
        })
    }

    /// The entries of a dictionary, in their order; also of one that a class of its own would make.
    pub fn entries(&self, place: ObjectId) -> Option<&[(ObjectId, ObjectId)]> {
        match self.get(place) {
            Value::Dictionary(entries) => Some(entries),
            Value::Object(object) if !object.entries.is_empty() => Some(&object.entries),
            Value::Object(_) => {
                let (function, _) = self.call(place)?;
                ["collections.OrderedDict", "collections.defaultdict"].contains(&function.as_str()).then_some(&[])
            }
            _ => None,
        }
    }

    /// What a value is, in words.
    pub fn describe(&self, place: ObjectId) -> impl fmt::Display {
        let number = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        match self.get(place) {
            Value::None => "None".to_owned(),
            Value::Bool(_) => "a truth value".to_owned(),
            Value::Integer(_) | Value::Long(_) => "a whole number".to_owned(),
            Value::Float => "a number".to_owned(),
            Value::Text(_) => "a text".to_owned(),
            Value::Tuple(items) => format!("a tuple of {}", number(items.len(), "value", "values")),
            Value::List(items) => format!("a list of {}", number(items.len(), "value", "values")),
            Value::Dictionary(entries) => format!("a dictionary of {}", number(entries.len(), "entry", "entries")),
            Value::Global(..) => format!("the name `{}`", self.global(place).unwrap_or_default()),
            Value::Object(object) => match self.global(object.function) {
                Some(function) => format!("what a call of `{function}` would make (nothing in a file is called)"),
                None => "an object".to_owned(),
            },
            Value::Persistent(_) => "a part of the file".to_owned(),
        }
    }
}
