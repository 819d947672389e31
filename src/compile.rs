//! The whole compiler as one call: text in, a checked network or all its diagnostics out.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Sources};
use crate::elaborate::elaborate;
use crate::layers::Layers;
use crate::network::Network;
use crate::syntax::{self, Format, Override};

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
/// stem of `name` if the text has no `name:`.
///
/// # Errors
/// Every independent mistake in the text.
pub fn compile_source(name: &str, text: &str, format: Format, overrides: &[Override]) -> Result<Compiled, Diagnostics> {
    compile_with(&Layers::default(), name, text, format, overrides)
}

/// [`compile_source`] for a language with other layers.
///
/// # Errors
/// Every independent mistake in the text.
pub fn compile_with(
    layers: &Layers,
    name: &str,
    text: &str,
    format: Format,
    overrides: &[Override],
) -> Result<Compiled, Diagnostics> {
    let mut sources = Sources::default();
    let source = sources.add(name, text);
    let document = syntax::parse(&mut sources, source, format, overrides, layers);
    let stem = Path::new(name).file_stem().map_or("network".into(), |stem| stem.to_string_lossy());
    let result = document.and_then(|document| elaborate(&document, &stem, layers));
    let sources = Arc::new(sources);
    match result {
        Ok(elaborated) => {
            let warnings = Diagnostics { sources, list: elaborated.warnings };
            Ok(Compiled { network: elaborated.network, warnings })
        }
        Err(list) => Err(Diagnostics { sources, list }),
    }
}
