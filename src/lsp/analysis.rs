//! What the compiler says of an open document. The files that it includes are taken from the editor where they are open
//! there.

use std::cell::OnceCell;

use super::document::Sound;
use super::names::Names;
use super::places::Places;
use crate::compile::{Live, live};
use crate::diagnostic::{Diagnostic, SourceId, Sources, Span};
use crate::layers::Layers;
use crate::network::Network;
use crate::syntax::ast::{Document, Section, Setting};
use crate::syntax::{Format, Load};

/// One version of a text, compiled.
pub struct Analysis {
    live: Live,
    text: String,
    name: String,
    format: Format,
    names: OnceCell<Names>,
    keys: OnceCell<Option<Section>>,
}

impl Analysis {
    /// Of `text`, which lies at the path `name`.
    pub fn of(layers: &Layers, load: &Load<'_>, name: &str, text: &str, format: Format) -> Analysis {
        let live = live(layers, load, name, text, format);
        let (text, name) = (text.to_string(), name.to_string());
        Analysis { live, text, name, format, names: OnceCell::new(), keys: OnceCell::new() }
    }

    /// Every text that took part.
    pub fn sources(&self) -> &Sources {
        &self.live.sources
    }

    /// The document's own text.
    pub fn source(&self) -> SourceId {
        self.live.source
    }

    /// As far as the document can be read.
    pub fn document(&self) -> Option<&Document> {
        self.live.document.as_ref()
    }

    /// The network, or the layers before the first mistake.
    pub fn network(&self) -> Option<&Network> {
        self.live.network.as_ref()
    }

    /// Where its layers were written.
    pub fn places(&self) -> Option<Places<'_>> {
        self.network().map(|network| Places::new(network, &self.live.origins, self.source()))
    }

    /// What is wrong or doubtful.
    pub fn list(&self) -> &[Diagnostic] {
        &self.live.list
    }

    /// Whether advice is still to be tried.
    pub fn is_unadvised(&self) -> bool {
        self.live.is_unadvised()
    }

    /// Tries it, while somebody waits for it.
    pub fn advise(&mut self, layers: &Layers, load: &Load<'_>, goes_on: &dyn Fn() -> bool) {
        self.live.advise(layers, load, &self.name, &self.text, self.format, goes_on);
    }

    /// Which names stand where.
    pub fn names(&self, layers: &Layers) -> &Names {
        self.names.get_or_init(|| match self.document() {
            Some(document) => Names::of(document, self.keys(), self.sources(), self.source(), layers),
            None => Names::default(),
        })
    }

    /// What is kept of it when the text changes, `None` if that could not be read; and the rest, for whoever has the
    /// time to give so much memory back.
    pub fn into_sound(self) -> (Option<Sound>, Live) {
        let is_sound = self.document().is_some();
        let sound = Sound { text: self.text, names: self.names.into_inner() };
        (Some(sound).filter(|_| is_sound), self.live)
    }

    /// Its names alone.
    pub fn into_names(self, layers: &Layers) -> Option<Names> {
        self.names(layers);
        self.names.into_inner()
    }

    /// The file as keys and values.
    pub fn keys(&self) -> Option<&Section> {
        let read = || match crate::syntax::tree(self.sources(), self.source(), self.format)?.value {
            Setting::Map(section) => Some(section),
            _ => None,
        };
        self.keys.get_or_init(read).as_ref()
    }

    /// Whether a place lies in the document itself.
    pub fn is_here(&self, span: Span) -> bool {
        span.source == self.source()
    }
}
