//! The layers of the language, one file each.
//!
//! A layer reads its own arguments, answers for its output's shape, its weights and its cost, and lowers itself to an
//! [`Op`]. It knows nothing of files and places: what it objects to, it returns as a [`Mismatch`].
//!
//! To add a layer, write its file and add its [`Definition`] to [`LAYERS`].

mod batch_norm;
mod conv;
mod window;

use std::fmt::Debug;

use crate::arguments::Arguments;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Culprit, Mismatch, Shape, Weight};
use crate::program::Op;

pub use window::Window;

/// What a layer answers for. `inputs` are the shapes of what it reads, one example's each.
pub trait Layer: Debug + Send + Sync {
    /// The output's shape, or why the inputs do not fit.
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch>;

    /// Parameters and running statistics, in PyTorch's order. This list is the only one: counts, allocation,
    /// checkpoints and exports derive from it. Called only with inputs that [`Layer::output`] accepted, as are all below.
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

    /// The window that slides over the input, for the receptive field and for what a stride leaves out.
    fn window(&self) -> Option<Window> {
        None
    }

    /// The op that computes it.
    fn lower(&self, inputs: &[Shape]) -> Op;
}

/// An entry in the table of layers.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name in the language.
    pub name: &'static str,
    /// How a call looks: `conv OUT KERNEL [sN pN dN gN bias=false]`.
    pub usage: &'static str,
    /// How many values it reads; `None` for any number from two on.
    pub inputs: Option<usize>,
    /// Reads the arguments. What is left over is reported by the caller.
    pub parse: fn(&mut Arguments) -> Result<Box<dyn Layer>, Diagnostic>,
}

/// Every layer of the language.
pub static LAYERS: &[Definition] = &[conv::CONV, batch_norm::BATCH_NORM];

/// The layer called `name`.
pub fn find(name: &str) -> Option<&'static Definition> {
    LAYERS.iter().find(|definition| definition.name == name)
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

/// The length of an input that must be a vector.
#[allow(dead_code)]
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
