//! The arguments of a call after every expression in them has been worked out.
//!
//! `conv 64 3x3 s2 bias=false` becomes one positional number, one positional size and two named values. Layers,
//! initialisers, optimizers, schedules and transforms all take theirs from here, so each kind of mistake is reported in one
//! way: a missing one, an unknown one, one of the wrong type or out of range.
//!
//! ```text
//! let out: usize = arguments.required("out")?;         // the next positional value, or out=
//! let stride: Pair = arguments.optional("stride")?;    // only by name, or as s2
//! let ceil = arguments.flag("ceil")?;                  // the word, or ceil=true
//! arguments.finish()?;                                 // whatever is left over is an error
//! ```

use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Span, Spanned, nearest};

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
    /// Several values.
    List(Vec<Spanned<Value>>),
}

impl fmt::Display for Value {
    /// As the notation writes it, so that the printed call can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(value) => write!(f, "{value}"),
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

/// Height and width of a kernel, stride, padding, dilation or image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Pair {
    /// Down.
    pub height: usize,
    /// Across.
    pub width: usize,
}

impl Pair {
    /// The same both ways.
    pub const fn square(side: usize) -> Pair {
        Pair { height: side, width: side }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.height, self.width)
    }
}

/// One argument of a call, worked out.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// `Some` if it was given by name.
    pub key: Option<Spanned<String>>,
    /// The value, with the place of the value alone.
    pub value: Spanned<Value>,
}

/// What the notation shortens to a letter.
const SHORTHANDS: [(&str, char); 4] = [("stride", 's'), ("padding", 'p'), ("dilation", 'd'), ("groups", 'g')];

/// The arguments of one call, to be taken one by one.
#[derive(Debug, Clone)]
pub struct Arguments {
    callee: Spanned<String>,
    given: Vec<(Evaluated, bool)>,
    asked: Vec<&'static str>,
    places: Places,
}

/// Where each argument of a call was written, by its name.
#[derive(Debug, Clone, Default)]
pub struct Places(Vec<(&'static str, Span)>);

impl Places {
    /// The place of argument `key`, if it was given.
    pub fn get(&self, key: &str) -> Option<Span> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, span)| *span)
    }
}

impl Arguments {
    /// The arguments of a call to `callee`.
    pub fn new(callee: Spanned<String>, given: Vec<Evaluated>) -> Arguments {
        let given = given.into_iter().map(|argument| (argument, false)).collect();
        Arguments { callee, given, asked: Vec::new(), places: Places::default() }
    }

    /// The name that was called, for messages.
    pub fn callee(&self) -> &Spanned<String> {
        &self.callee
    }

    /// The call as the notation writes it, every expression replaced by its value: `conv 64 3x3 s2 bias=false`.
    pub fn notation(&self) -> String {
        let mut text = self.callee.value.clone();
        for (argument, _) in &self.given {
            let value = &argument.value.value;
            let Some(Spanned { value: key, .. }) = &argument.key else {
                text.push_str(&format!(" {value}"));
                continue;
            };
            let letter = SHORTHANDS.iter().find(|(long, _)| long == key).map(|(_, letter)| letter);
            match (letter, value) {
                (Some(letter), Value::Int(_) | Value::Size(..)) => text.push_str(&format!(" {letter}{value}")),
                _ => text.push_str(&format!(" {key}={value}")),
            }
        }
        text
    }

    /// The value given as `key=…`, else the first positional one that is left; `None` if there is neither.
    pub fn positional<T: FromValue>(&mut self, key: &'static str) -> Result<Option<T>, Diagnostic> {
        if let Some(index) = self.find_named(key) {
            return self.convert(index, key).map(Some);
        }
        let next = self.given.iter().position(|(argument, used)| {
            !used && argument.key.is_none() && matches!(argument.value.value, Value::Word(_)) == T::WORD
        });
        next.map(|index| self.convert(index, key)).transpose()
    }

    /// As [`Arguments::positional`], but it must be there.
    pub fn required<T: FromValue>(&mut self, key: &'static str) -> Result<T, Diagnostic> {
        let value = self.positional(key)?;
        value.ok_or_else(|| {
            let callee = &self.callee;
            Diagnostic::error(Code::MissingArgument, callee.span, format!("`{}` needs `{key}`", callee.value))
                .label(format!("`{key}` ({}) is missing", T::EXPECTED))
        })
    }

    /// The value given as `key=…` (or its shorthand); `None` if it was not given.
    pub fn optional<T: FromValue>(&mut self, key: &'static str) -> Result<Option<T>, Diagnostic> {
        self.find_named(key).map(|index| self.convert(index, key)).transpose()
    }

    /// Every positional value that is left, such as the milestones of `multistep 50 100`.
    pub fn rest<T: FromValue>(&mut self, key: &'static str) -> Result<Vec<T>, Diagnostic> {
        let mut values = Vec::new();
        while let Some(value) = self.positional(key)? {
            values.push(value);
        }
        Ok(values)
    }

    /// Whether the bare word `key` is there, or `key=true`.
    pub fn flag(&mut self, key: &'static str) -> Result<bool, Diagnostic> {
        if let Some(value) = self.optional(key)? {
            return Ok(value);
        }
        let found = self.given.iter_mut().find(|(argument, used)| {
            !used && argument.key.is_none() && argument.value.value == Value::Word(key.to_string())
        });
        let Some((argument, used)) = found else { return Ok(false) };
        *used = true;
        self.places.0.push((key, argument.value.span));
        Ok(true)
    }

    /// Where argument `key` was written, once it has been taken; the call's name otherwise.
    pub fn place(&self, key: &str) -> Span {
        self.places.get(key).unwrap_or(self.callee.span)
    }

    /// An error about the value of argument `key`, which has been taken.
    pub fn invalid(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(Code::InvalidArgument, self.place(key), message)
    }

    /// Errors for what nobody asked for; otherwise the places of what was taken.
    pub fn finish(self) -> Result<Places, Vec<Diagnostic>> {
        let errors: Vec<Diagnostic> =
            self.given.iter().filter(|(_, used)| !used).map(|(argument, _)| self.left_over(argument)).collect();
        if errors.is_empty() { Ok(self.places) } else { Err(errors) }
    }

    fn find_named(&mut self, key: &'static str) -> Option<usize> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.given.iter().position(|(argument, used)| !used && argument.key.as_ref().is_some_and(|k| k.value == key))
    }

    fn convert<T: FromValue>(&mut self, index: usize, key: &'static str) -> Result<T, Diagnostic> {
        let (argument, used) = &mut self.given[index];
        *used = true;
        let value = &argument.value;
        self.places.0.push((key, value.span));
        T::from_value(&value.value).ok_or_else(|| wrong_value::<T>(key, &self.callee.value, value))
    }

    fn left_over(&self, argument: &Evaluated) -> Diagnostic {
        let callee = &self.callee.value;
        let Some(key) = &argument.key else {
            let value = &argument.value;
            let is_twice = |other: &Evaluated| other.value.value == value.value && other.key.is_none();
            let is_word = matches!(value.value, Value::Word(_));
            if let Some(earlier) = self.given.iter().find(|(other, used)| *used && is_word && is_twice(other)) {
                return Diagnostic::error(
                    Code::UnknownArgument,
                    value.span,
                    format!("`{callee}` has `{}` twice", value.value),
                )
                .other(earlier.0.value.span, "first here");
            }
            let diagnostic = Diagnostic::error(
                Code::UnknownArgument,
                value.span,
                format!("`{callee}` does not take `{}`", value.value),
            );
            let word = match &value.value {
                Value::Word(word) => word.as_str(),
                _ => return self.list_arguments(diagnostic),
            };
            return match nearest(word, self.asked.iter().copied()) {
                Some(near) if near == word => diagnostic.help(format!("`{word}` needs a value: write `{word}=…`")),
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => self.list_arguments(diagnostic),
            };
        };
        if self.asked.contains(&key.value.as_str()) {
            return Diagnostic::error(
                Code::Duplicate,
                key.span,
                format!("`{}` of `{callee}` is given twice", key.value),
            );
        }
        let diagnostic =
            Diagnostic::error(Code::UnknownArgument, key.span, format!("`{callee}` has no argument `{}`", key.value));
        match nearest(&key.value, self.asked.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => self.list_arguments(diagnostic),
        }
    }

    fn list_arguments(&self, diagnostic: Diagnostic) -> Diagnostic {
        if self.asked.is_empty() {
            return diagnostic.help(format!("`{}` takes no arguments", self.callee.value));
        }
        let names: Vec<String> = self.asked.iter().map(|name| format!("`{name}`")).collect();
        diagnostic.help(format!("`{}` takes {}", self.callee.value, names.join(", ")))
    }
}

/// The error for a value that is no `T`.
pub(crate) fn wrong_value<T: FromValue>(key: &str, callee: &str, value: &Spanned<Value>) -> Diagnostic {
    let message = match value.value {
        Value::Int(number) if number > LARGEST => format!("`{key}` of `{callee}` must be at most 2^31 = {LARGEST}"),
        _ => format!("`{key}` of `{callee}` must be {}", T::EXPECTED),
    };
    let mut found = value.value.to_string();
    if let Some((end, _)) = found.char_indices().nth(LONGEST_QUOTE) {
        found.replace_range(end.., "…");
    }
    Diagnostic::error(Code::InvalidArgument, value.span, message).label(format!("found `{found}`"))
}

/// How much of a wrong value is shown, in characters.
const LONGEST_QUOTE: usize = 60;

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
            Value::Float(value) if value.is_finite() => Some(*value),
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
            Value::List(values) => match values.as_slice() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;

    #[test]
    fn is_written_as_short_as_the_notation_can() {
        let span = Span::new(Sources::default().add("test", ""), 0..0);
        let argument = |key: &str, value| Evaluated {
            key: (!key.is_empty()).then(|| Spanned::new(key.to_string(), span)),
            value: Spanned::new(value, span),
        };
        let given = vec![
            argument("", Value::Int(64)),
            argument("", Value::Size(3, 5)),
            argument("stride", Value::Int(2)),
            argument("padding", Value::Size(1, 2)),
            argument("groups", Value::Float(4.0)),
            argument("bias", Value::Bool(false)),
            argument("eps", Value::Float(1e-5)),
        ];
        let arguments = Arguments::new(Spanned::new("conv".to_string(), span), given);
        assert_eq!(arguments.notation(), "conv 64 3x5 s2 p1x2 groups=4.0 bias=false eps=1e-5");
    }
}
