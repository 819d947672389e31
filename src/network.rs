//! A checked network: the graph with its totals. It exists only if there is no error in it.

use crate::graph::{Graph, Node, ValueId};
use crate::recipe::{Data, Train};

/// What a compilation makes.
#[derive(Debug, Clone)]
pub struct Network {
    /// `name:`, or the file's stem.
    pub name: String,
    /// Layers, wires and shapes.
    pub graph: Graph,
    /// The network's output.
    pub output: ValueId,
    /// `classes:`.
    pub classes: Option<usize>,
    /// `data:`.
    pub data: Option<Data>,
    /// `train:`.
    pub train: Option<Train>,
}

/// Sums over all layers, for one example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Elements of weights and biases, without running statistics.
    pub params: u64,
    /// Those that the optimizer changes.
    pub trainable: u64,
    /// Multiply–accumulates, as torchvision counts them.
    pub macs: u64,
    /// Elements of all layers' outputs.
    pub activations: u64,
}

impl Network {
    /// Parameters of one node, without running statistics.
    pub fn params(&self, node: &Node) -> u64 {
        node.weights.iter().filter(|weight| weight.trainable).map(|weight| weight.elements() as u64).sum()
    }

    /// Multiply–accumulates of one node, for one example.
    pub fn macs(&self, node: &Node) -> u64 {
        node.layer.macs(&self.graph.input_shapes(node))
    }

    /// Sums over all layers.
    pub fn totals(&self) -> Totals {
        let nodes = &self.graph.nodes;
        let params = nodes.iter().map(|node| self.params(node)).sum();
        Totals {
            params,
            trainable: params,
            macs: nodes.iter().map(|node| self.macs(node)).sum(),
            activations: nodes.iter().map(|node| node.output.elements() as u64).sum(),
        }
    }
}
