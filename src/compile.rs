//! The whole compiler as one call: text in, a checked network or all its diagnostics out.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, Sources, Span, settle};
use crate::elaborate::{self, Elaborated, elaborate};
use crate::layers::Layers;
use crate::network::Network;
use crate::syntax::{self, Format, Load, Override, Parsed, no_files};

/// A network, with whatever is doubtful about it.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The checked network.
    pub network: Network,
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
pub fn compile_source(name: &str, text: &str, format: Format, overrides: &[Override]) -> Result<Compiled, Diagnostics> {
    compile_with(&Layers::default(), &no_files, name, text, format, overrides)
}

/// [`compile_source`] for a language with other layers, and for a text that may include others, which `load` gives. Their
/// names are relative to `name`.
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
    format: Format,
    overrides: &[Override],
) -> Result<Compiled, Diagnostics> {
    let mut sources = Sources::default();
    let source = sources.add(name, text);
    let parsed = syntax::parse(&mut sources, source, format, overrides, layers, load);
    network(sources, source, parsed, layers)
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

/// [`compile_with`] for a text that may also be one that others include: then its definitions are checked as far as that is possible
/// without sizes.
///
/// # Errors
/// Every independent mistake in the texts.
pub fn check_with(
    layers: &Layers,
    load: &Load<'_>,
    name: &str,
    text: &str,
    format: Format,
    overrides: &[Override],
) -> Result<Checked, Diagnostics> {
    let mut sources = Sources::default();
    let source = sources.add(name, text);
    let parsed = syntax::parse(&mut sources, source, format, overrides, layers, load);
    let Some(document) = parsed.document.as_ref().filter(|document| document.is_library()) else {
        return network(sources, source, parsed, layers).map(|compiled| Checked::Network(Box::new(compiled)));
    };
    let blocks = document.blocks.iter().map(|block| block.name.value.clone()).collect();
    let problems = elaborate::check_library(document, layers);
    let warnings = diagnostics(sources, parsed.errors, problems);
    if warnings.has_errors() { Err(warnings) } else { Ok(Checked::Library { blocks, warnings }) }
}

/// The network of a document in the text `source`.
fn network(sources: Sources, source: SourceId, parsed: Parsed, layers: &Layers) -> Result<Compiled, Diagnostics> {
    let Parsed { document, errors } = parsed;
    let stem = Path::new(&sources.get(source).name).file_stem().map_or("network".into(), |stem| stem.to_string_lossy());
    let Elaborated { network, problems } =
        document.map(|document| elaborate(&document, &stem, layers)).unwrap_or_default();
    let diagnostics = diagnostics(sources, errors, problems);
    match network.filter(|_| !diagnostics.has_errors()) {
        Some(network) => Ok(Compiled { network, warnings: diagnostics }),
        None => Err(diagnostics),
    }
}

/// All that is said of a document.
fn diagnostics(sources: Sources, errors: Vec<Diagnostic>, problems: Vec<Diagnostic>) -> Diagnostics {
    // What a place that could not be read leads to is no second mistake.
    let unreadable: HashSet<Span> = errors.iter().map(|error| error.primary.span).collect();
    // What nothing seems to use may be used where nothing could be read.
    let is_hasty = |problem: &Diagnostic| !errors.is_empty() && problem.code == Code::Unused;
    let independent = problems
        .into_iter()
        .filter(|problem| !unreadable.contains(&problem.primary.span))
        .filter(|problem| !is_hasty(problem))
        .collect::<Vec<_>>();
    let list = settle(&sources, errors.into_iter().chain(independent).collect());
    Diagnostics { sources: Arc::new(sources), list }
}
