//! Dotted names: which level a layer stands in, which index it has there, and what an earlier name refers to.

use std::collections::{HashMap, HashSet};

use crate::budget::Budget;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use crate::ir::ValueId;

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
            Some(name) => self.full_name(name),
            None => format!("{}{index}", self.prefix),
        }
    }

    /// What it costs at most to look up `name` from here: in this level, and in each one around it.
    pub fn cost(&self, name: &str) -> usize {
        let levels = 1 + self.prefix.bytes().filter(|byte| *byte == b'.').count();
        levels * (1 + (self.prefix.len() + name.len()) / USUAL_NAME)
    }

    /// What something called `name` here is called in full.
    pub fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// The diagnostic for a name that each round of a repeat gives anew.
fn numbered(error: Diagnostic, name: &str, span: Span) -> Diagnostic {
    let own = name.rsplit('.').next().unwrap_or(name);
    let with_round = format!("{own}{{i}}");
    let error = error.label("each round of the repeat gives it");
    let advice = format!("call it `{with_round}`: `i` counts the rounds, from 0");
    // What is quoted, or has an expression in it already, is longer than the name.
    match own.len() == span.range().len() {
        true => error.fix(advice, span, with_round),
        false => error.help(advice),
    }
}

/// An unknown name is compared with all others if there are no more than these.
const MOST_COMPARED: usize = 10_000;

/// A full name of so many bytes is a long one.
const USUAL_NAME: usize = 64;

/// Bytes in all names: a million layers in levels of a few letters have less than half as many.
const LONGEST: usize = 64 << 20;

/// Every full name given so far: of layers and of levels.
#[derive(Debug)]
pub struct Names {
    given: HashMap<String, NamedValue>,
    /// Levels whose names were taken: that what is in them is taken too is no second mistake.
    taken: HashSet<String>,
    /// Bytes in all of them.
    length: Budget,
}

#[derive(Debug)]
struct NamedValue {
    span: Span,
    value: Wire,
}

impl Default for Names {
    fn default() -> Names {
        Names { given: HashMap::new(), taken: HashSet::new(), length: Budget::new(LONGEST) }
    }
}

impl Names {
    /// Takes a name, which must be new.
    pub fn declare(&mut self, name: &str, span: Span) -> Result<(), Diagnostic> {
        self.length.spend(name.len());
        let previous = self.given.insert(name.to_string(), NamedValue { span, value: None });
        match previous {
            None => Ok(()),
            Some(_) if name.match_indices('.').any(|(dot, _)| self.taken.contains(&name[..dot])) => Ok(()),
            Some(first) => {
                self.taken.insert(name.to_string());
                let error = Diagnostic::error(Code::Duplicate, span, format!("`{name}` is the name of two layers"));
                Err(match first.span == span {
                    true => numbered(error, name, span),
                    false => error
                        .other(first.span, "first here")
                        .help("names must differ within a level; leave one out and it gets a number"),
                })
            }
        }
    }

    /// Whether they are so long that nobody has written them.
    pub fn are_too_long(&self) -> bool {
        self.length.is_overspent()
    }

    /// Says what a declared name refers to: the output of the layer, or of the last one in the level.
    pub fn define(&mut self, name: &str, value: Wire) {
        if let Some(entry) = self.given.get_mut(name) {
            entry.value = value;
        }
    }

    /// Whether a layer or level is called `name` in full.
    pub fn contains(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// What `name` refers to, seen from `level`: looked up there first, then in every level around it.
    pub fn resolve(&self, name: &str, level: &Level) -> Option<Wire> {
        let mut prefix = level.prefix.as_str();
        loop {
            if let Some(entry) = self.given.get(&format!("{prefix}{name}")) {
                return Some(entry.value);
            }
            let inner = prefix.strip_suffix('.')?;
            prefix = &prefix[..inner.rfind('.').map_or(0, |dot| dot + 1)];
        }
    }

    /// That nothing is called `name`, with what was probably meant.
    pub fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        let error =
            Diagnostic::error(Code::UnknownReference, span, format!("no layer before this one is called `{name}`"));
        let mut known: Vec<&str> = match self.given.len() {
            ..=MOST_COMPARED => self.given.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        known.sort_unstable();
        let rule = || "a reference names an earlier layer or level; `.` is the current value".to_string();
        let inside = format!(".{name}");
        let elsewhere = known.iter().copied().find(|known| known.ends_with(&inside));
        error.meant(elsewhere.or_else(|| nearest(name, known.iter().copied())), rule)
    }
}
