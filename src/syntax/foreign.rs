//! Items that are written as other formats write them.

use super::Vocabulary;
use super::ast::{Setting, Text};
use super::keyword::STRUCTURES;
use crate::aliases;
use crate::diagnostic::{Code, Diagnostic, Spanned};

/// Keys under which other formats have a layer's name.
const TYPES: [&str; 8] = ["type", "layer", "layer_type", "op", "op_type", "kind", "class", "class_name"];

/// The layer that an entry such as `type: conv` names.
pub(super) fn type_of<'a>(key: &Spanned<String>, value: &'a Spanned<Setting>) -> Option<&'a str> {
    match &value.value {
        Setting::Text(Text { text, .. }) if TYPES.contains(&key.value.as_str()) => Some(text),
        _ => None,
    }
}

/// Whether it is a row of a model in YAML of Ultralytics: from, repeats, module, arguments.
pub(super) fn is_row(values: &[Spanned<Setting>]) -> bool {
    let is = |index: usize, is: fn(&Setting) -> bool| values.get(index).is_some_and(|value| is(&value.value));
    values.len() == 4
        && is(0, |from| matches!(from, Setting::Int(_) | Setting::List(_)))
        && is(1, |count| matches!(count, Setting::Int(_)))
        && is(2, |name| matches!(name, Setting::Text(_)))
        && is(3, |arguments| matches!(arguments, Setting::List(_)))
}

/// What to write instead of such a row.
pub(super) fn row(value: &Spanned<Setting>) -> Diagnostic {
    let message = "a layer is written in notation, not as a row of source, count, name and arguments";
    Diagnostic::error(Code::WrongType, value.span, message)
        .help(
            "a row of Ultralytics such as `[-1, 1, Conv, [64, 3, 2]]` is `conv 64 3x3 s2 p1 bias=false -> bn -> silu`",
        )
        .help("to read anything other than the previous layer, write `{from: NAME, then: …}`")
}

/// Whether it is a text that begins as arguments do, `filters=16`, or several keys none of which is a structure's.
pub(super) fn has_arguments(value: &Spanned<Setting>) -> bool {
    match &value.value {
        Setting::Text(text) => text.text.split_whitespace().next().is_some_and(|first| first.contains('=')),
        Setting::Map(section) => {
            section.entries.len() > 1 && !STRUCTURES.iter().any(|(key, _)| section.get(key).is_some())
        }
        _ => false,
    }
}

/// Notation that cannot be read, with what its first layer is here if that is written as code is:
/// `nn.Conv2d(3, 64, 3)`.
pub(super) fn as_code(error: Diagnostic, text: &Text, vocabulary: &Vocabulary) -> Diagnostic {
    const WITHOUT: &str = "arguments follow the name without parentheses: `conv 64 3x3`";
    let first = text.text.split("->").find_map(|item| {
        // `(nn.ReLU()) x 3`, and `x = nn.ReLU()(x)`
        let item = item.trim_start_matches(['(', ' ']);
        let before = item.find('(').map_or(item, |end| &item[..end]);
        let own = before.rsplit('=').next().unwrap_or(before).trim();
        let is_code = before.len() < item.len() || own.contains('.');
        vocabulary
            .alias(own)
            .filter(|_| is_code && own.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte)))
    });
    let Some(advice) = first else { return error };
    match error.help.iter().any(|help| help.text == WITHOUT) {
        true => error.help(advice),
        false => error.help(advice).help(WITHOUT),
    }
}

/// W007: a list under a name that means a merge elsewhere: its layers run one after another.
pub(super) fn merges_nothing(key: &Spanned<String>, value: &Spanned<Setting>) -> Option<Diagnostic> {
    let Setting::List(values) = &value.value else { return None };
    let merge = super::MERGES
        .into_iter()
        .find(|own| aliases::is_spelt_as(own, &key.value))
        .or_else(|| aliases::find(&key.value, aliases::MERGES.iter(), |_| true)?.ours())?;
    (values.len() > 1).then(|| {
        let message = format!("`{}` is treated as a name", key.value);
        let warning = Diagnostic::warning(Code::NearKeyword, key.span, message);
        warning.label("of the layers under it, which run one after another").help(format!(
            "to merge what each of them makes, write `branches:`, and `merge: {merge}` beside it; `allow: [W007]` if it is a name"
        ))
    })
}
