//! `split: [left, right]`, or `split: {left: 16, right: 48}`.

use super::ast::{ItemBody, Part, Setting};
use super::document::{Context, expr};
use super::notation;
use super::text::Text;
use super::value::{key_text, wrong_type};
use crate::diagnostic::{Code, Diagnostic, Spanned};

pub(super) fn split(context: &mut Context<'_>, value: &Spanned<Setting>) -> ItemBody {
    let names: Vec<(Text, Option<&Spanned<Setting>>)> = match &value.value {
        Setting::List(names) => {
            let mut texts = Vec::new();
            for name in names {
                let Setting::Text(text) = &name.value else {
                    context.errors.push(wrong_type("a part of `split`", "a name", name));
                    return ItemBody::Unreadable;
                };
                texts.push((text.clone(), None));
            }
            texts
        }
        Setting::Map(section) => {
            section.entries.iter().map(|(key, value)| (key_text(context.sources, key), Some(value))).collect()
        }
        _ => {
            let expected = "a list of names, or a mapping from names to channels";
            let error = wrong_type("`split`", expected, value);
            context.errors.push(error.help("write `split: [left, right]`, or `split: {left: 16, right: 48}`"));
            return ItemBody::Unreadable;
        }
    };
    if names.len() < 2 {
        context.errors.push(Diagnostic::error(Code::MissingKey, value.span, "`split` needs at least two names"));
        return ItemBody::Unreadable;
    }
    let mut parts = Vec::with_capacity(names.len());
    for (text, channels) in names {
        let name = context.note(notation::template(&text));
        let channels = channels.map(|channels| expr(context, "the channels of a part", channels));
        match name {
            Some(name) => parts.push(Part { name, channels }),
            None => return ItemBody::Unreadable,
        }
    }
    ItemBody::Split(parts)
}
