//! The `init:` section: which weights start how.

use std::collections::HashMap;

use super::call;
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Graph, Node, Weight};
use crate::init::Init;
use crate::layers::Layers;
use crate::pattern::glob;
use crate::syntax::MOST_MISTAKES;
use crate::syntax::ast::InitRule;

/// Applies the rules in order, so that later ones win. With `complete`, a rule that meets no weight is a warning.
///
/// A pattern is a layer kind, for the kind's `weight`; `KIND.bias`, for its bias; or a glob over full parameter names.
pub fn apply(rules: &[InitRule], graph: &mut Graph, layers: &Layers, scope: &Scope, complete: bool) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let named = |(place, node): (usize, &Node)| (node.name.clone(), place);
    let places: HashMap<String, usize> = match rules {
        [] => HashMap::new(),
        _ => graph.nodes.iter().enumerate().map(named).collect(),
    };
    for rule in rules {
        let init = match call::arguments(&rule.initialiser, scope) {
            Ok(Some(arguments)) => Init::parse(arguments),
            Ok(None) => continue,
            Err(errors) => Err(errors),
        };
        let init = match init {
            Ok(Some(init)) => init,
            Ok(None) => continue,
            Err(errors) => {
                problems.extend(errors);
                continue;
            }
        };
        let pattern = &rule.pattern;
        let mut met = false;
        // A full name is looked up: an expanded network has a rule for each weight.
        let (owner, _) = pattern.value.rsplit_once('.').unwrap_or_default();
        let range = match places.get(owner) {
            _ if pattern.value.contains('*') || of_kind(&pattern.value, layers).is_some() => 0..graph.nodes.len(),
            Some(place) => *place..place + 1,
            None => 0..0,
        };
        for node in &mut graph.nodes[range] {
            for index in 0..node.weights.len() {
                if node.weights[index].trainable && matches(&pattern.value, layers, node, &node.weights[index]) {
                    node.weights[index].init = init;
                    met = true;
                }
            }
        }
        if !met && complete && problems.len() < MOST_MISTAKES {
            let warning =
                Diagnostic::warning(Code::Unused, pattern.span, format!("no weight is called `{}`", pattern.value));
            problems.push(match layers.suggest(&pattern.value) {
                Some(kind) if kind != pattern.value => warning.meant(Some(kind), String::new),
                _ => warning.help("a pattern is a layer such as `conv`, `conv.bias`, or a name such as `\"*.bias\"`"),
            });
        }
    }
    problems
}

fn matches(pattern: &str, layers: &Layers, node: &Node, weight: &Weight) -> bool {
    match of_kind(pattern, layers) {
        Some((kind, part)) => node.kind == kind && weight.name == part,
        None => glob(pattern, &format!("{}.{}", node.name, weight.name)),
    }
}

/// The layer and the part of it that a pattern such as `conv` or `conv.bias` is for; `None` for one over names.
fn of_kind<'p>(pattern: &'p str, layers: &Layers) -> Option<(&'p str, &'p str)> {
    let (kind, part) = pattern.split_once('.').unwrap_or((pattern, "weight"));
    (layers.find(kind).is_some() && !part.contains(['*', '.'])).then_some((kind, part))
}
