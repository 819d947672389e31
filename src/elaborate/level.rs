//! Dotted names: which level a layer stands in, which index it has there, and what an earlier name refers to.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use crate::graph::ValueId;

/// A value on its way through the network; `None` after an error.
pub type Wire = Option<ValueId>;

/// Where names are given: a prefix such as `layer1.0.`, and the index of the next item.
#[derive(Debug)]
pub struct Level {
    prefix: String,
    next: usize,
}

impl Level {
    /// The level of the whole network.
    pub fn root() -> Level {
        Level { prefix: String::new(), next: 0 }
    }

    /// The level called `name`, a full name.
    pub fn named(name: &str) -> Level {
        Level { prefix: format!("{name}."), next: 0 }
    }

    /// The full name of the next item: its own name, or its index among its siblings.
    pub fn next(&mut self, name: Option<&str>) -> String {
        let index = self.next;
        self.next += 1;
        match name {
            Some(name) => format!("{}{name}", self.prefix),
            None => format!("{}{index}", self.prefix),
        }
    }
}

/// Every full name given so far: of layers and of levels.
#[derive(Debug, Default)]
pub struct Names(HashMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    span: Span,
    value: Wire,
}

impl Names {
    /// Takes a name, which must be new.
    pub fn declare(&mut self, name: &str, span: Span) -> Result<(), Diagnostic> {
        let previous = self.0.insert(name.to_string(), Entry { span, value: None });
        match previous {
            None => Ok(()),
            Some(first) => {
                let error = Diagnostic::error(Code::Duplicate, span, format!("`{name}` is the name of two layers"));
                Err(if first.span == span { error } else { error.other(first.span, "first here") }
                    .help("names must differ within a level; leave one out and it gets a number"))
            }
        }
    }

    /// Says what a declared name refers to: the output of the layer, or of the last one in the level.
    pub fn define(&mut self, name: &str, value: Wire) {
        if let Some(entry) = self.0.get_mut(name) {
            entry.value = value;
        }
    }

    /// What `name` refers to, seen from `level`: looked up there first, then in every level around it.
    pub fn resolve(&self, name: &str, level: &Level, span: Span) -> Result<Wire, Diagnostic> {
        let mut prefix = level.prefix.as_str();
        loop {
            if let Some(entry) = self.0.get(&format!("{prefix}{name}")) {
                return Ok(entry.value);
            }
            let Some(inner) = prefix.strip_suffix('.') else { break };
            prefix = &prefix[..inner.rfind('.').map_or(0, |dot| dot + 1)];
        }
        let error =
            Diagnostic::error(Code::UnknownReference, span, format!("no layer before this one is called `{name}`"));
        let mut known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        known.sort_unstable();
        Err(match nearest(name, known) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("a reference names an earlier layer or level; `.` is the current value"),
        })
    }
}
