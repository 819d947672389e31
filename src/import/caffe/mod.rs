//! Caffe's prototxt files: a network for deployment, one for training and testing, or a solver that names one.
//!
//! Layers are wired by the names of blobs, in the order of the file; of a network for training, the layers of the phase
//! `TRAIN` are read. What Caffe does with a field that is missing is done here too. Both syntaxes are read, `layer`
//! with a type in quotes and the older `layers` with one in capitals.

mod data;
mod ends;
mod fields;
mod fillers;
mod joins;
mod layers;
mod norms;
mod parameters;
mod phase;
mod pooling;
mod reading;
mod solver;
mod text;
mod types;
#[cfg(feature = "train")]
mod weights;

use std::cell::RefCell;
#[cfg(feature = "train")]
use std::path::Path;

#[cfg(feature = "train")]
use super::Values;
#[cfg(feature = "train")]
use super::net::Stored;
use super::net::{sizes, text as written};
use super::{FrontEnd, Given, Imported};
use crate::diagnostic::{Code, Diagnostic, Mistakes, Severity, SourceId, Sources, Span, Spanned};
#[cfg(feature = "train")]
use crate::program::ProgramWeight;
use crate::syntax::Load;
use crate::syntax::ast::Setting;
use fields::Fields;
use reading::Reading;
use text::Message;

pub struct Caffe;

impl FrontEnd for Caffe {
    fn program(&self) -> &'static str {
        "Caffe"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["prototxt", "pbtxt", "prototext"]
    }

    fn read(&self, sources: &mut Sources, source: SourceId, given: &Given, load: &Load<'_>) -> Imported {
        let problems = RefCell::new(Mistakes::default());
        let imported = read(sources, source, given, load, &problems);
        let problems = problems.into_inner().into_list();
        match problems.iter().any(|problem| problem.severity == Severity::Error) {
            true => Imported { problems, ..Imported::default() },
            false => Imported { problems, ..imported.unwrap_or_default() },
        }
    }

    #[cfg(feature = "train")]
    fn weights(&self, path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String> {
        weights::read(path, stored, weights)
    }
}

fn read(
    sources: &mut Sources,
    source: SourceId,
    given: &Given,
    load: &Load<'_>,
    problems: &RefCell<Mistakes>,
) -> Option<Imported> {
    let note = |result: Result<Message, Diagnostic>| problems.borrow_mut().note(result);
    let message = note(text::parse(&sources.get(source).text, source))?;
    if !solver::is_solver(&message) {
        let (reading, imported) = network(&message, given, problems)?;
        return Some(imported.finish(&reading, None));
    }
    let solver = Fields::new("a solver", &message, problems);
    let net = solver::network(&solver, sources, source, load, problems);
    let recipe = solver::Solver::read(&solver);
    solver.finish();
    let net = net?;
    let (reading, imported) = network(&net, given, problems)?;
    let train = recipe.and_then(|recipe| recipe.section(&reading, given.images?, problems));
    Some(imported.finish(&reading, train))
}

/// The layers of a network, and what is known of it.
fn network<'a>(message: &'a Message, given: &Given, problems: &'a RefCell<Mistakes>) -> Option<(Reading<'a>, Head)> {
    let fields = Fields::new("a network", message, problems);
    fields.ignore(&["force_backward", "debug_info"]);
    let name = fields.text("name").cloned();
    let mut reading = Reading::new(given.input, problems);
    reading.inputs(&fields);
    let state = phase::State::of(&fields);
    for (key, layer) in layers(&fields) {
        if problems.borrow().is_full() {
            break;
        }
        reading.layer(layer, key, &state);
    }
    let last = message.fields.last().map(|(name, _)| name.span);
    fields.finish();
    let output = reading.output(last.unwrap_or(message.span))?;
    Some((reading, Head { name, output, span: last? }))
}

/// The messages of layers, each with the name of its field, in their order.
fn layers<'a>(fields: &Fields<'a>) -> Vec<(&'static str, &'a Message)> {
    let named = |key: &'static str| fields.messages(key).into_iter().map(move |layer| (key, layer));
    let mut layers: Vec<_> = named("layers").chain(named("layer")).collect();
    layers.sort_by_key(|(_, layer)| (layer.span.source, layer.span.start));
    layers
}

/// A network but for its layers.
struct Head {
    name: Option<Spanned<String>>,
    output: super::net::Value,
    /// Where something stands that the network as a whole is because of.
    span: Span,
}

impl Head {
    fn finish(self, reading: &Reading<'_>, train: Option<Spanned<Setting>>) -> Imported {
        let Head { name, output, span } = self;
        let mut entries = Vec::new();
        // A control character would be refused, and a name matters little.
        let name = name.filter(|name| !name.value.trim().is_empty() && !name.value.contains(char::is_control));
        entries.extend(name.map(|name| ("name", name.span, written(&name.value, name.span))));
        entries.extend(reading.input().map(|input| ("input", input.span, sizes(input.value, input.span))));
        entries.extend(reading.init());
        entries.extend(train.map(|train| ("train", span, train)));
        Imported::of(&reading.net, output, entries, reading.stored.clone(), span)
    }
}

/// That a kind of layer or a setting of one is not in the language.
fn lacking(span: Span, what: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::UnknownName, span, what)
}
