//! Semantic tokens: what each word of the notation is.

use gen_lsp_types::{SemanticToken, SemanticTokens};

use super::analysis::Analysis;
use super::document::Document;
use super::names::Symbol;
use super::text::Encoding;
use crate::layers::Layers;

/// The kinds of tokens, in the order of their numbers.
pub const KINDS: [&str; 10] =
    ["function", "class", "parameter", "variable", "property", "enumMember", "number", "keyword", "operator", "method"];

/// What there is to add, in the order of their bits.
pub const MODIFIERS: [&str; 2] = ["declaration", "defaultLibrary"];

const DECLARATION: u32 = 1;
const DEFAULT_LIBRARY: u32 = 2;

const KEYWORD: u32 = 7;
const OPERATOR: u32 = 8;

/// Bytes of a token, its kind and its modifiers.
type Token = (usize, usize, u32, u32);

/// All tokens of a document.
pub fn tokens(document: &Document, analysis: &Analysis, layers: &Layers, encoding: Encoding) -> SemanticTokens {
    let text = &document.text;
    let mut found: Vec<Token> = Vec::new();
    let occurrences = analysis.names(layers).occurrences.iter();
    for occurrence in occurrences.filter(|found| analysis.is_here(found.span)) {
        let Some((kind, modifiers)) = kind(&occurrence.symbol) else { continue };
        let declared = if occurrence.is_definition { DECLARATION } else { 0 };
        let (start, end) = (occurrence.span.start as usize, occurrence.span.end as usize);
        let behind = found.last().map_or(0, |(_, end, ..)| *end);
        if start < behind || end <= start || text.get(start..end).is_none_or(|token| token.contains(['\n', '\r'])) {
            continue;
        }
        found.push((start, end, kind, modifiers | declared));
    }
    let between = found.windows(2).flat_map(|pair| signs(text, pair[0].1, pair[1].0));
    let mut all: Vec<Token> = between.chain(found.iter().copied()).collect();
    all.sort_unstable();
    SemanticTokens { result_id: None, data: relative(&all, document, encoding) }
}

fn kind(symbol: &Symbol) -> Option<(u32, u32)> {
    Some(match symbol {
        Symbol::Layer(_) => (0, DEFAULT_LIBRARY),
        Symbol::Block(_) => (1, 0),
        Symbol::Argument(..) | Symbol::Parameter(..) => (2, 0),
        Symbol::Let(..) => (3, 0),
        Symbol::Builtin(_) => (3, DEFAULT_LIBRARY),
        Symbol::Item(_) => (4, 0),
        Symbol::Word(_) => (5, 0),
        Symbol::Number => (6, 0),
        Symbol::Function(_) => (9, DEFAULT_LIBRARY),
        Symbol::Recipe(_) => (0, DEFAULT_LIBRARY),
        Symbol::Include(_) | Symbol::Key(_) => return None,
    })
}

/// The signs between two words of one line of notation. What else stands between words, as the dash of a list, has
/// other characters.
fn signs(text: &str, start: usize, end: usize) -> Vec<Token> {
    let Some(gap) = text.get(start..end) else { return Vec::new() };
    if !gap.chars().all(|c| " ()->xas{}=".contains(c)) {
        return Vec::new();
    }
    let mut signs = Vec::new();
    let mut at = 0;
    for word in gap.split([' ', '(', ')', '{', '}']) {
        let kind = match word {
            "->" | "=" => Some(OPERATOR),
            "x" | "as" => Some(KEYWORD),
            _ => None,
        };
        signs.extend(kind.map(|kind| (start + at, start + at + word.len(), kind, 0)));
        at += word.len() + 1;
    }
    // In `3x5` and `{a}x{b}` it is no repeat.
    let is_size = |(from, to, ..): &Token| {
        let touches = |at: Option<&u8>| at.is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b')');
        let before = from.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        &text[*from..*to] == "x" && touches(before)
    };
    signs.retain(|sign| !is_size(sign));
    signs
}

/// As the protocol writes them: each from the one before.
fn relative(tokens: &[Token], document: &Document, encoding: Encoding) -> Vec<SemanticToken> {
    let (mut line, mut column) = (0, 0);
    let mut relative = Vec::with_capacity(tokens.len());
    for (start, end, token_type, token_modifiers_bitset) in tokens {
        let range = document.lines.range(*start..*end, &document.text, encoding);
        let delta_line = range.start.line - line;
        let delta_start = if delta_line == 0 { range.start.character - column } else { range.start.character };
        (line, column) = (range.start.line, range.start.character);
        let length = range.end.character - range.start.character;
        relative.push(SemanticToken {
            delta_line,
            delta_start,
            length,
            token_type: *token_type,
            token_modifiers_bitset: *token_modifiers_bitset,
        });
    }
    relative
}
