//! From the entries of `layers:` to items.
//!
//! An entry is a string of notation, or a mapping. A mapping calls (`conv: {out: 64, kernel: 3}`), names
//! (`layer1: bottleneck 64 x 3`), or is one of the structures `residual`, `branches`, `from`, `split` and `expect`.

use super::ast::{
    Argument, Call, Expr, Item, ItemBody, Merge, Section, Setting, Shortcut, Source, Template, Term, Text,
};
use super::document::{Context, expr, plain_text, shape, unknown_key};
use super::foreign::{as_code, has_arguments, is_row, merges_nothing, row, type_of};
use super::keyword::{STRUCTURES, misplaced, misspelt, near_structure};
use super::notation;
use super::split::split;
use super::value::{key_text, wrong_type};
use super::words::{merge, shortcut};
use crate::arguments::long_form;
use crate::diagnostic::{Code, Diagnostic, Severity, Spanned, edit_distance};

const ITEM: &str = "notation such as `conv 64 3x3 -> relu`, a mapping, or a list";

/// Layers wherever they can stand: one string, one mapping, or a list. Lists in lists and chains flatten.
pub(super) fn items<'a>(context: &mut Context<'a>, value: &'a Spanned<Setting>) -> Vec<Item> {
    let around = context.structure;
    let items = entries(context, value);
    context.structure = around;
    items
}

/// As [`items`], leaving the last structure in it in the context: what stands behind may belong to it.
fn entries<'a>(context: &mut Context<'a>, value: &'a Spanned<Setting>) -> Vec<Item> {
    if context.errors.is_full() || context.lines.are_enough() {
        return vec![Item::unreadable(value.span)];
    }
    match &value.value {
        Setting::Text(text) => {
            let items = context.lines.chain(text).map_err(|error| as_code(error, text, context.vocabulary));
            context.note(items).unwrap_or_else(|| vec![Item::unreadable(value.span)])
        }
        Setting::List(values) if is_row(values) => {
            context.errors.push(row(value));
            vec![Item::unreadable(value.span)]
        }
        Setting::List(values) => {
            let mut list = Vec::with_capacity(values.len());
            for value in values {
                list.append(&mut entries(context, value));
            }
            list
        }
        Setting::Map(section) => {
            vec![mapping(context, section).unwrap_or_else(|| Item::unreadable(value.span))]
        }
        _ => {
            context.errors.push(wrong_type("an item", ITEM, value));
            vec![Item::unreadable(value.span)]
        }
    }
}

/// One item that is written as a mapping; `None` if it cannot be made out.
fn mapping<'a>(context: &mut Context<'a>, section: &'a Section) -> Option<Item> {
    let structure = STRUCTURES.iter().find_map(|(key, others)| Some((*key, section.entry(key)?, *others)));
    if let Some((key, (written, value), others)) = structure {
        let known = std::iter::once(key).chain(others.iter().copied());
        for (other, _) in section.entries.iter().filter(|(other, _)| !known.clone().any(|key| key == other.value)) {
            context.errors.push(unknown_key(other, &format!("`{key}`"), known.clone()));
        }
        context.structure = Some(written);
        let around = context.within.replace(written);
        let body = match key {
            "residual" => residual(context, section, value),
            "branches" => branches(context, section, written, value),
            "from" => from(context, section, value),
            "split" => split(context, value),
            _ => ItemBody::Expect(shape(context, "`expect`", value).value),
        };
        context.within = around;
        let span = if key == "expect" { value.span } else { written.span };
        return named_by_key(context, section, Item { name: None, body, span });
    }
    if let Some(error) = misplaced(context, section) {
        context.errors.push(error);
        return None;
    }
    let mut others = section.entries.iter().filter(|(key, _)| key.value != "name");
    let Some((key, value)) = others.next() else {
        let message = "a name needs layers: this mapping holds none";
        let error = Diagnostic::error(Code::MissingKey, section.span, message);
        context.errors.push(match context.structure {
            Some(structure) => error.other(structure.span, "a name for this stands beside it"),
            None => error,
        });
        return None;
    };
    if let Some((second, _)) = others.next() {
        let message =
            format!("an item is one layer or one name, and here are two: `{}` and `{}`", key.value, second.value);
        let error = Diagnostic::error(Code::UnknownKey, second.span, message).other(key.span, "the first");
        context.errors.push(match type_of(key, value) {
            Some(layer) => error.help(format!("the layer's own name is the key: `{layer}: {{{}: …}}`", second.value)),
            None => error.help("in a list, each item starts with `-`"),
        });
        return None;
    }
    // What the layers of other frameworks are here is known to those who know layers.
    let is_foreign = |context: &Context<'_>| {
        (section.entries.len() > 1 || has_arguments(value) || !looks_like_layers(context, key, value))
            && context.vocabulary.is_foreign(&key.value)
    };
    if context.callable.contains(&key.value) || is_foreign(context) {
        let call = call(context, key, value)?;
        let span = section.span;
        return named_by_key(context, section, Item { name: None, body: ItemBody::Call(call), span });
    }
    if section.entries.len() > 1 {
        // It has a name beside it, so it cannot be one.
        let error = unknown_callee(context, key);
        context.errors.extend(error);
        return None;
    }
    let in_braces = matches!(value.value, Setting::Null) && context.sources.text(section.span).starts_with('{');
    if in_braces && is_call(context, key) {
        let message = format!("the braces around `{}` make a mapping of it", key.value);
        let error = Diagnostic::error(Code::Notation, section.span, message);
        context.errors.push(error.certain("leave the braces out", section.span, key.value.as_str()));
        return None;
    }
    if in_braces {
        let advice = format!("in quotes, `\"{{{0}}}\"` calls the layer that `{0}` names", key.value);
        let error = unknown_callee(context, key);
        context.errors.extend(error.map(|error| if error.help.is_empty() { error.help(advice) } else { error }));
        return None;
    }
    naming(context, key, value)
}

/// Gives `item` the name under the key `name`, if there is one.
fn named_by_key(context: &mut Context<'_>, section: &Section, item: Item) -> Option<Item> {
    let name = match section.get("name") {
        None => return Some(item),
        Some(Spanned { value: Setting::Text(text), .. }) => context.note(notation::template(text))?,
        // A name such as `2048` is a number to YAML.
        Some(Spanned { value: Setting::Int(_) | Setting::Float(_) | Setting::Bool(_), span }) => {
            let written = context.sources.text(*span);
            context.note(notation::template(&Text::decoded(written.to_string(), written, *span)))?
        }
        Some(value) => {
            context.errors.push(wrong_type("`name`", "text", value));
            return None;
        }
    };
    Some(Item { name: Some(name), ..item })
}

/// `layer1: bottleneck 64 x 3`: the key names what stands under it.
fn naming<'a>(context: &mut Context<'a>, key: &Spanned<String>, value: &'a Spanned<Setting>) -> Option<Item> {
    if !looks_like_layers(context, key, value) {
        let error = unknown_callee(context, key);
        context.errors.extend(error.map(|error| match error.help.is_empty() {
            true => error.help("to name an item, put layers under it").other(value.span, "no layers"),
            false => error,
        }));
        return None;
    }
    if is_call(context, key) {
        let message = format!("`{}` is a call, and can name nothing", key.value);
        let error = Diagnostic::error(Code::Notation, key.span, message).other(value.span, "this stands under it");
        context.errors.push(match &value.value {
            Setting::Text(text) => error.help(format!("layers are joined with `->`: `{} -> {}`", key.value, text.text)),
            _ => error.help("layers are joined with `->`"),
        });
        return None;
    }
    match misspelt(context, key, value) {
        Some(error) if error.severity == Severity::Error => {
            context.errors.push(error);
            return None;
        }
        doubt => context.doubts.extend(doubt),
    }
    context.doubts.extend(merges_nothing(key, value));
    let name = context.note(notation::template(&key_text(context.sources, key)));
    let inner = items(context, value);
    let name = name?;
    Some(match alone(inner, value) {
        // `block{i}: bottleneck 64 x 3` names each round: only inside the repeat is there an `i`.
        Ok(Item { name: None, body: ItemBody::Repeat { body, count }, span }) if name.value.uses("i") => {
            let body = Box::new(called(name, *body));
            Item { name: None, body: ItemBody::Repeat { body, count }, span }
        }
        Ok(item) => called(name, item),
        Err(inner) => Item { name: Some(name), body: ItemBody::Sequence(inner), span: key.span },
    })
}

/// `item` under a name; if it has one already, in a level of that name.
fn called(name: Spanned<Template>, item: Item) -> Item {
    match item.name {
        None => Item { name: Some(name), ..item },
        Some(_) => Item { name: Some(name), span: item.span, body: ItemBody::Sequence(vec![item]) },
    }
}

/// The item that `value` is, if it is one. A list opens a level even if it has one entry.
fn alone(items: Vec<Item>, value: &Spanned<Setting>) -> Result<Item, Vec<Item>> {
    match value.value {
        Setting::List(_) => Err(items),
        _ => <[Item; 1]>::try_from(items).map(|[item]| item),
    }
}

/// The key is no layer or block, and what stands with it shows that it should be one. `None` if it may be a lost one's
/// name.
fn unknown_callee(context: &Context<'_>, key: &Spanned<String>) -> Option<Diagnostic> {
    let error = Diagnostic::error(Code::UnknownName, key.span, format!("no layer or block is called `{}`", key.value));
    (!context.lost_blocks).then(|| match is_call(context, key) {
        true => error.help("in a line of notation an argument is written `key=value`, without a colon"),
        false => error.meant(near_name(context, key).or_else(|| near_structure(&key.value)), String::new),
    })
}

/// Whether the key is a call with arguments.
fn is_call(context: &Context<'_>, key: &Spanned<String>) -> bool {
    key.value.split_once(' ').is_some_and(|(name, _)| context.callable.contains(name))
}

/// A layer or block within two edits of the key, and within half of it.
fn near_name<'a>(context: &'a Context<'_>, key: &Spanned<String>) -> Option<&'a str> {
    let near = context.callable.iter().map(|name| (edit_distance(name, &key.value), name.as_str()));
    let allowed = (key.value.chars().count() / 2).min(2);
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, name)| name)
}

/// Whether what stands under the unknown `key` is a network rather than the arguments of a call.
fn looks_like_layers(context: &Context<'_>, key: &Spanned<String>, value: &Spanned<Setting>) -> bool {
    match &value.value {
        Setting::Text(Text { text, .. }) => {
            text.trim_start().starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '('))
        }
        Setting::List(values) => values.iter().all(|value| looks_like_layers(context, key, value)),
        Setting::Map(section) => {
            let is_known =
                |name: &str| context.callable.contains(name) || STRUCTURES.iter().any(|(key, _)| *key == name);
            match section.entries.as_slice() {
                entries if entries.iter().any(|(name, _)| is_known(&name.value)) => true,
                // `cnov: {out: width}` could name an item `out` in an item `cnov`, but is a misspelled call.
                [(inner, value)] => near_name(context, key).is_none() && looks_like_layers(context, inner, value),
                _ => false,
            }
        }
        _ => false,
    }
}

/// A call in mapping form: `conv: {out: 64, kernel: 3}`, `dropout: 0.5`, `conv: 64 3x3`, `conv: [64, 3x3]`, `relu:`.
fn call(context: &mut Context<'_>, key: &Spanned<String>, value: &Spanned<Setting>) -> Option<Call> {
    let arguments = match &value.value {
        Setting::Null => Vec::new(),
        Setting::Text(text) => context.note(notation::arguments(text).map_err(|error| {
            if text.text.contains("->") {
                error.help(format!(
                    "`{0}` is a layer or block, so this key calls it; to name an item, write `as {0}`",
                    key.value
                ))
            } else {
                error
            }
        }))?,
        Setting::Map(section) => {
            section.entries.iter().map(|(key, value)| named_argument(context, key, value)).collect()
        }
        Setting::List(values) => {
            let what = format!("an argument of `{}`", key.value);
            values.iter().map(|value| positional(term(context, &what, value))).collect()
        }
        _ => vec![positional(term(context, "an argument", value))],
    };
    Some(Call::new(key.clone(), arguments, key.span.to(value.span)))
}

fn positional(value: Spanned<Term>) -> Argument {
    let span = value.span;
    Argument { key: None, value, span }
}

fn named_argument(context: &mut Context<'_>, key: &Spanned<String>, value: &Spanned<Setting>) -> Argument {
    let value = term(context, &format!("`{}`", key.value), value);
    let span = key.span.to(value.span);
    let key = Spanned::new(long_form(&key.value).to_string(), key.span);
    Argument { key: Some(key), value, span }
}

/// The value of an argument; [`Expr::Unreadable`] after a mistake.
fn term(context: &mut Context<'_>, what: &str, value: &Spanned<Setting>) -> Spanned<Term> {
    let term = match &value.value {
        _ if context.errors.is_full() => Term::Expr(Spanned::new(Expr::Unreadable, value.span)),
        Setting::Text(text) => match context.note(notation::term(text)) {
            Some(term) => return term,
            None => Term::Expr(Spanned::new(Expr::Unreadable, value.span)),
        },
        Setting::List(values) => Term::List(values.iter().map(|value| term(context, what, value)).collect()),
        _ => Term::Expr(expr(context, what, value)),
    };
    Spanned::new(term, value.span)
}

fn residual<'a>(context: &mut Context<'a>, section: &'a Section, body: &'a Spanned<Setting>) -> ItemBody {
    let shortcut = match section.get("shortcut") {
        None => Spanned::new(Shortcut::Auto, body.span),
        Some(value) => Spanned::new(shortcut(context, value), value.span),
    };
    let after = section.get("after").map(|after| items(context, after)).unwrap_or_default();
    ItemBody::Residual { body: items(context, body), shortcut, after }
}

fn branches<'a>(
    context: &mut Context<'a>,
    section: &Section,
    key: &Spanned<String>,
    value: &'a Spanned<Setting>,
) -> ItemBody {
    let merge = match section.get("merge") {
        None => Some(Spanned::new(Merge::Concat, key.span)),
        Some(value) => merge(context, value),
    };
    let times = section.get("times").map(|times| expr(context, "`times`", times));
    let Setting::List(branches) = &value.value else {
        let error = wrong_type("`branches`", "a list, one entry a branch", value);
        context.errors.push(error.help(match super::is_toml(context.sources, value.span) {
            true => "write `branches = [\"conv 8 1x1\", \"conv 8 3x3 p1\"]`",
            false => "write `branches: [conv 8 1x1, conv 8 3x3 p1]`, or each branch on its own line after `-`",
        }));
        return ItemBody::Unreadable;
    };
    if branches.is_empty() {
        context.errors.push(Diagnostic::error(Code::MissingKey, value.span, "`branches` needs at least one branch"));
        return ItemBody::Unreadable;
    }
    let branches = branches.iter().map(|branch| {
        alone(items(context, branch), branch).unwrap_or_else(|inner| Item {
            name: None,
            body: ItemBody::Sequence(inner),
            span: branch.span,
        })
    });
    ItemBody::Branches { branches: branches.collect(), times, merge }
}

/// One name, or a list of names.
fn sources(context: &mut Context<'_>, value: &Spanned<Setting>) -> Vec<Source> {
    let values = match &value.value {
        Setting::List(values) => values,
        _ => std::slice::from_ref(value),
    };
    let source = |value: &Spanned<Setting>| match &value.value {
        Setting::Text(text) if text.text.contains('{') || text.text.contains(" x ") => {
            context.note(notation::source(text))
        }
        _ => plain_text(context, "`from`", value).map(Source::plain),
    };
    values.iter().filter_map(source).collect()
}

fn from<'a>(context: &mut Context<'a>, section: &'a Section, value: &Spanned<Setting>) -> ItemBody {
    let sources = sources(context, value);
    let then = section.get("then").map(|then| items(context, then)).unwrap_or_default();
    let merge = match section.get("merge") {
        Some(value) => merge(context, value),
        None => None,
    };
    match sources.as_slice() {
        [] if matches!(&value.value, Setting::List(names) if names.is_empty()) => {
            context.errors.push(Diagnostic::error(Code::MissingKey, value.span, "`from` needs at least one name"));
        }
        [_, second, ..] if section.get("merge").is_none() => {
            let message = "several values need `merge`";
            let error = Diagnostic::error(Code::MissingKey, second.name.span, message);
            context.errors.push(error.help(match super::is_toml(context.sources, value.span) {
                true => "add `merge = \"concat\"`, `\"add\"`, `\"mul\"`, `\"sub\"`, `\"mean\"` or `\"max\"`",
                false => "add `merge: concat`, `add`, `mul`, `sub`, `mean` or `max`",
            }));
        }
        _ => {}
    }
    ItemBody::From { sources, merge, then }
}
