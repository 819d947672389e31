//! Another name for a block, a parameter, a value or a layer of the network, wherever it stands.

use std::collections::HashMap;

use gen_lsp_types::{TextEdit, Uri, WorkspaceEdit};

use super::diagnostics::location;
use super::names::{Names, Occurrence, Symbol};
use super::navigation::{Open, uses};
use super::text::Encoding;
use crate::layers::Layers;

/// The name at byte `offset`, if it can be another one.
pub fn prepare<'a>(open: Open<'a>, layers: &Layers, offset: usize) -> Result<&'a Occurrence, String> {
    let (_, analysis) = open;
    let names = analysis.names(layers);
    let found = names.at(analysis.source(), offset).ok_or("nothing here has a name")?;
    let written = analysis.sources().text(found.span);
    match &found.symbol {
        Symbol::Item(item) if !names.items[*item].is_plain => {
            Err(format!("`{}` is no plain name", names.items[*item].name))
        }
        Symbol::Block(_) | Symbol::Parameter(..) | Symbol::Let(..) | Symbol::Item(_) => Ok(found),
        Symbol::Layer(_) | Symbol::Argument(..) | Symbol::Builtin(_) | Symbol::Function(_) | Symbol::Recipe(_) => {
            Err(format!("`{written}` is a name of the language"))
        }
        Symbol::Key(_) | Symbol::Include(_) | Symbol::Word(_) | Symbol::Number => {
            Err(format!("`{written}` is no name that the file gives"))
        }
    }
}

/// The changes that call what stands at byte `offset` `new`.
pub fn rename(
    open: Open<'_>,
    others: &[Open<'_>],
    layers: &Layers,
    offset: usize,
    new: &str,
    encoding: Encoding,
) -> Result<WorkspaceEdit, String> {
    let found = prepare(open, layers, offset)?;
    let names = open.1.names(layers);
    check(new, &found.symbol, names, layers)?;
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (document, analysis, found) in uses(open, others, layers, &found.symbol) {
        let Some(place) = location(found.span, document, analysis, encoding) else { continue };
        // `s2` is `stride=2`, as long as that is called so.
        let new_text = if found.is_letter { format!("{new}=") } else { new.to_string() };
        let edits = changes.entry(place.uri).or_default();
        if !edits.iter().any(|edit| edit.range == place.range) {
            edits.push(TextEdit { range: place.range, new_text });
        }
    }
    Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
}

/// Whether something like `symbol` can be called so.
fn check(new: &str, symbol: &Symbol, names: &Names, layers: &Layers) -> Result<(), String> {
    let starts = new.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = starts && new.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let taken = |what: &str| Err(format!("`{new}` is {what} already"));
    match symbol {
        Symbol::Item(item) => {
            let is_name = !new.is_empty()
                && new.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
                && !new.contains("->");
            let item = &names.items[*item];
            let is_sibling = |other: &super::names::Item| (other.parent, &other.block) == (item.parent, &item.block);
            if !is_name || matches!(new, "." | "input") {
                return Err(format!("`{new}` cannot be the name of a layer: letters, digits, `_`, `-` and `.`"));
            }
            match names.items.iter().any(|other| is_sibling(other) && other.name == new) {
                true => taken("the name of another layer beside it"),
                false => Ok(()),
            }
        }
        Symbol::Block(_) => {
            let is_name = is_word && !matches!(new, "x" | "as");
            match (is_name, layers.find(new).is_some(), names.blocks.iter().any(|(name, ..)| name == new)) {
                (false, ..) => Err(format!("`{new}` cannot be the name of a block: letters, digits and `_`")),
                (_, true, _) => taken("a layer"),
                (.., true) => taken("a block"),
                _ => Ok(()),
            }
        }
        _ => {
            let is_reserved =
                matches!(new, "classes" | "channels" | "in" | "i" | "true" | "false" | "and" | "or" | "not");
            if !is_word || is_reserved {
                return Err(format!("`{new}` cannot be a name in expressions"));
            }
            let is_parameter = match symbol {
                Symbol::Parameter(block, _) => {
                    let parameters = names.blocks.iter().find(|(name, ..)| name == block);
                    parameters.is_some_and(|(_, parameters, _)| parameters.iter().any(|name| name == new))
                }
                _ => false,
            };
            match (is_parameter, names.lets.iter().any(|name| name == new)) {
                (true, _) => taken("a parameter"),
                (_, true) => taken("under `let:`"),
                _ => Ok(()),
            }
        }
    }
}
