//! What is a box of its own.

use std::collections::HashSet;

use super::{Block, Drawing, Kind, Wire};
use crate::graph::Node;
use crate::ir::ValueId;
use crate::network::Network;
use crate::quantity::short;

/// As many boxes are still readable; networks are folded until there are no more, unless somebody says how far.
const READABLE: usize = 40;

/// The network with everything below `depth` words of a name as one box; `None` for as deep as is readable. Layers of
/// one block that do not follow each other are boxes of their own: so no box is before and after another.
pub fn fold(network: &Network, depth: Option<usize>) -> Drawing {
    let deepest = network.graph.nodes.iter().map(|node| words(&node.name)).max().unwrap_or(1);
    if let Some(depth) = depth {
        return at(network, depth.clamp(1, deepest));
    }
    let mut levels = (1..=deepest).rev().map(|depth| at(network, depth));
    let mut drawing = levels.next().unwrap_or_else(|| at(network, 1));
    while drawing.boxes.len() > READABLE {
        match levels.next() {
            Some(higher) => drawing = higher,
            None => break,
        }
    }
    drawing
}

fn words(name: &str) -> usize {
    name.matches('.').count() + 1
}

/// The first words of a name, if there are more.
fn prefix(name: &str, depth: usize) -> Option<&str> {
    name.match_indices('.').nth(depth - 1).map(|(at, _)| &name[..at])
}

fn at(network: &Network, depth: usize) -> Drawing {
    let graph = &network.graph;
    let mut readers = vec![0usize; graph.nodes.len() + 1];
    let values = graph.nodes.iter().flat_map(|node| node.inputs.iter().copied());
    values.chain([network.output]).for_each(|value| readers[value.index()] += 1);
    let mut boxes = vec![Group::default()];
    // The box of each value.
    let mut owners = vec![0];
    for (index, node) in graph.nodes.iter().enumerate() {
        let block = prefix(&node.name, depth);
        let last = boxes.last_mut().expect("the input is one");
        let continues = block.is_some() && last.block == block;
        let finishes = block.is_none()
            && last.block.is_none()
            && last.nodes.last().is_some_and(|before| {
                node.inputs == [ValueId::of_node(*before)] && readers[before + 1] == 1 && stays(network, node)
            });
        match continues || finishes {
            true => last.nodes.push(index),
            false => boxes.push(Group { block, nodes: vec![index] }),
        }
        owners.push(boxes.len() - 1);
    }
    let mut wires: Vec<Wire> = Vec::new();
    let mut drawn = HashSet::new();
    let mut wire = |value: ValueId, to: usize| {
        let wire = Wire { from: owners[value.index()], to, shape: graph.shape(value).to_string() };
        if wire.from != wire.to && drawn.insert(wire.clone()) {
            wires.push(wire);
        }
    };
    for (index, node) in graph.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| wire(*input, owners[index + 1]));
    }
    wire(network.output, boxes.len());
    let end = |title: &str, shape: crate::ir::Shape| Block {
        title: title.to_owned(),
        lines: vec![shape.to_string()],
        kind: Kind::End,
        channels: shape.channels(),
        macs: 0,
    };
    let mut blocks = vec![end("input", graph.input)];
    blocks.extend(boxes[1..].iter().map(|group| group.block(network)));
    blocks.push(end("output", graph.shape(network.output)));
    Drawing { boxes: blocks, wires }
}

/// Whether a layer works on each number, or on each channel, of what it reads: norms, functions, dropout.
fn stays(network: &Network, node: &Node) -> bool {
    let plain = kind(node) == Kind::Other;
    plain && node.inputs.len() == 1 && network.graph.shape(node.inputs[0]) == node.output && network.macs(node) == 0
}

fn kind(node: &Node) -> Kind {
    let kind = node.kind;
    match kind {
        "add" | "mul" | "max" | "concat" if node.inputs.len() > 1 => Kind::Join,
        "linear" => Kind::Linear,
        _ if kind.contains("conv") || kind == "depthwise" => Kind::Convolution,
        _ if kind.contains("pool") || kind == "upsample" || kind == "pad" || kind.starts_with("pixel_") => Kind::Resize,
        _ => Kind::Other,
    }
}

/// Layers that are one box.
#[derive(Debug, Default)]
struct Group<'a> {
    /// The block that they belong to, if they are drawn as one.
    block: Option<&'a str>,
    nodes: Vec<usize>,
}

impl Group<'_> {
    fn block(&self, network: &Network) -> Block {
        let nodes: Vec<&Node> = self.nodes.iter().map(|index| &network.graph.nodes[*index]).collect();
        let sum = |of: &dyn Fn(&Node) -> u64| nodes.iter().map(|node| of(node)).fold(0, u64::saturating_add);
        let (params, macs) = (sum(&|node| network.params(node)), sum(&|node| network.macs(node)));
        let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
        let folded = self.block.filter(|_| nodes.len() > 1);
        let mut lines = match folded {
            Some(_) => vec![format!("{} layers", nodes.len())],
            None => nodes.iter().map(|node| node.call.to_string()).collect(),
        };
        let costs = [(params, "parameters"), (macs, "MACs")].into_iter().filter(|(number, _)| *number > 0);
        let costs: Vec<String> = costs.map(|(number, of)| format!("{} {of}", short(number))).collect();
        if !costs.is_empty() {
            lines.push(costs.join(", "));
        }
        Block {
            title: folded.unwrap_or(&first.name).to_owned(),
            lines,
            kind: if folded.is_some() { Kind::Folded } else { kind(first) },
            channels: last.output.channels(),
            macs,
        }
    }
}
