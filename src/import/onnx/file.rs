//! The model in a file: its nodes, tensors, inputs and outputs. Graphs within nodes are not looked into.

use std::fs::File;
use std::path::Path;

use super::tensor::{FLOAT, Tensor, kind_name};
use crate::import::wire::{Field, Wire};
use crate::regular;

/// A model.
#[derive(Debug, Default)]
pub struct Model {
    pub ir: u64,
    /// The version of ONNX's own operators.
    pub opset: u64,
    pub producer: String,
    pub name: String,
    pub nodes: Vec<Node>,
    pub tensors: Vec<Tensor>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
}

/// What a graph reads or makes.
#[derive(Debug, Default)]
pub struct Port {
    pub name: String,
    pub kind: String,
    /// `None` if nothing is said of it.
    pub sizes: Option<Vec<Size>>,
}

#[derive(Debug)]
pub enum Size {
    Of(i64),
    Named(String),
}

#[derive(Debug, Default)]
pub struct Node {
    pub name: String,
    pub operator: String,
    pub domain: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: Vec<(String, Attribute)>,
}

#[derive(Debug)]
pub enum Attribute {
    Int(i64),
    Float(f32),
    Text(String),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Tensor(Tensor),
    /// Another kind, which no network of the language needs.
    Other(&'static str),
}

/// Nodes, tensors, and inputs and outputs of a file; wires of a node, its attributes, and numbers of one.
const MOST_NODES: usize = 50_000;
const MOST_TENSORS: usize = 100_000;
const MOST_PORTS: usize = 100_000;
const MOST_WIRES: usize = 10_000;
const MOST_ATTRIBUTES: usize = 64;
const MOST_NUMBERS: usize = 1 << 12;

/// Bytes of all names together.
const MOST_TEXT: usize = 8 << 20;

/// A file that is open, and how much more text may come from it.
struct Reader {
    text: usize,
}

/// The file of a model, whose tensors can still be read.
pub type OpenModel = Wire<File>;

/// The model in the file at `path`, and the file.
pub fn model(path: &Path) -> Result<(Model, OpenModel), String> {
    let file = regular::open(path).map_err(|error| error.to_string())?;
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let mut wire = Wire::new(file);
    let mut reader = Reader { text: MOST_TEXT };
    let mut model = Model::default();
    let mut has_graph = false;
    wire.fields(0, length, &mut |wire, number, found| {
        match (number, found) {
            (1, Field::Whole(ir)) => model.ir = ir,
            (2, Field::Bytes { start, length }) => model.producer = reader.text(wire, start, length)?,
            (3, Field::Bytes { start, length }) => {
                let version = reader.text(wire, start, length)?;
                model.producer = format!("{} {version}", model.producer).trim().to_string();
            }
            (7, Field::Bytes { start, length }) => {
                has_graph = true;
                reader.graph(wire, start, length, &mut model)?;
            }
            (8, Field::Bytes { start, length }) => {
                let (domain, version) = reader.opset(wire, start, length)?;
                if matches!(domain.as_str(), "" | "ai.onnx") {
                    model.opset = version;
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    if !has_graph || model.ir == 0 {
        return Err("it is no model of ONNX: it holds no graph".to_string());
    }
    Ok((model, wire))
}

impl Reader {
    fn text(&mut self, wire: &mut Wire<File>, start: u64, length: u64) -> Result<String, String> {
        let more = || format!("its names have more than {MOST_TEXT} bytes");
        self.text = self.text.checked_sub(length as usize + 16).ok_or_else(more)?;
        wire.text(start, length)
    }

    fn opset(&mut self, wire: &mut Wire<File>, start: u64, length: u64) -> Result<(String, u64), String> {
        let (mut domain, mut version) = (String::new(), 0);
        wire.fields(start, length, &mut |wire, number, found| {
            match (number, found) {
                (1, Field::Bytes { start, length }) => domain = self.text(wire, start, length)?,
                (2, Field::Whole(found)) => version = found,
                _ => {}
            }
            Ok(())
        })?;
        Ok((domain, version))
    }

    fn graph(&mut self, wire: &mut Wire<File>, start: u64, length: u64, model: &mut Model) -> Result<(), String> {
        wire.fields(start, length, &mut |wire, number, found| {
            let Field::Bytes { start, length } = found else { return Ok(()) };
            match number {
                1 => {
                    let node = self.node(wire, start, length)?;
                    match constant(&node) {
                        Some(tensor) => model.tensors.push(tensor),
                        None => model.nodes.push(node),
                    }
                }
                2 => model.name = self.text(wire, start, length)?,
                5 => {
                    let tensor = Tensor::read(wire, start, length)?;
                    self.text = self.text.checked_sub(tensor.name.len()).ok_or("its names are too long")?;
                    model.tensors.push(tensor);
                }
                11 => model.inputs.push(self.port(wire, start, length)?),
                12 => model.outputs.push(self.port(wire, start, length)?),
                15 => return Err("it has sparse tensors, which archc has not".to_string()),
                _ => {}
            }
            at_most(model.nodes.len(), MOST_NODES, "nodes")?;
            at_most(model.tensors.len(), MOST_TENSORS, "tensors")?;
            at_most(model.inputs.len().max(model.outputs.len()), MOST_PORTS, "inputs or outputs")
        })
    }

    fn node(&mut self, wire: &mut Wire<File>, start: u64, length: u64) -> Result<Node, String> {
        let mut node = Node::default();
        wire.fields(start, length, &mut |wire, number, found| {
            let Field::Bytes { start, length } = found else { return Ok(()) };
            match number {
                1 => node.inputs.push(self.text(wire, start, length)?),
                2 => node.outputs.push(self.text(wire, start, length)?),
                3 => node.name = self.text(wire, start, length)?,
                4 => node.operator = self.text(wire, start, length)?,
                5 => node.attributes.push(self.attribute(wire, start, length)?),
                7 => node.domain = self.text(wire, start, length)?,
                _ => {}
            }
            at_most(node.inputs.len().max(node.outputs.len()), MOST_WIRES, "inputs or outputs in one node")?;
            at_most(node.attributes.len(), MOST_ATTRIBUTES, "attributes in one node")
        })?;
        Ok(node)
    }

    fn attribute(&mut self, wire: &mut Wire<File>, start: u64, length: u64) -> Result<(String, Attribute), String> {
        let mut name = String::new();
        let mut found_value = None;
        let (mut ints, mut floats) = (Vec::new(), Vec::new());
        let mut kind = 0;
        wire.fields(start, length, &mut |wire, number, found| {
            match (number, found) {
                (1, Field::Bytes { start, length }) => name = self.text(wire, start, length)?,
                (2, Field::Four(bytes)) => found_value = Some(Attribute::Float(f32::from_le_bytes(bytes))),
                (3, Field::Whole(number)) => found_value = Some(Attribute::Int(number as i64)),
                (4, Field::Bytes { start, length }) => {
                    // Code of other programs may stand here.
                    let text = wire.text(start, length.min(1 << 10))?;
                    self.text = self.text.checked_sub(text.len()).ok_or("its texts are too long")?;
                    found_value = Some(Attribute::Text(text));
                }
                (5, Field::Bytes { start, length }) => {
                    found_value = Some(Attribute::Tensor(Tensor::read(wire, start, length)?));
                }
                (6, _) => found_value = Some(Attribute::Other("a graph")),
                (7, Field::Four(bytes)) => floats.push(f32::from_le_bytes(bytes)),
                (7, Field::Bytes { start, length }) => {
                    at_most(length as usize / 4, MOST_NUMBERS, "numbers in one attribute")?;
                    let mut bytes = vec![0; length as usize];
                    let file = wire.open(start)?;
                    std::io::Read::read_exact(file, &mut bytes).map_err(|error| error.to_string())?;
                    floats.extend(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
                }
                (8, Field::Whole(number)) => ints.push(number as i64),
                (8, Field::Bytes { start, length }) => {
                    let packed = wire.packed(start, length, MOST_NUMBERS)?;
                    ints.extend(packed.into_iter().map(|number| number as i64));
                }
                (9, _) => found_value = Some(Attribute::Other("texts")),
                (10, _) => found_value = Some(Attribute::Other("tensors")),
                (11, _) => found_value = Some(Attribute::Other("graphs")),
                (14 | 15 | 22 | 23, _) => found_value = Some(Attribute::Other("a type")),
                (20, Field::Whole(number)) => kind = number,
                _ => {}
            }
            at_most(ints.len().max(floats.len()), MOST_NUMBERS, "numbers in one attribute")
        })?;
        let value = match (found_value, kind) {
            (Some(value), _) => value,
            (None, 6) => Attribute::Floats(floats),
            (None, 7) => Attribute::Ints(ints),
            // What is zero or empty need not be written.
            (None, 1) => Attribute::Float(0.0),
            (None, 2) => Attribute::Int(0),
            (None, 3) => Attribute::Text(String::new()),
            (None, _) if !floats.is_empty() => Attribute::Floats(floats),
            (None, _) => Attribute::Ints(ints),
        };
        Ok((name, value))
    }

    fn port(&mut self, wire: &mut Wire<File>, start: u64, length: u64) -> Result<Port, String> {
        let mut port = Port { kind: "no tensor".to_string(), ..Port::default() };
        wire.fields(start, length, &mut |wire, number, found| {
            match (number, found) {
                (1, Field::Bytes { start, length }) => port.name = self.text(wire, start, length)?,
                (2, Field::Bytes { start, length }) => wire.fields(start, length, &mut |wire, number, found| {
                    let (1, Field::Bytes { start, length }) = (number, found) else { return Ok(()) };
                    self.tensor_type(wire, start, length, &mut port)
                })?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(port)
    }

    fn tensor_type(&mut self, wire: &mut Wire<File>, start: u64, length: u64, port: &mut Port) -> Result<(), String> {
        wire.fields(start, length, &mut |wire, number, found| {
            match (number, found) {
                (1, Field::Whole(kind)) => port.kind = kind_name(kind),
                (2, Field::Bytes { start, length }) => {
                    let mut sizes = Vec::new();
                    wire.fields(start, length, &mut |wire, number, found| {
                        if let (1, Field::Bytes { start, length }) = (number, found) {
                            sizes.push(self.size(wire, start, length)?);
                        }
                        at_most(sizes.len(), 16, "dimensions")
                    })?;
                    port.sizes = Some(sizes);
                }
                _ => {}
            }
            Ok(())
        })
    }

    fn size(&mut self, wire: &mut Wire<File>, start: u64, length: u64) -> Result<Size, String> {
        let mut size = Size::Named("?".to_string());
        wire.fields(start, length, &mut |wire, number, found| {
            match (number, found) {
                (1, Field::Whole(number)) => size = Size::Of(number as i64),
                (2, Field::Bytes { start, length }) => size = Size::Named(self.text(wire, start, length)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(size)
    }
}

fn at_most(count: usize, most: usize, what: &str) -> Result<(), String> {
    if count <= most { Ok(()) } else { Err(format!("it has more than {most} {what}")) }
}

/// The tensor that a node is, if it is nothing else.
fn constant(node: &Node) -> Option<Tensor> {
    const INT64: u64 = 7;
    if node.operator != "Constant" || !node.domain.is_empty() {
        return None;
    }
    let ([name], [(_, value)]) = (node.outputs.as_slice(), node.attributes.as_slice()) else { return None };
    let name = name.clone();
    let bits = |number: &f32| u64::from(number.to_bits());
    let vector = |length: usize| vec![length as u64];
    Some(match value {
        Attribute::Tensor(tensor) => tensor.renamed(name),
        Attribute::Int(number) => Tensor::written(name, INT64, Vec::new(), vec![*number as u64]),
        Attribute::Float(number) => Tensor::written(name, FLOAT, Vec::new(), vec![bits(number)]),
        Attribute::Ints(all) => {
            Tensor::written(name, INT64, vector(all.len()), all.iter().map(|number| *number as u64).collect())
        }
        Attribute::Floats(all) => Tensor::written(name, FLOAT, vector(all.len()), all.iter().map(bits).collect()),
        Attribute::Text(_) | Attribute::Other(_) => return None,
    })
}
