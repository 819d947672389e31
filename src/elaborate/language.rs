//! What a file can say: the keys of its sections and the calls in them, as those who read them ask for them. For
//! editors and for the JSON Schema; nothing here is told a second time.

use super::{initialiser, presets, recipe};
use crate::arguments::{Arguments, Asked, Form};
use crate::layers::Layers;

/// A key of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What stands under it.
    pub takes: Takes,
    /// Whether it must be there.
    pub is_required: bool,
}

/// What can stand under a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Takes {
    /// This is not told.
    Anything,
    /// A value, or an expression that gives one.
    Value(Form),
    /// Text.
    Text,
    /// One of several words.
    Words(Vec<&'static str>),
    /// A call, as notation or as a mapping.
    Call(Vec<Callable>),
    /// A list.
    List(Box<Takes>),
    /// One, or a list of them.
    OneOrMore(Box<Takes>),
    /// A mapping whose keys are the user's own.
    Mapping(Box<Takes>),
    /// Any of these.
    Either(Vec<Takes>),
}

/// What can be called.
#[derive(Debug, Clone, PartialEq)]
pub struct Callable {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub parameters: Vec<Asked>,
    /// How a call looks.
    pub usage: Option<&'static str>,
}

/// The layers that can be called in a chain.
pub fn layers(layers: &Layers) -> Vec<Callable> {
    let callable = |name: &'static str| {
        let definition = layers.find(name).filter(|definition| definition.is_callable())?;
        let parameters = Arguments::asked_by(name, definition.parse);
        Some(Callable { name, parameters, usage: Some(definition.usage) })
    };
    layers.names().filter_map(callable).collect()
}

/// `train:`
pub fn train() -> Vec<Key> {
    recipe::train_keys()
}

/// `data:`
pub fn data() -> Vec<Key> {
    recipe::data_keys()
}

/// Every preset with its settings.
pub fn presets() -> Vec<(&'static str, Vec<Key>)> {
    presets::keys()
}

/// How weights can start.
pub fn initialisers() -> Vec<Callable> {
    initialiser::callables()
}

/// The functions of expressions.
pub use super::expression::FUNCTIONS;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Given;

    /// A size can be given in several ways, so none of them is required.
    #[test]
    fn what_another_argument_stands_for_need_not_be_there() {
        let all = layers(&Layers::default());
        for (name, expected) in
            [("conv", &["out", "kernel"][..]), ("crop", &[]), ("pad", &[]), ("upsample", &[]), ("slice", &["start"])]
        {
            let callable = all.iter().find(|callable| callable.name == name).expect("a layer");
            let needed = callable.parameters.iter().filter(|asked| asked.given == Given::Always);
            assert_eq!(needed.map(|asked| asked.name).collect::<Vec<_>>(), expected, "{name}");
        }
    }
}
