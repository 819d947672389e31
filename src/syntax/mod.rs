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
#[cfg(test)]
mod compact;
mod document;
pub mod notation;
mod overrides;
mod structure;
#[cfg(test)]
mod tests;
pub mod text;
mod toml;
mod value;
mod yaml;

use ast::Document;

use crate::diagnostic::{Code, Diagnostic, SourceId, Sources, Span};
use crate::elaborate;
use crate::layers::Layers;

pub use document::Vocabulary;
pub use overrides::Override;

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

/// Reads the text `source`, after replacing what `overrides` say. Each override becomes a source of its own.
/// `layers` are what the text may call.
///
/// # Errors
///
/// Everything that is wrong with the text, as far as it can be told without looking into layers and presets.
pub fn parse(
    sources: &mut Sources,
    source: SourceId,
    format: Format,
    overrides: &[Override],
    layers: &Layers,
) -> Result<Document, Vec<Diagnostic>> {
    let layers: Vec<&str> = layers.names().collect();
    let presets: Vec<&str> = elaborate::preset_names().collect();
    parse_with(sources, source, format, overrides, Vocabulary { layers: &layers, presets: &presets })
}

fn parse_with(
    sources: &mut Sources,
    source: SourceId,
    format: Format,
    overrides: &[Override],
    vocabulary: Vocabulary<'_>,
) -> Result<Document, Vec<Diagnostic>> {
    let text = &sources.get(source).text;
    if text.len() > LONGEST {
        let message = format!("the file has {} bytes; at most {LONGEST} are read", text.len());
        return Err(vec![Diagnostic::error(Code::Limit, Span::new(source, 0..0), message)]);
    }
    let mut root = match format {
        Format::Yaml => yaml::parse(text, source, 0)?,
        Format::Toml => toml::parse(text, source)?,
    };
    overrides::apply(sources, &mut root, overrides)?;
    document::document(sources, &root, vocabulary)
}
