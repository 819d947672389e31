//! Checking blocks that no network calls: names and arguments, for nothing is known of sizes.

use std::collections::HashSet;

use super::scope::{Binding, Effort, Scope};
use super::walk::{self, Walked};
use super::with_lets;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::layers::Layers;
use crate::syntax::ast::{Argument, Block, Call, Document, Expr, Item, ItemBody, Term};

/// What is wrong with the definitions of a file that others include.
pub fn check_library(document: &Document, layers: &Layers) -> Vec<Diagnostic> {
    let mut problems = document.doubts.clone();
    let effort = Effort::default();
    let classes = vec![Binding::new("classes", None)];
    let included: Vec<Vec<Binding>> =
        document.included.iter().map(|lets| with_lets(classes.clone(), lets, &effort, &mut problems)).collect();
    let names = with_lets(classes, &document.lets, &effort, &mut problems);
    let homes: Vec<Scope> = included.iter().map(|names| Scope::root(names, &effort)).collect();
    let scope = Scope::root(&names, &effort);
    let blocks: Vec<&Block> = document.blocks.iter().collect();
    problems.extend(mistakes(&blocks, document, layers, &scope, &homes));
    problems
}

/// What is wrong with the document's own blocks that are not among the `called` ones, which have been looked at where
/// they are called. The other blocks of an included file are that file's matter.
pub(super) fn uncalled<'d>(
    document: &'d Document,
    called: &HashSet<&str>,
    layers: &'d Layers,
    scope: &Scope<'d>,
    homes: &'d [Scope<'d>],
) -> Vec<Diagnostic> {
    let is_own = |block: &&Block| block.home.is_none() && !called.contains(block.name.value.as_str());
    let blocks: Vec<&Block> = document.blocks.iter().filter(is_own).collect();
    if blocks.is_empty() { Vec::new() } else { mistakes(&blocks, document, layers, scope, homes) }
}

/// What is wrong with these blocks, whatever they are called with.
fn mistakes<'d>(
    blocks: &[&'d Block],
    document: &'d Document,
    layers: &'d Layers,
    scope: &Scope<'d>,
    homes: &'d [Scope<'d>],
) -> Vec<Diagnostic> {
    let items: Vec<Item> = blocks.iter().map(|block| call(block)).collect();
    let Walked { problems, .. } = walk::walk(&items, document, layers, None, Vec::new(), scope, homes);
    let heads: HashSet<Span> = blocks.iter().map(|block| block.name.span).collect();
    let without_heads = |mut problem: Diagnostic| {
        // No one has written these calls.
        problem.others.retain(|other| !other.is_call || !heads.contains(&other.span));
        problem
    };
    problems.into_iter().map(without_heads).collect()
}

/// A call of `block` whose arguments are all unknown, at its own name.
fn call(block: &Block) -> Item {
    let span = block.name.span;
    let unknown = Spanned::new(Term::Expr(Spanned::new(Expr::Unreadable, span)), span);
    let parameters = block.parameters.iter().flatten();
    let arguments = parameters.map(|(name, _)| Argument {
        key: Some(Spanned::new(name.value.clone(), span)),
        value: unknown.clone(),
        span,
    });
    let name = block.name.clone();
    let call = Call::new(name, arguments.collect(), span);
    Item { name: None, body: ItemBody::Call(call), span }
}
