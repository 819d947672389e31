//! The words that structures take: `merge: add`, `shortcut: project`.

use super::ast::{Item, Merge, Setting, Shortcut};
use super::document::Context;
use super::structure::items;
use super::value::wrong_type;
use crate::aliases;
use crate::diagnostic::{Code, Diagnostic, Spanned};

/// What `shortcut:` can be, besides layers.
pub(crate) const SHORTCUTS: [&str; 5] = ["auto", "identity", "project", "optional", "none"];

/// What `merge:` can be.
pub(crate) const MERGES: [&str; 6] = ["concat", "add", "mul", "sub", "mean", "max"];

pub(super) fn shortcut<'a>(context: &mut Context<'a>, value: &'a Spanned<Setting>) -> Shortcut {
    let word = match &value.value {
        Setting::Text(text) => text.text.as_str(),
        _ => "",
    };
    match word {
        "auto" => Shortcut::Auto,
        "identity" => Shortcut::Identity,
        "project" => Shortcut::Project,
        "optional" => Shortcut::Optional,
        "none" => Shortcut::None,
        word => {
            // One word that cannot be called was meant to be one of the words.
            let is_word = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_word && !word.is_empty() && !context.callable.contains(word) {
                context.errors.push(unknown_word("shortcut", word, value, &SHORTCUTS, ", or layers"));
                return Shortcut::Items(vec![Item::unreadable(value.span)]);
            }
            Shortcut::Items(items(context, value))
        }
    }
}

fn unknown_word(what: &str, word: &str, value: &Spanned<Setting>, words: &[&str], more: &str) -> Diagnostic {
    let error = Diagnostic::error(Code::UnknownName, value.span, format!("no {what} is called `{word}`"));
    if what == "merge"
        && let Some(known) = aliases::find(word, aliases::MERGES.iter(), |ours| words.contains(&ours))
    {
        return known.advise(error, word);
    }
    error.did_you_mean(word, words.iter().copied(), || {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        format!("`{what}` can be {}{more}", words.join(", "))
    })
}

pub(super) fn merge(context: &mut Context<'_>, value: &Spanned<Setting>) -> Option<Spanned<Merge>> {
    let Setting::Text(text) = &value.value else {
        context.errors.push(wrong_type("`merge`", "`concat`, `add`, `mul`, `sub`, `mean` or `max`", value));
        return None;
    };
    let merge = match text.text.as_str() {
        "concat" => Merge::Concat,
        "add" => Merge::Add,
        "mul" => Merge::Mul,
        "sub" => Merge::Sub,
        "mean" => Merge::Mean,
        "max" => Merge::Max,
        word => {
            context.errors.push(unknown_word("merge", word, value, &MERGES, ""));
            return None;
        }
    };
    Some(Spanned::new(merge, value.span))
}
