//! What an argument can be, and the types that layers want it to have.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::ir::Pair;

/// A worked-out argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An integer.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `3x5`.
    Size(i64, i64),
    /// A bare word.
    Word(String),
    /// Several values, which calls and rounds of a repeat share.
    List(Arc<[Spanned<Value>]>),
}

/// One number, or two where they differ.
impl From<Pair> for Value {
    fn from(Pair { height, width }: Pair) -> Value {
        if height == width { Value::Int(height as i64) } else { Value::Size(height as i64, width as i64) }
    }
}

/// The bits of −0.0, which equals 0.
const NEGATIVE_ZERO: u64 = (-0.0f64).to_bits();

impl fmt::Display for Value {
    /// As the notation writes it, so that the printed call can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(value) => write!(f, "{value}"),
            // A width that was scaled by 1.0 is written as a width is; a zero keeps its sign.
            Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 && value.to_bits() != NEGATIVE_ZERO => {
                write!(f, "{value}")
            }
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Size(a, b) => write!(f, "{a}x{b}"),
            Value::Word(word) => f.write_str(word),
            Value::List(values) => {
                let values: Vec<String> = values.iter().map(|v| v.value.to_string()).collect();
                write!(f, "{{[{}]}}", values.join(", "))
            }
        }
    }
}

impl Value {
    /// For messages: of what is long only the start.
    pub(crate) fn quoted(&self) -> String {
        let mut text = match self {
            Value::List(values) if values.len() > MOST_QUOTED => {
                let start: Vec<String> = values[..MOST_QUOTED].iter().map(|value| value.value.quoted()).collect();
                format!("{{[{}, …]}}", start.join(", "))
            }
            value => value.to_string(),
        };
        if let Some((end, _)) = text.char_indices().nth(LONGEST_QUOTE) {
            text.replace_range(end.., "…");
        }
        text
    }
}

/// The error for a value that is no `T`.
pub(crate) fn wrong_value<T: FromValue>(key: &str, callee: &str, value: &Spanned<Value>) -> Diagnostic {
    let message = match value.value {
        Value::Int(number) if number > LARGEST => format!("`{key}` of `{callee}` must be at most 2^31 = {LARGEST}"),
        Value::Float(number) if number.abs() > LARGEST_FLOAT => {
            format!("`{key}` of `{callee}` must be at most {LARGEST_FLOAT:.1e}, where numbers in single precision end")
        }
        _ => format!("`{key}` of `{callee}` must be {}", T::EXPECTED),
    };
    let (place, found) = (value.span, format!("found `{}`", value.value.quoted()));
    let error = Diagnostic::error(Code::InvalidArgument, value.span, message).label(found);
    // Where a half is welcome, whole numbers are not what is missing.
    let only_whole = |number: f64| {
        let takes = |number| T::from_value(&Value::Float(number)).is_some();
        takes(number.trunc()) && !takes(0.5)
    };
    match value.value {
        Value::Float(number) if number.fract() != 0.0 && only_whole(number) => {
            error.help("`//`, floor, ceil, round and round_to make whole numbers")
        }
        ref value if T::EXPECTED == bool::EXPECTED => match meant(value) {
            Some(meant) => error.certain(format!("write `{meant}`"), place, meant.to_string()),
            None => error,
        },
        _ => error,
    }
}

/// Which of `true` and `false` is meant by what other languages have for them.
fn meant(value: &Value) -> Option<bool> {
    match value.to_string().to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "none" | "0" => Some(false),
        _ => None,
    }
}

/// How much of a wrong value is shown: characters, and entries of a list.
const LONGEST_QUOTE: usize = 60;
const MOST_QUOTED: usize = 16;

/// A type that an argument can have.
pub trait FromValue: Sized {
    /// What a message says was expected: `a positive integer`.
    const EXPECTED: &'static str;
    /// Whether bare words are meant. A positional number skips over words, which are flags, and the other way round.
    const WORD: bool = false;
    /// The value, if it has this type and range.
    fn from_value(value: &Value) -> Option<Self>;
}

/// At most this, so that sums and products of a few arguments cannot overflow.
const LARGEST: i64 = 1 << 31;

/// Weights and images are in single precision: what is beyond it is infinite there.
const LARGEST_FLOAT: f64 = f32::MAX as f64;

/// Zero or more. For one or more, see [`Positive`].
impl FromValue for usize {
    const EXPECTED: &'static str = "a whole number, zero or more";
    fn from_value(value: &Value) -> Option<usize> {
        match value {
            Value::Int(value) if (0..=LARGEST).contains(value) => Some(*value as usize),
            Value::Float(value) if value.fract() == 0.0 && (0.0..=LARGEST as f64).contains(value) => {
                Some(*value as usize)
            }
            _ => None,
        }
    }
}

/// One or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Positive(pub usize);

impl FromValue for Positive {
    const EXPECTED: &'static str = "a whole number, one or more";
    fn from_value(value: &Value) -> Option<Positive> {
        usize::from_value(value).filter(|value| *value > 0).map(Positive)
    }
}

impl FromValue for f64 {
    const EXPECTED: &'static str = "a number";
    fn from_value(value: &Value) -> Option<f64> {
        match value {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) if value.abs() <= LARGEST_FLOAT => Some(*value),
            _ => None,
        }
    }
}

impl FromValue for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    const WORD: bool = true;
    fn from_value(value: &Value) -> Option<bool> {
        match value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl FromValue for String {
    const EXPECTED: &'static str = "a word";
    const WORD: bool = true;
    fn from_value(value: &Value) -> Option<String> {
        match value {
            Value::Word(word) => Some(word.clone()),
            _ => None,
        }
    }
}

/// `3` or `3x5`; both zero or more.
impl FromValue for Pair {
    const EXPECTED: &'static str = "a whole number or a size such as `3x5`";
    fn from_value(value: &Value) -> Option<Pair> {
        let side = |value: i64| usize::from_value(&Value::Int(value));
        match value {
            Value::Size(height, width) => Some(Pair { height: side(*height)?, width: side(*width)? }),
            Value::List(values) => match &values[..] {
                [height, width] => {
                    Some(Pair { height: usize::from_value(&height.value)?, width: usize::from_value(&width.value)? })
                }
                _ => None,
            },
            other => usize::from_value(other).map(Pair::square),
        }
    }
}

/// A [`Pair`] without a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositivePair(pub Pair);

impl FromValue for PositivePair {
    const EXPECTED: &'static str = "a whole number or a size such as `3x5`, one or more";
    fn from_value(value: &Value) -> Option<PositivePair> {
        Pair::from_value(value).filter(|pair| pair.height > 0 && pair.width > 0).map(PositivePair)
    }
}
