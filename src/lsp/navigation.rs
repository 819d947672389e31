//! Where a name is defined, and where it is used: in the document, in the files that it includes, and in other open
//! documents.

use std::path::Path;

use gen_lsp_types::{Location, Position, Range};

use super::analysis::Analysis;
use super::diagnostics::location;
use super::document::Document;
use super::names::{Occurrence, Symbol};
use super::text::Encoding;
use super::uri;
use crate::layers::Layers;

/// A document with what is known of it.
pub type Open<'a> = (&'a Document, &'a Analysis);

/// A name in a file: what it stands for is defined there.
type Definition = (String, u32);

/// Where what stands at byte `offset` is defined.
pub fn definition(open: Open<'_>, layers: &Layers, offset: usize, encoding: Encoding) -> Option<Location> {
    let (document, analysis) = open;
    let names = analysis.names(layers);
    let found = names.at(analysis.source(), offset)?;
    if let Symbol::Include(file) = &found.symbol {
        let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
        let start = Position { line: 0, character: 0 };
        let path = folder.join(file).to_string_lossy().into_owned();
        return Some(Location { uri: uri::of_path(&path), range: Range { start, end: start } });
    }
    let definition = names.of_symbol(&found.symbol).find(|other| other.is_definition)?;
    location(definition.span, document, analysis, encoding)
}

/// Where what stands at byte `offset` is used, and where it is defined.
pub fn references(
    open: Open<'_>,
    others: &[Open<'_>],
    layers: &Layers,
    offset: usize,
    encoding: Encoding,
) -> Vec<(Location, bool)> {
    let (_, analysis) = open;
    let Some(found) = analysis.names(layers).at(analysis.source(), offset) else { return Vec::new() };
    let places = uses(open, others, layers, &found.symbol);
    let place = |(document, analysis, found): (&Document, &Analysis, &Occurrence)| {
        Some((location(found.span, document, analysis, encoding)?, found.is_definition))
    };
    let mut places: Vec<(Location, bool)> = places.into_iter().filter_map(place).collect();
    let mut seen = Vec::with_capacity(places.len());
    places.retain(|(place, _)| {
        let is_new = !seen.contains(place);
        if is_new {
            seen.push(place.clone());
        }
        is_new
    });
    places
}

/// Every place of what `symbol` of the first document stands for, in all documents.
pub fn uses<'a>(
    open: Open<'a>,
    others: &[Open<'a>],
    layers: &Layers,
    symbol: &'a Symbol,
) -> Vec<(&'a Document, &'a Analysis, &'a Occurrence)> {
    let (document, analysis) = open;
    let own = analysis.names(layers).of_symbol(symbol).map(|found| (document, analysis, found));
    let mut places: Vec<_> = own.collect();
    let Some(defined) = defined_at(analysis, layers, symbol) else { return places };
    for (document, analysis) in others.iter().copied() {
        let names = analysis.names(layers);
        let same = |found: &&Occurrence| found.is_definition && place(analysis, found) == defined;
        if let Some(definition) = names.occurrences.iter().find(same) {
            let found = names.of_symbol(&definition.symbol);
            places.extend(found.map(|found| (document, analysis, found)));
        }
    }
    places
}

fn defined_at(analysis: &Analysis, layers: &Layers, symbol: &Symbol) -> Option<Definition> {
    let found = analysis.names(layers).of_symbol(symbol).find(|found| found.is_definition)?;
    Some(place(analysis, found))
}

fn place(analysis: &Analysis, found: &Occurrence) -> Definition {
    (analysis.sources().get(found.span.source).name.clone(), found.span.start)
}
