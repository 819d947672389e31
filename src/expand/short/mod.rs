//! A network as somebody would write it: chains on a line, residuals and branches as such, and what is there several
//! times as a block.
//!
//! What it writes is compiled and held against the network before it is given: where that is not the same, the network
//! is written as [`expand`](super::expand) does.

mod blocks;
mod chains;
mod piece;
mod tree;

use std::fmt::Write;

use super::yaml::{flow_list, scalar};
use super::{expand, init, kinds, recipe};
use crate::compile::compile;
use crate::network::Network;
use crate::pattern::glob;

/// A network, written.
#[derive(Debug)]
pub struct Short {
    /// In YAML.
    pub text: String,
    /// What the text compiles to. Its layers are those of the other in another order, and under other names.
    pub network: Network,
    /// For each of its weights, in its order, the index of the same weight in the other network.
    pub weights: Vec<usize>,
}

/// The network as a short YAML text.
pub fn short(network: &Network) -> Short {
    folded(network).unwrap_or_else(|| {
        let text = expand(network);
        let again = compile(&text).expect("what is written out compiles again");
        let weights = network.graph.nodes.iter().map(|node| node.weights.len()).sum();
        Short { text, network: again, weights: (0..weights).collect() }
    })
}

fn folded(network: &Network) -> Option<Short> {
    let parts = tree::parts(network)?;
    let mut order = Vec::new();
    tree::order(&parts, &mut order);
    let mut pieces = chains::pieces(network, &parts);
    let blocks = blocks::fold(&mut pieces);

    let mut text = String::new();
    let sizes: Vec<String> = network.graph.input.dims().iter().map(usize::to_string).collect();
    writeln!(text, "name: {}", scalar(&network.name)).ok()?;
    writeln!(text, "input: {}", flow_list(&sizes)).ok()?;
    if let Some(classes) = network.classes {
        writeln!(text, "classes: {classes}").ok()?;
    }
    if !blocks.is_empty() {
        text.push_str("blocks:\n");
        blocks.iter().for_each(|block| block.write(&mut text));
    }
    text.push_str("layers:\n");
    piece::write(&pieces, 2, &mut text);

    let mut again = compile(&text).ok().filter(|again| is_same(network, again, &order))?;
    for (node, index) in again.graph.nodes.iter_mut().zip(&order) {
        node.weights.clone_from(&network.graph.nodes[*index].weights);
    }
    let rules = init::rules(&again, &kinds(&again));
    if !rules.is_empty() {
        text.push_str("init:\n");
    }
    for (pattern, start) in rules {
        writeln!(text, "  {}: {}", scalar(&pattern), scalar(&start)).ok()?;
    }
    if let Some(data) = &network.data {
        recipe::data(&mut text, data);
    }
    if let Some(train) = &network.train {
        let mut train = train.clone();
        for patterns in [&mut train.freeze, &mut train.replace] {
            *patterns = renamed(patterns, network, &again, &order);
        }
        recipe::train(&mut text, &train);
    }
    let again = compile(&text).ok().filter(|again| is_same(network, again, &order))?;
    Some(Short { weights: weights(network, &order), text, network: again })
}

/// Whether the nodes of `again` are those of `network` in this order.
fn is_same(network: &Network, again: &Network, order: &[usize]) -> bool {
    let mut place = vec![usize::MAX; network.graph.nodes.len() + 1];
    place[0] = 0;
    for (new, old) in order.iter().enumerate() {
        place[old + 1] = new + 1;
    }
    let is_one = |(node, old): (&crate::graph::Node, &usize)| {
        let other = &network.graph.nodes[*old];
        let mut inputs: Vec<usize> = other.inputs.iter().map(|input| place[input.index()]).collect();
        let mut others: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
        if node.kind == "add" {
            inputs.sort_unstable();
            others.sort_unstable();
        }
        let shapes = |node: &crate::graph::Node| {
            node.weights.iter().map(|weight| (weight.name, weight.shape.clone())).collect::<Vec<_>>()
        };
        node.kind == other.kind
            && node.output == other.output
            && inputs == others
            && shapes(node) == shapes(other)
            && node.layer.lower(&again.graph.input_shapes(node))
                == other.layer.lower(&network.graph.input_shapes(other))
    };
    again.graph.nodes.len() == order.len()
        && network.graph.nodes.len() == order.len()
        && place[network.output.index()] == again.output.index()
        && again.graph.nodes.iter().zip(order).all(is_one)
}

/// For each weight in the new order, its index in the old one.
fn weights(network: &Network, order: &[usize]) -> Vec<usize> {
    let mut first = Vec::with_capacity(network.graph.nodes.len());
    let mut count = 0;
    for node in &network.graph.nodes {
        first.push(count);
        count += node.weights.len();
    }
    let of_node = |index: &usize| first[*index]..first[*index] + network.graph.nodes[*index].weights.len();
    order.iter().flat_map(of_node).collect()
}

/// The new names of all weights that one of the patterns is for.
fn renamed(patterns: &[String], network: &Network, again: &Network, order: &[usize]) -> Vec<String> {
    let mut names = Vec::new();
    for (node, index) in again.graph.nodes.iter().zip(order) {
        let other = &network.graph.nodes[*index];
        for weight in &node.weights {
            let old = weight.full_name(&other.name);
            if patterns.iter().any(|pattern| glob(pattern, &old)) {
                names.push(weight.full_name(&node.name));
            }
        }
    }
    names
}
