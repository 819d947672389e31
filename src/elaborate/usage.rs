//! W005: blocks and values that a file defines and never uses.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::syntax::ast::{
    Argument, Block, Call, Document, DocumentBody, Expr, Item, ItemBody, Part, Section, Setting, Shortcut, Source,
    Template, Term,
};

/// Warnings of the document's own blocks that nothing calls, and of its own values that nothing reads. What an unused
/// block uses counts as used, so that it is one mistake.
pub fn unused(document: &Document) -> Vec<Diagnostic> {
    if document.blocks.is_empty() && document.lets.is_empty() {
        return Vec::new();
    }
    let mut uses: HashMap<&str, usize> = HashMap::new();
    document_names(document, &mut |name| *uses.entry(name).or_default() += 1);
    let uses = |name: &str| uses.get(name).copied().unwrap_or_default();
    let mut warnings = Vec::new();
    for block in document.blocks.iter().filter(|block| block.home.is_none()) {
        let name = &block.name;
        // Calling itself is an error of its own.
        let mut own = 0;
        block_names(block, &mut |used| own += usize::from(used == name.value));
        if uses(&name.value) == own {
            let message = format!("the block `{}` is never called", name.value);
            warnings.push(Diagnostic::warning(Code::Unused, name.span, message).help("call it, or leave it out"));
        }
    }
    for (name, _) in document.lets.iter().filter(|(name, _)| uses(&name.value) == 0) {
        let message = format!("nothing uses `{}`", name.value);
        warnings.push(Diagnostic::warning(Code::Unused, name.span, message).help("use it, or leave it out"));
    }
    warnings
}

/// Takes each name that something is called or read by; a name may come up that only looks like one.
type Found<'f, 'd> = &'f mut dyn FnMut(&'d str);

fn document_names<'d>(document: &'d Document, found: Found<'_, 'd>) {
    document.input.value.iter().chain(&document.classes).for_each(|expr| expr_names(expr, found));
    document.lets.iter().for_each(|(_, value)| expr_names(value, found));
    document.blocks.iter().for_each(|block| block_names(block, found));
    match &document.body {
        DocumentBody::Layers(items) => items_names(items, found),
        DocumentBody::Preset { settings, .. } => section_names(settings, found),
        DocumentBody::Unreadable => {}
    }
    document.init.iter().for_each(|rule| call_names(&rule.initialiser, found));
    document.data.iter().chain(&document.train).for_each(|section| section_names(section, found));
}

fn block_names<'d>(block: &'d Block, found: Found<'_, 'd>) {
    let defaults = block.parameters.iter().flatten().filter_map(|(_, default)| default.as_ref());
    defaults.for_each(|default| expr_names(default, found));
    items_names(&block.body, found);
}

fn items_names<'d>(items: &'d [Item], found: Found<'_, 'd>) {
    items.iter().for_each(|item| item_names(item, found));
}

fn item_names<'d>(item: &'d Item, found: Found<'_, 'd>) {
    if let Some(name) = &item.name {
        template_names(name, found);
    }
    match &item.body {
        ItemBody::Call(call) => call_names(call, found),
        ItemBody::Sequence(items) => items_names(items, found),
        ItemBody::Branches { branches, times, .. } => {
            times.iter().for_each(|times| expr_names(times, found));
            items_names(branches, found);
        }
        ItemBody::Repeat { body, count } => {
            expr_names(count, found);
            item_names(body, found);
        }
        ItemBody::Residual { body, shortcut, after } => {
            items_names(body, found);
            items_names(after, found);
            if let Shortcut::Items(items) = &shortcut.value {
                items_names(items, found);
            }
        }
        ItemBody::From { sources, then, .. } => {
            for Source { name, condition } in sources {
                template_names(name, found);
                condition.iter().for_each(|condition| expr_names(condition, found));
            }
            items_names(then, found);
        }
        ItemBody::Split(parts) => {
            for Part { name, channels } in parts {
                template_names(name, found);
                channels.iter().for_each(|channels| expr_names(channels, found));
            }
        }
        ItemBody::Expect(sizes) => sizes.iter().for_each(|size| expr_names(size, found)),
        ItemBody::Unreadable => {}
    }
}

fn template_names<'d>(name: &'d Spanned<Template>, found: Found<'_, 'd>) {
    name.value.expressions().for_each(|expr| expr_names(expr, found));
}

fn call_names<'d>(call: &'d Call, found: Found<'_, 'd>) {
    match &call.chosen {
        Some(expr) => expr_names(expr, found),
        None => found(&call.name.value),
    }
    call.arguments.iter().for_each(|Argument { value, .. }| term_names(value, found));
}

fn term_names<'d>(term: &'d Spanned<Term>, found: Found<'_, 'd>) {
    match &term.value {
        Term::Expr(expr) => expr_names(expr, found),
        Term::Size(height, width) => {
            expr_names(height, found);
            expr_names(width, found);
        }
        Term::Word(word) | Term::NameOrWord(word) => found(word),
        Term::List(terms) => terms.iter().for_each(|term| term_names(term, found)),
    }
}

fn expr_names<'d>(expr: &'d Spanned<Expr>, found: Found<'_, 'd>) {
    expr.names().into_iter().for_each(|(name, _)| found(name));
}

/// Settings are read later, so every word in them may be a name.
fn section_names<'d>(section: &'d Section, found: Found<'_, 'd>) {
    section.entries.iter().for_each(|(_, setting)| setting_names(&setting.value, found));
}

fn setting_names<'d>(setting: &'d Setting, found: Found<'_, 'd>) {
    match setting {
        Setting::Text(text) => text.text.split(|c: char| !c.is_alphanumeric() && c != '_').for_each(found),
        Setting::List(settings) => settings.iter().for_each(|setting| setting_names(&setting.value, found)),
        Setting::Map(section) => {
            section.entries.iter().for_each(|(key, _)| found(&key.value));
            section_names(section, found);
        }
        Setting::Null | Setting::Bool(_) | Setting::Int(_) | Setting::Float(_) => {}
    }
}
