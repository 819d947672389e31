//! The messages of ONNX that are written, with the numbers of their fields:
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.

use super::message::Message;

/// Fields of messages that are put together elsewhere, because numbers are written between them.
pub mod field {
    pub const MODEL_GRAPH: u64 = 7;
    pub const GRAPH_INITIALIZER: u64 = 5;
    pub const TENSOR_RAW_DATA: u64 = 9;
}

/// A type of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    Float = 1,
    Uint8 = 2,
    Int64 = 7,
    Float16 = 10,
}

impl Element {
    pub fn size(self) -> u64 {
        match self {
            Element::Uint8 => 1,
            Element::Float16 => 2,
            Element::Float => 4,
            Element::Int64 => 8,
        }
    }
}

/// What an operator is told besides its inputs.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    Float(f64),
    Int(i64),
    Text(&'static str),
    Ints(Vec<i64>),
}

impl Attribute {
    /// Sizes and counts, which are positive.
    pub fn sizes(sizes: impl IntoIterator<Item = usize>) -> Attribute {
        Attribute::Ints(sizes.into_iter().map(|size| size as i64).collect())
    }

    fn message(&self, name: &str) -> Message {
        let message = Message::new().text(1, name);
        match self {
            Attribute::Float(value) => message.float(2, *value as f32).number(20, 1),
            Attribute::Int(value) => message.number(3, *value).number(20, 2),
            Attribute::Text(text) => message.text(4, text).number(20, 3),
            Attribute::Ints(values) => {
                values.iter().fold(message, |message, value| message.number(8, *value)).number(20, 7)
            }
        }
    }
}

pub fn node(
    name: &str,
    operator: &str,
    inputs: &[&str],
    output: &str,
    attributes: &[(&'static str, Attribute)],
) -> Message {
    let message = inputs.iter().fold(Message::new(), |message, input| message.text(1, input));
    let message = message.text(2, output).text(3, name).text(4, operator);
    attributes.iter().fold(message, |message, (name, attribute)| message.message(5, &attribute.message(name)))
}

/// A size of a value: the batch's may be any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Of(usize),
    Any(&'static str),
}

/// A value's name and type.
pub fn value(name: &str, element: Element, sizes: &[Size]) -> Message {
    let shape = sizes.iter().fold(Message::new(), |shape, size| {
        shape.message(
            1,
            &match size {
                Size::Of(size) => Message::new().number(1, *size as i64),
                Size::Any(name) => Message::new().text(2, name),
            },
        )
    });
    let tensor = Message::new().number(1, element as i64).message(2, &shape);
    Message::new().text(1, name).message(2, &Message::new().message(1, &tensor))
}

/// A tensor but for its numbers.
pub fn tensor(name: &str, element: Element, dims: &[usize]) -> Message {
    let message = dims.iter().fold(Message::new(), |message, size| message.number(1, *size as i64));
    message.number(2, element as i64).text(8, name)
}

/// Adds that the numbers of a tensor lie in a file of their own.
pub fn external(tensor: Message, file: &str, offset: u64, length: u64) -> Message {
    let tensor = [("location", file.to_owned()), ("offset", offset.to_string()), ("length", length.to_string())]
        .iter()
        .fold(tensor, |tensor, (key, value)| tensor.message(13, &entry(key, value)));
    tensor.number(14, 1)
}

/// A graph but for its tensors' numbers.
pub fn graph(name: &str, nodes: &[Message], inputs: &[Message], outputs: &[Message], values: &[Message]) -> Message {
    let all = |graph: Message, field, messages: &[Message]| {
        messages.iter().fold(graph, |graph, message| graph.message(field, message))
    };
    let graph = all(Message::new(), 1, nodes).text(2, name);
    all(all(all(graph, 11, inputs), 12, outputs), 13, values)
}

/// What of a model stands before its graph.
pub fn model(ir_version: i64, opset: u32, metadata: &[(&str, String)]) -> Message {
    let opset = Message::new().text(1, "").number(2, i64::from(opset));
    let model = Message::new().number(1, ir_version).text(2, "archc").text(3, env!("CARGO_PKG_VERSION"));
    metadata.iter().fold(model.message(8, &opset), |model, (key, value)| model.message(14, &entry(key, value)))
}

fn entry(key: &str, value: &str) -> Message {
    Message::new().text(1, key).text(2, value)
}
