//! From text to [`ast::Document`]: YAML and TOML meet in one spanned tree, and notation strings are read with pest.
//!
//! ```text
//! YAML ──yaml──▶ ╮                   ╭─ strings ──notation──▶ ╮
//!                ├─▶ Setting ────────┤                        ├─▶ Document
//! TOML ──toml──▶ ╯  (with overrides) ╰─ mappings ─structure─▶ ╯
//! ```
//!
//! Nothing here knows what a layer does with its arguments; a string keeps the place of each of its characters
//! ([`text::Text`]), so every later stage can point into the file.

mod align;
pub mod ast;
mod calls;
#[cfg(test)]
mod compact;
mod definitions;
mod document;
mod foreign;
mod include;
mod keyword;
pub mod notation;
mod origin;
mod overrides;
mod split;
mod structure;
mod tables;
#[cfg(test)]
mod tests;
pub mod text;
mod toml;
mod value;
mod vocabulary;
mod words;
mod yaml;

use std::collections::HashSet;
use std::path::Path;

use ast::{Document, DocumentBody, Item, Setting};

use crate::diagnostic::{Code, Diagnostic, SourceId, Sources, Span, Spanned};

pub use calls::{CallId, Calls, WrittenCall};
#[cfg(feature = "cli")]
pub(crate) use document::KEYS;
pub use include::{Load, no_files};
#[cfg(feature = "cli")]
pub(crate) use keyword::STRUCTURES;
pub(crate) use keyword::is_keyword;
pub use origin::Origin;
pub use overrides::Override;
pub use vocabulary::Vocabulary;
pub(crate) use words::MERGES;
#[cfg(feature = "cli")]
pub(crate) use words::SHORTCUTS;

/// What a file can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2.
    Yaml,
    /// TOML 1.
    Toml,
}

impl Format {
    /// The format that files with this extension (`yaml`, `yml`, `toml`) have.
    pub fn from_extension(extension: &str) -> Option<Format> {
        match extension.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Format::Yaml),
            "toml" => Some(Format::Toml),
            _ => None,
        }
    }
}

/// Texts longer than this are refused: 32 MB.
const LONGEST: usize = 32 << 20;

/// No single text of a file is longer, in bytes.
const LONGEST_TEXT: usize = 1 << 18;

/// Strings of a text know where their characters stand, until so many pieces of them are written otherwise: with
/// escapes, say.
const MOST_PIECES: usize = 1 << 21;

/// A document as far as it could be read, and everything that is wrong with its text.
#[derive(Debug)]
pub struct Parsed {
    /// `None` if the text is no YAML or TOML at all.
    pub document: Option<Document>,
    /// In the order in which they were found.
    pub errors: Vec<Diagnostic>,
}

/// Reads the text `source`, after replacing what `overrides` say. Each override becomes a source of its own, as does
/// each included file, whose text `load` gives. `vocabulary` is what the text may call:
/// [`elaborate::vocabulary`](crate::elaborate::vocabulary) has it.
pub fn parse(
    sources: &mut Sources,
    source: SourceId,
    format: Format,
    overrides: &[Override],
    vocabulary: &Vocabulary,
    load: &Load<'_>,
) -> Parsed {
    let (root, mut errors) = read(sources, source, format);
    let Some(mut root) = root else { return Parsed { document: None, errors } };
    if format == Format::Toml {
        errors.extend(tables::moved_out(&mut root, &vocabulary.presets));
    }
    of_tree(sources, source, (root, errors), overrides, vocabulary, load)
}

/// As [`parse`], of a text in another language: `head` is what it would be here but for its layers, and `items` are
/// these.
pub(crate) fn parse_foreign(
    sources: &mut Sources,
    source: SourceId,
    head: Spanned<Setting>,
    items: Vec<Item>,
    overrides: &[Override],
    vocabulary: &Vocabulary,
    load: &Load<'_>,
) -> Parsed {
    let mut parsed = of_tree(sources, source, (head, Vec::new()), overrides, vocabulary, load);
    if let Some(document) = &mut parsed.document {
        document.body = DocumentBody::Layers(items);
        document.number_calls();
    }
    parsed
}

fn of_tree(
    sources: &mut Sources,
    source: SourceId,
    (mut root, mut errors): (Spanned<Setting>, Vec<Diagnostic>),
    overrides: &[Override],
    vocabulary: &Vocabulary,
    load: &Load<'_>,
) -> Parsed {
    let (definitions, mistakes) = overrides::apply(sources, &mut root, overrides);
    errors.extend(mistakes);
    let name = sources.get(source).name.clone();
    let mut included = include::files(sources, &name, &root, load, &mut errors);
    let mut files: Vec<&mut Spanned<Setting>> = std::iter::once(&mut root).chain(&mut included.files).collect();
    let mistakes = overrides::define(&mut files, definitions);
    errors.extend(mistakes.into_iter().filter(|_| included.complete));
    let (document, mistakes) = document::document(sources, &root, &included, vocabulary);
    // What could not be read stands in the tree as nothing; that something else is expected there is no second mistake.
    let read: HashSet<Span> = errors.iter().map(|error| error.primary.span).collect();
    errors.extend(mistakes.into_iter().filter(|mistake| !read.contains(&mistake.primary.span)));
    Parsed { document, errors }
}

/// The keys and values of one text, as far as they can be read.
#[cfg(feature = "cli")]
pub(crate) fn tree(sources: &Sources, source: SourceId, format: Format) -> Option<Spanned<Setting>> {
    read(sources, source, format).0
}

/// The tree of one text; `None` if it has none.
fn read(sources: &Sources, source: SourceId, format: Format) -> (Option<Spanned<Setting>>, Vec<Diagnostic>) {
    let text = &sources.get(source).text;
    if text.len() > LONGEST {
        let message = format!("the file has {} bytes; at most {LONGEST} are read", text.len());
        return (None, vec![Diagnostic::error(Code::Limit, Span::new(source, 0..0), message)]);
    }
    match format {
        Format::Yaml => yaml::parse(text, source, 0),
        Format::Toml => toml::parse(text, source),
    }
}

/// Whether a place lies in a text that is written in TOML, by the name of its file.
fn is_toml(sources: &Sources, place: Span) -> bool {
    format_of(&sources.get(place.source).name) == Some(Format::Toml)
}

/// What a file is written in, by the ending of its name.
fn format_of(name: &str) -> Option<Format> {
    Format::from_extension(&Path::new(name).extension()?.to_string_lossy())
}
