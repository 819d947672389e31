//! `freeze:` and `replace:`, patterns over the names of weights, held against those that the network has; `rename:`,
//! patterns over names in a file.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic, Spanned, nearest};
use crate::elaborate::language::Takes;
use crate::elaborate::settings::{Settings, too_long};
use crate::graph::Graph;
use crate::pattern::{Rename, glob};
use crate::syntax::ast::Setting;

/// Each pattern is held against the name of every weight.
const MOST_PATTERNS: usize = 100;

/// A network that calls all its layers something else has one for each.
const MOST_RENAMES: usize = 2000;

/// A pattern for nothing is compared with all names if there are no more than these.
const MOST_COMPARED: usize = 10_000;

/// One pattern, or a list of them.
pub fn read(settings: &mut Settings, key: &'static str) -> Vec<Spanned<String>> {
    let Some(setting) = settings.take_as(key, || Takes::OneOrMore(Box::new(Takes::Text))) else { return Vec::new() };
    let entries = match &setting.value {
        Setting::List(entries) if entries.len() > MOST_PATTERNS => {
            settings.report(too_long(setting.span, entries.len(), MOST_PATTERNS));
            return Vec::new();
        }
        Setting::List(entries) => entries.as_slice(),
        _ => std::slice::from_ref(setting),
    };
    let mut patterns = Vec::new();
    for entry in entries {
        match &entry.value {
            Setting::Text(text) => patterns.push(Spanned::new(text.text.clone(), entry.span)),
            _ => settings.report(
                Diagnostic::error(Code::WrongType, entry.span, format!("`{key}` of `train` is for names of weights"))
                    .help(format!("write `{key}: [conv1.*, \"*.bias\"]`, in which `*` stands for any characters")),
            ),
        }
    }
    patterns
}

/// `rename:`, a mapping from patterns over names to other names.
pub fn renames(settings: &mut Settings) -> Vec<Rename> {
    let key = "rename";
    let Some(setting) = settings.take_as(key, || Takes::Mapping(Box::new(Takes::Text))) else { return Vec::new() };
    let wrong = |span| {
        Diagnostic::error(Code::WrongType, span, "`rename` of `train` is a mapping from names in a file to names here")
            .help("write `rename: {\"backbone.*\": \"*\"}`, in which `*` stands for any characters")
    };
    let Setting::Map(section) = &setting.value else {
        settings.report(wrong(setting.span));
        return Vec::new();
    };
    if section.entries.len() > MOST_RENAMES {
        settings.report(too_long(setting.span, section.entries.len(), MOST_RENAMES));
        return Vec::new();
    }
    let mut renames = Vec::new();
    for (pattern, name) in &section.entries {
        match &name.value {
            Setting::Text(text) => match Rename::new(&pattern.value, &text.text) {
                Ok(rename) => renames.push(rename),
                Err(why) => settings.report(Diagnostic::error(Code::InvalidArgument, name.span, why)),
            },
            _ => settings.report(wrong(name.span)),
        }
    }
    renames
}

/// Whether there are weights that could learn.
pub fn is_any_learning(graph: &Graph) -> bool {
    graph.nodes.iter().any(|node| node.weights.iter().any(|weight| weight.trainable))
}

/// The full names of all weights and running statistics.
pub struct Names {
    all: Vec<String>,
    /// Whether it learns, by name.
    learns: Vec<bool>,
}

impl Names {
    /// Those of `graph`.
    pub fn new(graph: &Graph) -> Names {
        let weights = || graph.nodes.iter().flat_map(|node| node.weights.iter().map(move |weight| (node, weight)));
        Names {
            all: weights().map(|(node, weight)| weight.full_name(&node.name)).collect(),
            learns: weights().map(|(_, weight)| weight.trainable).collect(),
        }
    }

    /// Those of `patterns`, written under `key`, that are for none of them.
    pub fn idle<'a>(&'a self, patterns: &'a [Spanned<String>], key: &'a str) -> impl Iterator<Item = Diagnostic> + 'a {
        let idle = |pattern: &&Spanned<String>| !self.all.iter().any(|name| glob(&pattern.value, name));
        patterns.iter().filter(idle).map(move |pattern| self.nothing(pattern, key))
    }

    /// Whether there are weights that could learn, and these patterns are for all of them.
    pub fn are_all_frozen(&self, frozen: &[Spanned<String>]) -> bool {
        let is_frozen = |name: &str| frozen.iter().any(|pattern| glob(&pattern.value, name));
        let mut learning = self.all.iter().zip(&self.learns).filter(|(_, learns)| **learns).peekable();
        learning.peek().is_some() && learning.all(|(name, _)| is_frozen(name))
    }

    fn nothing(&self, pattern: &Spanned<String>, key: &str) -> Diagnostic {
        let message = format!("`{key}` names `{}`, which is no weight of the network", pattern.value);
        let error = Diagnostic::error(Code::UnknownName, pattern.span, message);
        let Some(last) = self.all.last() else { return error.label("the network has no weights") };
        if self.all.len() > MOST_COMPARED {
            return error.help(for_example(last));
        }
        let levels = self.levels();
        let written = pattern.value.trim_end_matches('.');
        if levels.contains(&written) {
            return replaced(error, &format!("{written}.*"), |inside| {
                format!("for all weights in it write `{inside}`")
            });
        }
        let near = match pattern.value.strip_suffix(".*") {
            Some(level) => nearest(level, levels).map(|level| format!("{level}.*")),
            None => nearest(&pattern.value, self.all.iter().map(String::as_str)).map(str::to_string),
        };
        match near {
            Some(near) => replaced(error, &near, |near| format!("did you mean `{near}`?")),
            None => error.help(for_example(last)),
        }
    }

    /// The names of layers, and of everything that layers stand in, in the order of the network.
    fn levels(&self) -> Vec<&str> {
        let mut known = HashSet::new();
        let levels = self.all.iter().flat_map(|name| name.match_indices('.').map(move |(end, _)| &name[..end]));
        levels.filter(|level| known.insert(*level)).collect()
    }
}

fn for_example(name: &str) -> String {
    format!("one of them is `{name}`, and `*` stands for any characters")
}

/// Advises another pattern, which can be put in place of the one that is wrong unless it needs quotes.
fn replaced(error: Diagnostic, pattern: &str, advice: impl Fn(&str) -> String) -> Diagnostic {
    let is_plain = pattern.chars().all(|c| c.is_ascii_alphanumeric() || "_-.*".contains(c));
    match is_plain && !pattern.starts_with('*') {
        true => {
            let span = error.primary.span;
            error.fix(advice(pattern), span, pattern)
        }
        false => error.help(advice(pattern)),
    }
}
