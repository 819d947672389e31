//! From a checked network to the list of operations that computes it.

use crate::ir::ValueId;
use crate::network::Network;
use crate::pattern::glob;
use crate::program::{Epilogue, Program, ProgramWeight, Step};

/// Turns every layer into its operation. What the `train:` section freezes is marked.
pub fn lower(network: &Network) -> Program {
    let graph = &network.graph;
    let frozen: &[String] = network.train.as_ref().map_or(&[], |train| &train.freeze);
    let mut weights = Vec::with_capacity(graph.nodes.iter().map(|node| node.weights.len()).sum());
    let mut steps = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let first = weights.len();
        weights.extend(node.weights.iter().map(|weight| {
            let name = weight.full_name(&node.name);
            ProgramWeight {
                shape: weight.shape.clone(),
                init: weight.init,
                trainable: weight.trainable,
                frozen: frozen.iter().any(|pattern| glob(pattern, &name)),
                name,
            }
        }));
        steps.push(Step {
            name: node.name.clone(),
            op: node.layer.lower(&graph.input_shapes(node)),
            epilogue: Epilogue::NONE,
            inputs: node.inputs.clone(),
            output: ValueId::of_node(index),
            weights: (first..weights.len()).collect(),
        });
    }
    let shapes = std::iter::once(graph.input).chain(graph.nodes.iter().map(|node| node.output)).collect();
    let program = Program { shapes, steps, weights, output: network.output };
    debug_assert_eq!(program.validate(), Ok(()), "a network that was checked lowers to a valid program");
    program
}
