//! Advice for a window that is larger than the map that arrives.

use super::mismatch::Refused;
use super::remedy::{LONGEST_WAY, kernel_and_padding, layer, with, with_kernel};
use super::written::{kernel, size, written};
use crate::arguments::Value;
use crate::diagnostic::{Choice, Edit, ranked};
use crate::graph::Graph;
use crate::ir::{Pair, Shape, ValueId, Window};
use crate::syntax::ast::Document;

/// The largest padding that is tried.
const LARGEST: i64 = 16;

/// What could be done about it; nothing for layers that speak for themselves.
pub(super) fn too_small(refused: &Refused, input: ValueId, graph: &Graph, document: &Document) -> Vec<Choice> {
    let window = layer(refused.definition, refused.text).and_then(|layer| layer.window());
    match window {
        Some(window) => {
            ranked([along(refused, window, graph.shape(input), document), padded(refused, input, graph, document)])
        }
        None if refused.definition.name == "conv_transpose" => ranked([spread(refused, graph.shape(input), document)]),
        None => refused.mismatch.help.iter().map(Choice::untried).collect(),
    }
}

/// A map of one row or one column takes a kernel of one: `` the map is 1×128: `conv 8 1x5` slides along it ``.
fn along(refused: &Refused, window: Window, shape: Shape, document: &Document) -> Vec<Choice> {
    let Some((height, width)) = shape.sides().filter(|(height, width)| (*height == 1) != (*width == 1)) else {
        return Vec::new();
    };
    let flat = |kernel: usize, side: usize| if side == 1 { 1 } else { kernel };
    let narrow = Pair { height: flat(window.kernel.height, height), width: flat(window.kernel.width, width) };
    let padding = Pair {
        height: if height == 1 { 0 } else { window.padding.height },
        width: if width == 1 { 0 } else { window.padding.width },
    };
    let has_out = takes_out(refused.text);
    let call = with_kernel(refused.text, has_out, narrow, size(padding)).filter(|_| narrow != window.kernel);
    let works = |call: &String| layer(refused.definition, call).is_some_and(|layer| layer.output(&[shape]).is_ok());
    let Some(call) = call.filter(works) else { return Vec::new() };
    let written = written(document, refused.span);
    let mut edits: Vec<Edit> = written.iter().filter_map(|written| written.set_kernel(has_out, narrow)).collect();
    if padding != window.padding {
        edits.extend(written.and_then(|written| written.set("padding", "p", size(padding))));
    }
    let text = format!("the map is {height}×{width}: `{call}` slides along it");
    vec![Choice::new(&text, edits), Choice::untried(&text)]
}

/// Whether a call has a number of output channels before its kernel.
pub(super) fn takes_out(text: &str) -> bool {
    text.starts_with("conv ") || text.starts_with("conv_transpose ")
}

/// `the map has shrunk 32 → 16 → 8 → 4 → 2; leave out a pool or a stride, or pad by 1`.
fn padded(refused: &Refused, input: ValueId, graph: &Graph, document: &Document) -> Vec<Choice> {
    let shape = graph.shape(input);
    let fits = |padding: &i64| {
        let layer = with(refused.definition, refused.text, "padding", Value::Int(*padding));
        layer.is_some_and(|layer| layer.output(&[shape]).is_ok())
    };
    let found = (1..=LARGEST).find(fits);
    let sides = shrinking(graph, input);
    let (what, [way_out, perhaps]) = match sides.as_slice() {
        [side] => (format!("the map is only {side}"), ["use a smaller kernel", "a smaller kernel"]),
        sides => {
            let what = format!("the map has shrunk {}", sides.join(" → "));
            (what, ["leave out a pool or a stride", "one pool or stride fewer"])
        }
    };
    let choice = found.map(|padding| {
        let edit = written(document, refused.span).and_then(|written| written.set("padding", "p", padding));
        Choice::new(format!("{what}; {way_out}, or pad by {padding}"), edit.into_iter().collect())
    });
    let or_pad = found.map_or(String::new(), |padding| format!(", or a padding of {padding},"));
    choice.into_iter().chain([Choice::untried(format!("{what}; {perhaps}{or_pad} may help"))]).collect()
}

/// A transposed convolution that is padded away: with less padding, or a larger kernel, something is left.
fn spread(refused: &Refused, shape: Shape, document: &Document) -> Vec<Choice> {
    let leaves = |call: &String| layer(refused.definition, call).is_some_and(|layer| layer.output(&[shape]).is_ok());
    let Some((asked, given)) = kernel_and_padding(refused.text, true) else { return Vec::new() };
    let written = written(document, refused.span);
    let less = (0..given.height.max(given.width)).rev().find_map(|padding| {
        let padding = Pair { height: given.height.min(padding), width: given.width.min(padding) };
        let call = with_kernel(refused.text, true, asked, size(padding)).filter(leaves)?;
        let edit = written.and_then(|written| written.set("padding", "p", size(padding)));
        let text = match padding == Pair::square(0) {
            true => format!("without padding, `{call}` leaves something"),
            false => format!("with less padding, `{call}` leaves something"),
        };
        Some(Choice::new(text, edit.into_iter().collect()))
    });
    let larger = (1..=LARGEST as usize).find_map(|more| {
        let larger = Pair { height: asked.height + more, width: asked.width + more };
        with_kernel(refused.text, true, larger, size(given)).filter(leaves)?;
        let edit = written.and_then(|written| written.set_kernel(true, larger));
        let text = format!("a kernel of {} reaches beyond the padding", kernel(larger));
        Some(Choice::new(text, edit.into_iter().collect()).beside(1))
    });
    less.into_iter().chain(larger).collect()
}

/// The sides that the map has had on its way, the longest ways shortened.
fn shrinking(graph: &Graph, value: ValueId) -> Vec<String> {
    let first = |value: &ValueId| value.node().and_then(|index| graph.nodes[index].inputs.first().copied());
    let values = std::iter::successors(Some(value), first).take(LONGEST_WAY);
    let mut sides: Vec<(usize, usize)> = values.map(|value| graph.shape(value).sides().unwrap_or((1, 1))).collect();
    sides.dedup();
    sides.reverse();
    let side = |(height, width): (usize, usize)| {
        if height == width { height.to_string() } else { format!("{height}×{width}") }
    };
    let mut sides: Vec<String> = sides.into_iter().map(side).collect();
    if sides.len() > 12 {
        sides.splice(2..sides.len() - 8, ["…".to_string()]);
    }
    sides
}
