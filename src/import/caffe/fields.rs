//! The fields of a message, taken one by one; what is left over the schema does not have.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::text::{Message, Value};
use crate::diagnostic::{Code, Diagnostic, Mistakes, Span, Spanned, nearest};

/// A message from which fields are taken.
pub struct Fields<'a> {
    message: &'a Message,
    /// For messages to the user: `convolution_param`.
    what: &'a str,
    asked: RefCell<BTreeSet<&'static str>>,
    problems: &'a RefCell<Mistakes>,
}

impl<'a> Fields<'a> {
    pub fn new(what: &'a str, message: &'a Message, problems: &'a RefCell<Mistakes>) -> Fields<'a> {
        Fields { message, what, asked: RefCell::default(), problems }
    }

    /// Those of a message in this one.
    pub fn inside(&self, what: &'a str, message: &'a Message) -> Fields<'a> {
        Fields::new(what, message, self.problems)
    }

    pub fn span(&self) -> Span {
        self.message.span
    }

    /// Where something of a whole file is said: at its first field.
    pub fn message_span(&self) -> Span {
        self.message.fields.first().map_or(self.message.span, |(name, _)| name.span)
    }

    pub fn report(&self, problem: Diagnostic) {
        self.problems.borrow_mut().push(problem);
    }

    /// Every value of a field.
    pub fn all(&self, key: &'static str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.asked.borrow_mut().insert(key);
        let fields = self.message.fields.iter();
        fields.filter(move |(name, _)| name.value == key).map(|(_, value)| value)
    }

    /// The value of a field: of several, the last.
    fn last(&self, key: &'static str) -> Option<&'a Value> {
        self.all(key).last()
    }

    fn wrong(&self, key: &str, what: &str, value: &Value) -> Diagnostic {
        let found = match value {
            Value::Message(_) => "found a message".to_string(),
            Value::Text(text) => format!("found the text `{}`", text.value),
            Value::Word(word) => format!("found `{}`", word.value),
        };
        let error = Diagnostic::error(Code::InvalidArgument, value.span(), format!("`{key}` must be {what}"));
        error.label(found)
    }

    fn read<T>(&self, key: &str, what: &str, value: &Value, parse: impl Fn(&str) -> Option<T>) -> Option<Spanned<T>> {
        let parsed = match value {
            Value::Word(word) => parse(&word.value),
            _ => None,
        };
        if parsed.is_none() {
            self.report(self.wrong(key, what, value));
        }
        parsed.map(|parsed| Spanned::new(parsed, value.span()))
    }

    pub fn text(&self, key: &'static str) -> Option<&'a Spanned<String>> {
        match self.last(key)? {
            Value::Text(text) => Some(text),
            other => {
                self.report(self.wrong(key, "a text in quotes", other));
                None
            }
        }
    }

    /// Every text of a field.
    pub fn texts(&self, key: &'static str) -> Vec<&'a Spanned<String>> {
        let text = |value: &'a Value| match value {
            Value::Text(text) => Some(text),
            other => {
                self.report(self.wrong(key, "a text in quotes", other));
                None
            }
        };
        self.all(key).filter_map(text).collect()
    }

    /// The name of a number, without its quotes if there are some.
    pub fn word(&self, key: &'static str) -> Option<&'a Spanned<String>> {
        match self.last(key)? {
            Value::Text(text) | Value::Word(text) => Some(text),
            other => {
                self.report(self.wrong(key, "a word", other));
                None
            }
        }
    }

    pub fn whole(&self, key: &'static str) -> Option<Spanned<i64>> {
        self.read(key, WHOLE, self.last(key)?, whole)
    }

    pub fn wholes(&self, key: &'static str) -> Vec<Spanned<i64>> {
        self.all(key).filter_map(|value| self.read(key, WHOLE, value, whole)).collect()
    }

    pub fn number(&self, key: &'static str) -> Option<Spanned<f64>> {
        self.read(key, "a number", self.last(key)?, number)
    }

    pub fn numbers(&self, key: &'static str) -> Vec<Spanned<f64>> {
        self.all(key).filter_map(|value| self.read(key, "a number", value, number)).collect()
    }

    pub fn truth(&self, key: &'static str, usual: bool) -> bool {
        let truth = |text: &str| match text {
            "true" | "True" | "t" | "1" => Some(true),
            "false" | "False" | "f" | "0" => Some(false),
            _ => None,
        };
        let found = self.last(key).and_then(|value| self.read(key, "`true` or `false`", value, truth));
        found.map_or(usual, |found| found.value)
    }

    pub fn message(&self, key: &'static str) -> Option<&'a Message> {
        match self.last(key)? {
            Value::Message(message) => Some(message),
            other => {
                self.report(self.wrong(key, "a message in braces", other));
                None
            }
        }
    }

    pub fn messages(&self, key: &'static str) -> Vec<&'a Message> {
        let message = |value: &'a Value| match value {
            Value::Message(message) => Some(message),
            other => {
                self.report(self.wrong(key, "a message in braces", other));
                None
            }
        };
        self.all(key).filter_map(message).collect()
    }

    /// Takes fields that change nothing about the network.
    pub fn ignore(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// Reports what the schema does not have.
    pub fn finish(self) {
        let asked = self.asked.into_inner();
        for (key, value) in &self.message.fields {
            let is_known = asked.contains(key.value.as_str());
            // Programs that grew from Caffe bring layers of their own, with settings of their own.
            let is_other = key.value.ends_with("_param") && matches!(value, Value::Message(_));
            if is_known || is_other || self.problems.borrow().is_full() {
                continue;
            }
            let message = format!("{} has no field `{}`", self.what, key.value);
            let error = Diagnostic::error(Code::UnknownKey, key.span, message);
            self.problems.borrow_mut().push(match nearest(&key.value, asked.iter().copied()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            });
        }
    }
}

const WHOLE: &str = "a whole number";

fn whole(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let number: i64 = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok()?,
        None if digits.len() > 1 && digits.starts_with('0') => i64::from_str_radix(digits, 8).ok()?,
        None if digits.starts_with(|c: char| c.is_ascii_digit()) => digits.parse().ok()?,
        None => return None,
    };
    (number <= 1 << 40).then_some(sign * number)
}

fn number(text: &str) -> Option<f64> {
    let text = text.strip_suffix(['f', 'F']).unwrap_or(text);
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::{number, whole};

    #[test]
    fn reads_numbers_as_protocol_buffers_do() {
        for (text, expected) in [
            ("12", Some(12)),
            ("-3", Some(-3)),
            ("0x1F", Some(31)),
            ("010", Some(8)),
            ("0", Some(0)),
            ("1.5", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
        for (text, expected) in
            [("1", Some(1.0)), (".5f", Some(0.5)), ("-1e-3", Some(-1e-3)), ("inf", None), ("a", None)]
        {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
