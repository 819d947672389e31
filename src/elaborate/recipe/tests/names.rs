//! The names of other frameworks lead to names that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::super::named::Registry;
use super::super::{losses::LOSSES, optimizers::OPTIMIZERS, schedules::SCHEDULES, transforms::TRANSFORMS};
use crate::aliases;
use crate::arguments::Arguments;
use crate::diagnostic::{Diagnostic, nearest};
use crate::layers::{LAYERS, Layers};

/// What a call asks for.
fn asked<T>(name: &str, parse: impl FnMut(&mut Arguments) -> Result<T, Diagnostic>) -> Vec<&'static str> {
    Arguments::asked_by(name, parse).into_iter().map(|parameter| parameter.name).collect()
}

/// Definitions say which arguments their layers take, in the order in which these ask for them.
#[test]
fn parameters_are_what_is_asked_for() {
    for layer in LAYERS {
        let parameters: Vec<&str> = layer.parameters.iter().map(|parameter| parameter.key).collect();
        assert_eq!(parameters, asked(layer.name, layer.parse), "{}", layer.name);
    }
}

fn of_kind<T>(kind: &Registry<T>) -> Vec<&'static str> {
    let names = || kind.entries().map(|(name, _)| name);
    for name in kind.aliases {
        assert!(name.ours().is_none_or(|ours| names().any(|name| name == ours)), "{name:?}");
        let is_own = |own: &str| aliases::find(own, [name].into_iter(), |_| true).is_some();
        assert!(!names().any(is_own), "{name:?} is a name here");
    }
    kind.entries().flat_map(|(name, parse)| asked(name, parse)).collect()
}

#[test]
fn every_name_leads_to_one_that_there_is() {
    let mut known: BTreeSet<&str> = LAYERS.iter().flat_map(|layer| asked(layer.name, layer.parse)).collect();
    known.extend(of_kind(&OPTIMIZERS));
    known.extend(of_kind(&SCHEDULES));
    known.extend(of_kind(&LOSSES));
    known.extend(of_kind(&TRANSFORMS));
    known.insert("std");
    for name in aliases::ARGUMENTS {
        assert!(name.ours().is_none_or(|ours| known.contains(ours)), "{name:?} leads nowhere: {known:?}");
    }
}

#[test]
fn arguments_of_others_are_renamed() {
    let complaints = |train: &str| super::complaints("1, 8, 8", &format!("data: {{set: digits}}\ntrain: {{{train}}}"));
    for (train, expected) in [
        (
            "optimizer: adam learning_rate=0.1",
            "E011 `learning_rate`: `adam` has no argument `learning_rate` | `learning_rate` (Keras) is called `lr` here",
        ),
        (
            "optimizer: adam betas=0.9",
            "E011 `betas`: `adam` has no argument `betas` | for `betas` (PyTorch) write `beta1=0.9 beta2=0.999`",
        ),
        (
            "schedule: cosine eta_min=0",
            "E011 `eta_min`: `cosine` has no argument `eta_min` | `eta_min` (PyTorch) is called `min` here",
        ),
        (
            "optimizer: Nadam",
            "E010 `Nadam`: no optimizer is called `Nadam` | `Nadam` (Keras, PyTorch) has no counterpart here: \
             the optimizers are sgd, adam, adamw, rmsprop and lion",
        ),
        // As it is spelt here, but for underscores.
        (
            "optimizer: adam weightdecay=0.1",
            "E011 `weightdecay`: `adam` has no argument `weightdecay` | did you mean `weight_decay`?",
        ),
    ] {
        assert_eq!(complaints(train), [expected], "{train}");
    }
}

/// What Keras and PyTorch have is never taken for something of ours that happens to be spelt nearly alike.
#[test]
fn no_neighbour_is_advised() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/names.txt");
    let names = fs::read_to_string(path).expect("it is in the repository");
    let layers = Layers::default();
    let mut compared = 0;
    for line in names.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, "layer", name, arguments @ ..] = words.as_slice() else { continue };
        let own = layers.names().find(|own| aliases::is_spelt_as(own, name));
        let known = layers.alias(name);
        let suggested = layers.suggest(name);
        assert!(suggested.is_none() || own == suggested || known.is_some(), "{line}: {suggested:?}");
        let Some(layer) = own.or(known.and_then(aliases::Name::ours)).and_then(|own| layers.find(own)) else {
            continue;
        };
        let asked = asked(layer.name, layer.parse);
        for argument in arguments {
            let is_own = asked.iter().any(|own| aliases::is_spelt_as(own, argument));
            let known = aliases::find(argument, aliases::ARGUMENTS.iter(), |ours| asked.contains(&ours));
            let near = nearest(argument, asked.iter().copied());
            assert!(is_own || known.is_some() || near.is_none(), "{line}: {argument} for {near:?}");
            compared += 1;
        }
    }
    assert!(compared > 200, "only {compared} arguments");
}
