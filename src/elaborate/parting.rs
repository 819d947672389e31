//! Advice for values that part for good: no argument of one call makes them meet, but a layer that is put behind one of
//! them, left out or exchanged does.

use super::meet::{Meeting, Odd};
use crate::arguments::{ResolvedCall, Value};
use crate::diagnostic::Choice;
use crate::ir::{Pair, Shape};

/// A vector beside a feature map.
pub(super) fn of_two_kinds(meeting: &Meeting) -> Vec<Choice> {
    let shapes: Vec<Shape> = meeting.ends.iter().map(|end| meeting.view.shape(*end)).collect();
    let largest = shapes.iter().copied().max_by_key(|shape| shape.positions()).filter(|shape| shape.sides().is_some());
    let vector = shapes.iter().position(|shape| shape.sides().is_none());
    let (Some(map), Some(vector)) = (largest, vector) else { return Vec::new() };
    match meeting.merge {
        "mul" => {
            let channels = map.channels();
            vec![Choice::untried(format!(
                "keep a map, without `flatten`: `global_avgpool -> conv {channels} 1x1` makes {channels}×1×1, \
                 which is stretched over {map}"
            ))]
        }
        "add" if map.elements() != shapes[vector].elements() => Vec::new(),
        _ => {
            let last =
                shapes.iter().position(|shape| *shape == map).and_then(|index| meeting.view.node(meeting.ends[index]));
            let edit = last.and_then(|last| meeting.view.written(last)?.behind("flatten"));
            let text =
                format!("put `flatten` after what makes {map}, or leave it out before what makes {}", shapes[vector]);
            vec![Choice::new(text, edit.into_iter().collect())]
        }
    }
}

/// A size that is a multiple of the other: what to leave out, and what to put behind one of the branches.
pub(super) fn apart(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    let ways =
        all.iter().filter_map(|odd| left_out(meeting, odd)).chain(all.iter().filter_map(|odd| resized(meeting, odd)));
    let ways = ways.chain(projected(meeting, all)).take(MOST_WAYS).enumerate();
    ways.map(|(slot, way)| way.beside(slot)).collect()
}

/// So many ways out are shown.
const MOST_WAYS: usize = 3;

/// `` leave out `maxpool 2` ``.
fn left_out(meeting: &Meeting, odd: &Odd) -> Option<Choice> {
    let place = (0..odd.branch.len()).find(|place| {
        let node = odd.branch[*place];
        let input = node.inputs.first().map(|input| meeting.view.shape(*input));
        let end = input.filter(|_| node.weights.is_empty()).and_then(|input| meeting.end(&odd.branch, *place, input));
        end.is_some_and(|end| meeting.agree(end, odd.target))
    })?;
    let node = odd.branch[place];
    let edit = meeting.view.written(node).and_then(|written| written.instead(&ResolvedCall::new("identity")));
    Some(Choice::as_if(format!("leave out `{}`", node.call), edit.into_iter().collect()))
}

/// `` put `upsample 2` behind `conv 8 3x3 p1` ``.
fn resized(meeting: &Meeting, odd: &Odd) -> Option<Choice> {
    let (from, last) = (meeting.view.shape(odd.end), odd.branch.first()?);
    let ((height, width), (to_height, to_width)) = (from.sides()?, odd.target.sides()?);
    let grows = height <= to_height && width <= to_width;
    let shrinks = height >= to_height && width >= to_width;
    let scales = |large: (usize, usize), small: (usize, usize)| {
        Pair { height: large.0.div_ceil(small.0), width: large.1.div_ceil(small.1) }.into()
    };
    let mut calls: Vec<ResolvedCall> = Vec::new();
    if grows && to_height.is_multiple_of(height) && to_width.is_multiple_of(width) {
        calls.push(ResolvedCall::new("upsample").and("scale", scales((to_height, to_width), (height, width))));
    }
    if grows {
        let size = Pair { height: to_height, width: to_width };
        calls.push(ResolvedCall::new("upsample").with("size", size.into()));
    }
    if shrinks {
        calls.push(ResolvedCall::new("maxpool").and("kernel", scales((height, width), (to_height, to_width))));
    }
    let meets =
        |call: &ResolvedCall| meeting.view.output(call, from).is_some_and(|made| meeting.agree(made, odd.target));
    let call = calls.into_iter().find(meets)?;
    let edit = meeting.view.written(*last).and_then(|written| written.behind(&call.to_string()));
    Some(Choice::new(format!("put `{call}` after `{}`", last.call), edit.into_iter().collect()))
}

/// What was made smaller and is put beside what it was made of, as in a U-Net: perhaps it was to be made larger again.
pub(super) fn larger_again(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    let [odd, other] = all else { return Vec::new() };
    let [odd, other] = if odd.branch.is_empty() { [other, odd] } else { [odd, other] };
    let half = |small: usize, large: usize| small == large / 2 || small == large.div_ceil(2);
    let sides = meeting.view.shape(odd.end).sides().zip(odd.target.sides());
    let is_smaller = sides.is_some_and(|(small, large)| half(small.0, large.0) && half(small.1, large.1));
    if meeting.merge != "concat" || !other.branch.is_empty() || !is_smaller {
        return Vec::new();
    }
    resized(meeting, odd).map(|choice| choice.beside(1)).into_iter().collect()
}

/// The residual that a sum of a value and what becomes of it should be.
fn projected(meeting: &Meeting, all: &[Odd]) -> Option<Choice> {
    let [shared, body] = match all {
        [a, b] if meeting.merge == "add" && a.branch.is_empty() => [a, b],
        [b, a] if meeting.merge == "add" && a.branch.is_empty() => [a, b],
        _ => return None,
    };
    if body.branch.last()?.inputs != [shared.end] {
        return None;
    }
    let (from, to) = (meeting.view.shape(shared.end), meeting.view.shape(body.end));
    let ((height, width), (to_height, to_width)) = (from.sides()?, to.sides()?);
    let stride = Pair { height: height.div_ceil(to_height), width: width.div_ceil(to_width) };
    let call = ResolvedCall::new("conv").and("out", Value::Int(to.channels() as i64));
    let call = call.and("kernel", Value::Size(1, 1)).with("stride", stride.into());
    (meeting.view.output(&call, from)? == to)
        .then(|| Choice::untried(format!("a `residual:` may be meant, whose shortcut is then `{call} -> bn`")))
}
