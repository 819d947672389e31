//! Which names stand where in a document, and what each stands for. Nothing else here reads places of the tree.

mod expressions;
mod levels;
mod walk;

use std::collections::HashMap;

use crate::diagnostic::{SourceId, Sources, Span};
use crate::layers::Layers;
use crate::syntax::ast::{Block, Document, Section};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// A layer of the language.
    Layer(String),
    /// A block.
    Block(String),
    /// An argument of a layer or of something in a recipe, by who takes it.
    Argument(String, String),
    /// A parameter of a block.
    Parameter(String, String),
    /// An entry of the document's own `let:`, or of an included file's.
    Let(Option<usize>, String),
    /// Something named in the network: an index into [`Names::items`].
    Item(usize),
    /// What expressions know without a definition.
    Builtin(String),
    /// A function of expressions.
    Function(String),
    /// An optimizer, a transform and so on.
    Recipe(String),
    /// A word that stands for itself.
    Word(String),
    /// A number.
    Number,
    /// A file that is included, as it is written.
    Include(String),
    /// A key of the file, with the keys around it.
    Key(Vec<String>),
}

/// A name in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Its characters.
    pub span: Span,
    /// What it stands for.
    pub symbol: Symbol,
    /// Whether it is defined here.
    pub is_definition: bool,
    /// Whether it is the letter of an argument that is written without `=`, as in `s2`.
    pub is_letter: bool,
}

/// Something that is named in the network.
#[derive(Debug, Clone)]
pub struct Item {
    /// As it is written: `stage{i}`.
    pub name: String,
    /// Where.
    pub span: Span,
    /// All that belongs to it.
    pub extent: Span,
    /// Whether the name stands in the text as it is, so that another can be put in its place.
    pub is_plain: bool,
    /// The item around it.
    pub parent: Option<usize>,
    /// The block in which it stands.
    pub block: Option<String>,
}

/// All names of a document, and of the files that it includes.
#[derive(Debug, Default)]
pub struct Names {
    /// In the order of the texts.
    pub occurrences: Vec<Occurrence>,
    /// What is named in the network.
    pub items: Vec<Item>,
    /// Blocks with their parameters.
    pub blocks: Vec<(String, Vec<String>, Span)>,
    /// The document's own `let:`.
    pub lets: Vec<String>,
}

impl Names {
    /// Those of `document`, whose keys are `keys` and whose text is `source`.
    pub fn of(
        document: &Document,
        keys: Option<&Section>,
        sources: &Sources,
        source: SourceId,
        layers: &Layers,
    ) -> Names {
        let mut walk = walk::Walk::new(document, sources, layers);
        walk.document();
        if let Some(keys) = keys {
            walk.keys(keys);
        }
        let (mut occurrences, items) = walk.finish();
        occurrences.sort_by_key(|found| (found.span.source, found.span.start, found.span.end));
        let parameters = |block: &Block| {
            let parameters = block.parameters.iter().flatten();
            parameters.map(|(name, _)| name.value.clone()).collect()
        };
        let blocks = document.blocks.iter();
        let blocks = blocks.map(|block| (block.name.value.clone(), parameters(block), block.name.span)).collect();
        let lets = document.lets.iter().filter(|(name, _)| name.span.source == source);
        let lets = lets.map(|(name, _)| name.value.clone()).collect();
        Names { occurrences, items, blocks, lets }
    }

    /// The smallest name at a byte of a text, or just before it.
    pub fn at(&self, source: SourceId, offset: usize) -> Option<&Occurrence> {
        let offset = offset as u32;
        let is_here =
            |found: &&Occurrence| found.span.source == source && found.span.start <= offset && offset <= found.span.end;
        let rank = |found: &&Occurrence| {
            let is_key = matches!(found.symbol, Symbol::Key(_));
            // Of two that touch, the one that begins here.
            (found.span.end == offset, is_key, found.span.end - found.span.start)
        };
        self.occurrences.iter().filter(is_here).min_by_key(rank)
    }

    /// All places of what `symbol` stands for.
    pub fn of_symbol<'a>(&'a self, symbol: &'a Symbol) -> impl Iterator<Item = &'a Occurrence> {
        self.occurrences.iter().filter(move |found| found.symbol == *symbol)
    }

    /// How a name of an item is written in full, as far as it can be told.
    pub fn full_name(&self, item: usize) -> String {
        let item = &self.items[item];
        match item.parent {
            Some(parent) => format!("{}.{}", self.full_name(parent), item.name),
            None => item.name.clone(),
        }
    }
}

/// Blocks by their names.
type Blocks<'d> = HashMap<&'d str, &'d Block>;
