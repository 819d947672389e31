//! Advice for values that part for good: no argument of one call makes them meet, but a layer that is put behind one of them, left
//! out or exchanged does.

use super::meet::{Meeting, Odd, listed};
use super::remedy::{LONGEST_WAY, layer, written_once};
use crate::diagnostic::{Edit, Help};
use crate::graph::Node;
use crate::ir::{Pair, Shape, ValueId, Window};

/// A vector beside a feature map.
pub(super) fn of_two_kinds(meeting: &Meeting) -> Option<Help> {
    let shapes: Vec<Shape> = meeting.ends.iter().map(|end| meeting.graph.shape(*end)).collect();
    let map = shapes.iter().copied().max_by_key(|shape| shape.positions()).filter(|shape| shape.sides().is_some())?;
    let vector = shapes.iter().find(|shape| shape.sides().is_none())?;
    let text = match meeting.merge {
        "mul" => {
            let channels = map.channels();
            format!(
                "keep a map, without `flatten`: `global_avgpool -> conv {channels} 1x1` makes {channels}×1×1, \
                 which is stretched over {map}"
            )
        }
        "add" if map.elements() != vector.elements() => return None,
        _ => format!("put `flatten` behind what makes {map}, or leave it out before what makes {vector}"),
    };
    Some(Help { text, edit: None })
}

/// An odd size that was halved and doubled: 31, 15, 30.
pub(super) fn halved(meeting: &Meeting, all: &[Odd]) -> Option<Help> {
    all.iter().find_map(|odd| {
        let (height, width) = odd.target.sides()?;
        let made =
            meeting.graph.shape(odd.end).sides().filter(|(rows, columns)| *rows <= height && *columns <= width)?;
        let (shrunk, window) = shrinks_from(meeting, odd.end, (height, width))?;
        let (place, call) = (0..odd.branch.len()).find_map(|place| {
            let node = odd.branch[place];
            let call = enlarged_to(node, height, width)?;
            let layer = layer(meeting.layers.find(node.kind)?, &call)?;
            let changed = layer.output(&meeting.graph.input_shapes(node)).ok()?;
            let end = meeting.end(&odd.branch, place, changed)?;
            meeting.agree(end, odd.target).then_some((place, call))
        })?;
        let side = |(height, width): (usize, usize)| format!("{height}×{width}");
        let enlarging = odd.branch[place];
        let text = format!(
            "`{}` makes {} of {}, and `{}` {} of that: write `{call}`{}",
            shrunk.call,
            shrunk.output.sides().map_or(String::new(), side),
            side((height, width)),
            enlarging.call,
            side(made),
            even_input(meeting, shrunk, window),
        );
        let edit = written_once(meeting.document, enlarging.span)
            .filter(|(_, call)| call.room.is_some())
            .map(|_| Edit { span: enlarging.span, text: call });
        Some(Help { text, edit })
    })
}

/// The layer with a stride, on the way to `end`, that made a smaller map of one of this size.
fn shrinks_from<'a>(meeting: &Meeting<'a>, end: ValueId, size: (usize, usize)) -> Option<(&'a Node, Window)> {
    let graph = meeting.graph;
    let before = |value: &ValueId| value.node().and_then(|index| graph.nodes[index].inputs.first().copied());
    std::iter::successors(Some(end), before).take(LONGEST_WAY).find_map(|value| {
        let node = &graph.nodes[value.node()?];
        let window = node.layer.window().filter(|window| window.stride != Pair::square(1))?;
        (graph.shape(*node.inputs.first()?).sides() == Some(size)).then_some((node, window))
    })
}

/// The call of a layer that enlarges, so that it makes a map of this size.
fn enlarged_to(node: &Node, height: usize, width: usize) -> Option<String> {
    let size = if height == width { height.to_string() } else { format!("{height}x{width}") };
    match node.kind {
        "upsample" => {
            let words = node.call.split(' ').skip(1).filter(|word| word.starts_with(char::is_alphabetic));
            let words: Vec<&str> =
                words.filter(|word| !word.starts_with("scale=") && !word.starts_with("size=")).collect();
            Some([&["upsample", &format!("size={size}")], words.as_slice()].concat().join(" "))
        }
        "conv_transpose" if !node.call.contains("output_padding=") => Some(format!("{} output_padding=1", node.call)),
        _ => None,
    }
}

/// `, or choose an input whose sides are multiples of 4`, if that keeps `shrunk`, the last layer with a stride, from losing a row.
fn even_input(meeting: &Meeting, shrunk: &Node, window: Window) -> String {
    let graph = meeting.graph;
    let first = |value: &ValueId| value.node().and_then(|index| graph.nodes[index].inputs.first().copied());
    let way = std::iter::successors(shrunk.inputs.first().copied(), first).take(LONGEST_WAY);
    let windows = way.filter_map(|value| graph.nodes[value.node()?].layer.window());
    let before = windows.fold(1usize, |product, window| product.saturating_mul(window.stride.height));
    let sides = |value: ValueId| graph.shape(value).sides().filter(|(height, width)| height == width);
    match (graph.input.sides(), shrunk.inputs.first().and_then(|input| sides(*input))) {
        (Some((height, _)), Some((side, _))) if height / before == side => {
            format!(", or choose an input whose sides are multiples of {}", before.saturating_mul(window.stride.height))
        }
        _ => String::new(),
    }
}

/// A size that is a multiple of the other: what to leave out, and what to put behind one of the branches.
pub(super) fn apart(meeting: &Meeting, all: &[Odd]) -> Option<Help> {
    let mut ways: Vec<String> = all.iter().filter_map(|odd| left_out(meeting, odd)).collect();
    ways.extend(all.iter().filter_map(|odd| resized(meeting, odd)));
    ways.extend(projected(meeting, all));
    ways.truncate(MOST_WAYS);
    (!ways.is_empty()).then(|| Help { text: listed(&ways, "or"), edit: None })
}

/// So many ways out are shown.
const MOST_WAYS: usize = 3;

/// `` leave out `maxpool 2` ``.
fn left_out(meeting: &Meeting, odd: &Odd) -> Option<String> {
    let place = (0..odd.branch.len()).find(|place| {
        let node = odd.branch[*place];
        let input = node.inputs.first().map(|input| meeting.graph.shape(*input));
        let end = input.filter(|_| node.weights.is_empty()).and_then(|input| meeting.end(&odd.branch, *place, input));
        end.is_some_and(|end| meeting.agree(end, odd.target))
    })?;
    Some(format!("leave out `{}`", odd.branch[place].call))
}

/// `` put `upsample 2` behind `conv 8 3x3 p1` ``.
fn resized(meeting: &Meeting, odd: &Odd) -> Option<String> {
    let (from, last) = (meeting.graph.shape(odd.end), odd.branch.first()?);
    let ((height, width), (to_height, to_width)) = (from.sides()?, odd.target.sides()?);
    let (kind, down, across) = if height <= to_height && width <= to_width {
        ("upsample", to_height / height, to_width / width)
    } else {
        ("maxpool", height.div_ceil(to_height), width.div_ceil(to_width))
    };
    let call = if down == across { format!("{kind} {down}") } else { format!("{kind} {down}x{across}") };
    let output = layer(meeting.layers.find(kind)?, &call)?.output(&[from]).ok()?;
    meeting.agree(output, odd.target).then(|| format!("put `{call}` behind `{}`", last.call))
}

/// The residual that a sum of a value and what becomes of it should be.
fn projected(meeting: &Meeting, all: &[Odd]) -> Option<String> {
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
    let (down, across) = (height.div_ceil(to_height), width.div_ceil(to_width));
    let stride = if down == across { down.to_string() } else { format!("{down}x{across}") };
    let call = format!("conv {} 1x1 s{stride}", to.channels());
    let output = layer(meeting.layers.find("conv")?, &call)?.output(&[from]).ok()?;
    (output == to).then(|| format!("write a `residual:`, whose shortcut is then `{call} -> bn`"))
}
