//! A network as a list of plain operations, in the order in which they run.
//!
//! [`lower`] makes it from a checked network and cannot fail. Executors, memory planning and exports all read
//! this one list; none of them sees a layer. [`fuse`] joins operations that can run in one pass over memory, and [`plan`]
//! lays out the memory that they run in.

mod buffer;
pub mod call;
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "the kernels need more of it than the memory estimate"))]
pub(crate) mod convolution;
mod elementary;
pub mod fuse;
pub mod memory;
#[cfg(test)]
pub(crate) mod networks;
mod outside;
pub mod plan;
mod reads;
pub(crate) mod real;

use crate::ir::{Init, Pair, Shape, ValueId, Window};
use crate::network::Network;
use crate::pattern::glob;

pub use buffer::Buffer;
pub use outside::{Kernel, Operation, Outside};
pub use reads::Reads;
pub use real::Real;

/// What a step computes. Sizes come from the shapes of its inputs, output and weights.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Cross-correlation with a weight O×(I/groups)×H×W and, if there is a second weight, a bias.
    Conv2d {
        /// F
        kernel: Pair,
        /// S
        stride: Pair,
        /// P, zeros on all sides
        padding: Pair,
        /// D
        dilation: Pair,
        /// Input and output channels fall into this many independent groups.
        groups: usize,
    },
    /// What [`Op::Conv2d`] with the same arguments does to gradients: from its output's size to its input's. The weight is
    /// I×(O/groups)×H×W; a second weight is a bias.
    ConvTranspose2d {
        /// F
        kernel: Pair,
        /// S, output pixels between neighbouring input pixels
        stride: Pair,
        /// P, taken off on all sides
        padding: Pair,
        /// D
        dilation: Pair,
        /// Input and output channels fall into this many independent groups.
        groups: usize,
    },
    /// x·Wᵀ (+ b), with a weight O×I.
    Linear,
    /// The largest value under each window; padding never wins.
    MaxPool2d(Window),
    /// The mean under each window.
    AvgPool2d {
        /// The window.
        window: Window,
        /// Whether padding counts as zeros; otherwise only what lies inside the input is counted.
        count_include_pad: bool,
    },
    /// The mean over ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉ for each output position.
    AdaptiveAvgPool2d,
    /// The largest value in ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉ for each output position.
    AdaptiveMaxPool2d,
    /// Normalises each channel; weights are γ, β, running mean, running variance. A second input, if there is one, is added.
    BatchNorm {
        /// Added to the variance.
        eps: f64,
        /// How far the running statistics move towards the batch's.
        momentum: f64,
    },
    /// Normalises each group of channels of each example; weights, if there are any, are γ and β of each channel (Wu and He 2018).
    GroupNorm {
        /// How many groups.
        groups: usize,
        /// Added to the variance.
        eps: f64,
    },
    /// Normalises each example; weights, if there are any, are γ and β (Ba et al. 2016).
    LayerNorm {
        /// What is normalised together.
        over: Over,
        /// Added to the variance.
        eps: f64,
    },
    /// x / (k + α/n · Σ x²)^β over n neighbouring channels (Krizhevsky et al. 2012).
    LocalResponseNorm {
        /// n
        size: usize,
        /// α
        alpha: f64,
        /// β
        beta: f64,
        /// k
        k: f64,
    },
    /// In training, zero with probability p and scaled by 1/(1−p) otherwise; else the identity.
    Dropout {
        /// p
        p: f64,
    },
    /// In training, zero for a whole example with probability p and scaled by 1/(1−p) otherwise; else the identity
    /// (Huang et al. 2016).
    DropPath {
        /// p
        p: f64,
    },
    /// A function of each element.
    Activation(Activation),
    /// x if x > 0, else slope·x; the weight holds one slope, or one a channel (He et al. 2015).
    Prelu,
    /// exp(x)/Σ exp(x) over the features (a vector) or over the channels at each position (a map).
    Softmax,
    /// C×H×W to C·H·W; the numbers stay where they are.
    Flatten,
    /// Nothing.
    Identity,
    /// Another height and width.
    Upsample {
        /// How values between pixels are found.
        resampling: Resampling,
        /// Input pixels from one output pixel to the next, down and across.
        step: [f64; 2],
    },
    /// More rows, columns and channels. Sizes at the end come from the shapes.
    Pad {
        /// What the new pixels are; new channels are zero.
        fill: Fill,
        /// Rows above.
        top: usize,
        /// Columns to the left.
        left: usize,
        /// Channels before the first.
        front: usize,
    },
    /// As many channels as the output has, from this one on.
    Slice {
        /// The first.
        start: usize,
    },
    /// Channel i of group g, of n in each, becomes channel i·groups + g (Zhang et al. 2018).
    ChannelShuffle {
        /// How many groups.
        groups: usize,
    },
    /// The sum of all inputs, which have one shape.
    Add,
    /// All inputs, one after the other along the channels.
    Concat,
    /// The product of all inputs; those of 1×1 are stretched over all positions.
    Mul,
    /// What another crate brought along, with its kernel.
    Outside(Outside),
}

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// max(x, 0); its derivative at 0 is 0.
    Relu,
    /// x if x > 0, else slope·x.
    LeakyRelu {
        /// Below zero.
        slope: f64,
    },
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// tanh x.
    Tanh,
    /// x·Φ(x), with the exact Φ.
    Gelu,
    /// x·sigmoid(x).
    Silu,
    /// min(max(x, 0), 6); its derivative at 0 and 6 is 0.
    Relu6,
    /// min(max(x/6 + 1/2, 0), 1).
    HardSigmoid,
    /// x·hardsigmoid(x).
    HardSwish,
    /// x if x > 0, else α·(eˣ − 1).
    Elu {
        /// α
        alpha: f64,
    },
    /// ln(1 + e^βx)/β; x itself where βx is above the threshold.
    Softplus {
        /// β
        beta: f64,
        /// Where the function is straight.
        threshold: f64,
    },
    /// x·tanh(ln(1 + eˣ)).
    Mish,
}

/// What a layer norm normalises together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// All numbers of an example, each of which has its own γ and β.
    Example,
    /// The channels at each position; γ and β are one number a channel.
    Channels,
}

/// How a map gets another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resampling {
    /// Output o is input ⌊o·step⌋.
    Nearest,
    /// Between the four pixels around (o + ½)·step − ½.
    Bilinear,
    /// Between the four pixels around o·step, so that corners fall on corners.
    BilinearAligned,
}

/// What a padding consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Zeros.
    Zero,
    /// The map mirrored at its edge pixels, which are not repeated.
    Reflect,
    /// The edge pixels, repeated.
    Replicate,
}

/// Whether statistics are the batch's and dropout drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Training.
    Train,
    /// Evaluation.
    Eval,
}

/// The range that numbers are cut to at the end of an operation: what a ReLU after it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Smaller numbers become this one.
    pub low: f64,
    /// Larger numbers become this one.
    pub high: f64,
}

impl Bounds {
    /// Nothing is cut.
    pub const NONE: Bounds = Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY };
    /// max(x, 0)
    pub const RELU: Bounds = Bounds { low: 0.0, high: f64::INFINITY };
    /// min(max(x, 0), 6)
    pub const RELU6: Bounds = Bounds { low: 0.0, high: 6.0 };
}

/// What an operation does to its numbers on their way out, in this order. [`fuse`] puts it there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epilogue {
    /// In evaluation: normalises each channel by running statistics, with this number added to the variance. The four
    /// weights of the batch norm come after the operation's own.
    pub norm: Option<f64>,
    /// What the numbers are cut to.
    pub bounds: Bounds,
}

impl Epilogue {
    /// Nothing.
    pub const NONE: Epilogue = Epilogue { norm: None, bounds: Bounds::NONE };
}

/// One operation in its place.
#[derive(Debug, Clone)]
pub struct Step {
    /// The node that it came from, for profiles and error messages.
    pub name: String,
    /// What is computed.
    pub op: Op,
    /// And done to the result.
    pub epilogue: Epilogue,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// What it makes.
    pub output: ValueId,
    /// Its weights, as indices into [`Program::weights`], in the order of [`crate::layers::Layer::weights`].
    pub weights: Vec<usize>,
}

/// A parameter or running statistic of the whole network.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramWeight {
    /// Full name: `layer1.0.conv1.weight`.
    pub name: String,
    /// Sizes, in PyTorch's order.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    /// Whether the optimizer changes it.
    pub trainable: bool,
    /// Whether the optimizer leaves it alone all the same.
    pub frozen: bool,
}

impl ProgramWeight {
    /// Whether the optimizer changes it.
    pub fn learns(&self) -> bool {
        self.trainable && !self.frozen
    }

    /// How many numbers it holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A network, lowered.
#[derive(Debug, Clone)]
pub struct Program {
    /// The shape of every value, by [`ValueId::index`]: the network's input first.
    pub shapes: Vec<Shape>,
    /// In the order in which they run.
    pub steps: Vec<Step>,
    /// Every weight, in the order of the network.
    pub weights: Vec<ProgramWeight>,
    /// The network's output: the logits.
    pub output: ValueId,
}

impl Program {
    /// The shape of a value.
    pub fn shape(&self, value: ValueId) -> Shape {
        self.shapes[value.index()]
    }
}

/// Turns every layer into its operation. What the `train:` section freezes is marked.
pub fn lower(network: &Network) -> Program {
    let graph = &network.graph;
    let frozen: &[String] = network.train.as_ref().map_or(&[], |train| &train.freeze);
    let mut weights = Vec::with_capacity(graph.nodes.iter().map(|node| node.weights.len()).sum());
    let mut steps = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let first = weights.len();
        weights.extend(node.weights.iter().map(|weight| {
            let name = [&node.name, ".", weight.name].concat();
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
    Program { shapes, steps, weights, output: network.output }
}
