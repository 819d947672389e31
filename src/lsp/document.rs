//! A document that is open in the editor.

use gen_lsp_types::{Position, Range, Uri};

use super::analysis::Analysis;
use super::names::Names;
use super::text::{Encoding, Lines};
use super::uri;
use crate::compile::Live;
use crate::elaborate::preset_names;
use crate::syntax::Format;

/// A text with its version, and what has been found out about it.
pub struct Document {
    pub uri: Uri,
    /// Where it lies.
    pub path: String,
    pub format: Format,
    pub version: i32,
    pub text: String,
    pub lines: Lines,
    /// Of the text as it is now; `None` if that is not known yet.
    pub analysis: Option<Analysis>,
    /// The last text that could be read as YAML or TOML: its names are suggested while one types.
    pub sound: Option<Sound>,
    /// Whether the editor has been told what is wrong with the text as it is now.
    pub is_told: bool,
    /// Of a text that has changed, until nobody waits for anything else.
    discarded: Option<Live>,
}

/// A text that could be read, and its names, if anybody has asked for them. The rest is not kept: a network takes more
/// memory than its text, and time to put it beside the next one.
pub struct Sound {
    pub text: String,
    pub names: Option<Names>,
}

impl Document {
    /// `language` is what the editor takes it for.
    pub fn new(uri: Uri, language: &str, version: i32, text: String) -> Document {
        let path = uri::path(&uri);
        let ending = path.rsplit_once('.').and_then(|(_, ending)| Format::from_extension(ending));
        let said = if language == "toml" { Format::Toml } else { Format::Yaml };
        let (format, lines) = (ending.unwrap_or(said), Lines::of(&text));
        Document {
            uri,
            path,
            format,
            version,
            text,
            lines,
            analysis: None,
            sound: None,
            is_told: false,
            discarded: None,
        }
    }

    /// Another text, or another part of it.
    pub fn change(&mut self, range: Option<Range>, text: &str, encoding: Encoding) {
        match range {
            None => self.text = text.to_string(),
            Some(range) => {
                let start = self.lines.offset(range.start, &self.text, encoding);
                let end = self.lines.offset(range.end, &self.text, encoding).max(start);
                self.text.replace_range(start..end, text);
            }
        }
        self.lines = Lines::of(&self.text);
        self.forget();
    }

    /// What was found out may no longer hold.
    pub fn forget(&mut self) {
        self.is_told = false;
        let Some((sound, rest)) = self.analysis.take().map(Analysis::into_sound) else { return };
        self.sound = sound.or(self.sound.take());
        self.discarded = Some(rest);
    }

    /// Gives back what is not needed any more.
    pub fn tidy(&mut self) {
        self.discarded = None;
    }

    /// Whether the text describes a network, or blocks for some: editors also open other YAML and TOML.
    pub fn is_network(&self) -> bool {
        let starts = |line: &str| {
            let key = line.trim_start_matches('[').trim_start_matches(['"', '\'']);
            let length = key.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(key.len());
            let is_key = key[length..].trim_start_matches(['"', '\'', ' ', '\t']).starts_with([':', '=', ']', '.']);
            let (key, is_table) = (&key[..length], line.starts_with('['));
            is_key
                && match key {
                    "layers" | "blocks" => true,
                    "input" => !is_table,
                    _ => preset_names().any(|preset| preset == key),
                }
        };
        self.text.lines().any(starts)
    }

    /// The byte at a line and column.
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        self.lines.offset(position, &self.text, encoding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new(Uri::from("file:///a.yaml"), "yaml", 1, text.to_string())
    }

    #[test]
    fn changes_are_made_where_they_are_said_to_be() {
        let mut document = document("input: 3x8x8\nname: 😀ü\n");
        let at = |line, character| Position { line, character };
        document.change(Some(Range { start: at(1, 8), end: at(1, 9) }), "e", Encoding::Utf16);
        assert_eq!(document.text, "input: 3x8x8\nname: 😀e\n");
        document.change(Some(Range { start: at(1, 99), end: at(7, 0) }), "\nlayers: []", Encoding::Utf16);
        assert_eq!(document.text, "input: 3x8x8\nname: 😀e\nlayers: []");
        document.change(Some(Range { start: at(2, 0), end: at(0, 0) }), "# ", Encoding::Utf16);
        assert_eq!(
            document.text, "input: 3x8x8\nname: 😀e\n# layers: []",
            "a range that ends before it starts is empty"
        );
        document.change(None, "", Encoding::Utf16);
        assert_eq!((document.text.as_str(), document.lines.count()), ("", 1));
    }

    #[test]
    fn other_peoples_files_are_left_alone() {
        for (text, expected) in [
            ("input: [3, 8, 8]\n", true),
            ("name: x\n\"layers\": []", true),
            ("resnet:\n  block: basic", true),
            ("[[layers]]\nconv = 1", true),
            ("[blocks]\n", true),
            ("input = [3]", true),
            ("[vgg]\ncfg = []", true),
            ("services:\n  layers: x", false),
            ("include: a.yml\njobs: {}", false),
            ("[input]\nx = 1", false),
            ("layers", false),
            ("", false),
        ] {
            assert_eq!(document(text).is_network(), expected, "{text}");
        }
    }
}
