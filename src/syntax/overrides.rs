//! `--set train.epochs=3`: values that replace those of the file, before anything is made of it.
//!
//! Each override is a source text of its own, so a diagnostic about its value points into it.

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
}

/// Sets every override in `root`, in order, making the mappings that are not there yet.
pub(super) fn apply(
    sources: &mut Sources,
    root: &mut Spanned<Setting>,
    overrides: &[Override],
) -> Result<(), Vec<Diagnostic>> {
    let mut errors = Vec::new();
    for Override { path, value } in overrides {
        let text = format!("{path}={value}");
        let source = sources.add(format!("--set {text}"), text);
        let set = yaml::parse(value, source, path.len() + 1).and_then(|value| set(root, path, source, value));
        errors.extend(set.err().unwrap_or_default());
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Walks down the keys of `path`, and puts `value` at the last.
fn set(
    root: &mut Spanned<Setting>,
    path: &str,
    source: SourceId,
    value: Spanned<Setting>,
) -> Result<(), Vec<Diagnostic>> {
    let mut start = 0;
    let mut place = root;
    for key in path.split('.') {
        let span = Span::new(source, start..start + key.len());
        if key.is_empty() {
            let message = "a key is missing before `=` or between dots";
            return Err(vec![Diagnostic::error(Code::UnknownKey, span, message).help("write `--set train.epochs=3`")]);
        }
        start += key.len() + 1;
        if matches!(place.value, Setting::Null) {
            place.value = Setting::Map(Section { span, entries: Vec::new() });
        }
        let (kind, there) = (place.value.kind(), place.span);
        let Setting::Map(section) = &mut place.value else {
            let message = format!("there is no `{key}` to set: it would stand in {kind}");
            return Err(vec![Diagnostic::error(Code::WrongType, span, message).other(there, "this is no mapping")]);
        };
        let index = section.entries.iter().position(|(name, _)| name.value == key).unwrap_or_else(|| {
            section.entries.push((Spanned::new(key.to_string(), span), Spanned::new(Setting::Null, span)));
            section.entries.len() - 1
        });
        if start > path.len() {
            section.entries[index].0.span = span;
        }
        place = &mut section.entries[index].1;
    }
    *place = value;
    Ok(())
}
