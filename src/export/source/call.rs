//! Calls of Python, and how their arguments are written.

use crate::ir::{Pair, Shape};

/// A call of a constructor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<Argument>,
    /// The modules that a sequence consists of.
    pub children: Vec<Call>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    pub key: String,
    pub value: String,
    /// Whether the value stands by itself.
    pub positional: bool,
}

impl Call {
    pub fn new(name: &str) -> Call {
        Call { name: name.to_owned(), arguments: Vec::new(), children: Vec::new() }
    }

    /// With one more argument.
    pub fn with(mut self, key: &str, value: impl ToString) -> Call {
        self.arguments.push(Argument { key: key.to_owned(), value: value.to_string(), positional: true });
        self
    }

    /// With one more argument by name, if it is not what it is by itself.
    pub fn key(mut self, key: &str, value: impl ToString, default: impl ToString) -> Call {
        let value = value.to_string();
        if value != default.to_string() {
            self.arguments.push(Argument { key: key.to_owned(), value, positional: false });
        }
        self
    }
}

pub fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// As Python writes it.
pub fn number(value: f64) -> String {
    match value.fract() == 0.0 && value.abs() < 1e6 {
        true => format!("{value:.1}"),
        false => format!("{value:?}"),
    }
}

pub fn pair(sizes: Pair) -> String {
    match sizes.height == sizes.width {
        true => sizes.height.to_string(),
        false => format!("({}, {})", sizes.height, sizes.width),
    }
}

/// Both, even where they are equal.
pub fn tuple(sizes: Pair) -> String {
    format!("({}, {})", sizes.height, sizes.width)
}

pub fn sides(shape: Shape) -> String {
    let (height, width) = shape.sides().expect("it is a map");
    pair(Pair { height, width })
}

/// A tuple of them, even of one.
pub fn sizes(sizes: &[usize]) -> String {
    if let [one] = sizes { format!("({one},)") } else { list(sizes) }
}

/// One number, or a tuple.
pub fn list(sizes: &[usize]) -> String {
    match sizes {
        [one] => one.to_string(),
        sizes => format!("({})", sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}
