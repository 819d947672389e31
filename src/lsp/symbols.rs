//! The outline of a document: its keys, blocks, values, and what is named in the network.

use gen_lsp_types::{DocumentSymbol, Range, SymbolKind};

use super::analysis::Analysis;
use super::document::Document;
use super::names::{Item, Names};
use super::text::Encoding;
use crate::diagnostic::{Span, Spanned};
use crate::layers::Layers;
use crate::syntax::ast::{Section, Setting};

/// The outline.
pub fn symbols(document: &Document, analysis: &Analysis, layers: &Layers, encoding: Encoding) -> Vec<DocumentSymbol> {
    let outline = Outline { document, analysis, names: analysis.names(layers), encoding };
    let Some(keys) = analysis.keys() else { return Vec::new() };
    keys.entries.iter().map(|(key, value)| outline.top(key, value)).collect()
}

struct Outline<'a> {
    document: &'a Document,
    analysis: &'a Analysis,
    names: &'a Names,
    encoding: Encoding,
}

impl Outline<'_> {
    fn range(&self, span: Span) -> Range {
        self.document.lines.range(span.range(), &self.document.text, self.encoding)
    }

    fn symbol(
        &self,
        name: &str,
        kind: SymbolKind,
        all: Span,
        own: Span,
        inside: Vec<DocumentSymbol>,
    ) -> DocumentSymbol {
        // An editor shows nothing without a name.
        let name = if name.is_empty() { "…".to_string() } else { name.to_string() };
        let children = (!inside.is_empty()).then_some(inside);
        #[allow(deprecated)]
        let deprecated = None;
        #[allow(deprecated)]
        DocumentSymbol {
            name,
            detail: None,
            kind,
            tags: None,
            deprecated,
            range: self.range(own.to(all)),
            selection_range: self.range(own),
            children,
        }
    }

    fn top(&self, key: &Spanned<String>, value: &Spanned<Setting>) -> DocumentSymbol {
        let inside = match (key.value.as_str(), &value.value) {
            ("layers", _) => self.items(None, None),
            ("blocks", Setting::Map(section)) => self.blocks(section),
            (_, Setting::Map(section)) => {
                let entry = |(key, value): &(Spanned<String>, Spanned<Setting>)| {
                    self.symbol(&key.value, SymbolKind::Property, value.span, key.span, Vec::new())
                };
                section.entries.iter().map(entry).collect()
            }
            _ => Vec::new(),
        };
        let kind = if inside.is_empty() { SymbolKind::Property } else { SymbolKind::Namespace };
        self.symbol(&key.value, kind, value.span, key.span, inside)
    }

    fn blocks(&self, section: &Section) -> Vec<DocumentSymbol> {
        let block = |(key, value): &(Spanned<String>, Spanned<Setting>)| {
            let is_here =
                |span: &Span| span.source == key.span.source && key.span.range().contains(&(span.start as usize));
            let name = self.names.blocks.iter().find(|(_, _, span)| is_here(span)).map(|(name, ..)| name.as_str());
            let inside = self.items(name, None);
            self.symbol(name.unwrap_or(&key.value), SymbolKind::Class, value.span, key.span, inside)
        };
        section.entries.iter().map(block).collect()
    }

    /// What is named in a block or the network, directly inside `parent`.
    fn items(&self, block: Option<&str>, parent: Option<usize>) -> Vec<DocumentSymbol> {
        let is_inside = |(_, item): &(usize, &Item)| {
            item.parent == parent && item.block.as_deref() == block && self.analysis.is_here(item.span)
        };
        let items = self.names.items.iter().enumerate().filter(is_inside);
        let symbol = |(index, item): (usize, &Item)| {
            let inside = self.items(block, Some(index));
            let kind = if inside.is_empty() { SymbolKind::Field } else { SymbolKind::Module };
            self.symbol(&item.name, kind, item.extent, item.span, inside)
        };
        items.map(symbol).collect()
    }
}
