//! A model as a text, one line each for what it reads, for a tensor and for a node: what diagnostics show of it, and
//! all that is read of it afterwards but for its weights.
//!
//! ```text
//! {"onnx": 8, "opset": 17, "producer": "pytorch 2.15.0", "name": "main_graph"}
//! {"input": "x", "type": "float", "shape": ["batch", 3, 224, 224]}
//! {"tensor": "conv1.weight", "type": "float", "shape": [64, 3, 7, 7]}
//! {"node": "conv1", "op": "Conv", "inputs": ["x", "conv1.weight"], "outputs": ["y"], "attributes": {"group": 1}}
//! {"output": "y", "type": "float", "shape": ["batch", 64, 112, 112]}
//! ```

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

use super::file::{self, Attribute, Model, Node, Port, Size};
use super::tensor::{Tensor, is_real, kind_name};

/// Tensors of so many numbers are written out.
pub const SHORTEST: u64 = 64;

/// Of those with up to so many it is said if all are alike.
const SHORT: u64 = 1 << 12;

/// Such tensors in one file.
const MOST_SHORT: usize = 50_000;

/// The text for the file at `path`.
pub fn listing(path: &Path) -> Result<String, String> {
    let (model, mut wire) = file::model(path)?;
    let folder = folder(path);
    let Model { ir, opset, producer, name, nodes, tensors, inputs, outputs } = model;
    let mut text = String::new();
    let (producer, name) = (quoted(&producer), quoted(&name));
    line(&mut text, format_args!("{{\"onnx\": {ir}, \"opset\": {opset}, \"producer\": {producer}, \"name\": {name}}}"));
    // Older files list weights among the inputs.
    let constant: HashSet<&str> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    let read = inputs.iter().filter(|input| !constant.contains(input.name.as_str()));
    read.for_each(|input| port(&mut text, "input", input));
    let mut short = 0;
    for tensor in &tensors {
        let mut values = String::new();
        let count = tensor.count().unwrap_or(u64::MAX);
        if count <= SHORT && short < MOST_SHORT {
            short += 1;
            let numbers = tensor.numbers(&mut wire, folder, count as usize)?;
            let is_whole = !is_real(tensor.kind);
            let is_even = numbers.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits());
            // Shares of which a pool or an enlargement is made are zeros for the most part, which no weights are.
            let zeros = numbers.iter().filter(|number| **number == 0.0).count() as u64;
            if count <= SHORTEST || zeros < count && 2 * zeros >= count {
                let all: Vec<String> = numbers.iter().map(|number| written(*number, is_whole)).collect();
                values = format!(", \"values\": [{}]", all.join(", "));
            } else if is_even {
                values = format!(", \"every\": {}", written(numbers[0], is_whole));
            }
        }
        let Tensor { name, sizes, kind, .. } = tensor;
        let (name, kind, sizes) = (quoted(name), quoted(&kind_name(*kind)), list(sizes.iter().map(u64::to_string)));
        line(&mut text, format_args!("{{\"tensor\": {name}, \"type\": {kind}, \"shape\": {sizes}{values}}}"));
    }
    for node in &nodes {
        text_of_node(&mut text, node, &mut wire)?;
    }
    outputs.iter().for_each(|output| port(&mut text, "output", output));
    Ok(text)
}

/// The folder that a file lies in.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn line(text: &mut String, content: std::fmt::Arguments) {
    text.write_fmt(format_args!("{content}\n")).expect("a String takes everything");
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(entries: impl Iterator<Item = String>) -> String {
    format!("[{}]", entries.collect::<Vec<String>>().join(", "))
}

/// A number, as exactly as it takes; Python's words for those that are none.
fn written(number: f64, is_whole: bool) -> String {
    match number {
        _ if number.is_nan() => "NaN".to_string(),
        f64::INFINITY => "Infinity".to_string(),
        f64::NEG_INFINITY => "-Infinity".to_string(),
        _ if is_whole => format!("{number:.0}"),
        _ if (number as f32).is_finite() && f64::from(number as f32) == number => format!("{:?}", number as f32),
        _ => format!("{number:?}"),
    }
}

fn port(text: &mut String, what: &str, Port { name, kind, sizes }: &Port) {
    let size = |size: &Size| match size {
        Size::Of(size) => size.to_string(),
        Size::Named(name) => quoted(name),
    };
    let sizes = sizes.as_ref().map_or(String::new(), |sizes| format!(", \"shape\": {}", list(sizes.iter().map(size))));
    line(text, format_args!("{{\"{what}\": {}, \"type\": {}{sizes}}}", quoted(name), quoted(kind)));
}

fn text_of_node(text: &mut String, node: &Node, wire: &mut file::OpenModel) -> Result<(), String> {
    let Node { name, operator, domain, inputs, outputs, attributes } = node;
    let domain = match domain.as_str() {
        "" | "ai.onnx" => String::new(),
        domain => format!("\"domain\": {}, ", quoted(domain)),
    };
    let names = |names: &[String]| list(names.iter().map(|name| quoted(name)));
    let mut written_attributes = Vec::new();
    for (name, value) in attributes {
        let value = match value {
            Attribute::Int(number) => number.to_string(),
            Attribute::Float(number) => written(f64::from(*number), false),
            Attribute::Text(text) => quoted(text),
            Attribute::Ints(all) => list(all.iter().map(i64::to_string)),
            Attribute::Floats(all) => list(all.iter().map(|number| written(f64::from(*number), false))),
            Attribute::Tensor(tensor) if tensor.count().is_some_and(|count| count <= SHORTEST) => {
                let count = tensor.count().unwrap_or_default() as usize;
                let numbers = tensor.numbers(wire, Path::new("."), count)?;
                list(numbers.iter().map(|number| written(*number, !is_real(tensor.kind))))
            }
            Attribute::Tensor(_) => quoted("a tensor"),
            Attribute::Other(what) => quoted(what),
        };
        written_attributes.push(format!("{}: {value}", quoted(name)));
    }
    let attributes = match written_attributes.as_slice() {
        [] => String::new(),
        all => format!(", \"attributes\": {{{}}}", all.join(", ")),
    };
    let (name, operator, inputs, outputs) = (quoted(name), quoted(operator), names(inputs), names(outputs));
    line(
        text,
        format_args!(
            "{{\"node\": {name}, {domain}\"op\": {operator}, \"inputs\": {inputs}, \"outputs\": {outputs}{attributes}}}"
        ),
    );
    Ok(())
}
