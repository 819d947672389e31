//! A call after it was read: what each argument was taken for, and no places.

use std::fmt::{self, Write};

use super::{Arguments, Evaluated, FromValue, Value, long_form};
use crate::diagnostic::{SourceId, Span, Spanned};

/// A call of which every expression is worked out and every argument was taken: `conv 64 3x3 s2`. It is what a node of
/// a network shows, and what advice changes to see whether another call would do.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedCall {
    callee: String,
    given: Vec<Given>,
}

/// An argument, in the order in which it was written.
#[derive(Debug, Clone, PartialEq)]
struct Given {
    /// What it was taken for.
    key: &'static str,
    /// Whether that is written before the value.
    named: bool,
    value: Value,
}

impl ResolvedCall {
    /// A call of `callee` without arguments.
    pub fn new(callee: impl Into<String>) -> ResolvedCall {
        ResolvedCall { callee: callee.into(), given: Vec::new() }
    }

    pub(super) fn taken(callee: String, arguments: Vec<(Evaluated, Option<&'static str>)>) -> ResolvedCall {
        // Large networks have many calls: no room is left over.
        let mut given = Vec::with_capacity(arguments.len());
        let taken = arguments.into_iter().filter_map(|(argument, taken)| Some((argument, taken?)));
        given.extend(taken.map(|(Evaluated { key: written, value }, key)| Given {
            key,
            named: written.is_some(),
            value: value.value,
        }));
        ResolvedCall { callee, given }
    }

    /// What is called.
    pub fn callee(&self) -> &str {
        &self.callee
    }

    /// The call with one more argument behind the others, written without its name.
    #[must_use]
    pub fn and(mut self, key: &'static str, value: Value) -> ResolvedCall {
        self.given.push(Given { key, named: false, value });
        self
    }

    /// The call with another value for an argument: where it stands, or behind the others with its name.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: Value) -> ResolvedCall {
        match self.given.iter_mut().find(|given| given.key == key) {
            Some(given) => {
                given.named |= given.is_flag();
                given.value = value;
            }
            None => self.given.push(Given { key, named: true, value }),
        }
        self
    }

    /// The call with a value for the argument `key` in the place of `other`, with its name.
    #[must_use]
    pub fn with_instead(mut self, other: &str, key: &'static str, value: Value) -> ResolvedCall {
        if let Some(given) = self.given.iter_mut().find(|given| given.key == other) {
            *given = Given { key, named: true, value };
            return self;
        }
        self.with(key, value)
    }

    /// The call without an argument.
    #[must_use]
    pub fn without(mut self, key: &str) -> ResolvedCall {
        self.given.retain(|given| given.key != key);
        self
    }

    /// Which of the arguments was taken for `key`, counted as they are written.
    pub fn position(&self, key: &str) -> Option<usize> {
        self.given.iter().position(|given| given.key == key)
    }

    /// Whether the argument is given as a bare word that is its name: `ceil`.
    pub fn is_flag(&self, key: &str) -> bool {
        self.given.iter().any(|given| given.key == key && given.is_flag())
    }

    /// The value that was taken for `key`.
    pub fn get<T: FromValue>(&self, key: &str) -> Option<T> {
        T::from_value(&self.given.iter().find(|given| given.key == key)?.value)
    }

    /// As arguments that nobody has taken. Their places are nowhere: nothing that is said of them is for anyone to
    /// read.
    pub fn arguments(&self) -> Arguments {
        let nowhere = Span { source: SourceId(0), start: 0, end: 0 };
        let given = self.given.iter().map(|given| Evaluated {
            key: given.named.then(|| Spanned::new(given.key.to_string(), nowhere)),
            value: Spanned::new(given.value.clone(), nowhere),
        });
        Arguments::new(Spanned::new(self.callee.clone(), nowhere), given.collect())
    }
}

impl Given {
    fn is_flag(&self) -> bool {
        !self.named && matches!(&self.value, Value::Word(word) if word == self.key)
    }
}

impl fmt::Display for ResolvedCall {
    /// As the notation writes it, so that it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = || self.given.iter().map(|given| (given.named.then_some(given.key), &given.value));
        if f.width().is_none() && f.precision().is_none() {
            return write_notation(f, &self.callee, arguments());
        }
        f.pad(&notation(&self.callee, arguments()))
    }
}

/// A call as the notation writes it.
pub(super) fn notation<'a>(
    callee: &str,
    arguments: impl ExactSizeIterator<Item = (Option<&'a str>, &'a Value)>,
) -> String {
    let mut text = String::with_capacity(callee.len() + 8 * arguments.len());
    write_notation(&mut text, callee, arguments).expect("a String takes everything");
    text
}

fn write_notation<'a>(
    out: &mut impl Write,
    callee: &str,
    arguments: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
) -> fmt::Result {
    out.write_str(callee)?;
    for (key, value) in arguments {
        match key {
            None => write!(out, " {value}")?,
            Some(key) => write!(out, " {}", keyed(key, value))?,
        }
    }
    Ok(())
}

/// An argument with its name, as short as the notation can: `s2`, `ceil=true`.
pub(crate) fn keyed(key: &str, value: &Value) -> String {
    let letter = key.get(..1).filter(|letter| *letter != key && long_form(letter) == key);
    let written = value.to_string();
    let is_size = written.starts_with(|c: char| c.is_ascii_digit())
        && written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x');
    match letter {
        // A whole number that was worked out as a fraction is one, too.
        Some(letter) if is_size => format!("{letter}{written}"),
        letter => format!("{}={written}", letter.unwrap_or(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `conv 64 3x3 ceil s2`, with what each argument was taken for.
    fn call() -> ResolvedCall {
        let call = ResolvedCall::new("conv").and("out", Value::Int(64)).and("kernel", Value::Size(3, 3));
        call.and("ceil", Value::Word("ceil".to_string())).with("stride", Value::Int(2))
    }

    #[test]
    fn an_argument_is_changed_where_it_stands() {
        assert_eq!(call().to_string(), "conv 64 3x3 ceil s2");
        for (changed, expected) in [
            (call().with("kernel", Value::Size(5, 1)), "conv 64 5x1 ceil s2"),
            (call().with("stride", Value::Size(1, 2)), "conv 64 3x3 ceil s1x2"),
            (call().with("padding", Value::Int(1)), "conv 64 3x3 ceil s2 p1"),
            (call().with("padding", Value::Float(0.0)), "conv 64 3x3 ceil s2 p0"),
            (call().with("padding", Value::Float(-0.0)), "conv 64 3x3 ceil s2 p=-0.0"),
            (call().with("padding", Value::Float(0.5)), "conv 64 3x3 ceil s2 p=0.5"),
            (call().with("padding", Value::Word("x".to_string())), "conv 64 3x3 ceil s2 p=x"),
            (call().with("ceil", Value::Bool(false)), "conv 64 3x3 ceil=false s2"),
            (call().without("out"), "conv 3x3 ceil s2"),
            (call().with_instead("out", "size", Value::Int(7)), "conv size=7 3x3 ceil s2"),
            (call().with_instead("scale", "size", Value::Int(7)), "conv 64 3x3 ceil s2 size=7"),
        ] {
            assert_eq!(changed.to_string(), expected);
        }
    }

    #[test]
    fn is_read_again_as_it_was() {
        let mut arguments = call().arguments();
        assert_eq!(arguments.required::<usize>("out").expect("it is there"), 64);
        arguments.required::<crate::ir::Pair>("kernel").expect("it is there");
        assert!(arguments.flag("ceil").expect("it is there"));
        arguments.optional::<usize>("stride").expect("it is there");
        let (again, _) = arguments.finish().expect("all were taken");
        assert_eq!(again, call());
    }

    #[test]
    fn is_padded_like_a_text() {
        assert_eq!(format!("{:8}|{:>6}|", ResolvedCall::new("relu"), ResolvedCall::new("bn")), "relu    |    bn|");
    }
}
