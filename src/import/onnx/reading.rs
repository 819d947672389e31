//! A graph on its way into a network: what each value is, node after node.

use std::collections::{HashMap, HashSet};

use super::constant::Constant;
use super::graph::{Graph, Node};
use super::names;
use super::view::View;
use crate::diagnostic::{Code, Diagnostic, Mistakes, Spanned};
use crate::import::net::{Array, Call, Net, Order, Stored, Value};
use crate::ir::Shape;

/// What is known of a value of the graph.
#[derive(Debug, Clone)]
pub enum Known {
    Data(Data),
    Constant(Constant),
    /// Unknown after a mistake.
    Lost,
}

/// A value of the network, and how the graph looks at it.
#[derive(Debug, Clone)]
pub struct Data {
    pub value: Value,
    pub view: View,
    /// Whether nothing else reads it, under any name.
    pub is_sole: bool,
}

/// Why a node makes nothing.
#[derive(Debug)]
pub enum Failure {
    Said(Diagnostic),
    /// A layer does not fit what it reads, of which the compiler will speak.
    At(Value),
    /// What it reads is unknown.
    Lost,
}

impl From<Diagnostic> for Failure {
    fn from(problem: Diagnostic) -> Failure {
        Failure::Said(problem)
    }
}

pub type Made<T = Known> = Result<T, Failure>;

pub struct Reading<'g> {
    pub graph: &'g Graph,
    pub net: Net,
    pub stored: Vec<Stored>,
    /// Where the place of each weight is noted.
    places: HashMap<String, usize>,
    /// Which node makes each value.
    pub makers: HashMap<&'g str, usize>,
    pub problems: Mistakes,
    known: HashMap<&'g str, Known>,
    /// How many needed nodes read each value.
    uses: HashMap<&'g str, usize>,
    /// Who reads each value, by index.
    pub readers: HashMap<&'g str, Vec<usize>>,
    /// Softmax layers, by what they make: what they read.
    pub softmaxes: Vec<(Value, Data)>,
    /// Layers that a constant behind them gives a factor or a summand for each channel.
    pub open: HashMap<Value, Open>,
}

/// What a layer still lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// A bias.
    Bias,
    /// The summand of a scale.
    Summand,
    /// Both weights of a norm, for each channel or for each number.
    Affine(Each),
    /// A norm's bias; it is zero so far.
    Shift(Each),
}

/// What a weight is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    Channel,
    Number,
}

impl<'g> Reading<'g> {
    pub fn new(graph: &'g Graph, net: Net) -> Reading<'g> {
        let (problems, known, uses) = (Mistakes::default(), HashMap::new(), HashMap::new());
        let (readers, stored) = (HashMap::new(), Vec::new());
        let (softmaxes, open, places) = (Vec::new(), HashMap::new(), HashMap::new());
        let makers = (graph.nodes.iter().enumerate())
            .flat_map(|(index, node)| node.outputs.iter().map(move |output| (output.value.as_str(), index)))
            .collect();
        let mut reading =
            Reading { graph, net, stored, places, makers, problems, known, uses, readers, softmaxes, open };
        for (name, constant) in &graph.constants {
            reading.known.insert(name, Known::Constant(constant.clone()));
        }
        reading
    }

    /// Reads the nodes on which `output` depends. The layer that does not fit, where there is one.
    pub fn read(&mut self, output: &'g Spanned<String>) -> Option<Value> {
        let needed = self.needed(&output.value);
        for (index, node) in self.graph.nodes.iter().enumerate().filter(|(index, _)| needed[*index]) {
            for input in &node.inputs {
                *self.uses.entry(&input.value).or_default() += 1;
                self.readers.entry(&input.value).or_default().push(index);
            }
        }
        *self.uses.entry(&output.value).or_default() += 1;
        for (node, _) in self.graph.nodes.iter().zip(&needed).filter(|(_, needed)| **needed) {
            if self.problems.is_full() {
                break;
            }
            let made = match self.node(node) {
                Ok(made) => made,
                Err(Failure::At(value)) => return Some(value),
                Err(Failure::Lost) => Vec::new(),
                Err(Failure::Said(problem)) => {
                    self.problems.push(problem);
                    Vec::new()
                }
            };
            let made = made.into_iter().chain(std::iter::repeat(Known::Lost));
            for (output, value) in node.outputs.iter().zip(made) {
                self.known.insert(&output.value, value);
            }
        }
        None
    }

    /// Which nodes a value depends on.
    fn needed(&self, output: &str) -> Vec<bool> {
        let mut needed = vec![false; self.graph.nodes.len()];
        let mut next = vec![output];
        let mut seen = HashSet::new();
        while let Some(name) = next.pop() {
            let Some(index) = self.makers.get(name).filter(|_| seen.insert(name)) else { continue };
            if !std::mem::replace(&mut needed[*index], true) {
                next.extend(self.graph.nodes[*index].inputs.iter().map(|input| input.value.as_str()));
            }
        }
        needed
    }

    /// Says what a value of the graph is before any node is read.
    pub fn set(&mut self, name: &'g str, known: Known) {
        self.known.insert(name, known);
    }

    /// What is known of a value of the graph. That nothing makes it is reported.
    pub fn take(&mut self, name: &Spanned<String>) -> Option<Known> {
        let found = self.known.get(name.value.as_str()).cloned();
        if found.is_none() {
            let message = format!("no node makes `{}`", name.value);
            self.problems.push(Diagnostic::error(Code::UnknownReference, name.span, message));
        }
        found.filter(|known| !matches!(known, Known::Lost))
    }

    /// What is known of an input, which must be there.
    pub fn known(&self, node: &Node, index: usize) -> Made {
        let Some(name) = node.input(index) else {
            let message = format!("{}: `{}` needs an input {index}", node.title(), node.operator.value);
            return Err(Diagnostic::error(Code::MissingArgument, node.span, message).into());
        };
        match self.known.get(name.value.as_str()) {
            Some(Known::Lost) => Err(Failure::Lost),
            Some(known) => Ok(known.clone()),
            None => {
                let message = format!("{}: no node before this one makes `{}`", node.title(), name.value);
                Err(Diagnostic::error(Code::UnknownReference, name.span, message).into())
            }
        }
    }

    /// An input that images run through.
    pub fn data(&self, node: &Node, index: usize) -> Made<Data> {
        match self.known(node, index)? {
            Known::Data(data) => {
                let uses = node.input(index).map_or(0, |name| self.uses.get(name.value.as_str()).copied().unwrap_or(0));
                Ok(Data { is_sole: data.is_sole && uses <= 1, ..data })
            }
            _ => Err(self.refused(node, "reads a constant here, and images nowhere").into()),
        }
    }

    /// An input that is constant.
    pub fn constant(&self, node: &Node, index: usize, what: &str) -> Made<Constant> {
        match self.known(node, index)? {
            Known::Constant(constant) => Ok(constant),
            _ => Err(self.refused(node, &format!("computes its {what}, and archc's layers have them fixed")).into()),
        }
    }

    /// As [`Reading::constant`], where it may be left out.
    pub fn optional(&self, node: &Node, index: usize, what: &str) -> Made<Option<Constant>> {
        node.input(index).map(|_| self.constant(node, index, what)).transpose()
    }

    /// Whole numbers that are an attribute in older versions and an input in newer ones.
    pub fn wholes(&self, node: &Node, key: &str, index: usize) -> Made<Option<Spanned<Vec<i64>>>> {
        if let Some(found) = node.wholes(key) {
            return Ok(Some(found));
        }
        let Some(found) = self.optional(node, index, key)? else { return Ok(None) };
        let span = node.input(index).map_or(node.span, |name| name.span);
        match found.wholes() {
            Some(all) => Ok(Some(Spanned::new(all, span))),
            None => Err(self.refused(node, &format!("has `{key}` that follow from the batch")).into()),
        }
    }

    /// That a node is none of the language, and why.
    pub fn refused(&self, node: &Node, why: &str) -> Diagnostic {
        let message = format!("{}: `{}` {why}", node.title(), node.operator.value);
        Diagnostic::error(Code::UnknownName, node.operator.span, message)
    }

    /// The shape of a value. It is known of all that have been made.
    pub fn shape(&self, value: Value) -> Made<Shape> {
        self.net.shape(value).ok_or(Failure::At(value))
    }

    /// Adds a layer for a node, with the name of its weight where it has one.
    pub fn layer(&mut self, node: &Node, weight: Option<&Constant>, call: Call, inputs: Vec<Value>) -> Made<Value> {
        let name = names::of(node, weight.and_then(|weight| weight.origin.as_ref()));
        self.named(&name, call, inputs)
    }

    /// Adds a layer that comes before or after the node's own.
    pub fn beside(&mut self, node: &Node, suffix: &str, call: Call, inputs: Vec<Value>) -> Made<Value> {
        let Spanned { value, span } = names::of(node, None);
        self.named(&Spanned::new(format!("{value}_{suffix}"), span), call, inputs)
    }

    fn named(&mut self, name: &Spanned<String>, call: Call, inputs: Vec<Value>) -> Made<Value> {
        let made = self.net.layer(name, call, inputs);
        self.shape(made).map(|_| made)
    }

    /// A layer's result in the usual order.
    pub fn plain(&self, value: Value) -> Made<Known> {
        let view = View::plain(self.shape(value)?);
        Ok(Known::Data(Data { value, view, is_sole: true }))
    }

    /// Notes where a weight of a layer is stored.
    pub fn store(&mut self, node: &Node, made: Value, part: &str, constant: &Constant) -> Made<()> {
        match (&constant.origin, constant.scalar()) {
            (Some(origin), _) => self.store_as(made, part, &origin.name.value, origin.order),
            (None, Some(every)) => self.store_as(made, part, "", Order::Filled(every as f32)),
            (None, None) => {
                return Err(self.refused(node, "has weights that the file does not hold, but computes").into());
            }
        }
        Ok(())
    }

    /// Gives what is stored for a part of a layer to another of its parts.
    pub fn store_again(&mut self, made: Value, part: &str, other: &str) {
        let Some(index) = self.places.remove(&self.net.weight_name(made, part)) else { return };
        let name = self.net.weight_name(made, other);
        self.stored[index].arrays.iter_mut().for_each(|array| array.name.clone_from(&name));
        self.places.insert(name, index);
    }

    pub fn store_as(&mut self, made: Value, part: &str, tensor: &str, order: Order) {
        let name = self.net.weight_name(made, part);
        let stored = Stored { layer: tensor.to_string(), arrays: vec![Array { name: name.clone(), order }] };
        match self.places.get(&name) {
            Some(index) => self.stored[*index] = stored,
            None => {
                self.places.insert(name, self.stored.len());
                self.stored.push(stored);
            }
        }
    }
}
