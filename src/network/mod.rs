//! A checked network: the graph with its totals. It exists only if there is no error in it.

mod receptive_field;

use crate::graph::{Graph, Node};
use crate::ir::ValueId;
use crate::pattern::glob;
use crate::recipe::{Data, Train};

pub use receptive_field::ReceptiveField;

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
    /// Elements of running statistics, which the forward pass changes.
    pub statistics: u64,
    /// Multiply–accumulates, as torchvision counts them.
    pub macs: u64,
    /// Elements of all layers' outputs.
    pub activations: u64,
}

impl Network {
    /// Parameters of one node, without running statistics.
    pub fn params(&self, node: &Node) -> u64 {
        elements(node, true)
    }

    /// Multiply–accumulates of one node, for one example.
    pub fn macs(&self, node: &Node) -> u64 {
        node.layer.macs(&self.graph.input_shapes(node))
    }

    /// How the size of a node's output came about: `(224 − 7 + 2·3)/2 + 1 = 112`.
    pub fn arithmetic(&self, node: &Node) -> Option<String> {
        node.layer.arithmetic(&self.graph.input_shapes(node))
    }

    /// Sums over all layers. Sums that no machine could hold stop at the largest number there is.
    pub fn totals(&self) -> Totals {
        let sum = |part: &dyn Fn(&Node) -> u64| self.graph.nodes.iter().map(part).fold(0, u64::saturating_add);
        let params = sum(&|node| self.params(node));
        let frozen = self.train.as_ref().map_or(&[][..], |train| &train.freeze);
        Totals {
            params,
            trainable: if frozen.is_empty() { params } else { sum(&|node| learnt(node, frozen)) },
            statistics: sum(&|node| elements(node, false)),
            macs: sum(&|node| self.macs(node)),
            activations: sum(&|node| node.output.elements() as u64),
        }
    }
}

/// Elements of the weights that none of these patterns is for.
fn learnt(node: &Node, frozen: &[String]) -> u64 {
    let is_frozen = |name: &str| frozen.iter().any(|pattern| glob(pattern, name));
    let weights = node.weights.iter().filter(|weight| weight.trainable);
    let weights = weights.filter(|weight| !is_frozen(&weight.full_name(&node.name)));
    weights.map(|weight| weight.elements() as u64).sum()
}

fn elements(node: &Node, trainable: bool) -> u64 {
    let weights = node.weights.iter().filter(|weight| weight.trainable == trainable);
    weights.map(|weight| weight.elements() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::Totals;
    use crate::compile;

    #[test]
    fn adds_up() {
        let network = compile(
            "input: [3, 8, 8]\nlayers: [conv 4 3x3 p1 bias=false -> bn -> relu -> maxpool 2 -> flatten -> linear 10]",
        );
        let totals = network.expect("a sound network").totals();
        let expected = Totals {
            params: 4 * 3 * 9 + 2 * 4 + 10 * 64 + 10,
            trainable: 4 * 3 * 9 + 2 * 4 + 10 * 64 + 10,
            statistics: 2 * 4,
            macs: 64 * 4 * 3 * 9 + 10 * 64,
            activations: 3 * 4 * 64 + 2 * 64 + 10,
        };
        assert_eq!(totals, expected);
    }

    #[test]
    fn frozen_weights_are_not_trainable() {
        let body =
            "input: [3, 8, 8]\nlayers: [conv 4 3x3 as a -> bn as b -> flatten -> linear 10 as c]\ntrain: {freeze: ";
        let (a, b, c) = (4 * 27 + 4, 8, 1440 + 10);
        for (freeze, expected) in [
            ("[]", a + b + c),
            ("a.*", b + c),
            ("[\"*.bias\"]", 4 * 27 + 4 + 1440),
            ("[a.weight, \"b.*\"]", 4 + c),
            ("[\"b.running_*\"]", a + b + c),
        ] {
            let totals = compile(&format!("{body}{freeze}}}")).unwrap_or_else(|errors| panic!("{errors}")).totals();
            assert_eq!((totals.params, totals.trainable), (a + b + c, expected), "{freeze}");
        }
    }

    #[test]
    fn counts_stop_where_numbers_end() {
        let network = compile("input: [1, 1000000, 1000000]\nlayers: [conv 1 524288 p262144 -> relu]");
        assert_eq!(network.expect("it is large, not wrong").totals().macs, u64::MAX);
    }
}
