//! Keys of structures that stand where names do: at a wrong depth, or misspelt.
//!
//! A key that means nothing else names its item, so `- after: relu` would be a layer called `after`, and `- residul: …`
//! a level.

use super::ast::{Section, Setting, Text};
use super::document::Context;
use crate::diagnostic::{Code, Diagnostic, Spanned, edit_distance};

/// Keys that make a mapping a structure, each with the keys that may stand beside it.
pub(crate) const STRUCTURES: [(&str, &[&str]); 5] = [
    ("residual", &["shortcut", "after", "name"]),
    ("branches", &["merge", "times", "name"]),
    ("from", &["merge", "then", "name"]),
    ("split", &["name"]),
    ("expect", &[]),
];

/// Whether an item cannot be named by this key, because it means something else.
pub(crate) fn is_keyword(key: &str) -> bool {
    STRUCTURES.iter().any(|(structure, others)| *structure == key || others.contains(&key))
}

/// A key of a structure that stands in an item where no structure is.
pub(super) fn misplaced(context: &Context<'_>, section: &Section) -> Option<Diagnostic> {
    let mut keys = section.entries.iter().map(|(key, _)| key);
    let key = keys.clone().find(|key| key.value != "name" && is_keyword(&key.value))?;
    let owners =
        || STRUCTURES.iter().filter(|(_, others)| others.contains(&key.value.as_str())).map(|(owner, _)| *owner);
    if let Some((misspelt, near)) = keys.find_map(|other| Some((other, near_structure(&other.value)?))) {
        let error =
            Diagnostic::error(Code::UnknownKey, misspelt.span, format!("an item has no key `{}`", misspelt.value));
        return Some(
            error.other(key.span, format!("`{}` belongs to a structure", key.value)).meant(Some(near), String::new),
        );
    }
    if section.entries.iter().filter(|(key, _)| key.value != "name").count() > 1 {
        return None;
    }
    let near = context.structure.filter(|structure| owners().any(|owner| owner == structure.value));
    let owner = near.map_or_else(|| owners().next(), |near| Some(near.value.as_str()))?;
    let is_toml = super::is_toml(context.sources, key.span);
    let beside = match (is_toml, context.sources.text(section.span).starts_with('{')) {
        (true, false) => format!("write `{} = …` below `{owner} = …`, in the same table", key.value),
        (true, true) => {
            format!("it belongs beside `{owner}`, in the same braces: `{{{owner} = …, {} = …}}`", key.value)
        }
        (false, true) => format!("it belongs beside `{owner}`, in the same braces: `{{{owner}: …, {}: …}}`", key.value),
        (false, false) => format!("write `{}:` without a dash, in the column of `{owner}:`", key.value),
    };
    let message = format!("`{}` belongs to `{owner}`, but is in an item of its own", key.value);
    let error = Diagnostic::error(Code::UnknownKey, key.span, message);
    Some(match near {
        Some(near) => error.other(near.span, "to this one").help(beside),
        None => error.help(beside).help(format!("to name layers so, write `… as {}`", key.value)),
    })
}

/// What is wrong or doubtful about naming layers by a key that nearly means something else.
pub(super) fn misspelt(context: &Context<'_>, key: &Spanned<String>, value: &Spanned<Setting>) -> Option<Diagnostic> {
    let near = near_structure(&key.value)?;
    let is_within = context.within.is_some_and(|structure| structure.value == near);
    match near {
        "expect" => None,
        // What it holds are no layers, so it holds the names of some.
        "from" => (!context.lost_blocks && !calls(context, value)).then(|| {
            let message = format!("an item has no key `{}`", key.value);
            Diagnostic::error(Code::UnknownKey, key.span, message).meant(Some(near), String::new)
        }),
        // One of several branches may well be called `branch`.
        _ if is_within => None,
        _ => {
            let message = format!("`{}` is treated as a name", key.value);
            let warning = Diagnostic::warning(Code::NearKeyword, key.span, message).label("of the layers under it");
            let advice = format!("did you mean `{near}`? `allow: [W007]` if it is a name");
            Some(warning.fix(advice, key.span, near))
        }
    }
}

/// The structure whose key was probably meant: within two edits, and a third of what was written. Names with digits or
/// underscores are names.
pub(super) fn near_structure(key: &str) -> Option<&'static str> {
    if !key.chars().all(char::is_alphabetic) || is_keyword(key) {
        return None;
    }
    let length = key.chars().count();
    let allowed = (length / 3).min(2);
    let near = STRUCTURES.iter().filter(|(structure, _)| structure.len().abs_diff(length) <= allowed);
    let near = near.map(|(structure, _)| (edit_distance(structure, key), *structure));
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, structure)| structure)
}

/// Whether it begins with a call.
fn calls(context: &Context<'_>, value: &Spanned<Setting>) -> bool {
    match &value.value {
        Setting::Text(Text { text, .. }) => {
            let start = text.trim_start_matches(['(', ' ']);
            let name = start.split(|c: char| !c.is_alphanumeric() && !"_-".contains(c)).next().unwrap_or_default();
            text.trim_start().starts_with('{') || context.callable.contains(name)
        }
        Setting::List(values) => values.first().is_some_and(|value| calls(context, value)),
        _ => true,
    }
}
