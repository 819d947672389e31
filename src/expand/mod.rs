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
    match node.inputs.as_slice() {
        // A name that is also a layer's cannot be a key.
        [input] if *input == previous && layers::find(&node.name).is_some() => {
            scalar(&format!("{} as {}", node.call, node.name))
        }
        [input] if *input == previous => format!("{}: {}", scalar(&node.name), scalar(&node.call)),
        [input] => format!("{}: {{from: {}, then: {}}}", scalar(&node.name), from(input), quoted(&node.call)),
        inputs => {
            let sources: Vec<String> = inputs.iter().map(from).collect();
            format!("{}: {{from: {}, merge: {}}}", scalar(&node.name), flow_list(&sources), node.kind)
        }
    }
}
