//! The network as a graph: nodes are layers, values are what flows between them, and every value has a shape.
//!
//! A node is added by [`Graph::wire`], which asks the layer for its output's shape; so a wired node always has one. The
//! graph knows nothing of files: what a layer objects to comes back as a [`Mismatch`], and the caller adds the place.

use std::sync::Arc;

use crate::arguments::ResolvedCall;
use crate::diagnostic::Code;
use crate::ir::{LARGEST_VALUE, Shape, ValueId};
use crate::layers::{Culprit, Layer, Mismatch, Weight};

/// A layer in its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// Full dotted name: `layer1.0.conv1`.
    pub name: String,
    /// The layer's name in the language: `conv`.
    pub kind: &'static str,
    /// The call with every expression worked out: `conv 64 3x3 stride=2`.
    pub call: ResolvedCall,
    /// The layer.
    pub layer: Arc<dyn Layer>,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// What it makes.
    pub output: Shape,
    /// Its parameters and running statistics.
    pub weights: Vec<Weight>,
}

impl Node {
    /// What it is called.
    pub fn label(&self) -> NodeLabel {
        NodeLabel { name: self.name.clone(), kind: self.kind, call: self.call.clone() }
    }
}

/// Layers and wires, in an order in which they can be computed.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The shape of the network's input.
    pub input: Shape,
    /// Every node after all those that it reads.
    pub nodes: Vec<Node>,
}

impl Graph {
    /// A graph with only its input.
    pub fn new(input: Shape) -> Graph {
        Graph { input, nodes: Vec::new() }
    }

    /// The shape of a value.
    pub fn shape(&self, value: ValueId) -> Shape {
        value.node().map_or(self.input, |index| self.nodes[index].output)
    }

    /// The name of the node that makes a value; `input` for the network's input.
    pub fn name(&self, value: ValueId) -> &str {
        value.node().map_or("input", |index| &self.nodes[index].name)
    }

    /// Shapes of the inputs of a node.
    pub fn input_shapes(&self, node: &Node) -> Vec<Shape> {
        node.inputs.iter().map(|value| self.shape(*value)).collect()
    }

    /// Adds a layer that reads `inputs`. Its output's shape and its weights are worked out here; `Err` if the inputs do
    /// not fit.
    pub fn wire(
        &mut self,
        layer: Arc<dyn Layer>,
        inputs: Vec<ValueId>,
        label: NodeLabel,
    ) -> Result<ValueId, Box<Unwired>> {
        let shapes: Vec<Shape> = inputs.iter().map(|value| self.shape(*value)).collect();
        match made(&*layer, &shapes) {
            Ok((output, weights)) => {
                let NodeLabel { name, kind, call } = label;
                self.nodes.push(Node { name, kind, call, layer, inputs, output, weights });
                Ok(ValueId::of_node(self.nodes.len() - 1))
            }
            Err(mismatch) => Err(Box::new(Unwired { mismatch, inputs, label })),
        }
    }
}

/// What a layer makes of inputs with these shapes, and the weights that it has then.
fn made(layer: &dyn Layer, inputs: &[Shape]) -> Result<(Shape, Vec<Weight>), Mismatch> {
    let output = layer.output(inputs)?;
    let weights = layer.weights(inputs);
    let too_large = |what: String| Mismatch {
        code: Code::TooLarge,
        at: Culprit::Layer,
        message: format!("{what} is too large to compute with"),
        arithmetic: format!("more than 2^40 = {LARGEST_VALUE} elements"),
        help: None,
    };
    if !output.is_reasonable() {
        return Err(too_large(format!("the output {output}")));
    }
    for weight in &weights {
        let elements = weight.shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
        if elements.is_none_or(|elements| elements > LARGEST_VALUE) {
            let sizes: Vec<String> = weight.shape.iter().map(usize::to_string).collect();
            return Err(too_large(format!("the {} {}", weight.part(), sizes.join("×"))));
        }
    }
    Ok((output, weights))
}

/// A layer that does not take its inputs.
#[derive(Debug)]
pub struct Unwired {
    /// What it objects to.
    pub mismatch: Mismatch,
    /// What it would have read.
    pub inputs: Vec<ValueId>,
    /// What it would have been called.
    pub label: NodeLabel,
}

/// What a node is called.
#[derive(Debug, Clone)]
pub struct NodeLabel {
    /// See [`Node::name`].
    pub name: String,
    /// See [`Node::kind`].
    pub kind: &'static str,
    /// See [`Node::call`].
    pub call: ResolvedCall,
}
