//! What would make values meet that do not agree.
//!
//! `conv 8 3x3` in one branch and `conv 8 1x1` in another meet with `p1`. One change in one call is looked for first, then
//! several, then what can be put behind a branch or left out of it. What is found here makes these values meet; whether all
//! others still do is tried on the text.

use std::collections::HashSet;

use super::enlarge::enlarged;
use super::even_kernel::even_kernels;
use super::input_size::other_inputs;
use super::mismatch::Refused;
use super::parting::{apart, larger_again, of_two_kinds, stretched};
use super::remedy::{LONGEST_WAY, layer, rewritten, with, with_channels};
use super::written::{size, written};
use crate::arguments::Value;
use crate::diagnostic::{Choice, ranked};
use crate::graph::{Graph, Node};
use crate::ir::{Pair, Shape, ValueId, Window};
use crate::layers::{Layer, Layers};
use crate::syntax::ast::Document;

/// How far back from where branches meet a layer is looked for.
const FARTHEST: usize = 32;

/// How many branches are tried, to see whether one of them could meet the others.
const MOST_BRANCHES: usize = 64;

/// The largest stride that is tried for a 1×1 convolution, which may leave out pixels on purpose.
const LARGEST_STRIDE: usize = 16;

/// So many calls are changed at most.
const MOST_CHANGES: usize = 4;

/// So many changes of one kind are tried on the whole text.
pub(super) const MOST_TRIED: usize = 6;

/// Values that do not meet, and all that is needed to try something else.
pub(super) struct Meeting<'a> {
    /// The layer in which they should: `add`, `concat` or `mul`; `expect`, if one value should have a certain shape.
    pub(super) merge: &'a str,
    pub(super) ends: &'a [ValueId],
    pub(super) graph: &'a Graph,
    pub(super) layers: &'a Layers,
    pub(super) document: &'a Document,
}

/// One value that the others, which agree, do not agree with.
pub(super) struct Odd<'a> {
    pub(super) end: ValueId,
    /// What it should be, as far as it must.
    pub(super) target: Shape,
    /// The layers that lead to it alone, from the last one back.
    pub(super) branch: Vec<&'a Node>,
}

/// Advice for values that a merge has refused.
pub(super) fn meet(refused: &Refused, graph: &Graph, layers: &Layers, document: &Document) -> Vec<Choice> {
    let meeting = Meeting { merge: refused.definition.name, ends: refused.inputs, graph, layers, document };
    if meeting.ends.len() > MOST_BRANCHES {
        return Vec::new();
    }
    let odd = meeting.odd();
    ranked([of_two_kinds(&meeting), stretched(&meeting, &odd)].into_iter().chain(changes(&meeting, &odd)).chain([
        kept_sizes(&meeting),
        [enlarged(&meeting, &odd), other_inputs(graph, document)].concat(),
        apart(&meeting, &odd),
    ]))
}

/// Advice for a value that should have the shape `target`.
pub(super) fn reach(
    value: ValueId,
    target: Shape,
    graph: &Graph,
    layers: &Layers,
    document: &Document,
) -> Vec<Vec<Choice>> {
    let ends = [value];
    let meeting = Meeting { merge: "expect", ends: &ends, graph, layers, document };
    let odd = [Odd { end: value, target, branch: branch(value, &[], graph) }];
    let same_kind = graph.shape(value).sides().is_some() == target.sides().is_some();
    if !same_kind {
        return Vec::new();
    }
    let other = [enlarged(&meeting, &odd), other_inputs(graph, document)].concat();
    changes(&meeting, &odd).into_iter().chain([other]).collect()
}

/// One change in one call, the likeliest first.
fn changes(meeting: &Meeting, odd: &[Odd]) -> [Vec<Choice>; 5] {
    [
        one_change(meeting, odd, half_padding),
        [one_change(meeting, odd, steps), larger_again(meeting, odd)].concat(),
        even_kernels(meeting, odd),
        one_change(meeting, odd, less_padding),
        other_channels(meeting, odd),
    ]
}

impl<'a> Meeting<'a> {
    /// Whether the merge takes values of these shapes.
    pub(super) fn agree(&self, a: Shape, b: Shape) -> bool {
        let stretched =
            |small: Shape, large: Shape| small.sides() == Some((1, 1)) && small.channels() == large.channels();
        match self.merge {
            "concat" => a.sides() == b.sides(),
            "mul" => a == b || stretched(a, b) || stretched(b, a),
            _ => a == b,
        }
    }

    /// Every value that all others agree without, the last one first.
    fn odd(&self) -> Vec<Odd<'a>> {
        let odd = |index: usize| {
            let others: Vec<ValueId> =
                self.ends.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, end)| *end).collect();
            let shapes = others.iter().map(|other| self.graph.shape(*other));
            let target = shapes.clone().max_by_key(|shape| shape.positions())?;
            let agree = shapes.clone().all(|shape| self.agree(shape, target));
            agree.then(|| Odd { end: self.ends[index], target, branch: branch(self.ends[index], &others, self.graph) })
        };
        let mut all: Vec<Odd> = (0..self.ends.len()).rev().filter_map(odd).collect();
        if self.merge == "mul" {
            // What is stretched follows what it is stretched over.
            all.sort_by_key(|odd| self.graph.shape(odd.end).positions());
        }
        all
    }

    /// The shape at the end of a branch in which the layer at `place` makes `changed`.
    pub(super) fn end(&self, branch: &[&Node], place: usize, changed: Shape) -> Option<Shape> {
        branch[..place].iter().rev().try_fold(changed, |shape, node| node.layer.output(&[shape]).ok())
    }

    /// Whether a branch meets the others if `layer` stands in place of one of its own; the shape that it makes then.
    pub(super) fn works(&self, odd: &Odd, place: usize, layer: &dyn Layer) -> Option<Shape> {
        let changed = layer.output(&self.graph.input_shapes(odd.branch[place])).ok()?;
        self.meets(odd, place, changed)
    }

    /// The same, if what stands there makes `changed`.
    pub(super) fn meets(&self, odd: &Odd, place: usize, changed: Shape) -> Option<Shape> {
        let end = self.end(&odd.branch, place, changed)?;
        self.agree(end, odd.target).then_some(changed)
    }

    /// The layer that `text` calls, in place of `node`.
    pub(super) fn layer(&self, node: &Node, text: &str) -> Option<Box<dyn Layer>> {
        layer(self.layers.find(node.kind)?, text)
    }

    /// The layer of `node` with another value for one argument.
    fn with(&self, node: &Node, key: &'static str, value: Value) -> Option<Box<dyn Layer>> {
        with(self.layers.find(node.kind)?, &node.call, key, value)
    }
}

/// Another value for one argument: what it is called, and how that is written short.
struct Change {
    key: &'static str,
    prefix: &'static str,
    value: Value,
}

/// The padding that keeps a size: half of what the kernel reaches beyond one pixel.
fn half_padding(window: Window) -> Vec<Change> {
    vec![Change { key: "padding", prefix: "p", value: size(half(window)) }]
}

/// Other strides, and a last window that is not full.
fn steps(window: Window) -> Vec<Change> {
    let Pair { height, width } = window.reach().span;
    let largest = if window.kernel == Pair::square(1) { LARGEST_STRIDE } else { height.min(width).max(2) };
    let strides = (1..=largest.min(LARGEST_STRIDE)).map(|stride| size(Pair::square(stride)));
    let strides = strides.map(|value| Change { key: "stride", prefix: "s", value });
    strides.chain([Change { key: "ceil", prefix: "ceil=", value: Value::Bool(true) }]).collect()
}

fn less_padding(window: Window) -> Vec<Change> {
    let Pair { height, width } = half(window);
    let paddings = (0..height.min(width).min(LARGEST_STRIDE)).map(|padding| size(Pair::square(padding)));
    paddings.map(|value| Change { key: "padding", prefix: "p", value }).collect()
}

pub(super) fn half(window: Window) -> Pair {
    let Pair { height, width } = window.reach().span;
    Pair { height: (height - 1) / 2, width: (width - 1) / 2 }
}

/// `` with `p1`, `conv 8 5x5` would make 8×32×32 ``.
fn one_change(meeting: &Meeting, all: &[Odd], changes: fn(Window) -> Vec<Change>) -> Vec<Choice> {
    let mut found = Vec::new();
    for odd in all {
        for (place, node) in odd.branch.iter().enumerate() {
            let Some(window) = node.layer.window() else { continue };
            for Change { key, prefix, value } in changes(window) {
                let made =
                    meeting.with(node, key, value.clone()).and_then(|layer| meeting.works(odd, place, layer.as_ref()));
                let Some(made) = made else { continue };
                let edit = written(meeting.document, node.span).and_then(|written| written.set(key, prefix, &value));
                let text = format!("with `{prefix}{value}`, `{}` would make {made}", node.call);
                found.push(Choice::new(text, edit.into_iter().collect()));
                if found.len() == MOST_TRIED {
                    return found;
                }
            }
        }
    }
    found
}

/// `` `conv 32 1x1` in place of `conv 16 1x1` would make 32×8×8 ``: with other output channels, and with another padding or
/// stride where that is not enough.
fn other_channels(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    let mut found = Vec::new();
    for odd in all {
        let channels = odd.target.channels();
        for (place, node) in odd.branch.iter().enumerate() {
            if found.len() >= MOST_TRIED {
                break;
            }
            let other = with_channels(&node.call, channels).filter(|other| *other != node.call);
            let Some(other) = other.filter(|_| !node.weights.is_empty()) else { continue };
            let text = |text: &str, made: Shape| format!("`{text}` in place of `{}` would make {made}", node.call);
            let written = written(meeting.document, node.span);
            let edit = written.and_then(|written| written.set_channels(channels));
            let made = meeting.layer(node, &other).and_then(|layer| meeting.works(odd, place, layer.as_ref()));
            if let Some(made) = made {
                let behind = match odd.branch.first() {
                    Some(last) if place > 0 && made.sides().is_some() => {
                        format!(", as would `conv {channels} 1x1` after `{}`", last.call)
                    }
                    _ => String::new(),
                };
                found.push(Choice::new(text(&other, made) + &behind, edit.into_iter().collect()));
                continue;
            }
            let Some(window) = node.layer.window() else { continue };
            let kinds = [half_padding, steps, less_padding];
            let both = kinds.iter().flat_map(|changes| changes(window)).find_map(|Change { key, prefix, value }| {
                let call = rewritten(&other, key, value.clone())?;
                let made = meeting.works(odd, place, meeting.layer(node, &call)?.as_ref())?;
                let second = written.and_then(|written| written.set(key, prefix, &value));
                Some(Choice::new(text(&call, made), edit.clone().zip(second).map_or(Vec::new(), |(a, b)| vec![a, b])))
            });
            found.extend(both);
        }
    }
    found
}

/// Paddings that let every branch keep its size, where more than one is to be changed.
fn kept_sizes(meeting: &Meeting) -> Vec<Choice> {
    if meeting.ends.len() > 2 * MOST_CHANGES {
        return Vec::new();
    }
    every_size_kept(meeting).into_iter().collect()
}

fn every_size_kept(meeting: &Meeting) -> Option<Choice> {
    let mut changed: Vec<String> = Vec::new();
    let mut edits = Vec::new();
    let mut shapes = Vec::new();
    for (index, end) in meeting.ends.iter().enumerate() {
        let others: Vec<ValueId> =
            meeting.ends.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, end)| *end).collect();
        let branch = branch(*end, &others, meeting.graph);
        let Some(first) = branch.last() else {
            shapes.push(meeting.graph.shape(*end));
            continue;
        };
        let mut shape = meeting.graph.shape(*first.inputs.first()?);
        for node in branch.iter().rev() {
            let kept = node.layer.window().filter(|window| window.stride == Pair::square(1)).and_then(|window| {
                let padding = size(half(window));
                let layer = meeting.with(node, "padding", padding.clone())?;
                let text = rewritten(&node.call, "padding", padding.clone())?;
                (window.padding != half(window)).then_some((layer, text, padding))
            });
            shape = match &kept {
                Some((layer, ..)) => layer.output(&[shape]).ok()?,
                None => node.layer.output(&[shape]).ok()?,
            };
            if let Some((_, text, padding)) = kept {
                changed.push(format!("`{text}`"));
                let written = written(meeting.document, node.span);
                edits.push(written.and_then(|written| written.set("padding", "p", padding)));
            }
        }
        shapes.push(shape);
    }
    let agree = shapes.iter().all(|shape| meeting.agree(*shape, shapes[0]));
    let all = changed.len();
    let mut seen = HashSet::new();
    changed.retain(|text| seen.insert(text.clone()));
    let each = if changed.len() < all { " each time" } else { "" };
    let text = format!("a padding of half the kernel's span keeps the size: write {}{each}", listed(&changed, "and"));
    let mut edits = edits.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
    edits.dedup();
    (agree && (1..=MOST_CHANGES).contains(&changed.len())).then(|| Choice::new(text, edits))
}

/// `a, b and c`.
pub(super) fn listed(words: &[String], and: &str) -> String {
    match words {
        [] => String::new(),
        [word] => word.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

/// The layers that lead to `end` alone, not to one of `others`, from the last one back.
fn branch<'a>(end: ValueId, others: &[ValueId], graph: &'a Graph) -> Vec<&'a Node> {
    let before = |value: &ValueId| match graph.nodes[value.node()?].inputs.as_slice() {
        [input] => Some(*input),
        _ => None,
    };
    let way: Vec<ValueId> = std::iter::successors(Some(end), before).take(FARTHEST).collect();
    // What was made before all of them is not looked at: it leads to none of them.
    let oldest = way.last().copied().unwrap_or(end);
    let mut shared = HashSet::new();
    let mut open = others.to_vec();
    while let Some(value) = open.pop().filter(|_| shared.len() < LONGEST_WAY) {
        if value >= oldest && shared.insert(value) {
            open.extend(value.node().iter().flat_map(|index| &graph.nodes[*index].inputs));
        }
    }
    let nodes = way.into_iter().take_while(|value| !shared.contains(value) && shared.len() < LONGEST_WAY);
    nodes.map_while(|value| Some(&graph.nodes[value.node()?])).take_while(|node| node.inputs.len() == 1).collect()
}
