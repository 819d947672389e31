//! `--set train.epochs=3`: values that replace those of the file, before anything is made of it.
//!
//! Each override is a source text of its own, so a diagnostic about its value points into it.

use std::ops::Range;

use super::ast::{Section, Setting};
use super::yaml;
use crate::diagnostic::{Code, Diagnostic, SourceId, Sources, Span, Spanned};

/// A value from outside the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Keys joined by dots: `train.epochs`.
    pub path: String,
    /// A YAML value in flow style: `3`, `[512, 512]`, `3x128x128`.
    pub value: String,
    /// The option of the command line that it was given with, if that says which key it is: `--input`.
    pub option: Option<&'static str>,
}

/// Sets every override in `root`, in order, making the mappings that are not there yet; returns what is wrong with
/// them. Those of single entries of [`DEFINED`] are given back: what is not there has no reader, and may stand in a
/// file that is included.
pub(super) fn apply(
    sources: &mut Sources,
    root: &mut Spanned<Setting>,
    overrides: &[Override],
) -> (Vec<Definition>, Vec<Diagnostic>) {
    let (mut definitions, mut errors) = (Vec::new(), Vec::new());
    if let Some(surplus) = overrides.get(MOST_OVERRIDES) {
        let source = sources.add("command line", format!("{SET} {}={}", surplus.path, surplus.value));
        let message = format!("more than {MOST_OVERRIDES} values are set");
        return (Vec::new(), vec![Diagnostic::error(Code::Limit, Span::new(source, 0..SET.len()), message)]);
    }
    for Override { path, value, option } in overrides {
        // The text is what the user has typed, and the keys stand in it from byte `keys` on.
        let (typed, keys) = match option {
            Some(option) => (format!("{option} "), None),
            None => (format!("{SET} {path}="), Some(SET.len() + 1)),
        };
        let start = typed.len();
        let source = sources.add("command line", typed + value);
        let (value, mistakes) = yaml::parse(value, source, start);
        errors.extend(mistakes);
        let Some(value) = value else { continue };
        if keys.is_some() && entry(path).is_some() {
            definitions.push(Definition { path: path.clone(), source, value });
            continue;
        }
        let place = |range: Range<usize>| match keys {
            Some(_) => key_place(source, range),
            None => Span::new(source, 0..start - 1),
        };
        errors.extend(set(root, path, place, value).err());
    }
    (definitions, errors)
}

/// Keys whose entries are used by name, so that one of another name would be set for nothing.
const DEFINED: [&str; 2] = ["let", "blocks"];

/// A value for one entry of [`DEFINED`].
pub(super) struct Definition {
    path: String,
    source: SourceId,
    value: Spanned<Setting>,
}

/// Sets each definition in the first of the files that has an entry of this name; returns what is wrong with them.
pub(super) fn define(files: &mut [&mut Spanned<Setting>], definitions: Vec<Definition>) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for Definition { path, source, value } in definitions {
        let (section, name) = entry(&path).expect("it was set apart for having one");
        let place = |range| key_place(source, range);
        let has_it = |file: &&mut Spanned<Setting>| entries(file, section).any(|there| there == name);
        errors.extend(match files.iter().position(has_it) {
            Some(index) => set(files[index], &path, place, value).err(),
            None => {
                let start = section.len() + 1;
                let message = format!("`{section}` has no entry `{name}` to set");
                let error = Diagnostic::error(Code::UnknownKey, place(start..start + name.len()), message);
                let names: Vec<&str> = files.iter().flat_map(|file| entries(file, section)).collect();
                Some(error.did_you_mean(name, names.iter().copied(), || match names.as_slice() {
                    [] => format!("the file has no `{section}`"),
                    names => format!("the entries are {}", names.join(", ")),
                }))
            }
        });
    }
    errors
}

/// The key and the name of a path such as `let.width`; a path that lacks a key is none.
fn entry(path: &str) -> Option<(&str, &str)> {
    let mut keys = path.split('.');
    let (section, name) = (keys.next()?, keys.next()?);
    (DEFINED.contains(&section) && !name.is_empty()).then_some((section, name))
}

/// The names that stand under a key of a file.
fn entries<'a>(file: &'a Spanned<Setting>, key: &str) -> impl Iterator<Item = &'a str> {
    let section = match &file.value {
        Setting::Map(section) => section.get(key),
        _ => None,
    };
    let entries = match section.map(|section| &section.value) {
        Some(Setting::Map(section)) => section.entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|(name, _)| name.value.as_str())
}

/// Where the bytes `range` of the keys stand in the text of an override.
fn key_place(source: SourceId, range: Range<usize>) -> Span {
    Span::new(source, SET.len() + 1 + range.start..SET.len() + 1 + range.end)
}

/// Each is looked up among all keys.
const MOST_OVERRIDES: usize = 1000;

/// No mapping of a file lies deeper.
const DEEPEST: usize = 64;

/// The option that takes any key.
const SET: &str = "--set";

/// Walks down the keys of `path`, whose parts stand at `place`, and puts `value` at the last.
fn set(
    root: &mut Spanned<Setting>,
    path: &str,
    place: impl Fn(Range<usize>) -> Span,
    value: Spanned<Setting>,
) -> Result<(), Diagnostic> {
    let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
    let starts = std::iter::once(0).chain(path.match_indices('.').map(|(dot, _)| dot + 1));
    if let Some((start, _)) = starts.zip(ends).find(|(start, end)| start == end) {
        let message = "a key is missing before `=` or between dots";
        let error = Diagnostic::error(Code::UnknownKey, place(start..start), message);
        return Err(error.help("write `--set train.epochs=3`"));
    }
    if let Some((dot, _)) = path.match_indices('.').nth(DEEPEST) {
        let message = format!("keys are nested more than {DEEPEST} deep");
        return Err(Diagnostic::error(Code::Limit, place(dot..dot + 1), message));
    }
    let mut start = 0;
    let mut at = root;
    for key in path.split('.') {
        let span = place(start..start + key.len());
        start += key.len() + 1;
        if matches!(at.value, Setting::Null) {
            at.value = Setting::Map(Section { span, entries: Vec::new() });
        }
        let (kind, there) = (at.value.kind(), at.span);
        let Setting::Map(section) = &mut at.value else {
            let message = format!("there is no `{key}` to set: it would stand in {kind}");
            return Err(Diagnostic::error(Code::WrongType, span, message).other(there, "this is no mapping"));
        };
        let index = section.entries.iter().position(|(name, _)| name.value == key).unwrap_or_else(|| {
            section.entries.push((Spanned::new(key.to_string(), span), Spanned::new(Setting::Null, span)));
            section.entries.len() - 1
        });
        if start > path.len() {
            section.entries[index].0.span = span;
        }
        at = &mut section.entries[index].1;
    }
    *at = value;
    Ok(())
}
