//! Advice for values that part for good: no argument of one call makes them meet, but a layer that is put behind one of them, left
//! out or exchanged does.

use super::meet::{Meeting, Odd};
use super::remedy::layer;
use super::written::{size, written};
use crate::diagnostic::Choice;
use crate::ir::{Pair, Shape};

/// A vector beside a feature map.
pub(super) fn of_two_kinds(meeting: &Meeting) -> Vec<Choice> {
    let shapes: Vec<Shape> = meeting.ends.iter().map(|end| meeting.graph.shape(*end)).collect();
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
            let last = shapes.iter().position(|shape| *shape == map).and_then(|index| meeting.ends[index].node());
            let last = last.and_then(|index| written(meeting.document, meeting.graph.nodes[index].span));
            let edit = last.and_then(|last| last.behind("flatten"));
            let text =
                format!("put `flatten` after what makes {map}, or leave it out before what makes {}", shapes[vector]);
            vec![Choice::new(text, edit.into_iter().collect())]
        }
    }
}

/// What is multiplied with all rows, all columns or all channels, as attention has it. A map of 1×1 alone is stretched.
pub(super) fn stretched(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    if meeting.merge != "mul" {
        return Vec::new();
    }
    let one = |odd: &Odd| {
        let (small, large) = (meeting.graph.shape(odd.end), odd.target);
        let ((height, width), (rows, columns)) = (small.sides()?, large.sides()?);
        let last = odd.branch.first()?;
        if small.channels() == 1 && large.channels() > 1 {
            let channels = large.channels();
            return Some(Choice::untried(format!(
                "`mul` stretches 1×1 over all positions, but not one channel over {channels}: a mask for all channels cannot be \
                 written; `conv {channels}` in place of what makes one would learn a mask for each, which is another network"
            )));
        }
        let fits = |small: usize, large: usize| small == large || small == 1;
        let is_line = (height == 1) != (width == 1) && fits(height, rows) && fits(width, columns);
        if small.channels() != large.channels() || !is_line {
            return None;
        }
        let call = format!("upsample {}x{}", rows / height, columns / width);
        let edit = written(meeting.document, last.span).and_then(|written| written.behind(&call));
        let text = format!(
            "put `{call}` after `{}`: it repeats {small} over {large}, as other frameworks do implicitly",
            last.call
        );
        Some(Choice::new(text, edit.into_iter().collect()))
    };
    all.iter().filter_map(one).take(1).collect()
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
        let input = node.inputs.first().map(|input| meeting.graph.shape(*input));
        let end = input.filter(|_| node.weights.is_empty()).and_then(|input| meeting.end(&odd.branch, *place, input));
        end.is_some_and(|end| meeting.agree(end, odd.target))
    })?;
    let node = odd.branch[place];
    let edit = written(meeting.document, node.span).and_then(|written| written.instead("identity"));
    Some(Choice::as_if(format!("leave out `{}`", node.call), edit.into_iter().collect()))
}

/// `` put `upsample 2` behind `conv 8 3x3 p1` ``.
fn resized(meeting: &Meeting, odd: &Odd) -> Option<Choice> {
    let (from, last) = (meeting.graph.shape(odd.end), odd.branch.first()?);
    let ((height, width), (to_height, to_width)) = (from.sides()?, odd.target.sides()?);
    let grows = height <= to_height && width <= to_width;
    let shrinks = height >= to_height && width >= to_width;
    let scales = |large: (usize, usize), small: (usize, usize)| {
        size(Pair { height: large.0.div_ceil(small.0), width: large.1.div_ceil(small.1) })
    };
    let mut calls: Vec<(&str, String)> = Vec::new();
    if grows && to_height.is_multiple_of(height) && to_width.is_multiple_of(width) {
        calls.push(("upsample", format!("upsample {}", scales((to_height, to_width), (height, width)))));
    }
    if grows {
        calls.push(("upsample", format!("upsample size={}", size(Pair { height: to_height, width: to_width }))));
    }
    if shrinks {
        calls.push(("maxpool", format!("maxpool {}", scales((height, width), (to_height, to_width)))));
    }
    let meets = |(kind, call): &(&str, String)| {
        let made = meeting.layers.find(kind).and_then(|kind| layer(kind, call)?.output(&[from]).ok());
        made.is_some_and(|made| meeting.agree(made, odd.target))
    };
    let (_, call) = calls.into_iter().find(meets)?;
    let edit = written(meeting.document, last.span).and_then(|written| written.behind(&call));
    Some(Choice::new(format!("put `{call}` after `{}`", last.call), edit.into_iter().collect()))
}

/// What was made smaller and is put beside what it was made of, as in a U-Net: perhaps it was to be made larger again.
pub(super) fn larger_again(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    let [odd, other] = all else { return Vec::new() };
    let [odd, other] = if odd.branch.is_empty() { [other, odd] } else { [odd, other] };
    let half = |small: usize, large: usize| small == large / 2 || small == large.div_ceil(2);
    let sides = meeting.graph.shape(odd.end).sides().zip(odd.target.sides());
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
    let (from, to) = (meeting.graph.shape(shared.end), meeting.graph.shape(body.end));
    let ((height, width), (to_height, to_width)) = (from.sides()?, to.sides()?);
    let stride = size(Pair { height: height.div_ceil(to_height), width: width.div_ceil(to_width) });
    let call = format!("conv {} 1x1 s{stride}", to.channels());
    let output = layer(meeting.layers.find("conv")?, &call)?.output(&[from]).ok()?;
    (output == to)
        .then(|| Choice::untried(format!("a `residual:` may be meant, whose shortcut is then `{call} -> bn`")))
}
