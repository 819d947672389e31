//! Models of Keras: their description in JSON, which an archive or a file of HDF5 may hold together with the weights.
//!
//! Channels come last there. A value of the network is a map with the channels first all the same; what is flattened
//! there is in another order than here, so the matrices behind it have their rows exchanged.

mod activations;
mod container;
mod convolutions;
mod functions;
mod layers;
mod merges;
mod model;
mod norms;
mod weights;
mod wires;

use std::path::Path;

use super::net::{Array, Net, Stored, sizes, text as written};
use super::{FrontEnd, Given, Imported, Values, json};
use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Sources, Spanned};
use crate::program::ProgramWeight;
use crate::syntax::Load;
use model::Reading;

pub struct Keras;

impl FrontEnd for Keras {
    fn program(&self) -> &'static str {
        "Keras"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["keras", "h5", "hdf5", "json"]
    }

    fn text(&self, path: &Path) -> Option<Result<String, String>> {
        // In a file of its own the description has one line.
        Some(container::text(path)?.map(|text| {
            let mut sources = Sources::default();
            let source = sources.add("", "");
            json::value(&text, source).map_or(text, |json| json::pretty(&json))
        }))
    }

    fn has_own_weights(&self, path: &Path) -> bool {
        path.extension().is_some_and(|ending| !ending.eq_ignore_ascii_case("json"))
    }

    fn read(&self, sources: &mut Sources, source: SourceId, given: &Given, _load: &Load<'_>) -> Imported {
        let root = match json::value(&sources.get(source).text, source) {
            Ok(root) => root,
            Err(problem) => return Imported { problems: vec![problem], ..Imported::default() },
        };
        if root.get("class_name").is_none() || root.get("config").is_none() {
            let message = "it is no model of Keras: it has no `class_name` and `config`";
            let problem = Diagnostic::error(Code::MissingKey, root.span, message);
            return Imported { problems: vec![problem], ..Imported::default() };
        }
        let mut reading = Reading::new(Net::new(given.input), given.input);
        let output = reading.whole(&root);
        let Reading { net, stored, problems, input, .. } = reading;
        let problems = problems.into_list();
        let is_wrong = problems.iter().any(|problem| problem.severity == Severity::Error);
        let (Some(output), Some(input)) = (output.filter(|_| !is_wrong), input) else {
            return Imported { problems, ..Imported::default() };
        };
        let name = root.get("config").and_then(|config| config.get("name")?.name());
        // A control character would be refused, and a name matters little.
        let name = name.filter(|name| !name.value.trim().is_empty() && !name.value.contains(char::is_control));
        let mut entries = Vec::new();
        entries.extend(name.map(|name| ("name", name.span, written(&name.value, name.span))));
        entries.push(("input", input.span, sizes(input.value, input.span)));
        let used = net.used_names(output);
        let is_used = |array: &Array| {
            // The only weight of a layer may be called as the layer is.
            let of_layer = array.name.rsplit_once('.').is_some_and(|(layer, _)| used.contains(layer));
            of_layer || used.contains(array.name.as_str())
        };
        let stored = stored.into_iter().filter(|stored| stored.arrays.iter().any(is_used)).collect();
        Imported { problems, ..Imported::of(&net, output, entries, stored, root.span) }
    }

    fn weights(&self, path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String> {
        weights::read(path, stored, weights)
    }
}

/// A layer's name or a key with its place, for whatever is made because of it.
fn named(name: &Spanned<String>, suffix: &str) -> Spanned<String> {
    Spanned::new(format!("{}_{suffix}", name.value), name.span)
}
