//! The layers of the language, one file each.
//!
//! A layer reads its own arguments, answers for its output's shape, its weights and its cost, and lowers itself to an
//! [`Op`]. It knows nothing of files and places: what it objects to, it returns as a [`Mismatch`].
//!
//! To add a layer, write its file and add its [`Definition`] to [`LAYERS`].

mod activation;
mod adaptive_pool;
mod add;
mod avg_pool;
mod batch_norm;
mod channel_pool;
mod channel_shuffle;
mod concat;
mod conv;
mod conv_transpose;
mod crop;
mod depthwise;
mod drop_path;
mod dropout;
mod flatten;
mod group_norm;
mod identity;
mod layer_norm;
mod like;
mod linear;
mod local_response_norm;
mod max;
mod max_pool;
mod mismatch;
mod mul;
mod pad;
mod pixel_shuffle;
mod prelu;
mod scale;
mod slice;
mod softmax;
#[cfg(test)]
mod testing;
mod unflatten;
mod upsample;
mod weight;
mod window;

use std::fmt::Debug;

use crate::aliases;
use crate::arguments::{Arguments, Parameter, ResolvedCall};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::ir::{Pair, Reach, Shape, Window};
use crate::program::Op;

pub(crate) use add::ADD;
pub(crate) use concat::CONCAT;
pub(crate) use max::MAX;
pub use mismatch::{Culprit, Mismatch};
pub(crate) use mul::{MUL, broadcast};
pub(crate) use pad::PAD;
pub(crate) use slice::SLICE;
pub use weight::Weight;
pub(crate) use window::with_kernel;

/// What a layer answers for. `inputs` are the shapes of what it reads, one example's each.
pub trait Layer: Debug + Send + Sync {
    /// The output's shape, or why the inputs do not fit.
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch>;

    /// Parameters and running statistics, in PyTorch's order. This list is the only one: counts, allocation,
    /// checkpoints and exports derive from it. Called only with inputs that [`Layer::output`] accepted, as are all
    /// below.
    fn weights(&self, _inputs: &[Shape]) -> Vec<Weight> {
        Vec::new()
    }

    /// Multiply–accumulates for one example, as torchvision counts them: convolutions and linears, without the bias.
    fn macs(&self, _inputs: &[Shape]) -> u64 {
        0
    }

    /// How the output's size came about, worked out in numbers: `(224 − 7 + 2·3)/2 + 1 = 112`.
    fn arithmetic(&self, _inputs: &[Shape]) -> Option<String> {
        None
    }

    /// The window that slides over the input, if there is one.
    fn window(&self) -> Option<Window> {
        None
    }

    /// How much of the input one position of the output reads.
    fn reach(&self, _inputs: &[Shape]) -> Reach {
        self.window().map_or(Reach::POINT, Window::reach)
    }

    /// Whether the output has the shape of this input, and would have that of a larger one too, as with `relu`.
    fn keeps_shape(&self, _input: Shape) -> bool {
        false
    }

    /// Of a layer that enlarges: calls that differ little from `call`, its own, and may make a map of this size, those
    /// that change least first. They are tried before they are advised.
    fn enlarging_to(&self, _call: &ResolvedCall, _size: Pair) -> Vec<ResolvedCall> {
        Vec::new()
    }

    /// The op that computes it.
    fn lower(&self, inputs: &[Shape]) -> Op;
}

/// Reads the arguments of a call. What is left over is reported by the caller.
pub type Parse = fn(&mut Arguments) -> Result<Box<dyn Layer>, Diagnostic>;

/// An entry in the table of layers.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name in the language.
    pub name: &'static str,
    /// How a call looks: `conv OUT KERNEL [sN pN dN gN bias=false]`.
    pub usage: &'static str,
    /// How many values it reads; `None` for any number from two on, or one if it is called with arguments.
    pub inputs: Option<usize>,
    /// Every argument that `parse` asks for, those without names in their order. What nobody asked for is told apart by
    /// it where something else is missing.
    pub parameters: &'static [Parameter],
    /// Reads the arguments.
    pub parse: Parse,
}

impl Definition {
    /// Whether it can be called in a chain: what merges can only with an argument, as `mul 0.5`.
    pub fn is_callable(&self) -> bool {
        self.inputs.is_some() || !self.parameters.is_empty()
    }

    /// Whether an argument of this name is taken.
    pub fn takes(&self, key: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.key == key)
    }
}

/// Every layer of the language.
pub static LAYERS: &[Definition] = &[
    conv::CONV,
    depthwise::DEPTHWISE,
    conv_transpose::CONV_TRANSPOSE,
    upsample::UPSAMPLE,
    crop::CROP,
    PAD,
    max_pool::MAX_POOL,
    avg_pool::AVG_POOL,
    adaptive_pool::ADAPTIVE_MAX_POOL,
    adaptive_pool::ADAPTIVE_AVG_POOL,
    adaptive_pool::GLOBAL_MAX_POOL,
    adaptive_pool::GLOBAL_AVG_POOL,
    batch_norm::BATCH_NORM,
    group_norm::GROUP_NORM,
    layer_norm::LAYER_NORM,
    local_response_norm::LOCAL_RESPONSE_NORM,
    scale::SCALE,
    linear::LINEAR,
    dropout::DROPOUT,
    drop_path::DROP_PATH,
    flatten::FLATTEN,
    unflatten::UNFLATTEN,
    identity::IDENTITY,
    SLICE,
    channel_shuffle::CHANNEL_SHUFFLE,
    channel_pool::CHANNEL_MEAN,
    channel_pool::CHANNEL_MAX,
    pixel_shuffle::PIXEL_SHUFFLE,
    pixel_shuffle::PIXEL_UNSHUFFLE,
    activation::RELU,
    activation::RELU6,
    activation::LEAKY_RELU,
    prelu::PRELU,
    activation::ELU,
    activation::SIGMOID,
    activation::HARD_SIGMOID,
    activation::TANH,
    activation::GELU,
    activation::SILU,
    activation::HARD_SWISH,
    activation::MISH,
    activation::SOFTPLUS,
    activation::POWER,
    softmax::SOFTMAX,
    ADD,
    CONCAT,
    MUL,
    MAX,
];

/// The layers that a file may call: the language's own, and those that a program brings along.
///
/// A layer that the program's own operations compute needs no kernel; for one that they do not, there is
/// [`Operation`](crate::program::Operation).
///
/// ```
/// use archc::layers::{Definition, Layer, Layers, Mismatch};
/// use archc::ir::Shape;
/// use archc::program::{Activation, Op};
/// use archc::syntax::{Format, no_files};
///
/// #[derive(Debug)]
/// struct Logistic;
///
/// impl Layer for Logistic {
///     fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
///         Ok(inputs[0])
///     }
///     fn lower(&self, _inputs: &[Shape]) -> Op {
///         Op::Activation(Activation::Sigmoid)
///     }
/// }
///
/// let parse = |_: &mut _| Ok(Box::new(Logistic) as Box<dyn Layer>);
/// let logistic = Definition { name: "logistic", usage: "logistic", inputs: Some(1), parameters: &[], parse };
/// let layers = Layers::default().with(logistic);
/// let text = "input: [4]\nlayers: [linear 3 -> logistic]";
/// let compiled = archc::compile_with(&layers, &no_files, "net.yaml", text, Format::Yaml, &[]).unwrap();
/// assert_eq!(compiled.network.graph.nodes[1].output, Shape::Vector(3));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Layers {
    brought: Vec<Definition>,
}

impl Layers {
    /// Adds a layer, or replaces the one of this name.
    pub fn with(mut self, definition: Definition) -> Layers {
        self.brought.insert(0, definition);
        self
    }

    /// The layer called `name`.
    pub fn find(&self, name: &str) -> Option<&Definition> {
        self.all().find(|definition| definition.name == name)
    }

    /// All their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.all().map(|definition| definition.name)
    }

    /// What `name`, which is none here, is in other frameworks.
    pub(crate) fn alias(&self, name: &str) -> Option<&'static aliases::Name> {
        aliases::find(name, aliases::LAYERS.iter(), |ours| self.find(ours).is_some())
            .or_else(|| aliases::of_other_dimensions(name))
    }

    /// The layer that is probably meant by `name`, which is none: what PyTorch calls `BatchNorm2d` is `bn` here. One
    /// that is spelt nearly alike is not meant if others know the name for something else.
    pub fn suggest(&self, name: &str) -> Option<&'static str> {
        match self.alias(name) {
            Some(known) => known.ours(),
            None => nearest(name, self.names()),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Definition> {
        self.brought.iter().chain(LAYERS)
    }
}

/// Channels, height and width of an input that must be a feature map.
fn map_input(kind: &str, input: Shape) -> Result<(usize, usize, usize), Mismatch> {
    match input {
        Shape::Map { channels, height, width } => Ok((channels, height, width)),
        Shape::Vector(features) => Err(Mismatch {
            code: Code::WrongRank,
            at: Culprit::Layer,
            message: format!("`{kind}` needs a feature map C×H×W, but a vector of {features} arrives"),
            arithmetic: String::new(),
            help: Some(format!("put `{kind}` before `flatten`")),
        }),
    }
}

/// Whether channels split into groups. `what` is `input channels`, `channels`.
fn check_groups(channels: usize, groups: usize, what: &str) -> Result<(), Mismatch> {
    match channels.is_multiple_of(groups) {
        true => Ok(()),
        false => Err(Mismatch {
            code: Code::Groups,
            at: Culprit::Argument("groups"),
            message: format!("{channels} {what} do not split into {groups} groups"),
            arithmetic: format!("{channels} mod {groups} = {}", channels % groups),
            help: None,
        }),
    }
}

/// The length of an input that must be a vector.
fn vector_input(kind: &str, input: Shape) -> Result<usize, Mismatch> {
    match input {
        Shape::Vector(features) => Ok(features),
        Shape::Map { channels, height, width } => Err(Mismatch {
            code: Code::WrongRank,
            at: Culprit::Layer,
            message: format!("`{kind}` needs a vector, but a feature map {input} arrives"),
            arithmetic: String::new(),
            help: Some(format!("put `flatten` before `{kind}`: {channels}·{height}·{width} = {}", input.elements())),
        }),
    }
}

#[cfg(test)]
mod tests;
