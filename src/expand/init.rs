//! The `init:` section: rules for every weight that does not start as its layer alone would have it.

use crate::graph::Node;
use crate::init::{Fan, Init};
use crate::layers;
use crate::network::Network;

/// One weight of a node: how it starts, and how it would by itself.
struct Start<'a> {
    node: &'a Node,
    given: Init,
    default: Init,
}

/// Patterns and initialisers, in order. A rule for all layers of a kind comes first where that makes fewer rules; the rest are
/// named one by one, and win because they come later.
pub fn rules(network: &Network) -> Vec<(String, String)> {
    let mut rules = Vec::new();
    let mut exceptions = Vec::new();
    for definition in layers::LAYERS {
        let nodes = || network.graph.nodes.iter().filter(|node| node.kind == definition.name);
        let mut parts: Vec<&str> = Vec::new();
        for weight in nodes().flat_map(|node| &node.weights).filter(|weight| weight.trainable) {
            if !parts.contains(&weight.name) {
                parts.push(weight.name);
            }
        }
        for part in parts {
            let starts: Vec<Start> = nodes().filter_map(|node| start(network, node, part)).collect();
            let common = common(&starts);
            if let Some(common) = common {
                rules.push((format!("{}.{part}", definition.name), notation(common)));
            }
            let differs = |start: &&Start| start.given != common.unwrap_or(start.default);
            exceptions
                .extend(starts.iter().filter(differs).map(|start| (name(start.node, part), notation(start.given))));
        }
    }
    rules.extend(exceptions);
    rules
}

fn start<'a>(network: &Network, node: &'a Node, part: &str) -> Option<Start<'a>> {
    let defaults = node.layer.weights(&network.graph.input_shapes(node));
    let named =
        |weights: &[crate::graph::Weight]| weights.iter().find(|weight| weight.name == part).map(|weight| weight.init);
    Some(Start { node, given: named(&node.weights)?, default: named(&defaults)? })
}

/// The initialiser that a rule for all of them saves most with, if it saves anything.
fn common(starts: &[Start]) -> Option<Init> {
    let changed = starts.iter().filter(|start| start.given != start.default);
    let others = |init: Init| starts.iter().filter(|start| start.given != init).count();
    let best = changed.clone().map(|start| start.given).min_by_key(|init| others(*init))?;
    (others(best) + 1 <= changed.count()).then_some(best)
}

/// The full name of a weight, as a pattern that nothing else matches.
fn name(node: &Node, part: &str) -> String {
    // `conv.weight` would mean every convolution; with a star it is a name again.
    let star = if layers::find(&node.name).is_some() { "*" } else { "" };
    format!("{}.{part}{star}", node.name)
}

fn notation(init: Init) -> String {
    let kaiming = |name: &str, fan: Fan, gain: f64| {
        let fan = match fan {
            Fan::In => "fan_in",
            Fan::Out => "fan_out",
        };
        if gain == std::f64::consts::SQRT_2 { format!("{name} {fan}") } else { format!("{name} {fan} gain={gain:?}") }
    };
    match init {
        Init::Constant(value) => format!("constant {value:?}"),
        Init::Uniform { bound } => format!("uniform {bound:?}"),
        Init::Normal { mean, std } => format!("normal {mean:?} {std:?}"),
        Init::TruncatedNormal { mean, std } => format!("truncated_normal {mean:?} {std:?}"),
        Init::KaimingUniform { fan, gain } => kaiming("kaiming_uniform", fan, gain),
        Init::KaimingNormal { fan, gain } => kaiming("kaiming_normal", fan, gain),
        Init::XavierUniform => "xavier_uniform".to_string(),
        Init::XavierNormal => "xavier_normal".to_string(),
    }
}
