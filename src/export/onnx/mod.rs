//! ONNX: <https://onnx.ai/onnx/repo-docs/IR.html>.
//!
//! The program as it was lowered, with batch norms folded, becomes one graph; `op` says what each operation is there.
//! What is named in archc has its name in the file: the input, values after the layers that make them, nodes after
//! their layers, weights after themselves. What an operation needs besides lies below it: `layer1.0.conv1/pads`.

mod graph;
mod message;
mod op;
mod preprocess;
mod proto;
mod write;

use std::path::{Path, PathBuf};

use super::{ExportError, Exported, Format, NeedsWeights, Options, Written, fold::fold_norms, needed};
use crate::ir::ValueId;
use crate::lower::lower;
use crate::recipe::{Task, Transform};
use graph::{Dialect, Graph};
use message::Message;
use proto::{Attribute, Element};

/// The format.
#[derive(Debug)]
pub struct Onnx;

/// The oldest operators that are written; all of a program can be said with them.
const OLDEST: u32 = 13;

/// The newest: those of onnx 1.23.
const NEWEST: u32 = 28;

/// Those that every reader that was tried takes.
const USUAL: u32 = 17;

/// The version of the file format that came with an operator set: <https://onnx.ai/onnx/repo-docs/Versioning.html>.
fn ir_version(opset: u32) -> i64 {
    match opset {
        ..15 => 7,
        15..19 => 8,
        19..21 => 9,
        21..23 => 10,
        23 => 11,
        24 => 12,
        25..28 => 13,
        _ => 14,
    }
}

impl Format for Onnx {
    fn name(&self) -> &'static str {
        "onnx"
    }

    fn extension(&self) -> &'static str {
        "onnx"
    }

    fn options(&self) -> &'static [&'static str] {
        &["opset", "batch", "softmax", "sigmoid", "preprocess", "keep-bn", "weights-as", "external-data"]
    }

    fn beside(&self, path: &Path, options: &Options, bytes: u64) -> Option<PathBuf> {
        (options.external_data || bytes > write::LONGEST)
            .then(|| write::beside(path).ok())
            .flatten()
            .map(|data| data.path)
    }

    fn needs_weights(&self) -> NeedsWeights {
        NeedsWeights::Yes
    }

    fn write(&self, exported: Exported, options: &Options, path: &Path) -> Result<Written, ExportError> {
        let opset = options.opset.unwrap_or(USUAL);
        if !(OLDEST..=NEWEST).contains(&opset) {
            return Err(ExportError::Refused(format!(
                "`--opset {opset}` is not written: from {OLDEST} to {NEWEST}, {USUAL} unless given"
            )));
        }
        let Exported { network, mut weights, classes, task, .. } = exported;
        let end = end(options, task)?;
        let mut program = lower(&network);
        if !options.keep_bn {
            fold_norms(&mut program, &mut weights);
        }
        let names: Vec<String> =
            (0..program.shapes.len()).map(|index| network.graph.name(value_of(index)).to_owned()).collect();
        let dialect = Dialect { opset, batch: options.batch, fp16: options.fp16 };
        let mut graph = Graph::new(dialect, &program, &names);
        let eval: &[Transform] = network.data.as_ref().map_or(&[], |data| &data.eval);
        let input = match options.preprocess {
            true => preprocess::add(&mut graph, eval, network.graph.input)?,
            false => proto::value(graph.value(ValueId::INPUT), Element::Float, &graph.sizes(network.graph.input)),
        };
        for step in needed(&program) {
            op::translate(&step.op, &mut graph.at(step))?;
        }
        let result = finish(&mut graph, &names[program.output.index()], program.output, end);
        let output = proto::value(&result, Element::Float, &graph.sizes(program.shape(program.output)));
        let Graph { nodes, tensors, made, .. } = graph;
        // An output is no value in between.
        let between: Vec<Message> =
            made.into_iter().filter(|(name, _)| *name != result).map(|(_, value)| value).collect();
        let head = proto::model(ir_version(opset), opset, &metadata(&network.name, &classes, eval));
        let count = nodes.len();
        let graph = proto::graph(&network.name, &nodes, &[input], &[output], &between);
        let files = write::write(path, &write::Model { head, graph, tensors }, &weights, options.external_data)?;
        Ok(Written { files, summary: format!("opset {opset}, {count} nodes") })
    }
}

/// The value at a place of the program's list.
fn value_of(index: usize) -> ValueId {
    index.checked_sub(1).map_or(ValueId::INPUT, ValueId::of_node)
}

/// What makes probabilities of the result.
#[derive(Clone, Copy)]
enum End {
    Softmax,
    Sigmoid,
}

/// The end that is asked for, if it makes probabilities of what the network says, as far as that is known.
fn end(options: &Options, task: Option<Task>) -> Result<Option<End>, ExportError> {
    let (asked, end) = match (options.softmax, options.sigmoid) {
        (false, false) => return Ok(None),
        (true, false) => ("--softmax", End::Softmax),
        (false, true) => ("--sigmoid", End::Sigmoid),
        (true, true) => return Err(ExportError::Refused("`--softmax` and `--sigmoid` exclude each other".to_owned())),
    };
    let Some(task) = task else { return Ok(Some(end)) };
    let advice = match (end, task) {
        (End::Softmax, Task::Class | Task::Segment) | (End::Sigmoid, Task::Multilabel) => return Ok(Some(end)),
        (_, Task::Regression) => "its numbers are no logits, so leave it out",
        (End::Softmax, Task::Multilabel) => {
            "an image has any number of labels, and `--sigmoid` gives the probability of each"
        }
        (End::Sigmoid, Task::Class) => "an image has one of the classes, and `--softmax` gives their probabilities",
        (End::Sigmoid, Task::Segment) => "a pixel has one of the classes, and `--softmax` gives their probabilities",
    };
    Err(ExportError::Refused(format!("`{asked}` makes no probabilities for `task: {task}`: {advice}")))
}

/// Gives the result its name, and returns it.
fn finish(graph: &mut Graph, name: &str, output: ValueId, end: Option<End>) -> String {
    let mut found = graph.value(output).to_owned();
    if let Some(end) = end {
        let probabilities = graph.unique("probabilities");
        let axis = [("axis", Attribute::Int(1))];
        let (operator, attributes) = match end {
            End::Softmax => ("Softmax", &axis[..]),
            End::Sigmoid => ("Sigmoid", &[][..]),
        };
        graph.node(&probabilities, operator, &[&found], &probabilities, attributes);
        return probabilities;
    }
    if found != name {
        // What makes it is called otherwise, because the last layers do nothing in evaluation.
        let last = graph.unique(name);
        graph.node(&last, "Identity", &[&found], &last, &[]);
        found = last;
    }
    found
}

/// What is known besides the graph, for programs that prepare images and name classes.
fn metadata(name: &str, classes: &[String], transforms: &[Transform]) -> Vec<(&'static str, String)> {
    let list = |texts: Vec<String>| serde_json::Value::from(texts).to_string();
    let mut metadata = vec![("name", name.to_owned())];
    if !classes.is_empty() {
        metadata.push(("classes", list(classes.to_vec())));
    }
    if !transforms.is_empty() {
        metadata.push(("transforms", list(transforms.iter().map(ToString::to_string).collect())));
    }
    metadata
}
