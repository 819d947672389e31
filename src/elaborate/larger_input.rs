//! Advice to give larger images to a network that was made for them: how large they must be at least for a window to
//! fit, worked out backwards from it. Windows behind it may ask for more; whoever tries the advice asks again, see
//! [`Larger`].

use std::collections::BTreeMap;

use crate::diagnostic::{Choice, Larger};
use crate::graph::Graph;
use crate::ir::{Shape, ValueId};
use crate::layers::Layer;
use crate::syntax::ast::Document;

/// The longest side that is looked at.
const LONGEST_SIDE: usize = 1 << 13;

/// Layers that are looked at.
const MOST_LAYERS: usize = 2000;

/// The slot of what is said about the input.
const INPUT: usize = usize::MAX;

/// The smallest input with which `layer` takes what arrives at it by `value`, if that is larger than the one that is
/// written.
pub(super) fn larger_input(layer: &dyn Layer, value: ValueId, graph: &Graph, document: &Document) -> Option<Choice> {
    let [_, rows, columns] = document.input.value.as_slice() else { return None };
    let mut wanted = BTreeMap::from([(value, least(layer, &[graph.shape(value)], (1, 1))?)]);
    let mut looked_at = 0;
    // The last layer first: whoever reads a value comes behind the one that makes it.
    while let Some((value, sides)) = wanted.pop_last() {
        let Some(node) = value.node().map(|index| &graph.nodes[index]) else {
            let (height, width) = graph.input.sides()?;
            let sides = (sides.0.max(height), sides.1.max(width));
            let larger = Larger { places: [rows.span, columns.span], sides };
            return (sides != (height, width)).then(|| Choice::larger(larger).beside(INPUT));
        };
        looked_at += 1;
        if looked_at > MOST_LAYERS {
            return None;
        }
        if let Some((height, width)) = least(node.layer.as_ref(), &graph.input_shapes(node), sides) {
            for input in &node.inputs {
                let known = wanted.entry(*input).or_insert((1, 1));
                *known = (known.0.max(height), known.1.max(width));
            }
        }
    }
    None
}

/// The smallest maps of which a layer that reads these makes one with sides that are at least as long as `wanted`.
fn least(layer: &dyn Layer, inputs: &[Shape], wanted: (usize, usize)) -> Option<(usize, usize)> {
    let is_enough = |height: usize, width: usize| {
        let sized = |shape: &Shape| match *shape {
            Shape::Map { channels, .. } => Shape::map(channels, height, width),
            vector => vector,
        };
        let inputs: Vec<Shape> = inputs.iter().map(sized).collect();
        let sides = layer.output(&inputs).ok().and_then(|output| output.sides());
        sides.is_some_and(|(height, width)| height >= wanted.0 && width >= wanted.1)
    };
    let height = first(|height| is_enough(height, LONGEST_SIDE))?;
    let width = first(|width| is_enough(height, width))?;
    Some((height, width))
}

/// The shortest side that is enough, if longer ones are too.
fn first(is_enough: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut low, mut high) = (1, LONGEST_SIDE);
    while low < high {
        let middle = low.midpoint(high);
        if is_enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    is_enough(low).then_some(low)
}
