//! The structure of a network: chains, and values from which several ways lead to one layer.

use crate::graph::Node;
use crate::network::Network;

/// A part of a chain. Numbers are indices of nodes.
#[derive(Debug)]
pub enum Part {
    /// A layer that reads what the part before makes.
    Layer(usize),
    /// A sum of two ways, of which the second may be empty.
    Residual { body: Vec<Part>, shortcut: Vec<Part>, add: usize },
    /// Several ways, of which some may be empty, and where they meet.
    Branches { branches: Vec<Vec<Part>>, merge: usize },
}

/// Where a way begins.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Origin {
    Input,
    /// At a value that several layers read.
    Fork(usize),
}

#[derive(Debug)]
struct Way {
    origin: Origin,
    parts: Vec<Part>,
    /// Structures in structures.
    depth: usize,
}

/// No one writes deeper structures.
const DEEPEST: usize = 12;

/// The parts of the whole network; `None` if it is no series of such structures.
pub fn parts(network: &Network) -> Option<Vec<Part>> {
    let nodes = &network.graph.nodes;
    let mut readers = vec![0usize; nodes.len() + 1];
    for input in nodes.iter().flat_map(|node| &node.inputs) {
        readers[input.index()] += 1;
    }
    readers[network.output.index()] += 1;
    let mut ways: Vec<Option<Way>> = Vec::with_capacity(nodes.len() + 1);
    ways.push(Some(Way { origin: Origin::Input, parts: Vec::new(), depth: 0 }));
    for (index, node) in nodes.iter().enumerate() {
        let way = way(index, node, &mut ways, &readers)?;
        ways.push(Some(way));
    }
    let last = ways[network.output.index()].take()?;
    let mut count = Vec::new();
    order(&last.parts, &mut count);
    (last.origin == Origin::Input && count.len() == nodes.len()).then_some(last.parts)
}

/// The way that ends in a node.
fn way(index: usize, node: &Node, ways: &mut [Option<Way>], readers: &[usize]) -> Option<Way> {
    let mut heads = Vec::with_capacity(node.inputs.len());
    for input in &node.inputs {
        heads.push(match readers[input.index()] {
            1 => ways[input.index()].take()?,
            _ => Way { origin: Origin::Fork(input.index()), parts: Vec::new(), depth: 0 },
        });
    }
    if let [_] = heads.as_slice() {
        let mut way = heads.pop()?;
        way.parts.push(Part::Layer(index));
        return Some(way);
    }
    let first = heads.first()?.origin;
    let Origin::Fork(fork) = first else { return None };
    if heads.iter().any(|head| head.origin != first) || readers[fork] != heads.len() {
        return None;
    }
    let depth = heads.iter().map(|head| head.depth).max()? + 1;
    let branches: Vec<Vec<Part>> = heads.into_iter().map(|head| head.parts).collect();
    let mut way = ways[fork].take()?;
    way.depth = way.depth.max(depth);
    way.parts.push(structure(node.kind, branches, index));
    (way.depth <= DEEPEST).then_some(way)
}

fn structure(kind: &str, mut branches: Vec<Vec<Part>>, merge: usize) -> Part {
    let is_residual = kind == "add" && branches.len() == 2 && branches.iter().any(|branch| !branch.is_empty());
    if !is_residual {
        return Part::Branches { branches, merge };
    }
    // The sum is the same either way round; the longer way is the body.
    let longer = usize::from(branches[1].len() > branches[0].len());
    let body = branches.swap_remove(longer);
    Part::Residual { body, shortcut: branches.pop().unwrap_or_default(), add: merge }
}

/// The nodes in the order in which they come about when the parts are walked.
pub fn order(parts: &[Part], into: &mut Vec<usize>) {
    for part in parts {
        match part {
            Part::Layer(index) => into.push(*index),
            Part::Residual { body, shortcut, add } => {
                order(body, into);
                order(shortcut, into);
                into.push(*add);
            }
            Part::Branches { branches, merge } => {
                branches.iter().for_each(|branch| order(branch, into));
                into.push(*merge);
            }
        }
    }
}
