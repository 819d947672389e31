//! What advice may look at: the network as far as it was wired, with nothing added to it any more, and the text that it
//! came from.

use std::ops::Deref;

use super::written::Written;
use crate::arguments::{Arguments, ResolvedCall};
use crate::graph::{Graph, Node};
use crate::ir::{Shape, ValueId};
use crate::layers::{Definition, Layer, Layers};
use crate::syntax::ast::Document;
use crate::syntax::{CallId, Calls, Origin, WrittenCall};

/// All of it.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub graph: &'a Graph,
    /// Where each node was written, by its index.
    pub origins: &'a [Origin],
    pub layers: &'a Layers,
    pub document: &'a Document,
    calls: Calls<'a>,
}

/// A node and its index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub index: usize,
    node: &'a Node,
}

impl Deref for Placed<'_> {
    type Target = Node;

    fn deref(&self) -> &Node {
        self.node
    }
}

impl<'a> View<'a> {
    /// It takes a walk through the document.
    pub fn new(graph: &'a Graph, origins: &'a [Origin], layers: &'a Layers, document: &'a Document) -> View<'a> {
        View { graph, origins, layers, document, calls: Calls::of(document) }
    }

    /// The node that makes a value; none for the network's input.
    pub fn node(&self, value: ValueId) -> Option<Placed<'a>> {
        let index = value.node()?;
        Some(Placed { index, node: &self.graph.nodes[index] })
    }

    /// The values from this one back to the network's input, by the first input of each node.
    pub fn way(&self, from: ValueId) -> impl Iterator<Item = ValueId> {
        let before = |value: &ValueId| self.graph.nodes[value.node()?].inputs.first().copied();
        std::iter::successors(Some(from), before).take(LONGEST_WAY)
    }

    pub fn shape(&self, value: ValueId) -> Shape {
        self.graph.shape(value)
    }

    /// A call of the document's own text.
    pub fn call(&self, id: CallId) -> Option<WrittenCall<'a>> {
        self.calls.get(id)
    }

    /// Where a node was written.
    pub fn origin(&self, node: Placed) -> &'a Origin {
        &self.origins[node.index]
    }

    /// A node's call as it stands in the text; none if a preset wrote it, or another file has it.
    pub fn written(&self, node: Placed<'a>) -> Option<Written<'a>> {
        self.written_as(self.origin(node), &node.node.call)
    }

    /// The same of a call that became no node.
    pub fn written_as<'c>(&self, origin: &Origin, call: &'c ResolvedCall) -> Option<Written<'c>>
    where
        'a: 'c,
    {
        Some(Written { site: self.call(origin.call?)?, call })
    }

    /// The layer of a call, if it can be read and nothing is left over.
    pub fn layer(&self, call: &ResolvedCall) -> Option<Box<dyn Layer>> {
        parsed(self.layers.find(call.callee())?, call.arguments())
    }

    /// What a call makes of a value of this shape.
    pub fn output(&self, call: &ResolvedCall, input: Shape) -> Option<Shape> {
        self.layer(call)?.output(&[input]).ok()
    }
}

/// The layer of a call in which no argument is left over.
pub(super) fn parsed(definition: &Definition, mut arguments: Arguments) -> Option<Box<dyn Layer>> {
    let layer = (definition.parse)(&mut arguments).ok()?;
    arguments.finish().ok()?;
    Some(layer)
}

/// How far back a way through the network is followed.
pub(super) const LONGEST_WAY: usize = 10_000;
