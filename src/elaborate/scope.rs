//! Which names an expression may use, and what they stand for.

use crate::arguments::Value;

/// Names in scope, innermost first.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    names: &'a [Binding<'a>],
}

/// A name and its value; `None` where the value depends on a shape that an earlier error left unknown.
#[derive(Debug, Clone)]
pub struct Binding<'a> {
    /// The name.
    pub name: &'a str,
    /// What it stands for.
    pub value: Option<Value>,
}

impl<'a> Binding<'a> {
    /// A binding of `name`.
    pub fn new(name: &'a str, value: Option<Value>) -> Binding<'a> {
        Binding { name, value }
    }

    /// A binding to a size.
    pub fn size(name: &'a str, size: Option<usize>) -> Binding<'a> {
        Binding::new(name, size.map(|size| Value::Int(size as i64)))
    }
}

impl<'a> Scope<'a> {
    /// A scope of its own.
    pub fn root(names: &'a [Binding<'a>]) -> Scope<'a> {
        Scope { outer: None, names }
    }

    /// A scope inside this one, whose names come first.
    pub fn inside(&'a self, names: &'a [Binding<'a>]) -> Scope<'a> {
        Scope { outer: Some(self), names }
    }

    /// What a name stands for: `None` if it is not in scope, `Some(None)` if its value is unknown.
    pub fn get(&self, name: &str) -> Option<Option<&'a Value>> {
        let here = self.names.iter().rev().find(|binding| binding.name == name);
        match here {
            Some(binding) => Some(binding.value.as_ref()),
            None => self.outer.and_then(|outer| outer.get(name)),
        }
    }

    /// Every name in scope, innermost first.
    pub fn names(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = self.names.iter().rev().map(|binding| binding.name).collect();
        names.extend(self.outer.map(Scope::names).unwrap_or_default());
        names
    }
}
