//! A list of mistakes that ends: a million of one kind in a generated file are said to be many, not kept.

use super::{Diagnostic, Severity};

/// So many mistakes are looked for; not all of them are shown.
pub(crate) const MOST_MISTAKES: usize = 1000;

/// The first [`MOST_MISTAKES`] that were found.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<Diagnostic>);

impl Mistakes {
    /// Adds one, if there is room.
    pub fn push(&mut self, mistake: Diagnostic) {
        if !self.is_full() {
            self.0.push(mistake);
        }
    }

    /// The value, or `None` with the reason added.
    pub fn note<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|mistake| self.push(mistake)).ok()
    }

    /// Whether more would be left out: nothing needs to be looked at any more.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST_MISTAKES
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|mistake| mistake.severity == Severity::Error)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The one that was added last.
    pub fn last_mut(&mut self) -> Option<&mut Diagnostic> {
        self.0.last_mut()
    }

    /// In the order in which they were found.
    pub fn into_list(self) -> Vec<Diagnostic> {
        self.0
    }
}

impl Extend<Diagnostic> for Mistakes {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, mistakes: T) {
        mistakes.into_iter().for_each(|mistake| self.push(mistake));
    }
}
