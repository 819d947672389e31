//! The options of a section, taken one by one; what is left over Darknet would not read either.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};

use super::text::Section;
use crate::diagnostic::{Code, Diagnostic, Mistakes, Span, Spanned, nearest};

/// A section from which options are taken.
pub struct Options<'a> {
    section: &'a Section,
    asked: RefCell<BTreeSet<&'static str>>,
    ignores_all: Cell<bool>,
    errors: RefCell<Mistakes>,
}

/// For so many options that nothing reads, what was probably meant is looked for.
const MOST_ADVISED: usize = 50;

/// Numbers of a list that are read.
const MOST_NUMBERS: usize = 1000;

impl<'a> Options<'a> {
    pub fn new(section: &'a Section) -> Options<'a> {
        Options { section, asked: RefCell::default(), ignores_all: Cell::default(), errors: RefCell::default() }
    }

    /// `[convolutional]`, and where that stands.
    pub fn header(&self) -> &'a Spanned<String> {
        &self.section.name
    }

    pub fn span(&self) -> Span {
        self.section.name.span
    }

    pub fn refuse(&self, error: Diagnostic) {
        self.errors.borrow_mut().push(error);
    }

    /// An option as it is written. Of several, Darknet takes the first.
    pub fn text(&self, key: &'static str) -> Option<&'a Spanned<String>> {
        self.asked.borrow_mut().insert(key);
        self.section.options.iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }

    /// A number that an option holds.
    fn read<T>(&self, key: &'static str, what: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Spanned<T>> {
        let written = self.text(key)?;
        match parse(&written.value) {
            Some(value) => Some(Spanned::new(value, written.span)),
            None => {
                let error = Diagnostic::error(Code::InvalidArgument, written.span, format!("`{key}` must be {what}"));
                self.refuse(error.label(format!("found `{}`", written.value)));
                None
            }
        }
    }

    pub fn whole_if_given(&self, key: &'static str) -> Option<Spanned<i64>> {
        self.read(key, "a whole number", whole)
    }

    /// A whole number; `usual` at the section's name unless given.
    pub fn whole(&self, key: &'static str, usual: i64) -> Spanned<i64> {
        self.whole_if_given(key).unwrap_or(Spanned::new(usual, self.span()))
    }

    /// As [`Options::whole`], one or more.
    pub fn positive(&self, key: &'static str, usual: i64) -> Spanned<i64> {
        let found = self.whole(key, usual);
        self.at_least(1, key, found)
    }

    /// As [`Options::whole`], zero or more.
    pub fn not_negative(&self, key: &'static str, usual: i64) -> Spanned<i64> {
        let found = self.whole(key, usual);
        self.at_least(0, key, found)
    }

    fn at_least(&self, least: i64, key: &str, found: Spanned<i64>) -> Spanned<i64> {
        if found.value < least {
            let message = format!("`{key}` must be at least {least}");
            let error = Diagnostic::error(Code::InvalidArgument, found.span, message);
            self.refuse(error.label(format!("found `{}`", found.value)));
        }
        found
    }

    pub fn is_set(&self, key: &'static str) -> bool {
        self.whole(key, 0).value != 0
    }

    pub fn number_if_given(&self, key: &'static str) -> Option<Spanned<f64>> {
        self.read(key, "a number", number)
    }

    /// A number; `usual` at the section's name unless given.
    pub fn number(&self, key: &'static str, usual: f64) -> Spanned<f64> {
        self.number_if_given(key).unwrap_or(Spanned::new(usual, self.span()))
    }

    /// Whole numbers with commas between them.
    pub fn wholes(&self, key: &'static str) -> Option<Spanned<Vec<i64>>> {
        self.read(key, "whole numbers with commas between them", |text| list(text, whole))
    }

    /// Numbers with commas between them.
    pub fn numbers(&self, key: &'static str) -> Option<Spanned<Vec<f64>>> {
        self.read(key, "numbers with commas between them", |text| list(text, number))
    }

    /// What must not be set, because it makes another network.
    pub fn lacking(&self, key: &'static str, usual: i64, what: &str) {
        if let Some(found) = self.whole_if_given(key)
            && found.value != usual
        {
            let message = format!("`{key}={}` {what}, which archc has no layer for", found.value);
            self.refuse(Diagnostic::error(Code::InvalidArgument, found.span, message));
        }
    }

    /// Takes what changes nothing about the network.
    pub fn ignore(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// Takes everything: the section is refused as a whole.
    pub fn ignore_all(&self) {
        self.ignores_all.set(true);
    }

    /// The errors, and warnings about options that nothing reads.
    pub fn finish(self) -> Vec<Diagnostic> {
        let asked = self.asked.into_inner();
        let mut problems = self.errors.into_inner();
        let name = &self.section.name.value;
        let mut seen: HashSet<&str> = HashSet::new();
        for (key, _) in &self.section.options {
            if problems.is_full() || self.ignores_all.get() {
                break;
            }
            if !asked.contains(key.value.as_str()) {
                let message = format!("`[{name}]` does not read `{}`", key.value);
                let warning = Diagnostic::warning(Code::Unused, key.span, message);
                let known = asked.iter().copied().filter(|_| problems.len() < MOST_ADVISED);
                problems.push(match nearest(&key.value, known) {
                    Some(near) => warning.help(format!("did you mean `{near}`?")),
                    None => warning,
                });
            } else if !seen.insert(&key.value) {
                let message = format!("`{}` is given twice, and the first one counts", key.value);
                problems.push(Diagnostic::warning(Code::Unused, key.span, message));
            }
        }
        problems.into_list()
    }
}

fn whole(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.unsigned_abs() <= 1 << 31)
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A comma at the end is common.
fn list<T>(text: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let parts = text.strip_suffix(',').unwrap_or(text).split(',');
    let numbers: Vec<T> = parts.take(MOST_NUMBERS + 1).map(one).collect::<Option<_>>()?;
    (numbers.len() <= MOST_NUMBERS).then_some(numbers)
}
