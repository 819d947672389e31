//! Values that are named: those that `from:` reads, and those that `split:` makes.

use super::{Expr, Template, TemplatePart};
use crate::diagnostic::Spanned;

/// A value that `from:` names.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name; `.` for the current value, `input` for the network's input.
    pub name: Spanned<Template>,
    /// What must hold for it to take part: `late x {deep}`.
    pub condition: Option<Spanned<Expr>>,
}

impl Source {
    /// A name without expressions, which always takes part.
    pub(crate) fn plain(name: Spanned<String>) -> Source {
        let Spanned { value, span } = name;
        Source { name: Spanned::new(Template(vec![TemplatePart::Text(value)]), span), condition: None }
    }

    /// The name, if it has no expression in it.
    pub(crate) fn text(&self) -> Option<&str> {
        self.name.value.text()
    }
}

/// Some of the channels that `split:` parts.
#[derive(Debug, Clone)]
pub struct Part {
    /// What they are called.
    pub name: Spanned<Template>,
    /// How many they are; as many as in the other parts if that is not given.
    pub channels: Option<Spanned<Expr>>,
}

impl Template {
    /// All of it, if it has no expression in it.
    pub(crate) fn text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [TemplatePart::Text(text)] => Some(text),
            _ => None,
        }
    }
}
