//! The core form of a network: one item a layer under its full name, with every block, repeat, preset and expression gone.
//! What it writes compiles to the same network, and expands to itself.
//!
//! ```yaml
//! layers:
//! - layer1.0.conv1: conv 64 3x3 p1 bias=false
//! - layer1.0.downsample.0: {from: maxpool, then: "conv 64 1x1 bias=false"}
//! - layer1.0.6: {from: [layer1.0.bn2, layer1.0.downsample.1], merge: add}
//! ```

mod init;
mod recipe;
mod yaml;

use std::fmt::Write;

use crate::graph::{Node, ValueId};
use crate::layers;
use crate::network::Network;
use yaml::{flow_list, quoted, scalar};

/// The network as a YAML text.
pub fn expand(network: &Network) -> String {
    let mut text = String::new();
    let sizes: Vec<String> = network.graph.input.dims().iter().map(usize::to_string).collect();
    line(&mut text, format_args!("name: {}", scalar(&network.name)));
    line(&mut text, format_args!("input: {}", flow_list(&sizes)));
    if let Some(classes) = network.classes {
        line(&mut text, format_args!("classes: {classes}"));
    }
    line(&mut text, format_args!("layers:"));
    let mut previous = ValueId::INPUT;
    for (index, node) in network.graph.nodes.iter().enumerate() {
        line(&mut text, format_args!("  - {}", item(network, node, previous)));
        previous = ValueId::of_node(index);
    }
    if network.output != previous {
        line(&mut text, format_args!("  - from: {}", scalar(network.graph.name(network.output))));
    }
    let rules = init::rules(network);
    if !rules.is_empty() {
        line(&mut text, format_args!("init:"));
    }
    for (pattern, initialiser) in rules {
        line(&mut text, format_args!("  {}: {}", scalar(&pattern), scalar(&initialiser)));
    }
    if let Some(data) = &network.data {
        recipe::data(&mut text, data);
    }
    if let Some(train) = &network.train {
        recipe::train(&mut text, train);
    }
    text
}

fn line(text: &mut String, content: std::fmt::Arguments) {
    text.write_fmt(format_args!("{content}\n")).expect("a String takes everything");
}

/// One layer. Only what does not read the value before it says what it reads.
fn item(network: &Network, node: &Node, previous: ValueId) -> String {
    let from = |value: &ValueId| scalar(network.graph.name(*value));
    let structure = match node.inputs.as_slice() {
        [input] if *input == previous => None,
        [input] => Some(format!("from: {}, then: {}", from(input), quoted(&node.call))),
        inputs => {
            let sources: Vec<String> = inputs.iter().map(from).collect();
            Some(format!("from: {}, merge: {}", flow_list(&sources), node.kind))
        }
    };
    let name = scalar(&node.name);
    match (structure, is_taken(&node.name)) {
        (None, false) => format!("{name}: {}", scalar(&node.call)),
        (None, true) => scalar(&format!("{} as {}", node.call, node.name)),
        (Some(structure), false) => format!("{name}: {{{structure}}}"),
        (Some(structure), true) => format!("{{{structure}, name: {name}}}"),
    }
}

/// Whether a name means something else as a key, so that it must be written in another place.
fn is_taken(name: &str) -> bool {
    layers::find(name).is_some() || ["residual", "branches", "from", "expect", "name"].contains(&name)
}
