//! Trained networks on their way out: what other programs read of them.
//!
//! A format reads the [`Program`] that the network is lowered to, or the network itself, and the weights; nothing reads
//! this module but the command line. To add one, write its file and add it to [`FORMATS`].

mod fold;
mod keras;
mod onnx;
mod pth;
mod pytorch;
mod source;

use std::fmt::{self, Debug};
use std::io;
use std::path::{Path, PathBuf};

use crate::network::Network;
use crate::program::{Program, Step};
use crate::recipe::Task;
pub use pytorch::source as pytorch_source;

/// What is exported.
#[derive(Debug)]
pub struct Exported {
    /// The network.
    pub network: Network,
    /// All weights and running statistics, in the order of the network's program.
    pub weights: Vec<Vec<f32>>,
    /// What the classes are called, as far as it is known.
    pub classes: Vec<String>,
    /// What the network is to say of an image, as far as it is known.
    pub task: Option<Task>,
    /// Steps that the weights were trained.
    pub steps: u64,
}

/// What may be asked of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The version of ONNX's operators.
    pub opset: Option<u32>,
    /// Examples at a time; any number unless given.
    pub batch: Option<usize>,
    /// Probabilities instead of logits: of classes, of which an image has one.
    pub softmax: bool,
    /// Probabilities instead of logits: of labels, of which an image has any number.
    pub sigmoid: bool,
    /// Images as they are decoded come in, bytes N×H×W×C, and are normalised inside.
    pub preprocess: bool,
    /// Batch norms stay operations of their own.
    pub keep_bn: bool,
    /// Kernels and matrices in half precision.
    pub fp16: bool,
    /// Numbers lie in a file of their own.
    pub external_data: bool,
}

/// A format that networks are exported in.
pub trait Format: Debug + Sync {
    /// As the command line calls it.
    fn name(&self) -> &'static str;

    /// How the names of its files end.
    fn extension(&self) -> &'static str;

    /// Which of the options it takes, as the command line calls them.
    fn options(&self) -> &'static [&'static str];

    /// A file that is written besides, with weights of so many bytes.
    fn beside(&self, _path: &Path, _options: &Options, _bytes: u64) -> Option<PathBuf> {
        None
    }

    /// Whether there is something in it of the weights.
    fn needs_weights(&self) -> NeedsWeights;

    /// Writes the files, each whole or not at all.
    ///
    /// # Errors
    /// If the network cannot be said in the format, or the files cannot be written.
    fn write(&self, exported: Exported, options: &Options, path: &Path) -> Result<Written, ExportError>;
}

/// What a format makes of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedsWeights {
    /// It has no place for them.
    No,
    /// They are written too, where there are some.
    IfThereAreSome,
    /// Without them there is nothing to write.
    Yes,
}

/// Every format.
pub static FORMATS: &[&dyn Format] = &[&onnx::Onnx, &pth::Pth, &pytorch::PyTorch, &keras::Keras];

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files, with their lengths in bytes.
    pub files: Vec<(PathBuf, u64)>,
    /// What of it, in words.
    pub summary: String,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum ExportError {
    /// The format cannot say it: what.
    Refused(String),
    /// The system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExportError::Refused(why) => f.write_str(why),
            ExportError::Io { path, source } => write!(f, "cannot write `{}`: {source}", path.display()),
        }
    }
}

impl std::error::Error for ExportError {}

/// The steps that the output depends on.
fn needed(program: &Program) -> Vec<&Step> {
    let mut read = vec![false; program.shapes.len()];
    read[program.output.index()] = true;
    let mut needed: Vec<&Step> = Vec::with_capacity(program.steps.len());
    for step in program.steps.iter().rev() {
        if read[step.output.index()] {
            step.inputs.iter().for_each(|input| read[input.index()] = true);
            needed.push(step);
        }
    }
    needed.reverse();
    needed
}
