//! A network as the source of a functional model of Keras 3, as a person would write it: a function for each kind of
//! block, and layers that are called as they are here, with `_` for the dots. Maps have their channels last, as Keras
//! wants them on a CPU.

mod layers;
mod pool;
mod print;
mod resize;
mod weights;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::source::{
    Alike, Argument, Call, Class, Group, Member, Names, Part, Variables, group, identifier, quoted, unify,
};
use super::{ExportError, Exported, Format, NeedsWeights, Options, Written, needed};
use crate::durable;
use crate::ir::{Shape, ValueId};
use crate::lower::lower;
use crate::network::Network;
use crate::program::Program;
use layers::{Layer, layers};
use weights::Node;

/// The format.
#[derive(Debug)]
pub struct Keras;

impl Format for Keras {
    fn name(&self) -> &'static str {
        "keras"
    }

    fn extension(&self) -> &'static str {
        "py"
    }

    fn beside(&self, path: &Path, _options: &Options, _bytes: u64) -> Option<PathBuf> {
        Some(path.with_extension("weights.h5"))
    }

    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    fn needs_weights(&self) -> NeedsWeights {
        NeedsWeights::IfThereAreSome
    }

    fn write(&self, exported: Exported, options: &Options, path: &Path) -> Result<Written, ExportError> {
        let mut program = lower(&exported.network);
        // Keras knows no layer whose result nobody reads.
        program.steps = needed(&program).into_iter().cloned().collect();
        let nodes = nodes(&program)?;
        let text = source(&exported.network, &program)?;
        let beside = self.beside(path, options, 0).filter(|_| !exported.weights.is_empty());
        let mut failed = None;
        let written = durable::replace(path, |file| {
            file.write_all(text.as_bytes())?;
            // Before the file gets its name, so that there are both or neither.
            file.flush()?;
            match beside.as_ref().map(|beside| weights::write(beside, &nodes, exported.weights)) {
                Some(Err(error)) => {
                    failed = Some(error);
                    Err(std::io::ErrorKind::Other.into())
                }
                Some(Ok(())) | None => Ok(()),
            }
        });
        written.map_err(|source| failed.unwrap_or(ExportError::Io { path: path.to_owned(), source }))?;
        let mut summary = format!("{} lines", text.lines().count());
        let mut files = vec![(path.to_owned(), text.len() as u64)];
        if let Some(beside) = beside {
            let length =
                std::fs::metadata(&beside).map_err(|source| ExportError::Io { path: beside.clone(), source })?;
            files.push((beside, length.len()));
            summary.push_str(&format!(
                ", variables of {} layers",
                nodes.iter().filter(|node| !node.variables.is_empty()).count()
            ));
        }
        Ok(Written { files, summary })
    }
}

/// Layers that Keras lacks.
const CUSTOM: &str = include_str!("custom.py");

/// Names that the file uses otherwise.
const RESERVED: [&str; 20] = [
    "inputs",
    "index",
    "keras",
    "layers",
    "name",
    "np",
    "ops",
    "range",
    "super",
    "ChannelPooling",
    "DilatedMaxPooling2D",
    "LocalResponseNorm",
    "Padding2D",
    "PartialAveragePooling2D",
    "Power",
    "Resize2D",
    "Scale",
    "Slice",
    "Softplus",
    "TransposedConv2D",
];

/// What a function consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Body {
    statements: Vec<Statement>,
    /// The variable that is returned.
    result: String,
}

/// A variable that a layer or a block gives its value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    target: String,
    /// What it is called within the function.
    label: String,
    call: Call,
    inputs: Vec<String>,
    is_block: bool,
}

impl Alike for Body {
    fn arguments(&mut self) -> Vec<(String, &mut Argument)> {
        self.statements
            .iter_mut()
            .flat_map(|Statement { label, call, .. }| {
                call.arguments.iter_mut().map(|argument| (label.clone(), argument))
            })
            .collect()
    }
}

/// The model as its layers, the input first.
fn nodes(program: &Program) -> Result<Vec<Node>, ExportError> {
    let mut nodes = vec![Node { class: "InputLayer".to_owned(), inputs: Vec::new(), variables: Vec::new() }];
    let mut made: HashMap<ValueId, usize> = HashMap::from([(ValueId::INPUT, 0)]);
    let mut names: HashMap<String, &str> = HashMap::from([("input".to_owned(), "input")]);
    for step in &program.steps {
        let mut inputs: Vec<usize> = step.inputs.iter().map(|input| made[input]).collect();
        for Layer { suffix, call, weights } in layers(program, step)? {
            let name = root_label(&joined(&step.name, suffix));
            if let Some(other) = names.insert(name.clone(), &step.name) {
                return Err(ExportError::Refused(format!(
                    "`{other}` and `{}` would both have a layer `{name}` in Keras, where names have no dots: give one of them \
                     another name",
                    step.name
                )));
            }
            let class = call.name.trim_start_matches("layers.").to_owned();
            let variables = step.weights.iter().copied().zip(weights).collect();
            nodes.push(Node { class, inputs, variables });
            inputs = vec![nodes.len() - 1];
        }
        made.insert(step.output, nodes.len() - 1);
    }
    Ok(nodes)
}

/// A name as Keras takes it with every backend: PyTorch's refuses dots.
fn label(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_")
}

fn joined(name: &str, suffix: &str) -> String {
    if suffix.is_empty() { label(name) } else { format!("{}_{suffix}", label(name)) }
}

/// A name with nothing before it; TensorFlow's must not begin with `_`.
fn root_label(label: &str) -> String {
    if label.starts_with('_') { format!("layer{label}") } else { label.to_owned() }
}

/// The text of a model.
fn source(network: &Network, program: &Program) -> Result<String, ExportError> {
    let root = inlined(group(program));
    let mut names = Names::default();
    RESERVED.iter().for_each(|name| names.reserve(name));
    (0..program.shapes.len()).for_each(|index| names.reserve(&format!("x{index}")));
    ["x", "y", "z"].iter().for_each(|name| names.reserve(name));
    let model = names.whole(&network.name);
    let mut groups: Vec<&Group> = Vec::new();
    root.each(&mut |group| groups.push(group));
    let mut blocks: HashMap<String, Call> = HashMap::new();
    let mut functions: Vec<Class<Body>> = Vec::new();
    for height in 0..=root.height() {
        let mut bodies = Vec::new();
        for group in groups.iter().filter(|group| group.height() == height && !group.path.is_empty()) {
            bodies.push((group.path.clone(), body(program, group, &blocks)?));
        }
        blocks.extend(unify(bodies, |path| names.function(path), &mut functions));
    }
    let mut text = String::new();
    for function in &functions {
        print::function(&mut text, function);
    }
    let mut whole = body(program, &root, &blocks)?;
    whole.statements.iter_mut().for_each(|statement| statement.label = root_label(&statement.label));
    print::model(&mut text, &model, network, &whole);
    Ok(file(network, &text))
}

/// Groups with sequences as members of what they are in.
fn inlined(group: Group) -> Group {
    let mut members = Vec::new();
    for member in group.members {
        match member.part {
            Part::Step(_) => members.push(member),
            Part::Group(inner) => {
                let dissolves = inner.is_sequence() || inner.members.len() == 1;
                let inner = inlined(inner);
                if dissolves {
                    members.extend(
                        inner
                            .members
                            .into_iter()
                            .map(|Member { name, part }| Member { name: format!("{}.{name}", member.name), part }),
                    );
                } else {
                    members.push(Member { name: member.name, part: Part::Group(inner) });
                }
            }
        }
    }
    Group { members, ..group }
}

/// The statements of a group.
fn body(program: &Program, group: &Group, blocks: &HashMap<String, Call>) -> Result<Body, ExportError> {
    let mut statements = Vec::new();
    let mut variables = Variables::new(group);
    for (index, member) in group.members.iter().enumerate() {
        let mut inputs: Vec<String> = member.inputs().iter().map(|input| variables.of(*input)).collect();
        let target = variables.assign(index, member.output());
        match &member.part {
            Part::Group(inner) => {
                let call = blocks[&inner.path].clone();
                statements.push(Statement { target, label: label(&member.name), call, inputs, is_block: true });
            }
            Part::Step(step) => {
                for Layer { suffix, call, .. } in layers(program, step)? {
                    let label = joined(&member.name, suffix);
                    statements.push(Statement { target: target.clone(), label, call, inputs, is_block: false });
                    inputs = vec![target.clone()];
                }
            }
        }
    }
    Ok(Body { statements, result: variables.of(group.output) })
}

fn file(network: &Network, body: &str) -> String {
    let custom: Vec<&str> = CUSTOM
        .trim_end()
        .split("\n\n\n")
        .filter(|text| {
            let name =
                text.split_once("class ").and_then(|(_, rest)| rest.split_once('(')).map_or("", |(name, _)| name);
            body.contains(&format!(" {name}("))
        })
        .collect();
    let (input, output) = (network.graph.input, network.graph.shape(network.output));
    let name = network.name.replace(['\\', '"', '\n', '\r'], "_");
    let mut text = format!(
        "\"\"\"{name}: {input} to {output}, written by archc {} for Keras 3.\n\nChannels come last",
        env!("CARGO_PKG_VERSION")
    );
    if let Shape::Map { channels, height, width } = input {
        text.push_str(&format!(": images are N×{height}×{width}×{channels}"));
    }
    text.push_str(".\n");
    let transforms = network.data.as_ref().map_or(&[][..], |data| &data.eval);
    if !transforms.is_empty() {
        let transforms: Vec<String> = transforms.iter().map(ToString::to_string).collect();
        text.push_str(&format!("They are prepared by: {}.\n", transforms.join(", ")));
    }
    text.push_str("\"\"\"\n\n");
    let custom: String = custom.iter().map(|class| format!("\n\n{class}\n")).collect();
    text.push_str("import keras\n");
    if custom.contains("np.") {
        text.push_str("import numpy as np\n");
    }
    text.push_str(match custom.contains("ops.") {
        true => "from keras import layers, ops\n",
        false => "from keras import layers\n",
    });
    text + &custom + body
}

/// The sizes of one example, channels last.
fn input_sizes(network: &Network) -> String {
    match network.graph.input {
        Shape::Map { channels, height, width } => format!("({height}, {width}, {channels})"),
        other => format!("({},)", other.elements()),
    }
}

/// The model's own name.
fn model_name(network: &Network) -> String {
    quoted(&root_label(&identifier(&network.name)))
}
