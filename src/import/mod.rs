//! Networks that were written for other programs: from their configuration files to a document.
//!
//! ```text
//! .cfg      ──darknet──▶ ╮
//! .prototxt ──caffe────▶ ├─▶ Net ──▶ items, and a head ──syntax──▶ Document
//! .onnx     ──onnx─────▶ │
//! .keras    ──keras────▶ ╯
//! ```
//!
//! A front end reads its own text, and says layer by layer what each is here. Every part keeps its place in the foreign
//! file, so that all stages after it point there. What the language has no layer for is refused by name, never
//! approximated.

mod caffe;
mod darknet;
#[cfg(feature = "train")]
mod geometry;
#[cfg(feature = "train")]
mod json;
#[cfg(feature = "train")]
mod keras;
mod names;
mod net;
#[cfg(feature = "train")]
mod onnx;
mod recipe;
#[cfg(feature = "train")]
mod values;
#[cfg(feature = "train")]
mod wire;

#[cfg(feature = "train")]
use std::path::Path;

use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Sources, Span, Spanned};
use crate::ir::Shape;
#[cfg(feature = "train")]
use crate::program::ProgramWeight;
use crate::recipe::DataSet;
use crate::syntax::ast::{Item, Setting};
use crate::syntax::{self, Format, Load, Override, Parsed, Vocabulary};

use net::Net;
pub use net::{Array, Order, Stored};
#[cfg(feature = "train")]
pub use values::Values;

/// What a network's file is written in.
#[derive(Clone, Copy)]
pub enum Language {
    /// The language itself.
    Own(Format),
    /// Another program's.
    Foreign(&'static dyn FrontEnd),
}

impl From<Format> for Language {
    fn from(format: Format) -> Language {
        Language::Own(format)
    }
}

impl Language {
    /// The language of files with this extension.
    pub fn from_extension(extension: &str) -> Option<Language> {
        let extension = extension.to_ascii_lowercase();
        let foreign = || FRONT_ENDS.iter().find(|front| front.extensions().contains(&extension.as_str()));
        let own = Format::from_extension(&extension).map(Language::Own);
        own.or_else(|| foreign().map(|front| Language::Foreign(*front)))
    }
}

/// Every other language that is read.
static FRONT_ENDS: &[&dyn FrontEnd] = &[
    &darknet::Darknet,
    &caffe::Caffe,
    #[cfg(feature = "train")]
    &onnx::Onnx,
    #[cfg(feature = "train")]
    &keras::Keras,
];

/// A reader of one foreign format.
pub trait FrontEnd: Sync {
    /// The program whose format it is.
    fn program(&self) -> &'static str;

    /// How such files end, in lower case.
    fn extensions(&self) -> &'static [&'static str];

    /// The text of the file at `path`, if such a file is none itself, or why there is none.
    #[cfg(feature = "train")]
    fn text(&self, _path: &Path) -> Option<Result<String, String>> {
        None
    }

    /// Whether the file of a network at `path` holds its weights too.
    #[cfg(feature = "train")]
    fn has_own_weights(&self, _path: &Path) -> bool {
        false
    }

    /// What the text `source` says. Files that it names are given by `load`, and become sources of their own.
    fn read(&self, sources: &mut Sources, source: SourceId, given: &Given, load: &Load<'_>) -> Imported;

    /// The weights of the network that `stored` belongs to, from a file of the program's.
    ///
    /// # Errors
    /// Why they are not in it.
    #[cfg(feature = "train")]
    fn weights(&self, path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String>;
}

/// What is known besides the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given {
    /// What the network is to read, where that is not what its file says.
    pub input: Option<Shape>,
    /// How many images there are to train with: a recipe that counts steps becomes one of epochs with it.
    pub images: Option<usize>,
}

/// A foreign file, read.
#[derive(Debug, Default)]
pub struct Imported {
    /// What the file would be in YAML but for its layers; `None` if there is an error.
    pub head: Option<Spanned<Setting>>,
    /// The layers.
    pub items: Vec<Item>,
    /// Errors, and warnings.
    pub problems: Vec<Diagnostic>,
    /// What files of weights hold, in their order.
    pub stored: Vec<Stored>,
}

impl Imported {
    /// The layers on which `output` depends under a head of `entries`, because of what stands at `span`.
    fn of(net: &Net, output: net::Value, entries: Vec<Entry>, stored: Vec<Stored>, span: Span) -> Imported {
        // The items stand in their place later.
        let layers = ("layers", span, Spanned::new(Setting::List(Vec::new()), span));
        let entries = entries.into_iter().chain([layers, ("allow", span, silenced(span))]).collect();
        Imported { head: Some(net::map(span, entries)), items: net.items(output, span), problems: Vec::new(), stored }
    }
}

/// A key of a head with its place, and what it holds.
type Entry = (&'static str, Span, Spanned<Setting>);

/// The key under which the number of training images is given on the command line.
const IMAGES: &str = "images";

/// Texts longer than this are refused: 32 MB.
const LONGEST: usize = 32 << 20;

/// The document that the text `source` describes, after replacing what `overrides` say.
pub(crate) fn document(
    front: &dyn FrontEnd,
    sources: &mut Sources,
    source: SourceId,
    overrides: &[Override],
    vocabulary: &Vocabulary,
    load: &Load<'_>,
) -> Parsed {
    let Imported { head, items, problems, .. } = read(front, sources, source, overrides, load);
    let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
    let Some(head) = head.filter(|_| !problems.iter().any(is_error)) else {
        return Parsed { document: None, errors: problems };
    };
    let overrides: Vec<Override> = overrides.iter().filter(|given| given.path != IMAGES).cloned().collect();
    let mut parsed = syntax::parse_foreign(sources, source, head, items, &overrides, vocabulary, load);
    if let Some(document) = &mut parsed.document {
        document.doubts.extend(problems);
    }
    parsed
}

/// What the text `source` says.
pub fn read(
    front: &dyn FrontEnd,
    sources: &mut Sources,
    source: SourceId,
    overrides: &[Override],
    load: &Load<'_>,
) -> Imported {
    let length = sources.get(source).text.len();
    if length > LONGEST {
        let message = format!("the file has {length} bytes; at most {LONGEST} are read");
        let error = Diagnostic::error(Code::Limit, Span::new(source, 0..0), message);
        return Imported { problems: vec![error], ..Imported::default() };
    }
    front.read(sources, source, &Given { input: input(overrides), images: images(overrides) }, load)
}

/// Leaves out advice in words of the language, in which the file is not; `own` is what its front end says.
pub(crate) fn without_advice(problems: &mut [Diagnostic], own: &[Diagnostic]) {
    for problem in problems.iter_mut().filter(|problem| !own.contains(problem)) {
        // A value that the command line sets is in the language.
        let is_here = |span: Span| span.source == SourceId(0);
        if is_here(problem.primary.span) {
            problem.help.clear();
        }
    }
}

/// What `--input 3x32x32` or `--set input=[3, 32, 32]` asks for; a value that is none is left to whoever reads the
/// tree.
fn input(overrides: &[Override]) -> Option<Shape> {
    let value = &overrides.iter().rev().find(|given| given.path == "input")?.value;
    let sizes = value.trim_matches(['[', ']', ' ', '"', '\'']).split(['x', ',']);
    let sizes: Vec<usize> = sizes.map(|size| size.trim().parse().ok()).collect::<Option<_>>()?;
    match sizes.as_slice() {
        [features] => Some(Shape::Vector(*features)),
        [channels, height, width] => Some(Shape::map(*channels, *height, *width)),
        _ => None,
    }
}

/// How many images an epoch has: as the command line says, or as is known of the data set that it names.
fn images(overrides: &[Override]) -> Option<usize> {
    let last = |path: &str| overrides.iter().rev().find(|given| given.path == path).map(|given| given.value.trim());
    let of_set = |name: &str| DataSet::ALL.into_iter().find(|set| set.name() == name).and_then(DataSet::images);
    last(IMAGES).and_then(|images| images.parse().ok()).or_else(|| last("data.set").and_then(of_set))
}

/// What `allow:` would hold: advice about style is for those who write a file, and nobody writes this one any more.
fn silenced(span: Span) -> Spanned<Setting> {
    use Code::{ActivatedScores, BiasBeforeNorm, DroppedPixels, HeavyLinear, PooledAgain, SwappedPadding};
    let style = [ActivatedScores, BiasBeforeNorm, DroppedPixels, HeavyLinear, PooledAgain, SwappedPadding];
    Spanned::new(Setting::List(style.iter().map(|code| net::text(code.id(), span)).collect()), span)
}
