//! Where the arguments of a call were written.

use crate::diagnostic::Span;

/// Where each argument of a call was written, by its name.
#[derive(Debug, Clone, Default)]
pub struct Places(pub(super) Vec<(&'static str, Span)>);

impl Places {
    /// The place of argument `key`, if it was given.
    pub fn get(&self, key: &str) -> Option<Span> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, span)| *span)
    }
}
