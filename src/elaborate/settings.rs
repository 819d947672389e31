//! A mapping whose keys are taken one by one, as a preset's settings are.

use super::call;
use super::language::{Key, Takes};
use super::scope::{Effort, Scope};
use crate::arguments::{Form, FromValue, Value, wrong_value};
use crate::diagnostic::{Code, Diagnostic, MOST_MISTAKES, SourceId, Span, Spanned, nearest};
use crate::syntax::ast::{Section, Setting, Text};
use crate::syntax::notation;

/// Lists longer than this are refused.
pub const MOST_ENTRIES: usize = 1000;

/// The settings of one section. What nobody takes is an error at the end.
pub struct Settings<'a> {
    /// What messages call the section: `vgg`.
    name: &'a str,
    section: &'a Section,
    scope: &'a Scope<'a>,
    asked: Vec<&'static str>,
    problems: Vec<Diagnostic>,
    /// There, if nobody has written them, and only what would be taken is of interest.
    keys: Option<Vec<Key>>,
}

impl<'a> Settings<'a> {
    /// The settings under the key `name`.
    pub fn new(name: &'a str, section: &'a Section, scope: &'a Scope<'a>) -> Settings<'a> {
        Settings { name, section, scope, asked: Vec::new(), problems: Vec::new(), keys: None }
    }

    /// What `read` takes of the section `name`.
    pub fn taken_by(name: &str, read: impl FnOnce(&mut Settings)) -> Vec<Key> {
        let effort = Effort::default();
        let scope = Scope::root(&[], &effort);
        let section = Section { span: Span::new(SourceId(0), 0..0), entries: Vec::new() };
        let mut settings = Settings { keys: Some(Vec::new()), ..Settings::new(name, &section, &scope) };
        read(&mut settings);
        settings.keys.unwrap_or_default()
    }

    /// As [`Settings::take`], saying what it takes there.
    pub fn take_as(&mut self, key: &'static str, takes: impl FnOnce() -> Takes) -> Option<&'a Spanned<Setting>> {
        if let Some(keys) = &mut self.keys {
            match keys.iter_mut().find(|known| known.name == key) {
                Some(known) if known.takes == Takes::Anything => known.takes = takes(),
                Some(_) => {}
                None => keys.push(Key { name: key, takes: takes(), is_required: false }),
            }
        }
        self.take(key)
    }

    /// The whole section.
    pub fn span(&self) -> Span {
        self.section.span
    }

    /// Records a problem.
    pub fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// What stands under `key`, as it was written.
    fn take(&mut self, key: &'static str) -> Option<&'a Spanned<Setting>> {
        self.asked.push(key);
        self.section.entries.iter().find(|(name, _)| name.value == key).map(|(_, setting)| setting)
    }

    /// As [`Settings::take`], but it must be there.
    pub fn required(&mut self, key: &'static str, takes: impl FnOnce() -> Takes) -> Option<&'a Spanned<Setting>> {
        let setting = self.take_as(key, takes);
        if let Some(known) = self.keys.iter_mut().flatten().find(|known| known.name == key) {
            known.is_required = true;
        }
        // A misspelt key is one mistake, and is reported at the end.
        let misspelt = self.section.entries.iter().any(|(written, _)| nearest(&written.value, [key]).is_some());
        if setting.is_none() && !misspelt {
            self.report(Diagnostic::error(
                Code::MissingKey,
                self.section.span,
                format!("`{}` needs `{key}`", self.name),
            ));
        }
        setting
    }

    /// The value under `key`; `None` if there is none, or it is wrong, which is reported.
    pub fn optional<T: FromValue>(&mut self, key: &'static str) -> Option<Spanned<T>> {
        let setting = self.take_as(key, || Takes::Value(Form::of::<T>()))?;
        self.convert(setting, key)
    }

    /// The entries of the list under `key`, as they were written; `None` if it is no list, which is reported.
    pub fn list(&mut self, key: &'static str, setting: &'a Spanned<Setting>) -> Option<&'a [Spanned<Setting>]> {
        match &setting.value {
            Setting::List(entries) if entries.len() <= MOST_ENTRIES => Some(entries),
            Setting::List(entries) => {
                self.report(too_long(setting.span, entries.len(), MOST_ENTRIES));
                None
            }
            _ => {
                let name = self.name;
                self.report(Diagnostic::error(
                    Code::WrongType,
                    setting.span,
                    format!("`{key}` of `{name}` must be a list"),
                ));
                None
            }
        }
    }

    /// One setting as a `T`; text is an expression where a number is wanted.
    pub fn convert<T: FromValue>(&mut self, setting: &Spanned<Setting>, key: &str) -> Option<Spanned<T>> {
        let value = self.value(setting)?;
        let converted = value.as_ref().and_then(T::from_value);
        if converted.is_none() {
            self.report(match value {
                Some(value) => wrong_value::<T>(key, self.name, &Spanned::new(value, setting.span)),
                None => {
                    let message = format!("`{key}` of `{}` must be {}", self.name, T::EXPECTED);
                    Diagnostic::error(Code::InvalidArgument, setting.span, message)
                }
            });
        }
        converted.map(|value| Spanned::new(value, setting.span))
    }

    /// `None` if a problem was reported, `Some(None)` for a mapping or nothing.
    fn value(&mut self, setting: &Spanned<Setting>) -> Option<Option<Value>> {
        Some(match &setting.value {
            Setting::Bool(value) => Some(Value::Bool(*value)),
            Setting::Int(value) => Some(Value::Int(*value)),
            Setting::Float(value) => Some(Value::Float(*value)),
            Setting::Text(text) if is_word(&text.text) && self.scope.get(&text.text).is_none() => {
                Some(Value::Word(text.text.clone()))
            }
            Setting::Text(text) => match notation::term(text).and_then(|term| call::term(&term, self.scope)) {
                Ok(value) => Some(value?),
                Err(error) => {
                    self.report(error);
                    return None;
                }
            },
            Setting::List(entries) => {
                let mut values = Vec::with_capacity(entries.len());
                for entry in entries {
                    match self.value(entry)? {
                        Some(value) => values.push(Spanned::new(value, entry.span)),
                        None => return Some(None),
                    }
                }
                Some(Value::List(values.into()))
            }
            Setting::Null | Setting::Map(_) => None,
        })
    }

    /// Whether `text` is a name in scope, or arithmetic that could not be a chain of layers.
    pub fn is_width(&self, text: &Text) -> bool {
        self.scope.get(&text.text).is_some() || (notation::chain(text).is_err() && notation::expression(text).is_ok())
    }

    /// Errors for keys that nobody took, and whatever was reported.
    pub fn finish(mut self) -> Result<(), Vec<Diagnostic>> {
        let unknown = self.section.entries.iter().filter(|(key, _)| !self.asked.contains(&key.value.as_str()));
        for (key, _) in unknown.take(MOST_MISTAKES) {
            let error = Diagnostic::error(
                Code::UnknownKey,
                key.span,
                format!("`{}` has no setting `{}`", self.name, key.value),
            );
            let list = || format!("its settings are {}", self.asked.join(", "));
            self.problems.push(error.did_you_mean(&key.value, self.asked.iter().copied(), list));
        }
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }
}

/// A list of `length` entries, of which `most` would be read.
pub fn too_long(span: Span, length: usize, most: usize) -> Diagnostic {
    Diagnostic::error(Code::Limit, span, format!("the list has {length} entries; at most {most} are read"))
}

/// Whether a text is a word rather than something to be worked out.
fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}
