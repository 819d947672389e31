//! Models of ONNX.
//!
//! ```text
//! file ──listing──▶ text ──graph──▶ nodes ──patterns──▶ fewer nodes ──reading──▶ Net
//!   ╰─────────────────────────────weights──────────────────────────────────────▶ values
//! ```
//!
//! A model is a graph of small operators over arrays with a batch. As a text it has a line for each node, which
//! diagnostics point to. Reshapes and transpositions compute nothing: they change how a value is looked at (`view`),
//! and what they come to is seen where something reads it. What exporters write as several nodes is found by its last
//! one (`patterns`).

mod constant;
mod file;
mod graph;
mod joins;
mod layers;
mod listing;
mod names;
mod nodes;
mod norms;
mod parts;
mod patterns;
mod reading;
mod resize;
mod shapes;
mod tensor;
mod view;
mod weights;
mod window;

use std::collections::HashSet;
use std::path::Path;

use super::geometry::input_option;
use super::net::{Array, Call, Net, Stored, Value, sizes, text as written};
use super::{FrontEnd, Given, Imported, Values};
use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Sources, Spanned};
use crate::ir::Shape;
use crate::program::ProgramWeight;
use crate::syntax::Load;
use graph::{Graph, Port};
use reading::{Data, Known, Reading};
use view::View;

pub struct Onnx;

impl FrontEnd for Onnx {
    fn program(&self) -> &'static str {
        "ONNX"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["onnx"]
    }

    fn text(&self, path: &Path) -> Option<Result<String, String>> {
        Some(listing::listing(path))
    }

    fn has_own_weights(&self, _path: &Path) -> bool {
        true
    }

    fn read(&self, sources: &mut Sources, source: SourceId, given: &Given, _load: &Load<'_>) -> Imported {
        let graph = graph::parse(&sources.get(source).text, source);
        match graph.and_then(|mut graph| {
            patterns::fuse(&mut graph);
            network(&graph, given)
        }) {
            Ok(imported) => imported,
            Err(problem) => Imported { problems: vec![problem], ..Imported::default() },
        }
    }

    fn weights(&self, path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String> {
        weights::read(path, stored, weights)
    }
}

/// The oldest operators whose meaning is known here.
const OLDEST: i64 = 7;

fn network(graph: &Graph, given: &Given) -> Result<Imported, Diagnostic> {
    if graph.opset < OLDEST {
        let message = format!("the operators are those of version {}; from {OLDEST} on they are read", graph.opset);
        return Err(Diagnostic::error(Code::InvalidArgument, graph.span, message));
    }
    let input = match graph.inputs.as_slice() {
        [input] => input,
        [] => {
            let message = "the graph reads nothing";
            return Err(Diagnostic::error(Code::MissingKey, graph.span, message));
        }
        [_, second, ..] => {
            let name = &second.name.value;
            let message = format!("`{name}` would be a second input, and a network of archc has one");
            return Err(Diagnostic::error(Code::Duplicate, second.name.span, message));
        }
    };
    let Some(output) = graph.outputs.first() else {
        return Err(Diagnostic::error(Code::MissingKey, graph.span, "the graph makes nothing"));
    };
    let (shape, view) = read_input(graph, input, given)?;
    let mut reading = Reading::new(graph, Net::new(Some(shape)));
    reading.set(&input.name.value, Known::Data(Data { value: Value::INPUT, view, is_sole: false }));
    let misfit = reading.read(&output.name);
    let made = match misfit {
        Some(value) => Some(value),
        None => end(&mut reading, output),
    };
    let Reading { mut net, stored, mut problems, .. } = reading;
    for other in &graph.outputs[1..] {
        let message = format!("the output `{}` is left out: a network of archc has one", other.name.value);
        problems.push(Diagnostic::warning(Code::Unused, other.name.span, message));
    }
    let problems = problems.into_list();
    let is_wrong = problems.iter().any(|problem| problem.severity == Severity::Error);
    let Some(value) = made.filter(|_| !is_wrong) else { return Ok(Imported { problems, ..Imported::default() }) };
    let span = input.span;
    // Nothing is computed: an identity, or a flatten of what is flat.
    let value = if value == Value::INPUT {
        net.layer(&output.name, Call::new("identity", output.span), vec![value])
    } else {
        value
    };
    let mut entries = Vec::new();
    // What exporters call every graph says nothing.
    let is_said = !matches!(graph.name.as_str(), "" | "main_graph" | "torch_jit" | "torch-jit-export" | "tf2onnx");
    if is_said && !graph.name.contains(char::is_control) {
        entries.push(("name", graph.span, written(&graph.name, graph.span)));
    }
    entries.push(("input", span, sizes(shape, span)));
    let used = net.used_names(value);
    let is_used = |array: &Array| {
        // The only weight of a layer may be called as the layer is.
        let of_layer = array.name.rsplit_once('.').is_some_and(|(layer, _)| used.contains(layer));
        of_layer || used.contains(array.name.as_str())
    };
    let stored = stored.into_iter().filter(|stored| stored.arrays.iter().any(is_used)).collect();
    Ok(Imported { problems, ..Imported::of(&net, value, entries, stored, span) })
}

/// The shape of what the network reads, and how the graph looks at it.
fn read_input(graph: &Graph, input: &Port, given: &Given) -> Result<(Shape, View), Diagnostic> {
    let named = |message: String| Diagnostic::error(Code::MissingKey, input.span, message);
    let name = &input.name.value;
    if matches!(input.kind.as_str(), "no tensor" | "bool") || input.kind.starts_with("type ") {
        let message = format!("the input `{name}` is of {}, and images are numbers", input.kind);
        return Err(Diagnostic::error(Code::WrongType, input.span, message));
    }
    let Some(sizes) = &input.sizes else {
        return Err(named(format!("nothing is said of the sizes of the input `{name}`")));
    };
    let is_last = sizes.len() == 4 && is_channels_last(graph, name, sizes);
    let shape = match (given.input, sizes.as_slice()) {
        (Some(shape), _) => shape,
        (None, [_, first, second, third]) => {
            // Some exporters write −1 for any size.
            let side = |size: &Option<i64>| usize::try_from((*size)?).ok().filter(|size| *size > 0);
            let (first, second, third) = (side(first), side(second), side(third));
            let (channels, height, width) = if is_last { (third, first, second) } else { (first, second, third) };
            let (Some(channels), Some(height), Some(width)) = (channels, height, width) else {
                let message = format!("the size of images is not fixed in the input `{name}`");
                return Err(named(message).help(input_option(channels, height, width)));
            };
            Shape::map(channels, height, width)
        }
        (None, [_, Some(features)]) => Shape::Vector(usize::try_from(*features).unwrap_or(0)),
        (None, other) => {
            let message = format!("the input `{name}` has {} dimensions", other.len());
            return Err(named(message).label("a network of archc reads N×C×H×W or N×F"));
        }
    };
    if !shape.is_reasonable() || shape.elements() == 0 {
        let message = format!("the input `{name}` is {shape}, which is no size of images");
        return Err(Diagnostic::error(Code::TooLarge, input.span, message));
    }
    let view = if is_last { View::channels_last(shape) } else { View::plain(shape) };
    Ok((shape, view))
}

/// Whether the channels come last: the graph puts them first before anything else needs them.
fn is_channels_last(graph: &Graph, input: &str, sizes: &[Option<i64>]) -> bool {
    let mut names = HashSet::from([input]);
    for node in &graph.nodes {
        let reads = node.inputs.iter().any(|input| names.contains(input.value.as_str()));
        if !reads {
            continue;
        }
        match node.operator.value.as_str() {
            "Transpose" => return node.wholes("perm").is_some_and(|order| order.value == [0, 3, 1, 2]),
            "Cast" | "Identity" | "Add" | "Sub" | "Mul" | "Div" | "Pad" => {
                names.extend(node.outputs.iter().map(|output| output.value.as_str()));
            }
            // One channel is moved by a reshape as well.
            "Reshape" => return sizes[3] == Some(1) && sizes[1] != Some(1),
            _ => return false,
        }
    }
    false
}

/// What the network ends in: without the softmax, which the loss applies itself.
fn end(reading: &mut Reading<'_>, output: &Port) -> Option<Value> {
    let known = reading.take(&output.name)?;
    let Known::Data(mut data) = known else {
        let message = format!("the output `{}` does not depend on the input", output.name.value);
        reading.problems.push(Diagnostic::error(Code::InvalidArgument, output.name.span, message));
        return None;
    };
    let scores = reading.softmaxes.iter().find(|(made, _)| *made == data.value).map(|(_, scores)| scores.clone());
    // That of a map is over the channels at each position, and no loss has it.
    let is_vector = |data: &Data| reading.net.shape(data.value).is_some_and(|shape| shape.positions() == 1);
    if let Some(scores) = scores.filter(is_vector) {
        data = scores;
        let message = "the softmax at the end is left out: the loss of archc applies it to the scores itself";
        reading.problems.push(Diagnostic::warning(Code::Unused, output.name.span, message));
    }
    let shape = reading.net.shape(data.value)?;
    let plain = View::plain(shape);
    let is_flat = data.view.rank() == 2 && data.view.atoms() == plain.atoms();
    match shape {
        _ if data.view == plain => Some(data.value),
        Shape::Map { .. } if is_flat => {
            let name = Spanned::new("scores".to_string(), output.name.span);
            Some(reading.net.flat(&name, data.value))
        }
        _ if shape.positions() == 1 && data.view.atoms() == plain.atoms() => Some(data.value),
        _ => {
            if let Some(value) = arranged(reading, output, &data) {
                return Some(value);
            }
            let message = format!("the axes of the output `{}` are in another order than archc's", output.name.value);
            reading.problems.push(Diagnostic::error(Code::InvalidArgument, output.name.span, message));
            None
        }
    }
}

/// A value whose channels or pixels were exchanged last, as a layer that does so.
fn arranged<'g>(reading: &mut Reading<'g>, output: &Port, data: &Data) -> Option<Value> {
    let graph = reading.graph;
    let node = &graph.nodes[*reading.makers.get(output.name.value.as_str())?];
    match data.view.rank() {
        2 => reading.vector(node, data).ok(),
        4 => reading.map(node, data).ok(),
        _ => None,
    }
}
