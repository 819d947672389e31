//! The `init:` section: which weights start how.

use std::collections::HashMap;

use super::scope::Scope;
use super::{call, initialiser};
use crate::budget::Budget;
use crate::diagnostic::{Code, Diagnostic, Mistakes};
use crate::graph::{Graph, Node};
use crate::layers::Layers;
use crate::pattern::glob;
use crate::syntax::ast::InitRule;

/// Applies the rules in order, so that later ones win. With `complete`, a rule that meets no weight is a warning.
///
/// A pattern is a layer kind, for the kind's `weight`; `KIND.bias`, for its bias; or a glob over full parameter names.
pub fn apply(rules: &[InitRule], graph: &mut Graph, layers: &Layers, scope: &Scope, complete: bool) -> Vec<Diagnostic> {
    let mut problems = Mistakes::default();
    let compared = Budget::new(MOST_COMPARED);
    let mut full_name = String::new();
    let is_full_name = |pattern: &str| !pattern.contains('*') && of_kind(pattern, layers).is_none();
    let places: HashMap<String, usize> = match rules.iter().any(|rule| is_full_name(&rule.pattern.value)) {
        true => graph.nodes.iter().enumerate().map(|(place, node)| (node.name.clone(), place)).collect(),
        false => HashMap::new(),
    };
    for rule in rules {
        let init = match call::arguments(&rule.initialiser, scope) {
            Ok(Some(arguments)) => initialiser::parse(arguments),
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
        let owner = places.get(owner).or_else(|| places.get(pattern.value.as_str()));
        let kind = of_kind(&pattern.value, layers);
        let range = match owner {
            _ if !is_full_name(&pattern.value) => 0..graph.nodes.len(),
            Some(place) => *place..place + 1,
            None => 0..0,
        };
        if !compared.spend(range.len() * (1 + pattern.value.len() / USUAL_PATTERN)) {
            let message = format!("these patterns are compared with {} layers each", graph.nodes.len());
            let error = Diagnostic::error(Code::Limit, pattern.span, message);
            problems.push(error.help("name the weights in full, or use fewer patterns"));
            break;
        }
        for Node { name, kind: own, weights, .. } in &mut graph.nodes[range] {
            for weight in weights.iter_mut().filter(|weight| weight.trainable) {
                let matches = match kind {
                    Some((kind, part)) => *own == kind && weight.part() == part,
                    None => {
                        full_name.clear();
                        weight.write_name(name, &mut full_name);
                        glob(&pattern.value, &full_name)
                    }
                };
                if matches {
                    weight.init = init;
                    met = true;
                }
            }
        }
        if !met && complete && !problems.is_full() {
            let warning =
                Diagnostic::warning(Code::Unused, pattern.span, format!("no weight is called `{}`", pattern.value));
            problems.push(match layers.suggest(&pattern.value) {
                Some(kind) if kind != pattern.value => warning.meant(Some(kind), String::new),
                _ => warning.help("a pattern is a layer such as `conv`, `conv.bias`, or a name such as `\"*.bias\"`"),
            });
        }
    }
    problems.into_list()
}

/// A pattern of so many bytes is a long one.
const USUAL_PATTERN: usize = 32;

/// How often a pattern and a layer are compared. A million layers take four patterns.
const MOST_COMPARED: usize = 4 << 20;

/// The layer and the part of it that a pattern such as `conv` or `conv.bias` is for; `None` for one over names.
fn of_kind<'p>(pattern: &'p str, layers: &Layers) -> Option<(&'p str, &'p str)> {
    let (kind, part) = pattern.split_once('.').unwrap_or((pattern, "weight"));
    (layers.find(kind).is_some() && !part.contains(['*', '.'])).then_some((kind, part))
}
