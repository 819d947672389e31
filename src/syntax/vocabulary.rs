//! Names that whoever compiles hands to the reader, which knows no layer and no preset by itself.

use std::collections::HashMap;

use crate::aliases;

/// The names that have a meaning before any document is read: a key of a mapping either calls one of them, or names
/// something.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// Names of layers.
    pub(super) layers: Vec<&'static str>,
    /// Top-level keys that stand for a whole network.
    pub(super) presets: Vec<&'static str>,
    /// Names of layers, by what is left of them without what spellings differ in.
    plain: HashMap<String, &'static str>,
}

impl Vocabulary {
    /// These layers, and these top-level keys that stand for a whole network.
    pub fn new(
        layers: impl IntoIterator<Item = &'static str>,
        presets: impl IntoIterator<Item = &'static str>,
    ) -> Vocabulary {
        let (layers, presets): (Vec<&str>, Vec<&str>) = (layers.into_iter().collect(), presets.into_iter().collect());
        let plain = layers.iter().filter_map(|layer| Some((aliases::plain(layer)?, *layer))).collect();
        Vocabulary { layers, presets, plain }
    }

    /// Whether it is another framework's name for a layer, or another spelling of one.
    pub(super) fn is_foreign(&self, name: &str) -> bool {
        aliases::plain(name).is_some_and(|plain| self.plain.contains_key(&plain) || aliases::is_layer(&plain))
    }

    /// What such a name comes to here, in words; `None` of any other name.
    pub(super) fn alias(&self, name: &str) -> Option<String> {
        let known = aliases::find(name, aliases::LAYERS.iter(), |_| true);
        let known = known.or_else(|| aliases::of_other_dimensions(name)).map(|known| known.in_words(name));
        let respelt = || self.plain.get(&aliases::plain(name)?).filter(|own| **own != name);
        known.or_else(|| Some(format!("`{name}` is `{}` here", respelt()?)))
    }
}
