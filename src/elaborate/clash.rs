//! Parameters that would have one name: where a layer that is no more than a parameter, `scale as x.weight`, is called
//! as another layer's weight is.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Graph, Node};
use crate::syntax::Origin;

/// An error for each layer of that kind.
pub fn found(graph: &Graph, origins: &[Origin]) -> Vec<Diagnostic> {
    let is_bare = |node: &Node| node.weights.iter().any(|weight| weight.name.is_empty());
    if !graph.nodes.iter().any(is_bare) {
        return Vec::new();
    }
    let names = graph.nodes.iter().map(|node| node.name.as_str());
    let places: HashMap<&str, usize> = names.enumerate().map(|(place, name)| (name, place)).collect();
    let clash = |(node, origin): (&Node, &Origin)| {
        let (owner, part) = node.name.rsplit_once('.').filter(|_| is_bare(node))?;
        let place = *places.get(owner)?;
        graph.nodes[place].weights.iter().find(|weight| weight.name == part)?;
        let message = format!("`{}` is the name of two parameters", node.name);
        let error = Diagnostic::error(Code::Duplicate, origin.span, message);
        let error = error.other(origins[place].span, format!("this layer has a `{part}` of its own"));
        Some(error.help("without `bias`, the parameter of `scale` is called as the layer is: give it another name"))
    };
    graph.nodes.iter().zip(origins).filter_map(clash).collect()
}
