//! A text while it is written: what is wrong with it at once, and advice, which takes trials, when there is time for
//! it.

use std::sync::Arc;

use super::{Outcome, Reader, trial};
use crate::diagnostic::{Diagnostic, SourceId, Sources};
use crate::elaborate::Effort;
use crate::layers::Layers;
use crate::network::Network;
use crate::syntax::ast::Document;
use crate::syntax::{Format, Load, Origin};

/// All that is known of a text.
pub(crate) struct Live {
    /// Every text that took part.
    pub sources: Arc<Sources>,
    /// The text itself.
    pub source: SourceId,
    /// What it says, as far as it can be read.
    pub document: Option<Document>,
    /// The network, or the layers before the first mistake.
    pub network: Option<Network>,
    /// Where its layers were written, by their nodes' indices.
    pub origins: Vec<Origin>,
    /// Errors and warnings.
    pub list: Vec<Diagnostic>,
    /// What is still to be tried; `None` once it has been.
    untried: Option<Outcome>,
}

/// Reads `text`, which may also be one that others include.
pub(crate) fn live(layers: &Layers, load: &Load<'_>, name: &str, text: &str, format: Format) -> Live {
    let reader = Reader { layers, load, name, language: format.into(), overrides: &[], takes_libraries: true };
    let mut outcome = reader.read(text, &Effort::default());
    let part = outcome.part.take().map(|part| part.network);
    let (document, network) = (outcome.document.take(), outcome.network.take().or(part));
    let origins = std::mem::take(&mut outcome.origins);
    let (sources, source, list) = (outcome.sources.clone(), outcome.source, outcome.list.clone());
    let has_edit = list.iter().any(|diagnostic| diagnostic.help.iter().any(|help| help.edit.is_some()));
    let untried = (has_edit || !outcome.choices.is_empty()).then_some(outcome);
    Live { sources, source, document, network, origins, list, untried }
}

impl Live {
    /// Whether there is advice that has not been tried.
    pub fn is_unadvised(&self) -> bool {
        self.untried.is_some()
    }

    /// What is said with advice that has been tried, unless `goes_on` says that nobody waits for it any more.
    pub fn advise(
        &mut self,
        layers: &Layers,
        load: &Load<'_>,
        name: &str,
        text: &str,
        format: Format,
        goes_on: &dyn Fn() -> bool,
    ) {
        let Some(mut outcome) = self.untried.take() else { return };
        let reader = Reader { layers, load, name, language: format.into(), overrides: &[], takes_libraries: true };
        if trial::give_advice(&mut outcome, &reader, text, goes_on) {
            self.list = outcome.list;
        } else {
            self.untried = Some(outcome);
        }
    }
}
