//! A graph of ONNX as it grows, one step of the program after the other.

use std::collections::HashSet;

use super::message::Message;
use super::proto::{self, Attribute, Element, Size};
use crate::ir::{Shape, ValueId};
use crate::program::{Program, Step};

/// Attributes of a node.
pub type Attributes<'a> = &'a [(&'static str, Attribute)];

/// What all of a graph depends on.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The version of the operators.
    pub opset: u32,
    /// Examples at a time; `None` for any number.
    pub batch: Option<usize>,
    /// Whether kernels and matrices are in half precision.
    pub fp16: bool,
}

/// A graph.
#[derive(Debug)]
pub struct Graph<'a> {
    pub dialect: Dialect,
    program: &'a Program,
    /// What each value of the program is called.
    names: &'a [String],
    pub nodes: Vec<Message>,
    pub tensors: Vec<Tensor>,
    /// What steps make, by name, with its sizes.
    pub made: Vec<(String, Message)>,
    /// What each value of the program is in the graph: where nothing is computed, what it was before.
    values: Vec<String>,
    taken: HashSet<String>,
}

/// A tensor with constant numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub name: String,
    pub dims: Vec<usize>,
    pub numbers: Numbers,
}

/// Where the numbers of a tensor come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers {
    /// The program's weight of this index.
    Weight(usize),
    /// The same, in half precision.
    Half(usize),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

impl Tensor {
    pub fn element(&self) -> Element {
        match self.numbers {
            Numbers::Weight(_) | Numbers::Floats(_) => Element::Float,
            Numbers::Half(_) => Element::Float16,
            Numbers::Ints(_) => Element::Int64,
        }
    }

    /// Bytes of its numbers.
    pub fn length(&self) -> u64 {
        self.dims.iter().product::<usize>() as u64 * self.element().size()
    }
}

impl<'a> Graph<'a> {
    /// A graph without nodes, in which weights have their names.
    pub fn new(dialect: Dialect, program: &'a Program, names: &'a [String]) -> Graph<'a> {
        let taken = program.weights.iter().map(|weight| weight.name.clone()).collect();
        let (nodes, tensors, made) = (Vec::new(), Vec::new(), Vec::new());
        let mut graph = Graph { dialect, program, names, nodes, tensors, made, values: Vec::new(), taken };
        graph.values = vec![String::new(); names.len()];
        graph.values[0] = graph.unique(&names[0]);
        graph
    }

    /// A name that nothing else has: values and tensors share theirs.
    pub fn unique(&mut self, name: &str) -> String {
        let mut found = name.to_owned();
        let mut number = 1;
        while !self.taken.insert(found.clone()) {
            found = format!("{name}_{number}");
            number += 1;
        }
        found
    }

    /// What a value of the program is called.
    pub fn value(&self, value: ValueId) -> &str {
        &self.values[value.index()]
    }

    /// Says what a value of the program is.
    pub fn set(&mut self, value: ValueId, name: String) {
        self.values[value.index()] = name;
    }

    /// Adds a node.
    pub fn node(&mut self, name: &str, operator: &str, inputs: &[&str], output: &str, attributes: Attributes) {
        self.nodes.push(proto::node(name, operator, inputs, output, attributes));
    }

    /// Adds constant numbers.
    pub fn tensor(&mut self, name: &str, dims: Vec<usize>, numbers: Numbers) -> String {
        let name = self.unique(name);
        self.tensors.push(Tensor { name: name.clone(), dims, numbers });
        name
    }

    /// The sizes of a value of so many examples.
    pub fn sizes(&self, shape: Shape) -> Vec<Size> {
        let batch = self.dialect.batch.map_or(Size::Any("batch"), Size::Of);
        std::iter::once(batch).chain(shape.dims().into_iter().map(Size::Of)).collect()
    }

    /// The place of a step of the program.
    pub fn at<'g>(&'g mut self, step: &'g Step) -> NodeBuilder<'g, 'a> {
        NodeBuilder { graph: self, step }
    }
}

/// A step of the program, on its way into a graph.
pub struct NodeBuilder<'g, 'a> {
    graph: &'g mut Graph<'a>,
    step: &'g Step,
}

impl NodeBuilder<'_, '_> {
    /// The version of the operators.
    pub fn opset(&self) -> u32 {
        self.graph.dialect.opset
    }

    /// The layer that it came from.
    pub fn layer(&self) -> &str {
        &self.step.name
    }

    /// An input.
    pub fn input(&self, index: usize) -> String {
        self.graph.value(self.step.inputs[index]).to_owned()
    }

    pub fn inputs(&self) -> Vec<String> {
        (0..self.step.inputs.len()).map(|index| self.input(index)).collect()
    }

    /// One example's shape of the first input.
    pub fn input_shape(&self) -> Shape {
        self.graph.program.shape(self.step.inputs[0])
    }

    /// One example's shape of the result.
    pub fn output_shape(&self) -> Shape {
        self.graph.program.shape(self.step.output)
    }

    /// How many weights it has.
    pub fn weights(&self) -> usize {
        self.step.weights.len()
    }

    /// The sizes of a weight.
    pub fn weight_shape(&self, index: usize) -> Vec<usize> {
        self.graph.program.weights[self.step.weights[index]].shape.clone()
    }

    /// A weight, in its own sizes.
    pub fn weight(&mut self, index: usize) -> String {
        self.weight_as(index, self.weight_shape(index))
    }

    /// A weight with other sizes and as many numbers.
    pub fn weight_as(&mut self, index: usize, dims: Vec<usize>) -> String {
        let at = self.step.weights[index];
        let name = self.graph.program.weights[at].name.clone();
        if !self.graph.dialect.fp16 || dims.iter().filter(|size| **size > 1).count() < 2 {
            self.graph.tensors.push(Tensor { name: name.clone(), dims, numbers: Numbers::Weight(at) });
            return name;
        }
        self.graph.tensors.push(Tensor { name: name.clone(), dims, numbers: Numbers::Half(at) });
        let float = self.graph.unique(&format!("{name}/float"));
        self.graph.node(&float, "Cast", &[&name], &float, &[("to", Attribute::Int(Element::Float as i64))]);
        float
    }

    /// Constant whole numbers; `what` they are.
    pub fn ints(&mut self, what: &str, values: impl IntoIterator<Item = i64>) -> String {
        let values: Vec<i64> = values.into_iter().collect();
        let name = format!("{}/{what}", self.step.name);
        self.graph.tensor(&name, vec![values.len()], Numbers::Ints(values))
    }

    /// Constant numbers; `what` they are.
    pub fn floats(&mut self, what: &str, dims: Vec<usize>, values: Vec<f32>) -> String {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len(), "{what}");
        let name = format!("{}/{what}", self.step.name);
        self.graph.tensor(&name, dims, Numbers::Floats(values))
    }

    /// A constant number, for operators that stretch it.
    pub fn float(&mut self, what: &str, value: f64) -> String {
        self.floats(what, vec![1], vec![value as f32])
    }

    /// Sizes for a reshape, of one example; the batch comes first.
    pub fn shape(&mut self, what: &str, sizes: impl IntoIterator<Item = usize>) -> String {
        let batch = self.graph.dialect.batch.map_or(-1, |batch| batch as i64);
        self.ints(what, std::iter::once(batch).chain(sizes.into_iter().map(|size| size as i64)))
    }

    /// A node on the way to the result, and its output; `what` it makes.
    pub fn inner(&mut self, what: &str, operator: &str, inputs: &[&str], attributes: Attributes) -> String {
        let name = self.graph.unique(&format!("{}/{what}", self.step.name));
        self.graph.node(&name, operator, inputs, &name, attributes);
        name
    }

    /// The node that makes the result.
    pub fn result(&mut self, operator: &str, inputs: &[&str], attributes: Attributes) {
        let output = self.graph.unique(&self.graph.names[self.step.output.index()]);
        self.graph.node(&self.step.name, operator, inputs, &output, attributes);
        let sizes = self.graph.sizes(self.output_shape());
        let value = proto::value(&output, Element::Float, &sizes);
        self.graph.made.push((output.clone(), value));
        self.graph.set(self.step.output, output);
    }

    /// The result is the first input, under its name.
    pub fn nothing(&mut self) {
        let input = self.input(0);
        self.graph.set(self.step.output, input);
    }
}
