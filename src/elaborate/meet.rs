//! What would make values meet that do not agree. Everything that is advised has been tried on the layers themselves.
//!
//! `conv 8 3x3` in one branch and `conv 8 1x1` in another meet with `p1`. One change in one call is looked for first, then
//! several, then what can be put behind a branch or left out of it.

use std::collections::HashSet;

use super::mismatch::Refused;
use super::parting::{apart, halved, of_two_kinds};
use super::remedy::{LONGEST_WAY, layer, rewritten, set, with, with_channels, written_once};
use crate::arguments::Value;
use crate::diagnostic::{Edit, Help};
use crate::graph::{Graph, Node};
use crate::ir::{Pair, Shape, ValueId, Window};
use crate::layers::{Layer, Layers};
use crate::syntax::ast::{Argument, Call, Document, Term};

/// How far back from where branches meet a layer is looked for.
const FARTHEST: usize = 32;

/// How many branches are tried, to see whether one of them could meet the others.
const MOST_BRANCHES: usize = 64;

/// The largest stride that is tried for a 1×1 convolution, which may leave out pixels on purpose.
const LARGEST_STRIDE: usize = 16;

/// So many calls are changed at most.
const MOST_CHANGES: usize = 4;

/// Values that do not meet, and all that is needed to try something else.
pub(super) struct Meeting<'a> {
    /// The layer in which they should: `add`, `concat` or `mul`.
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
pub(super) fn meet(refused: &Refused, graph: &Graph, layers: &Layers, document: &Document) -> Option<Help> {
    let meeting = Meeting { merge: refused.definition.name, ends: refused.inputs, graph, layers, document };
    if meeting.ends.len() > MOST_BRANCHES {
        return None;
    }
    let odd = meeting.odd();
    of_two_kinds(&meeting)
        .or_else(|| one_change(&meeting, &odd))
        .or_else(|| other_channels(&meeting, &odd))
        .or_else(|| kept_sizes(&meeting))
        .or_else(|| halved(&meeting, &odd))
        .or_else(|| apart(&meeting, &odd))
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

    /// Whether a branch meets the others if `layer` stands in the place of one of its own; the shape that it makes then.
    fn works(&self, odd: &Odd, place: usize, layer: &dyn Layer) -> Option<Shape> {
        let changed = layer.output(&self.graph.input_shapes(odd.branch[place])).ok()?;
        let end = self.end(&odd.branch, place, changed)?;
        self.agree(end, odd.target).then_some(changed)
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

/// What may be changed in a call, what is most likely to be meant first.
const CHANGES: [fn(Window) -> Vec<Change>; 3] = [half_padding, steps, less_padding];

/// The padding that keeps a size: half of what the kernel reaches beyond one pixel.
fn half_padding(window: Window) -> Vec<Change> {
    vec![Change { key: "padding", prefix: "p", value: pair(half(window)) }]
}

/// Other strides, and a last window that is not full.
fn steps(window: Window) -> Vec<Change> {
    let Pair { height, width } = window.reach().span;
    let largest = if window.kernel == Pair::square(1) { LARGEST_STRIDE } else { height.min(width).max(2) };
    let strides = (1..=largest.min(LARGEST_STRIDE)).map(|stride| pair(Pair::square(stride)));
    let strides = strides.map(|value| Change { key: "stride", prefix: "s", value });
    strides.chain([Change { key: "ceil", prefix: "ceil=", value: Value::Bool(true) }]).collect()
}

fn less_padding(window: Window) -> Vec<Change> {
    let Pair { height, width } = half(window);
    let paddings = (0..height.min(width).min(LARGEST_STRIDE)).map(|padding| pair(Pair::square(padding)));
    paddings.map(|value| Change { key: "padding", prefix: "p", value }).collect()
}

fn half(window: Window) -> Pair {
    let Pair { height, width } = window.reach().span;
    Pair { height: (height - 1) / 2, width: (width - 1) / 2 }
}

fn pair(Pair { height, width }: Pair) -> Value {
    if height == width { Value::Int(height as i64) } else { Value::Size(height as i64, width as i64) }
}

/// `` with `p1`, `conv 8 5x5` would make 8×32×32 ``.
fn one_change(meeting: &Meeting, all: &[Odd]) -> Option<Help> {
    CHANGES.iter().find_map(|changes| {
        all.iter().find_map(|odd| {
            (0..odd.branch.len()).find_map(|place| {
                let node = odd.branch[place];
                changes(node.layer.window()?).into_iter().find_map(|Change { key, prefix, value }| {
                    let layer = meeting.with(node, key, value.clone())?;
                    let made = meeting.works(odd, place, layer.as_ref())?;
                    let call = written_once(meeting.document, node.span).map(|(_, call)| call);
                    Some(Help {
                        text: format!("with `{prefix}{value}`, `{}` would make {made}", node.call),
                        edit: call.and_then(|call| set(call, key, prefix, &value)),
                    })
                })
            })
        })
    })
}

/// `` `conv 32 1x1` in the place of `conv 16 1x1` would make 32×8×8 ``: with other output channels, and with another padding or
/// stride where that is not enough.
fn other_channels(meeting: &Meeting, all: &[Odd]) -> Option<Help> {
    all.iter().find_map(|odd| {
        let channels = odd.target.channels();
        (0..odd.branch.len()).find_map(|place| {
            let node = odd.branch[place];
            let definition = meeting.layers.find(node.kind)?;
            let other = with_channels(&node.call, channels).filter(|other| *other != node.call)?;
            let written =
                |text: &str, made: Shape| format!("`{text}` in the place of `{}` would make {made}", node.call);
            if let Some(made) = layer(definition, &other).and_then(|layer| meeting.works(odd, place, layer.as_ref())) {
                let behind = match odd.branch.first() {
                    Some(last) if place > 0 && made.sides().is_some() => {
                        format!(", as would `conv {channels} 1x1` behind `{}`", last.call)
                    }
                    _ => String::new(),
                };
                let call = written_once(meeting.document, node.span).map(|(_, call)| call);
                let edit = call.and_then(|call| set_channels(call, channels));
                return Some(Help { text: written(&other, made) + &behind, edit });
            }
            let window = node.layer.window()?;
            CHANGES.iter().flat_map(|changes| changes(window)).find_map(|Change { key, value, .. }| {
                let layer = with(definition, &other, key, value.clone())?;
                let made = meeting.works(odd, place, layer.as_ref())?;
                Some(Help { text: written(&rewritten(&other, key, value)?, made), edit: None })
            })
        })
    })
}

/// What gives a call other output channels: in the place of the first argument without a name, or of `out=`.
fn set_channels(call: &Call, channels: usize) -> Option<Edit> {
    let named = |argument: &&Argument| argument.key.as_ref().is_some_and(|key| key.value == "out");
    let number = |argument: &&Argument| argument.key.is_none() && !matches!(argument.value.value, Term::Word(_));
    let given = call.arguments.iter().find(named).or_else(|| call.arguments.iter().find(number))?;
    Some(Edit { span: given.value.span, text: channels.to_string() })
}

/// Paddings that let every branch keep its size, where more than one is to be changed.
fn kept_sizes(meeting: &Meeting) -> Option<Help> {
    if meeting.ends.len() > 2 * MOST_CHANGES {
        return None;
    }
    let mut changed: Vec<String> = Vec::new();
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
                let padding = pair(half(window));
                let layer = meeting.with(node, "padding", padding.clone())?;
                let text = rewritten(&node.call, "padding", padding)?;
                (window.padding != half(window)).then_some((layer, text))
            });
            shape = match &kept {
                Some((layer, _)) => layer.output(&[shape]).ok()?,
                None => node.layer.output(&[shape]).ok()?,
            };
            changed.extend(kept.map(|(_, text)| format!("`{text}`")));
        }
        shapes.push(shape);
    }
    let agree = shapes.iter().all(|shape| meeting.agree(*shape, shapes[0]));
    let all = changed.len();
    let mut seen = HashSet::new();
    changed.retain(|text| seen.insert(text.clone()));
    let each = if changed.len() < all { " each time" } else { "" };
    (agree && (1..=MOST_CHANGES).contains(&changed.len())).then(|| Help {
        text: format!(
            "half of what a kernel spans, as padding, keeps the size: write {}{each}",
            listed(&changed, "and")
        ),
        edit: None,
    })
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
