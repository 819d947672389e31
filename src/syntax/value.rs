//! What YAML and TOML have in common: a tree of values, each with its place.
//!
//! The types are [`Setting`] and [`Section`], because parts of the tree (`data:`, `train:`, a preset) stay as they are
//! in the [`Document`](super::ast::Document).

use super::LONGEST_TEXT;
use super::ast::{Section, Setting};
use super::text::Text;
use crate::diagnostic::{Code, Diagnostic, Sources, Span, Spanned};

impl Setting {
    /// What kind of value it is, for messages: "a list".
    pub fn kind(&self) -> &'static str {
        match self {
            Setting::Null => "nothing",
            Setting::Bool(_) => "true or false",
            Setting::Int(_) => "a whole number",
            Setting::Float(_) => "a number",
            Setting::Text(_) => "text",
            Setting::List(_) => "a list",
            Setting::Map(_) => "a mapping",
        }
    }
}

impl Section {
    /// The value of a key, if the section has it.
    pub fn get(&self, key: &str) -> Option<&Spanned<Setting>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key with its value, if the section has it.
    pub fn entry(&self, key: &str) -> Option<&(Spanned<String>, Spanned<Setting>)> {
        self.entries.iter().find(|(name, _)| name.value == key)
    }
}

/// `what` must be `expected`, and is something else.
pub(super) fn wrong_type(what: &str, expected: &str, value: &Spanned<Setting>) -> Diagnostic {
    Diagnostic::error(Code::WrongType, value.span, format!("{what} must be {expected}"))
        .label(format!("found {}", value.value.kind()))
}

/// A text of so many bytes stands at `span`.
pub(super) fn too_long(span: Span, length: usize) -> Diagnostic {
    Diagnostic::error(Code::Limit, span, format!("a text of {length} bytes; at most {LONGEST_TEXT} are read"))
}

/// A key as a string with places, to be read as notation.
pub(super) fn key_text(sources: &Sources, key: &Spanned<String>) -> Text {
    Text::decoded(key.value.clone(), sources.text(key.span), key.span)
}
