//! The whole compiler as one call: text in, a checked network or all its diagnostics out.

#[cfg(feature = "cli")]
mod live;
mod trial;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Choices, Code, Diagnostic, Diagnostics, SourceId, Sources, Span, settle};
use crate::elaborate::{self, Effort, Elaborated, Part};
use crate::import::{self, Language};
use crate::layers::Layers;
use crate::network::Network;
use crate::syntax::ast::Document;
use crate::syntax::{self, Format, Load, Origin, Override, Parsed, no_files};

#[cfg(feature = "cli")]
pub(crate) use live::{Live, live};

/// A network, with whatever is doubtful about it.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The checked network.
    pub network: Network,
    /// Where each layer was written, by its node's index.
    pub origins: Vec<Origin>,
    /// Warnings, with the texts that they speak of.
    pub warnings: Diagnostics,
}

/// Compiles YAML, the way most programs need it.
///
/// ```
/// let network = archc::compile("input: [1, 8, 8]\nlayers: [conv 16 3x3 p1 -> relu -> flatten -> linear 10]").unwrap();
/// assert_eq!(network.totals().params, 16 * 9 + 16 + 1024 * 10 + 10);
///
/// let error = archc::compile("input: [1, 8, 8]\nlayers: [conv 16 9x9]").unwrap_err();
/// assert!(error.to_string().contains("kernel 9×9 does not fit the 8×8 input"));
/// ```
///
/// # Errors
/// Every independent mistake in the text, in the order in which they stand there.
pub fn compile(text: &str) -> Result<Network, Diagnostics> {
    compile_source("network.yaml", text, Format::Yaml, &[]).map(|compiled| compiled.network)
}

/// Compiles a text that diagnostics call `name`, after replacing what `overrides` name. The network is called after the
/// stem of `name` if the text has no `name:`. No file is opened: a text with `include:` is for [`compile_with`].
///
/// # Errors
/// Every independent mistake in the text.
pub fn compile_source(
    name: &str,
    text: &str,
    format: impl Into<Language>,
    overrides: &[Override],
) -> Result<Compiled, Diagnostics> {
    compile_with(&Layers::default(), &no_files, name, text, format, overrides)
}

/// [`compile_source`] for a language with other layers, and for a text that may include others, which `load` gives.
/// Their names are relative to `name`.
///
/// ```
/// use archc::{compile_with, layers::Layers, syntax::Format};
///
/// let text = "input: [1, 8, 8]\ninclude: blocks.yaml\nlayers: [unit 4 -> flatten]";
/// let load = |name: &str| match name {
///     "nets/blocks.yaml" => Ok("blocks: {unit(width): \"conv {width} 3x3 -> relu\"}".to_string()),
///     _ => Err("there is no such file".to_string()),
/// };
/// let compiled = compile_with(&Layers::default(), &load, "nets/a.yaml", text, Format::Yaml, &[]).unwrap();
/// assert_eq!(compiled.network.totals().activations, 3 * 4 * 6 * 6);
/// ```
///
/// # Errors
/// Every independent mistake in the texts.
pub fn compile_with(
    layers: &Layers,
    load: &Load<'_>,
    name: &str,
    text: &str,
    format: impl Into<Language>,
    overrides: &[Override],
) -> Result<Compiled, Diagnostics> {
    let reader = Reader { layers, load, name, language: format.into(), overrides, takes_libraries: false };
    match reader.with_advice(text).0? {
        Checked::Network(compiled) => Ok(*compiled),
        Checked::Library { .. } => unreachable!("a library was not asked for"),
    }
}

/// What a file is for.
#[derive(Debug, Clone)]
pub enum Checked {
    /// It describes a network.
    Network(Box<Compiled>),
    /// It defines blocks, which other files include.
    Library {
        /// Their names, those of files that it includes itself first.
        blocks: Vec<String>,
        /// Warnings, with the texts that they speak of.
        warnings: Diagnostics,
    },
}

/// [`compile_with`] for a text that may also be one that others include: then its definitions are checked as far as
/// that is possible without sizes.
///
/// # Errors
/// Every independent mistake in the texts.
pub fn check_with(
    layers: &Layers,
    load: &Load<'_>,
    name: &str,
    text: &str,
    format: impl Into<Language>,
    overrides: &[Override],
) -> Result<Checked, Diagnostics> {
    check_in_part(layers, load, name, text, format, overrides).0
}

/// What is found, and where sizes do not fit, the layers before the first mistake and behind it.
pub(crate) type InPart = (Result<Checked, Diagnostics>, Option<Part>);

/// [`check_with`], and where sizes do not fit, the layers before the first mistake and behind it.
pub(crate) fn check_in_part(
    layers: &Layers,
    load: &Load<'_>,
    name: &str,
    text: &str,
    format: impl Into<Language>,
    overrides: &[Override],
) -> InPart {
    Reader { layers, load, name, language: format.into(), overrides, takes_libraries: true }.with_advice(text)
}

/// How texts are read, all in the same way.
struct Reader<'a> {
    layers: &'a Layers,
    load: &'a Load<'a>,
    name: &'a str,
    language: Language,
    overrides: &'a [Override],
    /// Whether a text may describe no network, and only define blocks.
    takes_libraries: bool,
}

/// What a text says.
struct Outcome {
    sources: Arc<Sources>,
    /// The text itself.
    source: SourceId,
    /// What it says, before any name is looked up.
    document: Option<Document>,
    network: Option<Network>,
    origins: Vec<Origin>,
    /// The layers before the first mistake and behind it.
    part: Option<Part>,
    /// The blocks of a text that describes no network.
    blocks: Option<Vec<String>>,
    /// All that is said about it.
    list: Vec<Diagnostic>,
    /// What could be done about it, still to be tried.
    choices: Choices,
    /// What it has cost to read it, in items that were walked.
    cost: usize,
}

impl Reader<'_> {
    fn document(&self, sources: &mut Sources, source: SourceId) -> Parsed {
        let vocabulary = elaborate::vocabulary(self.layers);
        match self.language {
            Language::Own(format) => syntax::parse(sources, source, format, self.overrides, &vocabulary, self.load),
            Language::Foreign(front) => {
                import::document(front, sources, source, self.overrides, &vocabulary, self.load)
            }
        }
    }

    fn read(&self, text: &str, effort: &Effort) -> Outcome {
        let mut sources = Sources::default();
        let source = sources.add(self.name, text);
        let Parsed { document, errors } = self.document(&mut sources, source);
        let library = document.as_ref().filter(|document| self.takes_libraries && document.is_library());
        let blocks = library.map(|document| document.blocks.iter().map(|block| block.name.value.clone()).collect());
        let name = &sources.get(source).name;
        let stem = Path::new(name).file_stem().map_or("network".into(), |stem| stem.to_string_lossy()).into_owned();
        let Elaborated { network, origins, part, mut problems, choices, cost } = match (library, &document) {
            (Some(library), _) => {
                let problems = elaborate::check_library(library, self.layers);
                Elaborated { problems, ..Elaborated::default() }
            }
            (None, Some(document)) => elaborate::examine(document, &stem, self.layers, effort),
            (None, None) => Elaborated::default(),
        };
        if let (Language::Foreign(_), Some(document)) = (self.language, &document) {
            import::without_advice(&mut problems, &document.doubts);
        }
        // What a place that could not be read leads to is no second mistake.
        let unreadable: HashSet<Span> = errors.iter().map(|error| error.primary.span).collect();
        // What nothing seems to use may be used where nothing could be read.
        let is_hasty = |problem: &Diagnostic| !errors.is_empty() && problem.code == Code::Unused;
        let is_independent = |problem: &Diagnostic| !unreadable.contains(&problem.primary.span) && !is_hasty(problem);
        let independent: Vec<Diagnostic> = problems.into_iter().filter(is_independent).collect();
        let list = settle(&sources, errors.into_iter().chain(independent).collect());
        Outcome { sources: sources.into(), source, document, network, origins, part, blocks, list, choices, cost }
    }

    fn with_advice(&self, text: &str) -> InPart {
        let mut outcome = self.read(text, &Effort::default());
        outcome.document = None;
        // What there is to try is written in the language.
        if let Language::Own(_) = self.language {
            trial::give_advice(&mut outcome, self, text, &|| true);
        }
        let Outcome { sources, network, origins, part, blocks, list, .. } = outcome;
        let diagnostics = Diagnostics { sources, list };
        if diagnostics.has_errors() {
            let is_shown = diagnostics.list.iter().any(|diagnostic| diagnostic.code.is_about_sizes());
            return (Err(diagnostics), part.filter(|_| is_shown));
        }
        let checked = match (blocks, network) {
            (Some(blocks), _) => Ok(Checked::Library { blocks, warnings: diagnostics }),
            (None, Some(network)) => {
                Ok(Checked::Network(Box::new(Compiled { network, origins, warnings: diagnostics })))
            }
            (None, None) => Err(diagnostics),
        };
        (checked, None)
    }
}
