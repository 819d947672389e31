//! Going through a document, noting each name.

use std::collections::HashMap;

use super::levels::Levels;
use super::{Blocks, Item, Occurrence, Symbol};
use crate::diagnostic::{Sources, Span, Spanned};
use crate::layers::Layers;
use crate::syntax::ast::{Block, Call, Document, DocumentBody, Item as Node, ItemBody, Section, Setting, Shortcut};
use crate::syntax::ast::{Template, TemplatePart};
use crate::syntax::notation;

/// Whose names an expression sees.
#[derive(Debug, Clone, Copy)]
pub(super) enum Home<'d> {
    /// The `let:` of the document, or of an included file.
    File(Option<usize>),
    /// The parameters of a block, and the `let:` of its file.
    Block(&'d Block),
}

impl Home<'_> {
    /// Whose `let:` it is.
    pub(super) fn file(self) -> Option<usize> {
        match self {
            Home::File(file) => file,
            Home::Block(block) => block.home,
        }
    }
}

/// Where items stand.
#[derive(Debug, Clone, Copy)]
struct Place<'d> {
    home: Home<'d>,
    level: usize,
    parent: Option<usize>,
}

pub(super) struct Walk<'d> {
    pub(super) document: &'d Document,
    pub(super) sources: &'d Sources,
    pub(super) layers: &'d Layers,
    pub(super) blocks: Blocks<'d>,
    found: Vec<Occurrence>,
    items: Vec<Item>,
    levels: Levels,
    /// The levels of blocks.
    bodies: HashMap<&'d str, usize>,
    root: usize,
    /// The level in which names in expressions are looked up.
    here: usize,
    /// Names of items that are referred to, with the level in which they stand.
    references: Vec<(Spanned<String>, usize)>,
}

impl<'d> Walk<'d> {
    pub(super) fn new(document: &'d Document, sources: &'d Sources, layers: &'d Layers) -> Walk<'d> {
        let blocks = document.blocks.iter().map(|block| (block.name.value.as_str(), block)).collect();
        let mut levels = Levels::default();
        let root = levels.add(None);
        let bodies = document.blocks.iter().map(|block| (block.name.value.as_str(), levels.add(None))).collect();
        let (found, items, references) = (Vec::new(), Vec::new(), Vec::new());
        Walk { document, sources, layers, blocks, found, items, levels, bodies, root, here: root, references }
    }

    /// An item that is named here.
    pub(super) fn refers(&mut self, name: &str, span: Span) {
        self.references.push((Spanned::new(name.to_string(), span), self.here));
    }

    pub(super) fn found(&mut self, span: Span, symbol: Symbol) {
        self.found.push(Occurrence { span, symbol, is_definition: false, is_letter: false });
    }

    /// The name of an argument.
    pub(super) fn key(&mut self, span: Span, symbol: Symbol) {
        let text = &self.sources.get(span.source).text;
        let next = text.as_bytes().get(span.end as usize);
        let is_letter = next.is_some_and(|next| next.is_ascii_digit() || matches!(next, b'{' | b'-'));
        self.found.push(Occurrence { span, symbol, is_definition: false, is_letter });
    }

    fn defined(&mut self, span: Span, symbol: Symbol) {
        self.found.push(Occurrence { span, symbol, is_definition: true, is_letter: false });
    }

    /// The layer or block of this name.
    pub(super) fn callable(&self, name: &str) -> Option<Symbol> {
        match self.blocks.contains_key(name) {
            true => Some(Symbol::Block(name.to_string())),
            false => self.layers.find(name).map(|_| Symbol::Layer(name.to_string())),
        }
    }

    pub(super) fn document(&mut self) {
        let document = self.document;
        let own = Home::File(None);
        document.input.value.iter().chain(&document.classes).for_each(|size| self.expr(size, own));
        let files = document.included.iter().enumerate().map(|(file, lets)| (Some(file), lets));
        for (file, lets) in files.chain([(None, &document.lets)]) {
            for (name, value) in lets {
                self.defined(name.span, Symbol::Let(file, name.value.clone()));
                self.expr(value, Home::File(file));
            }
        }
        for block in &document.blocks {
            self.block(block);
        }
        match &document.body {
            DocumentBody::Layers(items) => self.items(items, Place { home: own, level: self.root, parent: None }),
            DocumentBody::Preset { settings, .. } => self.settings(settings),
            DocumentBody::Unreadable => {}
        }
        for rule in &document.init {
            self.references.push((rule.pattern.clone(), self.root));
            self.recipe(&rule.initialiser);
        }
        document.data.iter().for_each(|section| self.settings(section));
        if let Some(train) = &document.train {
            self.settings(train);
            for key in ["freeze", "replace"] {
                match train.get(key) {
                    Some(Spanned { value: Setting::List(patterns), .. }) => {
                        patterns.iter().for_each(|pattern| self.pattern(pattern));
                    }
                    Some(pattern) => self.pattern(pattern),
                    None => {}
                }
            }
        }
    }

    /// A pattern over the names of weights.
    fn pattern(&mut self, pattern: &Spanned<Setting>) {
        if let Setting::Text(text) = &pattern.value {
            self.references.push((Spanned::new(text.text.clone(), pattern.span), self.root));
        }
    }

    fn block(&mut self, block: &'d Block) {
        let name = block.name.value.as_str();
        self.defined(block.name.span, Symbol::Block(name.to_string()));
        for (parameter, default) in block.parameters.iter().flatten() {
            self.defined(parameter.span, Symbol::Parameter(name.to_string(), parameter.value.clone()));
            let Some(default) = default else { continue };
            let callable = match &default.value {
                crate::syntax::ast::Expr::Name(name) => self.callable(name),
                _ => None,
            };
            match callable {
                Some(symbol) => self.found(default.span, symbol),
                None => self.expr(default, Home::Block(block)),
            }
        }
        let level = self.bodies[name];
        self.items(&block.body, Place { home: Home::Block(block), level, parent: None });
    }

    fn items(&mut self, items: &'d [Node], place: Place<'d>) {
        items.iter().for_each(|item| self.item(item, place));
    }

    fn item(&mut self, item: &'d Node, place: Place<'d>) {
        let Some(name) = &item.name else { return self.body(&item.body, place) };
        self.here = place.level;
        self.template(name, place.home);
        let index = self.declare(name, item.span, place);
        // What is called opens the level of its block.
        let called = match &item.body {
            ItemBody::Call(call) => Some(call),
            ItemBody::Repeat { body, .. } => match &body.body {
                ItemBody::Call(call) => Some(call),
                _ => None,
            },
            _ => None,
        };
        let (opens, level) = match called {
            Some(call) => (self.bodies.get(call.name.value.as_str()).copied(), place.level),
            None => {
                let level = self.levels.add(Some(place.level));
                (Some(level), level)
            }
        };
        self.levels.name(place.level, &name.value, index, opens);
        let before = self.found.len();
        self.body(&item.body, Place { level, parent: Some(index), ..place });
        let here = self.items[index].extent.source;
        let inside = self.found[before..].iter().map(|found| found.span).filter(|span| span.source == here);
        self.items[index].extent = inside.fold(self.items[index].extent, Span::to);
    }

    fn declare(&mut self, name: &Spanned<Template>, span: Span, place: Place<'d>) -> usize {
        let inner = self.sources.inside_quotes(name.span);
        let written = self.sources.text(inner);
        let is_plain = matches!(name.value.0.as_slice(), [TemplatePart::Text(text)] if text == written);
        let block = match place.home {
            Home::Block(block) => Some(block.name.value.clone()),
            Home::File(_) => None,
        };
        let extent = if inner.source == span.source { inner.to(span) } else { inner };
        let item = Item { name: written.to_string(), span: inner, extent, is_plain, parent: place.parent, block };
        self.items.push(item);
        let index = self.items.len() - 1;
        self.defined(inner, Symbol::Item(index));
        index
    }

    fn body(&mut self, body: &'d ItemBody, place: Place<'d>) {
        self.here = place.level;
        match body {
            ItemBody::Call(call) => self.call(call, place.home),
            ItemBody::Sequence(items) => self.items(items, place),
            ItemBody::Repeat { body, count } => {
                self.expr(count, place.home);
                self.item(body, place);
            }
            ItemBody::Residual { body, shortcut, after } => {
                self.items(body, place);
                if let Shortcut::Items(items) = &shortcut.value {
                    self.items(items, place);
                }
                self.items(after, place);
            }
            ItemBody::Branches { branches, times, .. } => {
                times.iter().for_each(|times| self.expr(times, place.home));
                self.items(branches, place);
            }
            ItemBody::From { sources, then, .. } => {
                for source in sources {
                    match source.text() {
                        Some("." | "input") => {}
                        Some(name) => self.refers(name, source.name.span),
                        None => self.template(&source.name, place.home),
                    }
                    source.condition.iter().for_each(|condition| self.expr(condition, place.home));
                }
                self.items(then, place);
            }
            ItemBody::Split(parts) => {
                for part in parts {
                    self.template(&part.name, place.home);
                    let index = self.declare(&part.name, part.name.span, place);
                    self.levels.name(place.level, &part.name.value, index, None);
                    part.channels.iter().for_each(|channels| self.expr(channels, place.home));
                }
            }
            ItemBody::Expect(sizes) => sizes.iter().for_each(|size| self.expr(size, place.home)),
            ItemBody::Unreadable => {}
        }
    }

    /// A call whose name is no layer's: an optimizer, say.
    fn recipe(&mut self, call: &Call) {
        self.found(call.name.span, Symbol::Recipe(call.name.value.clone()));
        self.arguments(call, None, Home::File(None));
    }

    /// The settings of `data:`, `train:` or a preset, which are read later: their texts may be calls, chains or
    /// expressions.
    fn settings(&mut self, section: &'d Section) {
        for (_, setting) in &section.entries {
            self.setting(setting);
        }
    }

    fn setting(&mut self, setting: &'d Spanned<Setting>) {
        match &setting.value {
            Setting::Text(text) => {
                if let Ok(call) = notation::call(text) {
                    self.recipe(&call);
                } else if let Ok(items) = notation::chain(text) {
                    for item in &items {
                        if let ItemBody::Call(call) = &item.body {
                            let symbol = self.callable(&call.name.value);
                            self.found(call.name.span, symbol.unwrap_or(Symbol::Word(call.name.value.clone())));
                            self.arguments(call, None, Home::File(None));
                        }
                    }
                } else if let Ok(expr) = notation::expression(text) {
                    self.expr(&expr, Home::File(None));
                }
            }
            Setting::Int(_) | Setting::Float(_) => self.found(setting.span, Symbol::Number),
            Setting::List(list) => list.iter().for_each(|setting| self.setting(setting)),
            Setting::Map(section) => self.settings(section),
            Setting::Null | Setting::Bool(_) => {}
        }
    }

    /// The keys of the file that are not names.
    pub(super) fn keys(&mut self, section: &Section) {
        self.section(section, &mut Vec::new());
    }

    fn section(&mut self, section: &Section, path: &mut Vec<String>) {
        for (key, value) in &section.entries {
            path.push(key.value.clone());
            self.found(key.span, Symbol::Key(path.clone()));
            if path.len() == 1 && key.value == "include" {
                self.includes(value);
            }
            self.values(value, path);
            path.pop();
        }
    }

    fn values(&mut self, value: &Spanned<Setting>, path: &mut Vec<String>) {
        match &value.value {
            Setting::Map(section) => self.section(section, path),
            Setting::List(values) => values.iter().for_each(|value| self.values(value, path)),
            _ => {}
        }
    }

    fn includes(&mut self, value: &Spanned<Setting>) {
        match &value.value {
            Setting::Text(text) => {
                let span = self.sources.inside_quotes(value.span);
                self.found(span, Symbol::Include(text.text.clone()));
            }
            Setting::List(values) => values.iter().for_each(|value| self.includes(value)),
            _ => {}
        }
    }

    /// All that was found, references resolved.
    pub(super) fn finish(mut self) -> (Vec<Occurrence>, Vec<Item>) {
        for (reference, level) in std::mem::take(&mut self.references) {
            let inner = self.sources.inside_quotes(reference.span);
            if self.sources.text(inner) != reference.value {
                continue;
            }
            let part = |range: std::ops::Range<usize>| Span {
                start: inner.start + range.start as u32,
                end: inner.start + range.end as u32,
                ..inner
            };
            let first = reference.value.split('.').next().unwrap_or_default();
            let resolved = self.levels.resolve(&reference.value, level, self.root);
            if resolved.is_empty() && self.layers.find(first).is_some() {
                self.found(part(0..first.len()), Symbol::Layer(first.to_string()));
            }
            for (item, range) in resolved {
                self.found(part(range), Symbol::Item(item));
            }
        }
        (self.found, self.items)
    }
}
