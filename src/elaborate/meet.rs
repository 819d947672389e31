//! What would make values meet that do not agree.
//!
//! `conv 8 3x3` in one branch and `conv 8 1x1` in another meet with `p1`. One change in one call is looked for first,
//! then several, then what can be put behind a branch or left out of it. What is found here makes these values meet;
//! whether all others still do is tried on the text.

use std::collections::HashSet;

use super::enlarge::enlarged;
use super::even_kernel::even_kernels;
use super::input_size::other_inputs;
use super::mismatch::Refused;
use super::parting::{apart, larger_again, of_two_kinds};
use super::view::{LONGEST_WAY, Placed, View};
use crate::arguments::{ResolvedCall, Value, keyed};
use crate::diagnostic::{Choice, Edit, ranked};
use crate::ir::{Pair, Shape, ValueId, Window};
use crate::layers::broadcast;

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
    pub(super) view: &'a View<'a>,
}

/// One value that the others, which agree, do not agree with.
pub(super) struct Odd<'a> {
    pub(super) end: ValueId,
    /// What it should be, as far as it must.
    pub(super) target: Shape,
    /// The layers that lead to it alone, from the last one back.
    pub(super) branch: Vec<Placed<'a>>,
}

/// Advice for values that a merge has refused.
pub(super) fn meet(refused: &Refused, view: &View) -> Vec<Choice> {
    let meeting = Meeting { merge: refused.call.callee(), ends: &refused.inputs, view };
    if meeting.ends.len() > MOST_BRANCHES {
        return Vec::new();
    }
    let odd = meeting.odd();
    // Another input has as many channels.
    let channels = |end: &ValueId| view.shape(*end).channels();
    let only_sizes =
        meeting.merge == "concat" || meeting.ends.windows(2).all(|pair| channels(&pair[0]) == channels(&pair[1]));
    let others = if only_sizes { other_inputs(view.graph, view.document) } else { Vec::new() };
    // A residual connection is written already where its shortcut does not fit.
    let apart = if refused.shortcut.is_none() { apart(&meeting, &odd) } else { Vec::new() };
    ranked([of_two_kinds(&meeting)].into_iter().chain(changes(&meeting, &odd)).chain([
        kept_sizes(&meeting),
        [enlarged(&meeting, &odd), others].concat(),
        apart,
    ]))
}

/// Advice for a value that should have the shape `target`.
pub(super) fn reach(value: ValueId, target: Shape, view: &View) -> Vec<Vec<Choice>> {
    let ends = [value];
    let meeting = Meeting { merge: "expect", ends: &ends, view };
    let odd = [Odd { end: value, target, branch: branch(value, &[], view) }];
    let same_kind = view.shape(value).sides().is_some() == target.sides().is_some();
    if !same_kind {
        return Vec::new();
    }
    let other = [enlarged(&meeting, &odd), other_inputs(view.graph, view.document)].concat();
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
        match self.merge {
            "concat" => a.sides() == b.sides(),
            "mul" => broadcast(a, b).is_some(),
            _ => a == b,
        }
    }

    /// Every value that all others agree without, the last one first.
    fn odd(&self) -> Vec<Odd<'a>> {
        let odd = |index: usize| {
            let others: Vec<ValueId> =
                self.ends.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, end)| *end).collect();
            let shapes = others.iter().map(|other| self.view.shape(*other));
            let target = shapes.clone().max_by_key(|shape| shape.elements())?;
            let agree = shapes.clone().all(|shape| self.agree(shape, target));
            agree.then(|| Odd { end: self.ends[index], target, branch: branch(self.ends[index], &others, self.view) })
        };
        let mut all: Vec<Odd> = (0..self.ends.len()).rev().filter_map(odd).collect();
        if self.merge == "mul" {
            // What is stretched follows what it is stretched over.
            all.sort_by_key(|odd| self.view.shape(odd.end).elements());
        }
        all
    }

    /// The shape at the end of a branch in which the layer at `place` makes `changed`.
    pub(super) fn end(&self, branch: &[Placed], place: usize, changed: Shape) -> Option<Shape> {
        branch[..place].iter().rev().try_fold(changed, |shape, node| node.layer.output(&[shape]).ok())
    }

    /// Whether a branch meets the others if `call` stands in place of one of its own; the shape that it makes then.
    pub(super) fn works(&self, odd: &Odd, place: usize, call: &ResolvedCall) -> Option<Shape> {
        let inputs = self.view.graph.input_shapes(&odd.branch[place]);
        self.meets(odd, place, self.view.layer(call)?.output(&inputs).ok()?)
    }

    /// The same, if what stands there makes `changed`.
    pub(super) fn meets(&self, odd: &Odd, place: usize, changed: Shape) -> Option<Shape> {
        let end = self.end(&odd.branch, place, changed)?;
        self.agree(end, odd.target).then_some(changed)
    }

    /// What gives an argument of a node's call another value in the text.
    fn set(&self, node: Placed<'a>, key: &str, value: &Value) -> Option<Edit> {
        self.view.written(node)?.set(key, value)
    }
}

/// Another value for one argument.
struct Change {
    key: &'static str,
    value: Value,
}

/// The padding that keeps a size: half of what the kernel reaches beyond one pixel.
fn half_padding(window: Window) -> Vec<Change> {
    vec![Change { key: "padding", value: half(window).into() }]
}

/// Other strides, and a last window that is not full.
fn steps(window: Window) -> Vec<Change> {
    let Pair { height, width } = window.reach().span;
    let largest = if window.kernel == Pair::square(1) { LARGEST_STRIDE } else { height.min(width).max(2) };
    let strides = (1..=largest.min(LARGEST_STRIDE)).map(|stride| Pair::square(stride).into());
    let strides = strides.map(|value| Change { key: "stride", value });
    strides.chain([Change { key: "ceil", value: Value::Bool(true) }]).collect()
}

fn less_padding(window: Window) -> Vec<Change> {
    let Pair { height, width } = half(window);
    let paddings = (0..height.min(width).min(LARGEST_STRIDE)).map(|padding| Pair::square(padding).into());
    paddings.map(|value| Change { key: "padding", value }).collect()
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
            for Change { key, value } in changes(window) {
                let changed = node.call.clone().with(key, value.clone());
                let Some(made) = meeting.works(odd, place, &changed) else { continue };
                let edit = meeting.set(*node, key, &value);
                let text = format!("with `{}`, `{}` would make {made}", keyed(key, &value), node.call);
                found.push(Choice::new(text, edit.into_iter().collect()));
                if found.len() == MOST_TRIED {
                    return found;
                }
            }
        }
    }
    found
}

/// `` `conv 32 1x1` in place of `conv 16 1x1` would make 32×8×8 ``: with other output channels, and with another
/// padding or stride where that is not enough.
fn other_channels(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    let mut found = Vec::new();
    for odd in all {
        let channels = odd.target.channels();
        let out = Value::Int(channels as i64);
        for (place, node) in odd.branch.iter().enumerate() {
            if found.len() >= MOST_TRIED {
                break;
            }
            let other = node.call.clone().with("out", out.clone());
            if node.call.position("out").is_none() || other == node.call {
                continue;
            }
            let text =
                |call: &ResolvedCall, made: Shape| format!("`{call}` in place of `{}` would make {made}", node.call);
            let edit = meeting.set(*node, "out", &out);
            if let Some(made) = meeting.works(odd, place, &other) {
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
            let both = kinds.iter().flat_map(|changes| changes(window)).find_map(|Change { key, value }| {
                let call = other.clone().with(key, value.clone());
                let made = meeting.works(odd, place, &call)?;
                let edits = edit.clone().zip(meeting.set(*node, key, &value)).map_or(Vec::new(), |(a, b)| vec![a, b]);
                Some(Choice::new(text(&call, made), edits))
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
        let branch = branch(*end, &others, meeting.view);
        let Some(first) = branch.last() else {
            shapes.push(meeting.view.shape(*end));
            continue;
        };
        let mut shape = meeting.view.shape(*first.inputs.first()?);
        for node in branch.iter().rev() {
            let kept = node.layer.window().filter(|window| window.stride == Pair::square(1)).and_then(|window| {
                let padding = Value::from(half(window));
                let call = node.call.clone().with("padding", padding.clone());
                let layer = meeting.view.layer(&call)?;
                (window.padding != half(window)).then_some((layer, call, padding))
            });
            shape = match &kept {
                Some((layer, ..)) => layer.output(&[shape]).ok()?,
                None => node.layer.output(&[shape]).ok()?,
            };
            if let Some((_, call, padding)) = kept {
                changed.push(format!("`{call}`"));
                edits.push(meeting.set(*node, "padding", &padding));
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
fn branch<'a>(end: ValueId, others: &[ValueId], view: &View<'a>) -> Vec<Placed<'a>> {
    let before = |value: &ValueId| match view.node(*value)?.inputs.as_slice() {
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
            open.extend(value.node().iter().flat_map(|index| &view.graph.nodes[*index].inputs));
        }
    }
    let nodes = way.into_iter().take_while(|value| !shared.contains(value) && shared.len() < LONGEST_WAY);
    nodes.map_while(|value| view.node(value)).take_while(|node| node.inputs.len() == 1).collect()
}
