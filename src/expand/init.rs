//! The `init:` section: rules for every weight that does not start as its layer alone would have it.

use crate::graph::Node;
use crate::ir::{Fan, Init};
use crate::layers::Weight;
use crate::network::Network;

/// One weight of a node: how it starts, and how it would by itself.
struct WeightStart<'a> {
    node: &'a Node,
    weight: &'a Weight,
    default: Init,
}

/// Patterns and initialisers, in order. A rule for all layers of a kind comes first where that makes fewer rules; the
/// rest are named one by one, and win because they come later.
pub fn rules(network: &Network, kinds: &[&str]) -> Vec<(String, String)> {
    let mut rules = Vec::new();
    let mut exceptions = Vec::new();
    for kind in kinds {
        let nodes = || network.graph.nodes.iter().filter(|node| node.kind == *kind);
        let mut parts: Vec<&str> = Vec::new();
        for weight in nodes().flat_map(|node| &node.weights).filter(|weight| weight.trainable) {
            if !parts.contains(&weight.part()) {
                parts.push(weight.part());
            }
        }
        for part in parts {
            let starts: Vec<WeightStart> = nodes().filter_map(|node| start(network, node, part)).collect();
            let common = common(&starts);
            if let Some(common) = common {
                rules.push((format!("{kind}.{part}"), notation(common)));
            }
            let differs = |start: &&WeightStart| start.weight.init != common.unwrap_or(start.default);
            exceptions
                .extend(starts.iter().filter(differs).map(|start| (name(kinds, start), notation(start.weight.init))));
        }
    }
    rules.extend(exceptions);
    rules
}

fn start<'a>(network: &Network, node: &'a Node, part: &str) -> Option<WeightStart<'a>> {
    let defaults = node.layer.weights(&network.graph.input_shapes(node));
    let weight = node.weights.iter().find(|weight| weight.part() == part)?;
    let default = defaults.iter().find(|weight| weight.part() == part)?.init;
    Some(WeightStart { node, weight, default })
}

/// The initialiser that a rule for all of them saves most with, if it saves anything.
fn common(starts: &[WeightStart]) -> Option<Init> {
    let changed = starts.iter().filter(|start| start.weight.init != start.default);
    let mut candidates: Vec<Init> = Vec::new();
    for start in changed.clone() {
        if !candidates.contains(&start.weight.init) {
            candidates.push(start.weight.init);
        }
    }
    let others = |init: &Init| starts.iter().filter(|start| start.weight.init != *init).count();
    let best = candidates.into_iter().min_by_key(others)?;
    (others(&best) < changed.count()).then_some(best)
}

/// The full name of a weight, as a pattern that nothing else matches.
fn name(kinds: &[&str], WeightStart { node, weight, .. }: &WeightStart) -> String {
    // `conv.weight` would mean every convolution; with a star it is a name again.
    let star = if kinds.contains(&node.name.as_str()) { "*" } else { "" };
    weight.full_name(&node.name) + star
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

#[cfg(test)]
mod tests {
    use super::rules;
    use crate::compile;

    #[test]
    fn writes_few_rules() {
        let layers = "  - conv 8 3x3 as a\n  - conv 8 3x3 as b\n  - conv 8 3x3 as c\n  - bn as d\n  - flatten\n  - linear 10 as fc";
        for (init, expected) in [
            ("{}", ""),
            ("{conv: xavier_normal}", "conv.weight: xavier_normal"),
            ("{conv: truncated_normal std=0.02}", "conv.weight: truncated_normal 0.0 0.02"),
            ("{\"*.bias\": 0}", "conv.bias: constant 0.0, linear.bias: constant 0.0"),
            ("{\"*.bias\": 0, b.bias: 1}", "conv.bias: constant 0.0, linear.bias: constant 0.0, b.bias: constant 1.0"),
            ("{b.weight: normal 0 0.5}", "b.weight: normal 0.0 0.5"),
            ("{d.weight: 0}", "bn.weight: constant 0.0"),
            (
                "{conv: kaiming_normal fan_out, b.weight: kaiming_uniform gain=1.5}",
                "conv.weight: kaiming_normal fan_out, b.weight: kaiming_uniform fan_in gain=1.5",
            ),
        ] {
            let network = compile(&format!("input: [3, 32, 32]\nlayers:\n{layers}\ninit: {init}\n"));
            let network = network.unwrap_or_else(|errors| panic!("{errors}"));
            let rules = rules(&network, &crate::expand::kinds(&network));
            let rules: Vec<String> = rules.iter().map(|(pattern, init)| format!("{pattern}: {init}")).collect();
            assert_eq!(rules.join(", "), expected, "{init}");
        }
    }
}
