//! Advice for a window of an even size that slides by one pixel: with as many zeros on both sides it makes a map that
//! is one pixel smaller or larger, and between a halving and an enlargement that is hard to see.

use super::meet::{MOST_TRIED, Meeting, Odd, half};
use super::view::Placed;
use crate::arguments::{ResolvedCall, Value};
use crate::diagnostic::Choice;
use crate::ir::{Pair, Shape, Window};
use crate::layers::with_kernel;

/// Other kernels for such windows, and what can be padded before them.
pub(super) fn even_kernels(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    let mut found = Vec::new();
    for odd in all {
        for (place, node) in odd.branch.iter().enumerate() {
            let window = node.layer.window().filter(|window| window.stride == Pair::square(1));
            let input = node.inputs.first().map(|input| meeting.view.shape(*input));
            let (Some(window), Some(input)) = (window, input) else { continue };
            if !is_even(window.reach().span) || found.len() >= MOST_TRIED {
                continue;
            }
            let choices =
                [padded(meeting, odd, place, (window, input)), odd_kernels(meeting, odd, place, (window, input))];
            // A pool of Darknet or TensorFlow is padded; a convolution is more often miscounted.
            let [first, second] = if node.call.position("out").is_some() { [1, 0] } else { [0, 1] };
            let [first, second] = [choices[first].clone(), choices[second].clone()];
            let slots = first.into_iter().chain(second).enumerate();
            found.extend(slots.map(|(slot, choice)| choice.beside(found.len() + slot)).collect::<Vec<_>>());
        }
    }
    found
}

fn is_even(span: Pair) -> bool {
    span.height.is_multiple_of(2) || span.width.is_multiple_of(2)
}

/// `` `conv 16 4x4 p1` takes 32×32 to 31×31 ``.
fn taken(node: Placed, input: Shape) -> String {
    let side = |shape: Shape| match shape.sides() {
        Some((height, width)) if height == width => height.to_string(),
        Some((height, width)) => format!("{height}×{width}"),
        None => String::new(),
    };
    format!("`{}` takes {} to {}", node.call, side(input), side(node.output))
}

/// The kernels next to it that are odd, with half of what they span as padding.
fn odd_kernels(meeting: &Meeting, odd: &Odd, place: usize, (window, input): (Window, Shape)) -> Vec<Choice> {
    let node = odd.branch[place];
    let Pair { height, width } = window.kernel;
    let span = window.reach().span;
    let next = |up: bool| {
        let side = |side: usize, span: usize| match (span.is_multiple_of(2), up) {
            (false, _) => side,
            (true, true) => side + 1,
            (true, false) => side - 1,
        };
        Pair { height: side(height, span.height), width: side(width, span.width) }
    };
    let mut kernels = [next(false), next(true)];
    if height.max(width) <= 2 {
        // A single pixel is no kernel.
        kernels.reverse();
    }
    let other = |other: &Pair| {
        let padding = half(Window { kernel: *other, ..window });
        let call = with_kernel(&node.call, *other, padding);
        meeting.works(odd, place, &call)?;
        let written = meeting.view.written(node);
        let mut edits: Vec<_> = written.iter().filter_map(|written| written.set_kernel(*other)).collect();
        if padding != window.padding && !edits.is_empty() {
            edits.extend(written.and_then(|written| written.set("padding", &padding.into())));
        }
        let text = format!("{}, as an even kernel must: `{call}` would keep the size", taken(node, input));
        Some(Choice::new(text, edits))
    };
    kernels.iter().filter_map(other).take(1).collect()
}

/// Rows and columns that are put on one side, as TensorFlow does with `same`, and Darknet in a pool.
fn padded(meeting: &Meeting, odd: &Odd, place: usize, (window, input): (Window, Shape)) -> Vec<Choice> {
    let node = odd.branch[place];
    let (Some((height, width)), Some((rows, columns))) = (input.sides(), node.output.sides()) else {
        return Vec::new();
    };
    let (Some(down), Some(across)) = (height.checked_sub(rows), width.checked_sub(columns)) else { return Vec::new() };
    if down + across == 0 || window.ceil {
        return Vec::new();
    }
    let sides = [("top", down / 2), ("bottom", down - down / 2), ("left", across / 2), ("right", across - across / 2)];
    let sides = sides.into_iter().filter(|(_, pixels)| *pixels > 0);
    let mut pad = sides.fold(ResolvedCall::new("pad"), |pad, (side, pixels)| pad.with(side, Value::Int(pixels as i64)));
    let pools = node.weights.is_empty();
    if pools {
        pad = pad.and("replicate", Value::Word("replicate".to_string()));
    }
    let changed = meeting.view.output(&pad, input).and_then(|padded| node.layer.output(&[padded]).ok());
    if changed.and_then(|changed| meeting.meets(odd, place, changed)).is_none() {
        return Vec::new();
    }
    let edit = meeting.view.written(node).and_then(|written| written.before(&pad.to_string()));
    let who = match pools {
        true => "as Darknet and TensorFlow pad after the last row and column",
        false => "as TensorFlow does with `same`",
    };
    let text = format!("{}: write `{pad} -> {}`, {who}", taken(node, input), node.call);
    vec![Choice::new(text, edit.into_iter().collect())]
}
