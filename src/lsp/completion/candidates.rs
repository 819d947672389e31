//! What the keys around the cursor ask for.

use super::Context;
use super::notation::{Calls, chain, expression};
use crate::diagnostic::Code;
use crate::elaborate::language::{self, Callable, Key, Takes};
use crate::layers::Layers;
use crate::lsp::names::Names;
use crate::manual;
use crate::syntax::{KEYS, MERGES, SHORTCUTS, STRUCTURES};

/// Something that can be written.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// As it is written.
    pub text: String,
    /// What it is.
    pub what: What,
    /// In a few words.
    pub detail: Option<String>,
    /// What the manual says.
    pub about: Option<String>,
}

/// What a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A key of a mapping.
    Key,
    Layer,
    Block,
    Argument,
    /// A word that stands for itself.
    Word,
    /// A name in expressions.
    Name,
    /// Something that is named in the network.
    Item,
}

impl Candidate {
    pub fn new(text: impl Into<String>, what: What) -> Candidate {
        Candidate { text: text.into(), what, detail: None, about: None }
    }

    pub fn detail(self, detail: impl Into<String>) -> Candidate {
        Candidate { detail: Some(detail.into()), ..self }
    }

    pub fn about(self, about: Option<&str>) -> Candidate {
        Candidate { about: about.map(|about| about.trim().to_string()), ..self }
    }
}

/// All that fits.
pub fn candidates(context: &Context, names: &Names, layers: &Layers) -> Vec<Candidate> {
    let path: Vec<&str> = context.path.iter().map(String::as_str).collect();
    let around = Around { context, names, layers };
    match path.as_slice() {
        [] => around.keys(KEYS.into_iter().chain(crate::elaborate::preset_names()), &[]),
        ["layers", rest @ ..] => around.items(rest, None),
        ["blocks"] => Vec::new(),
        ["blocks", signature, rest @ ..] => around.items(rest, signature.split('(').next()),
        ["train", rest @ ..] => around.section("train", &language::train(), rest),
        ["data", rest @ ..] => around.section("data", &language::data(), rest),
        ["init"] if context.is_key => {
            let kinds = layers.names().map(|name| Candidate::new(name, What::Key));
            kinds.chain(around.named(What::Key)).collect()
        }
        ["init", _] => around.calls(&language::initialisers()),
        ["allow"] => {
            let warnings = Code::ALL.iter().filter(|code| code.id().starts_with('W'));
            let warning = |code: &Code| Candidate::new(code.id(), What::Word).detail(code.explanation().trim());
            warnings.map(warning).collect()
        }
        ["let", _] | ["classes"] | ["input"] => expression(names, None),
        [preset, rest @ ..] => match language::presets().into_iter().find(|(name, _)| name == preset) {
            Some((name, keys)) => around.section(name, &keys, rest),
            None => Vec::new(),
        },
    }
}

struct Around<'a> {
    context: &'a Context,
    names: &'a Names,
    layers: &'a Layers,
}

impl Around<'_> {
    /// Those keys that are not there yet.
    fn keys<'k>(&self, keys: impl Iterator<Item = &'k str>, outside: &[&str]) -> Vec<Candidate> {
        let left = keys.filter(|key| !self.context.beside.iter().any(|other| other == key));
        let candidate = |key: &str| {
            let path: Vec<&str> = outside.iter().copied().chain([key]).collect();
            Candidate::new(key, What::Key).about(manual::about_key(&path))
        };
        if self.context.is_key { left.map(candidate).collect() } else { Vec::new() }
    }

    /// What is named in the network.
    fn named(&self, what: What) -> impl Iterator<Item = Candidate> {
        let plain = self.names.items.iter().enumerate().filter(|(_, item)| item.is_plain);
        plain.map(move |(index, item)| Candidate::new(&item.name, what).detail(self.names.full_name(index)))
    }

    /// Below `layers:` or a block called `block`.
    fn items(&self, path: &[&str], block: Option<&str>) -> Vec<Candidate> {
        let Context { written, beside, is_key, is_value, .. } = self.context;
        let words = |words: &[&str]| words.iter().map(|word| Candidate::new(*word, What::Word)).collect::<Vec<_>>();
        let chain = || chain(written, &Calls::Layers { layers: self.layers, names: self.names, block });
        match path.last().copied() {
            Some("merge") => words(&MERGES),
            Some("shortcut") => [words(&SHORTCUTS), chain()].concat(),
            Some("from") => {
                let own = [(".", "what arrives here"), ("input", "the network's input")];
                let own = own.map(|(name, what)| Candidate::new(name, What::Item).detail(what));
                self.named(What::Item).chain(own).collect()
            }
            Some("name" | "split") => Vec::new(),
            Some("expect") => expression(self.names, block),
            Some(callee) if self.is_callable(callee) => self.arguments(callee, block),
            _ => {
                let mut found = Vec::new();
                if *is_key {
                    let owner = STRUCTURES.iter().find(|(owner, _)| beside.iter().any(|key| key == owner));
                    let keys: Vec<&str> = match owner {
                        Some((_, others)) => others.to_vec(),
                        None if beside.is_empty() => STRUCTURES.iter().map(|(owner, _)| *owner).collect(),
                        None => vec!["name"],
                    };
                    let outside: Vec<&str> = owner.iter().map(|(owner, _)| *owner).collect();
                    found.extend(
                        self.keys(keys.into_iter(), &["layers"].into_iter().chain(outside).collect::<Vec<_>>()),
                    );
                }
                if *is_value || beside.is_empty() {
                    found.splice(0..0, chain());
                }
                found
            }
        }
    }

    fn is_callable(&self, name: &str) -> bool {
        self.layers.find(name).is_some() || self.names.blocks.iter().any(|(block, ..)| block == name)
    }

    /// Arguments of a call in mapping form.
    fn arguments(&self, callee: &str, block: Option<&str>) -> Vec<Candidate> {
        let calls = Calls::Layers { layers: self.layers, names: self.names, block };
        if !self.context.is_key {
            return chain(&format!("{callee} {}", self.context.written), &calls);
        }
        let parameters = calls.parameters(callee).into_iter();
        parameters
            .filter(|(name, _)| !self.context.beside.iter().any(|other| other == name))
            .map(|(name, detail)| Candidate { detail, ..Candidate::new(name, What::Key) })
            .collect()
    }

    /// Below a section with these keys.
    fn section(&self, name: &str, keys: &[Key], path: &[&str]) -> Vec<Candidate> {
        let [key, inside @ ..] = path else { return self.keys(keys.iter().map(|key| key.name), &[name]) };
        match keys.iter().find(|known| known.name == *key) {
            Some(key) => self.takes(&key.takes, inside),
            // An argument in mapping form, below the name of what is called.
            None => Vec::new(),
        }
    }

    fn takes(&self, takes: &Takes, inside: &[&str]) -> Vec<Candidate> {
        match takes {
            Takes::Words(words) => words.iter().map(|word| Candidate::new(*word, What::Word)).collect(),
            Takes::Value(form) => {
                let truths = ["true", "false"].into_iter().filter(|_| form.truth);
                let words = form.words.iter().map(String::as_str).chain(truths);
                let words = words.map(|word| Candidate::new(word, What::Word)).collect::<Vec<_>>();
                if words.is_empty() { expression(self.names, None) } else { words }
            }
            Takes::Call(calls) => match inside {
                [] if self.context.is_key => calls.iter().map(|call| called(call, What::Key)).collect(),
                [] => self.calls(calls),
                [callee, ..] => {
                    let parameters = calls.iter().filter(|call| call.name == *callee);
                    let parameters = parameters.flat_map(|call| &call.parameters).map(|parameter| parameter.name);
                    self.keys(parameters, &[])
                }
            },
            Takes::List(inner) | Takes::OneOrMore(inner) => self.takes(inner, inside),
            Takes::Either(ways) => ways.iter().flat_map(|way| self.takes(way, inside)).collect(),
            Takes::Text | Takes::Mapping(_) | Takes::Anything => Vec::new(),
        }
    }

    fn calls(&self, calls: &[Callable]) -> Vec<Candidate> {
        chain(&self.context.written, &Calls::Recipe { calls, names: self.names })
    }
}

/// The name of something that can be called.
pub fn called(call: &Callable, what: What) -> Candidate {
    let about = manual::about_layer(call.name).or_else(|| manual::about_recipe(call.name));
    let usage = call.usage.map_or_else(
        || call.parameters.iter().map(|parameter| parameter.name).collect::<Vec<_>>().join(" "),
        str::to_string,
    );
    Candidate::new(call.name, what).detail(usage).about(about)
}
