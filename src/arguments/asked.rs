//! What a call takes, found out by asking who reads it: the readers are the only list of arguments, and nothing is told
//! twice.

use super::value::{FromValue, Value};
use crate::diagnostic::{Span, Spanned};

/// What values an argument can have.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// In words: `a whole number, one or more`.
    pub expected: &'static str,
    /// The smallest whole number among −1, 0 and 1 that it can be; `None` if it can be none of them.
    pub least: Option<i64>,
    /// Whether it can be a fraction.
    pub fraction: bool,
    /// Whether it can be true or false.
    pub truth: bool,
    /// Whether it can be two numbers, as `3x5`.
    pub size: bool,
    /// Whether it can be a list.
    pub list: bool,
    /// Words that it can be.
    pub words: Vec<String>,
    /// Whether it can be any word.
    pub any_word: bool,
}

/// Values that stand for all of their kind.
fn samples(expected: &str, span: Span) -> Vec<Value> {
    let list = |value: Value| Value::List([value.clone(), value].map(|value| Spanned::new(value, span)).into());
    let mut samples = vec![
        Value::Int(1),
        Value::Int(0),
        Value::Float(0.5),
        Value::Bool(true),
        Value::Size(1, 1),
        list(Value::Int(1)),
        list(Value::Float(0.5)),
        list(Value::Int(0)),
    ];
    samples.extend(quoted(expected).map(|word| Value::Word(word.to_string())));
    samples.push(Value::Word("word".to_string()));
    samples
}

/// What stands in backticks and is a word.
fn quoted(expected: &str) -> impl Iterator<Item = &str> {
    let quoted = expected.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()) && !matches!(*word, "true" | "false"))
}

impl Form {
    /// Whether it can be a number.
    pub fn is_number(&self) -> bool {
        self.least.is_some() || self.fraction
    }

    /// What a `T` can be.
    pub fn of<T: FromValue>() -> Form {
        let takes = |value: Value| T::from_value(&value).is_some();
        let span = Span::new(crate::diagnostic::SourceId(0), 0..0);
        let list = samples("", span).into_iter().filter(|value| matches!(value, Value::List(_))).any(takes);
        let words = quoted(T::EXPECTED).filter(|word| takes(Value::Word(word.to_string())));
        Form {
            expected: T::EXPECTED,
            least: [-1, 0, 1].into_iter().find(|number| takes(Value::Int(*number))),
            fraction: takes(Value::Float(0.5)),
            truth: takes(Value::Bool(true)),
            size: takes(Value::Size(1, 1)),
            list,
            words: words.map(str::to_string).collect(),
            any_word: takes(Value::Word("word".to_string())),
        }
    }
}

/// A value that a `T` can be.
pub(super) fn sample<T: FromValue>() -> Option<T> {
    let span = Span::new(crate::diagnostic::SourceId(0), 0..0);
    samples(T::EXPECTED, span).iter().find_map(T::from_value)
}

/// An argument that somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its name.
    pub name: &'static str,
    /// What it can be.
    pub form: Form,
    /// How it is given.
    pub given: Given,
}

/// How an argument is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// It must be, in its place or by its name.
    Always,
    /// In its place or by its name.
    Anyhow,
    /// By its name.
    Named,
    /// By its name, or as a word alone.
    Flag,
}

/// Who asks for arguments is answered with samples, and what was asked for is noted.
#[derive(Debug, Clone, Default)]
pub(super) struct Probe {
    /// Whether what may be left out is given.
    pub gives_all: bool,
    pub asked: Vec<Asked>,
    /// What must be there, given the others.
    pub needed: Vec<&'static str>,
}

impl Probe {
    /// What was asked for, up to now and before. What another argument can stand for need not be there.
    pub fn into_asked(self) -> Vec<Asked> {
        let Probe { mut asked, needed, .. } = self;
        let replaced = asked.iter_mut().filter(|asked| asked.given == Given::Always && !needed.contains(&asked.name));
        replaced.for_each(|asked| asked.given = Given::Anyhow);
        asked
    }

    pub fn note<T: FromValue>(&mut self, name: &'static str, given: Given) {
        if given == Given::Always {
            self.needed.push(name);
        }
        match self.asked.iter_mut().find(|known| known.name == name) {
            Some(known) if known.given == Given::Named => known.given = given,
            Some(_) => {}
            None => self.asked.push(Asked { name, form: Form::of::<T>(), given }),
        }
    }
}
