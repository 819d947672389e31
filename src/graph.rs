//! The network as a graph: nodes are layers, values are what flows between them, and every value has a shape.
//!
//! A node is added by [`Graph::wire`], which asks the layer for its output's shape; so a wired node always has one.
//! The graph knows nothing of files: what a layer objects to comes back as a [`Mismatch`], and the caller adds the place.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::{Code, Span};
use crate::init::Init;
use crate::layers::Layer;

/// The shape of one example's value; the batch is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A feature map: channels, height, width.
    Map {
        /// C
        channels: usize,
        /// H
        height: usize,
        /// W
        width: usize,
    },
    /// A vector of features, as after `flatten`.
    Vector(usize),
}

impl Shape {
    /// A feature map of C×H×W.
    pub const fn map(channels: usize, height: usize, width: usize) -> Shape {
        Shape::Map { channels, height, width }
    }

    /// The sizes in order: `[C, H, W]` or `[N]`.
    pub fn dims(self) -> Vec<usize> {
        match self {
            Shape::Map { channels, height, width } => vec![channels, height, width],
            Shape::Vector(features) => vec![features],
        }
    }

    /// How many numbers one example has.
    pub fn elements(self) -> usize {
        self.channels() * self.positions()
    }

    /// C, or the number of features.
    pub fn channels(self) -> usize {
        match self {
            Shape::Map { channels, .. } => channels,
            Shape::Vector(features) => features,
        }
    }

    /// H·W, or 1.
    pub fn positions(self) -> usize {
        match self {
            Shape::Map { height, width, .. } => height * width,
            Shape::Vector(_) => 1,
        }
    }

    /// Whether its numbers come in the same order with the channels first, C×H×W, and last, H×W×C.
    pub fn has_one_order(self) -> bool {
        self.channels() == 1 || self.positions() == 1
    }

    /// Height and width; `None` for a vector.
    pub fn sides(self) -> Option<(usize, usize)> {
        match self {
            Shape::Map { height, width, .. } => Some((height, width)),
            Shape::Vector(_) => None,
        }
    }

    /// Whether its number of elements stays below [`LARGEST_VALUE`].
    pub fn is_reasonable(self) -> bool {
        let product = self.dims().into_iter().try_fold(1usize, |product, size| product.checked_mul(size));
        product.is_some_and(|elements| elements <= LARGEST_VALUE)
    }
}

/// The most elements that one example's value, or one weight, may have: 2⁴⁰, far beyond any machine's memory, far below overflow.
pub const LARGEST_VALUE: usize = 1 << 40;

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Map { channels, height, width } => write!(f, "{channels}×{height}×{width}"),
            Shape::Vector(features) => write!(f, "{features}"),
        }
    }
}

/// What flows along a wire: the network's input, or a node's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(usize);

impl ValueId {
    /// The network's input.
    pub const INPUT: ValueId = ValueId(0);

    /// The output of the node with this index.
    pub const fn of_node(index: usize) -> ValueId {
        ValueId(index + 1)
    }

    /// The index of the node that makes it; `None` for the network's input.
    pub const fn node(self) -> Option<usize> {
        self.0.checked_sub(1)
    }

    /// Its place in a list of all values, the input first.
    pub const fn index(self) -> usize {
        self.0
    }
}

/// One parameter or running statistic of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// As PyTorch names it: `weight`, `bias`, `running_mean`.
    pub name: &'static str,
    /// Its sizes, in PyTorch's order: O×(I/groups)×H×W for a convolution, O×I for a linear layer.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    /// Whether the optimizer changes it; running statistics are not trainable.
    pub trainable: bool,
}

impl Weight {
    /// How many numbers it holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A step on the way from the user's text to a node: a block call, a preset, a repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// `in block bottleneck`.
    pub what: Arc<str>,
    /// The call.
    pub span: Span,
}

impl Frame {
    /// The expansion of a preset, asked for at `span`.
    pub fn preset(name: &str, span: Span) -> Frame {
        Frame { what: format!("{IN_PRESET}{name}`").into(), span }
    }

    /// Whether it is a preset's, so that the user wrote none of the layers in it.
    pub fn is_preset(&self) -> bool {
        self.what.starts_with(IN_PRESET)
    }
}

const IN_PRESET: &str = "in preset `";

/// A layer in its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// Full dotted name: `layer1.0.conv1`.
    pub name: String,
    /// The layer's name in the language: `conv`.
    pub kind: &'static str,
    /// The call with every expression worked out: `conv 64 3x3 stride=2`.
    pub call: String,
    /// The layer.
    pub layer: Arc<dyn Layer>,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// What it makes.
    pub output: Shape,
    /// Its parameters and running statistics.
    pub weights: Vec<Weight>,
    /// Where it was written.
    pub span: Span,
    /// How it came from there, outermost first.
    pub trace: Arc<[Frame]>,
}

/// What a layer says when its inputs do not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The kind of mistake.
    pub code: Code,
    /// What it is about.
    pub at: Culprit,
    /// `kernel 3×3 does not fit the 2×2 input`.
    pub message: String,
    /// The arithmetic: `(2 − 3 + 2·0)/2 + 1 < 1`.
    pub arithmetic: String,
    /// What would help.
    pub help: Option<String>,
}

/// What a [`Mismatch`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// The layer as a whole.
    Layer,
    /// The argument of this name; the layer, if it was not written.
    Argument(&'static str),
    /// The input with this index.
    Input(usize),
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

    /// Adds a layer that reads `inputs`. Its output's shape and its weights are worked out here; `Err` if the inputs do not fit.
    pub fn wire(&mut self, layer: Arc<dyn Layer>, inputs: Vec<ValueId>, label: NodeLabel) -> Result<ValueId, Mismatch> {
        let shapes: Vec<Shape> = inputs.iter().map(|value| self.shape(*value)).collect();
        let output = layer.output(&shapes)?;
        let weights = layer.weights(&shapes);
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
                return Err(too_large(format!("the {} {}", weight.name, sizes.join("×"))));
            }
        }
        let NodeLabel { name, kind, call, span, trace } = label;
        self.nodes.push(Node { name, kind, call, layer, inputs, output, weights, span, trace });
        Ok(ValueId::of_node(self.nodes.len() - 1))
    }
}

/// What a node is called and where it comes from.
#[derive(Debug, Clone)]
pub struct NodeLabel {
    /// See [`Node::name`].
    pub name: String,
    /// See [`Node::kind`].
    pub kind: &'static str,
    /// See [`Node::call`].
    pub call: String,
    /// See [`Node::span`].
    pub span: Span,
    /// See [`Node::trace`].
    pub trace: Arc<[Frame]>,
}
