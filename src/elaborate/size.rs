//! How many layers there will be, before any is made: repeats in repeats and blocks that double are refused before they
//! cost anything.

use std::collections::HashMap;

use super::blocks::target;
use super::call;
use super::expression::evaluate;
use super::scope::{Binding, Effort, Scope};
use super::walk::DEEPEST;
use crate::arguments::Value;
use crate::budget::Budget;
use crate::diagnostic::Spanned;
use crate::syntax::ast::{Block, Call, Expr, Item, ItemBody};

/// So many items are looked at; what is behind them is found when it is made.
const MOST_LOOKED_AT: usize = 100_000;

/// Bytes of a block's name and arguments that cost as much as another item.
const LONG_KEY: usize = 1 << 8;

/// Counts layers in what a document describes.
pub struct Count<'d> {
    blocks: &'d HashMap<&'d str, &'d Block>,
    /// What the document's own blocks see, and those of included files.
    scope: Scope<'d>,
    homes: &'d [Scope<'d>],
    /// Pays for all that is worked out here, and is worked out again when layers are made.
    effort: &'d Effort,
    /// The layers of blocks that have been counted, by the block and its arguments.
    known: HashMap<String, usize>,
    calling: Vec<&'d str>,
    depth: usize,
    looked_at: Budget,
}

impl<'d> Count<'d> {
    /// Nothing is counted yet.
    pub fn new(
        blocks: &'d HashMap<&'d str, &'d Block>,
        scope: Scope<'d>,
        homes: &'d [Scope<'d>],
        effort: &'d Effort,
    ) -> Count<'d> {
        Count {
            blocks,
            scope,
            homes,
            effort,
            known: HashMap::new(),
            calling: Vec::new(),
            depth: 0,
            looked_at: Budget::new(MOST_LOOKED_AT),
        }
    }

    /// At least so many layers are in `items`. What depends on shapes, on the round of a repeat or on a mistake counts
    /// as none.
    pub fn layers(&mut self, items: &[Item], scope: &Scope) -> usize {
        let scope = scope.paid_by(self.effort);
        let names = ["in", "channels"].map(|name| Binding::new(name, None));
        let scope = scope.inside(&names);
        items.iter().fold(0, |sum: usize, item| sum.saturating_add(self.item(item, &scope)))
    }

    fn item(&mut self, item: &Item, scope: &Scope) -> usize {
        if !self.looked_at.spend(1) || self.depth == DEEPEST {
            return 0;
        }
        self.depth += 1;
        let layers = self.body(&item.body, scope);
        self.depth -= 1;
        layers
    }

    fn body(&mut self, body: &ItemBody, scope: &Scope) -> usize {
        match body {
            ItemBody::Call(call) => {
                let chosen = call.chosen.as_ref().and_then(|expr| evaluate(expr, scope).ok().flatten());
                let name = match &chosen {
                    Some(Value::Word(name)) => name,
                    _ => &call.name.value,
                };
                match self.blocks.get(name.as_str()).copied() {
                    Some(block) => self.block(block, call, scope),
                    None => 1,
                }
            }
            ItemBody::Sequence(items) | ItemBody::Branches { branches: items, times: None, .. } => {
                self.layers(items, scope)
            }
            ItemBody::Branches { branches, times: Some(times), .. } => {
                self.rounds(times, scope, |count, scope| count.layers(branches, scope))
            }
            ItemBody::Residual { body, after, .. } => {
                self.layers(body, scope).saturating_add(self.layers(after, scope))
            }
            ItemBody::From { then, .. } => self.layers(then, scope),
            ItemBody::Repeat { body, count } => self.rounds(count, scope, |count, scope| count.item(body, scope)),
            ItemBody::Split(parts) => parts.len(),
            ItemBody::Expect(_) | ItemBody::Unreadable => 0,
        }
    }

    /// As many times what `each` counts as `times` says.
    fn rounds(&mut self, times: &Spanned<Expr>, scope: &Scope, each: impl FnOnce(&mut Self, &Scope) -> usize) -> usize {
        match call::count(times, scope) {
            Ok(Some(times @ 1..)) => {
                let names = [Binding::new("i", None)];
                let each = each(self, &scope.inside(&names));
                each.saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
            }
            _ => 0,
        }
    }

    fn block(&mut self, block: &'d Block, call: &Call, scope: &Scope) -> usize {
        let Some(parameters) = &block.parameters else { return 0 };
        if self.calling.contains(&block.name.value.as_str()) {
            return 0;
        }
        let mut names: Vec<Binding> = Vec::new();
        let mut positional = parameters.iter();
        for argument in &call.arguments {
            let Some((name, _)) = target(argument, parameters, &mut positional) else { continue };
            names.push(Binding::new(&name.value, call::term(&argument.value, scope).ok().flatten()));
        }
        let home = block.home.map_or(self.scope, |home| self.homes[home]).paid_by(self.effort);
        for (name, default) in parameters {
            if let Some(default) = default.as_ref().filter(|_| names.iter().all(|given| given.name != name.value)) {
                names.push(Binding::new(&name.value, evaluate(default, &home.inside(&names)).ok().flatten()));
            }
        }
        let values: Vec<String> = names.iter().map(|name| format!("{}={:?}", name.name, name.value)).collect();
        let key = format!("{} {}", block.name.value, values.join(" "));
        // Long lists take long to compare.
        self.looked_at.spend(key.len() / LONG_KEY);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        self.calling.push(&block.name.value);
        let layers = self.layers(&block.body, &home.inside(&names));
        self.calling.pop();
        self.known.insert(key, layers);
        layers
    }
}
