//! The core form of a network: one item a layer under its full name, with every block, repeat, preset and expression
//! gone. What it writes compiles to the same network, and expands to itself.
//!
//! ```yaml
//! layers:
//! - layer1.0.conv1: conv 64 3x3 p1 bias=false
//! - layer1.0.downsample.0: {from: maxpool, then: "conv 64 1x1 bias=false"}
//! - layer1.0.6: {from: [layer1.0.bn2, layer1.0.downsample.1], merge: add}
//! ```

mod init;
mod recipe;
mod short;
mod yaml;

use std::fmt::Write;
use std::path::Path;

use crate::graph::Node;
use crate::ir::ValueId;
use crate::layers::Layers;
use crate::network::Network;
use crate::recipe::{Data, DataSet, Table, Task};
use crate::syntax::is_keyword;
pub use short::{Short, short};
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
    let kinds = kinds(network);
    let mut previous = ValueId::INPUT;
    for (index, node) in network.graph.nodes.iter().enumerate() {
        line(&mut text, format_args!("  - {}", item(network, &kinds, node, previous)));
        previous = ValueId::of_node(index);
    }
    if network.output != previous {
        line(&mut text, format_args!("  - from: {}", scalar(network.graph.name(network.output))));
    }
    let rules = init::rules(network, &kinds);
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

/// As [`expand`], of what belongs to weights wherever they go: how they were trained is left out, and where the images
/// were that they learned from. Whatever they are tried on later need not be a table.
pub fn portable(network: &Network, data: &Data) -> String {
    let (set, table) = match (data.set, &data.table) {
        // How labels are told goes with them; of a class there is only one.
        (DataSet::Table, Some(table)) if data.task != Task::Class => {
            let Table { image, label, separator, .. } = table.clone();
            (DataSet::Table, Some(Table { image, label, separator, ..Table::of(file_name(&table.file)) }))
        }
        (DataSet::Table | DataSet::WebDataset, _) => (DataSet::Folder, None),
        (DataSet::Medmnist, _) if data.task == Task::Class => (DataSet::Folder, None),
        (set, _) => (set, None),
    };
    let data = Data { set, path: None, table, ..data.clone() };
    expand(&Network { data: Some(data), train: None, ..network.clone() })
}

fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "labels.csv".to_owned())
}

fn line(text: &mut String, content: std::fmt::Arguments) {
    text.write_fmt(format_args!("{content}\n")).expect("a String takes everything");
}

/// One layer. Only what does not read the value before it says what it reads.
fn item(network: &Network, kinds: &[&str], node: &Node, previous: ValueId) -> String {
    let from = |value: &ValueId| scalar(network.graph.name(*value));
    let structure = match node.inputs.as_slice() {
        [input] if *input == previous => None,
        [input] => Some(format!("from: {}, then: {}", from(input), quoted(&node.call.to_string()))),
        inputs => {
            let sources: Vec<String> = inputs.iter().map(from).collect();
            Some(format!("from: {}, merge: {}", flow_list(&sources), node.kind))
        }
    };
    let name = scalar(&node.name);
    match (structure, is_taken(kinds, &node.name)) {
        (None, false) => format!("{name}: {}", scalar(&node.call.to_string())),
        (None, true) => scalar(&format!("{} as {}", node.call, node.name)),
        (Some(structure), false) => format!("{name}: {{{structure}}}"),
        (Some(structure), true) => format!("{{{structure}, name: {name}}}"),
    }
}

/// The names of all layers: the language's, and whatever else the network is made of.
fn kinds(network: &Network) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = Layers::default().names().collect();
    for node in &network.graph.nodes {
        if !kinds.contains(&node.kind) {
            kinds.push(node.kind);
        }
    }
    kinds
}

/// Whether a name means something else as a key, so that it must be written in another place.
fn is_taken(kinds: &[&str], name: &str) -> bool {
    kinds.contains(&name) || is_keyword(name)
}

#[cfg(test)]
mod tests {
    use super::expand;
    use crate::compile;
    use crate::network::Network;

    /// The text between the head and what follows the layers.
    fn layers(text: &str) -> String {
        let lines = text.lines().skip_while(|line| *line != "layers:").skip(1);
        lines.take_while(|line| line.starts_with("  - ")).map(|line| &line[4..]).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn spells_out_every_layer() {
        for (body, expected) in [
            (
                "  - stem: conv 8 3x3 p1 -> bn -> relu\n  - flatten",
                "stem.0: conv 8 3x3 p1\nstem.1: bn\nstem.2: relu\n\"1\": flatten",
            ),
            (
                "  - residual: conv {2*4} 3x3 s2 p1 bias=false as conv1 -> bn as bn1\n    after: relu",
                "conv1: conv 8 3x3 s2 p1 bias=false\nbn1: bn\n\
                 downsample.0: {from: input, then: \"conv 8 1x1 s2 bias=false\"}\ndownsample.1: bn\n\
                 \"3\": {from: [bn1, downsample.1], merge: add}\n\"4\": relu",
            ),
            (
                "  - conv 8 3x3 p1 as conv\n  - residual: [conv 8 3x3 p1 as bn]\n  - {from: [conv, .], merge: concat, name: add}",
                "conv 8 3x3 p1 as conv\nconv 8 3x3 p1 as bn\n\"2\": {from: [bn, conv], merge: add}\n\
                 {from: [conv, \"2\"], merge: concat, name: add}",
            ),
            (
                "  - b 4 -> b 8 act=silu\nblocks:\n  b(width, act=relu): conv {width} 1x1 -> {act}",
                "\"0.0\": conv 4 1x1\n\"0.1\": relu\n\"1.0\": conv 8 1x1\n\"1.1\": silu",
            ),
            ("  - conv 8 3x3 p1 as a\n  - relu as b\n  - from: a", "a: conv 8 3x3 p1\nb: relu\nfrom: a"),
        ] {
            let network = network(body);
            assert_eq!(layers(&expand(&network)), expected, "{body}");
        }
    }

    /// The expansion compiles to the same network, and expands to itself.
    #[test]
    fn is_the_same_network() {
        for body in [
            "  - residual: [conv 16 3x3 s2 p1 as conv1, bn as bn1]\n    after: relu\n  - flatten\n  - linear 10\n\
             init: {conv: kaiming_normal fan_out, linear: normal 0 0.01, \"*.bias\": 0}\n",
            "  - conv 4 3x3 as conv\n  - conv 4 3x3 as other\n  - flatten\n  - linear 10 as fc\n\
             init: {conv.weight*: uniform 0.1, other.bias: 1, fc.weight: xavier_uniform, fc.bias: constant -1e-3}\n",
            "  - conv 4 3x3\n  - flatten\n  - linear 10\ndata: {set: cifar10, train: [crop 32 pad=4, hflip 0.25, \
             \"normalize mean={[0.1, 0.2, 0.3]} std=0.5\"]}\n\
             train: {epochs: 3, batch: 7, optimizer: adamw lr=1e-3, schedule: multistep 1 2 gamma=0.5, seed: 5}\n",
        ] {
            let network = network(body);
            let text = expand(&network);
            let again = compile(&text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
            assert_eq!(expand(&again), text);
            assert_eq!((&again.data, &again.train), (&network.data, &network.train), "{text}");
            let plain = |network: &Network| {
                let nodes = network.graph.nodes.iter();
                let nodes =
                    nodes.map(|node| (node.name.clone(), node.inputs.clone(), node.output, node.weights.clone()));
                (nodes.collect::<Vec<_>>(), network.output)
            };
            assert_eq!(plain(&again), plain(&network), "{text}");
        }
    }

    fn network(body: &str) -> Network {
        compile(&format!("input: [3, 32, 32]\nlayers:\n{body}\n")).unwrap_or_else(|errors| panic!("{body}\n{errors}"))
    }
}
