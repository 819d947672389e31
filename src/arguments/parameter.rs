//! What a call may be given, so that what is left over is known even where something is missing.

use super::{Arguments, FromValue};
use crate::aliases;
use crate::diagnostic::Diagnostic;

/// An argument that a call takes.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub key: &'static str,
    take: fn(&mut Arguments, &'static str) -> Result<(), Diagnostic>,
}

impl Parameter {
    /// One that [`Arguments::required`] or [`Arguments::positional`] reads.
    pub const fn positional<T: FromValue>(key: &'static str) -> Parameter {
        Parameter { key, take: |arguments, key| arguments.positional::<T>(key).map(drop) }
    }

    /// One that [`Arguments::optional`] reads.
    pub const fn named<T: FromValue>(key: &'static str) -> Parameter {
        Parameter { key, take: |arguments, key| arguments.optional::<T>(key).map(drop) }
    }

    /// One that [`Arguments::flag`] reads.
    pub const fn flag(key: &'static str) -> Parameter {
        Parameter { key, take: |arguments, key| arguments.flag(key).map(drop) }
    }
}

impl Arguments {
    /// What is wrong with each argument by itself, for a call that takes these.
    pub fn mistakes(mut self, parameters: &[Parameter]) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for Parameter { key, take } in parameters {
            errors.extend(take(&mut self, key).err());
        }
        errors.extend(self.finish().err().into_iter().flatten());
        errors
    }

    /// The same arguments, with our names in the place of those that other frameworks have for these.
    pub fn renamed(mut self, parameters: &[Parameter]) -> Arguments {
        let asked: Vec<&str> = parameters.iter().map(|parameter| parameter.key).collect();
        for key in self.given.iter_mut().filter_map(|(argument, _)| argument.key.as_mut()) {
            let ours = super::argument_alias(&key.value, &asked).and_then(aliases::Name::ours);
            if let Some(ours) = ours.filter(|_| !asked.contains(&key.value.as_str())) {
                key.value = ours.to_string();
            }
        }
        self
    }
}
