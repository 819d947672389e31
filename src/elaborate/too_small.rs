//! Advice for a window that is larger than the map that arrives.

use super::larger_input::larger_input;
use super::mismatch::Refused;
use super::view::View;
use super::written::kernel;
use crate::arguments::{PositivePair, ResolvedCall, Value};
use crate::diagnostic::{Choice, Edit, ranked};
use crate::ir::{Pair, Shape, ValueId, Window};
use crate::layers::with_kernel;

/// The largest padding that is tried.
const LARGEST: i64 = 16;

/// What could be done about it; nothing for layers that speak for themselves.
pub(super) fn too_small(refused: &Refused, input: ValueId, view: &View) -> Vec<Choice> {
    let layer = view.layer(&refused.call);
    match layer.as_ref().and_then(|layer| Some((layer, layer.window()?))) {
        Some((layer, window)) => {
            let larger = larger_input(layer.as_ref(), input, view.graph, view.document);
            let others = padded(refused, input, view).into_iter().chain(larger).collect();
            ranked([along(refused, window, view.shape(input), view), others])
        }
        // What enlarges has a kernel too, but no window that slides over what arrives.
        None if refused.call.position("kernel").is_some() => ranked([spread(refused, view.shape(input), view)]),
        None => refused.mismatch.help.iter().map(Choice::untried).collect(),
    }
}

/// A map of one row or one column takes a kernel of one: `` the map is 1×128: `conv 8 1x5` slides along it ``.
fn along(refused: &Refused, window: Window, shape: Shape, view: &View) -> Vec<Choice> {
    let Some((height, width)) = shape.sides().filter(|(height, width)| (*height == 1) != (*width == 1)) else {
        return Vec::new();
    };
    let flat = |kernel: usize, side: usize| if side == 1 { 1 } else { kernel };
    let narrow = Pair { height: flat(window.kernel.height, height), width: flat(window.kernel.width, width) };
    let padding = Pair {
        height: if height == 1 { 0 } else { window.padding.height },
        width: if width == 1 { 0 } else { window.padding.width },
    };
    let call = with_kernel(&refused.call, narrow, padding);
    if narrow == window.kernel || view.output(&call, shape).is_none() {
        return Vec::new();
    }
    let written = view.written_as(&refused.origin, &refused.call);
    let mut edits: Vec<Edit> = written.iter().filter_map(|written| written.set_kernel(narrow)).collect();
    if padding != window.padding {
        edits.extend(written.and_then(|written| written.set("padding", &padding.into())));
    }
    let text = format!("the map is {height}×{width}: `{call}` slides along it");
    vec![Choice::new(&text, edits), Choice::untried(&text)]
}

/// `the map has shrunk 32 → 16 → 8 → 4 → 2; leave out a pool or a stride, or pad by 1`.
fn padded(refused: &Refused, input: ValueId, view: &View) -> Vec<Choice> {
    let shape = view.shape(input);
    let fits =
        |padding: &i64| view.output(&refused.call.clone().with("padding", Value::Int(*padding)), shape).is_some();
    let found = (1..=LARGEST).find(fits);
    let sides = shrinking(view, input);
    let (what, [way_out, perhaps]) = match sides.as_slice() {
        [side] => (format!("the map is only {side}"), ["use a smaller kernel", "a smaller kernel"]),
        sides => {
            let what = format!("the map has shrunk {}", sides.join(" → "));
            let way_out = match is_leapt(view, input) {
                true => ["leave out a pool or a stride", "one pool or stride fewer"],
                false => ["use smaller kernels", "smaller kernels"],
            };
            (what, way_out)
        }
    };
    let choice = found.map(|padding| {
        let written = view.written_as(&refused.origin, &refused.call);
        let edit = written.and_then(|written| written.set("padding", &Value::Int(padding)));
        Choice::new(format!("{what}; {way_out}, or pad by {padding}"), edit.into_iter().collect())
    });
    let or_pad = found.map_or(String::new(), |padding| format!(", or a padding of {padding},"));
    choice.into_iter().chain([Choice::untried(format!("{what}; {perhaps}{or_pad} may help"))]).collect()
}

/// A transposed convolution that is padded away: with less padding, or a larger kernel, something is left.
fn spread(refused: &Refused, shape: Shape, view: &View) -> Vec<Choice> {
    let leaves = |call: &ResolvedCall| view.output(call, shape).is_some();
    let Some(PositivePair(asked)) = refused.call.get("kernel") else { return Vec::new() };
    let given = refused.call.get("padding").unwrap_or(Pair::square(0));
    let written = view.written_as(&refused.origin, &refused.call);
    let padded = |pixels: usize| {
        let padding = Pair { height: given.height.min(pixels), width: given.width.min(pixels) };
        (padding, with_kernel(&refused.call, asked, padding))
    };
    let less = last(given.height.max(given.width), |pixels| leaves(&padded(pixels).1)).map(|pixels| {
        let (padding, call) = padded(pixels);
        let edit = written.and_then(|written| written.set("padding", &padding.into()));
        let text = match padding == Pair::square(0) {
            true => format!("without padding, `{call}` leaves something"),
            false => format!("with less padding, `{call}` leaves something"),
        };
        Choice::new(text, edit.into_iter().collect())
    });
    let larger = (1..=LARGEST as usize).find_map(|more| {
        let larger = Pair { height: asked.height + more, width: asked.width + more };
        Some(with_kernel(&refused.call, larger, given)).filter(leaves)?;
        let edit = written.and_then(|written| written.set_kernel(larger));
        let text = format!("a kernel of {} reaches beyond the padding", kernel(larger));
        Some(Choice::new(text, edit.into_iter().collect()).beside(1))
    });
    less.into_iter().chain(larger).collect()
}

/// The last number below `end` that fits, where whatever is smaller than one that fits does, too.
fn last(end: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut fitting, mut end) = (0, end);
    while fitting < end {
        let middle = fitting + (end - fitting) / 2;
        match fits(middle) {
            true => fitting = middle + 1,
            false => end = middle,
        }
    }
    fitting.checked_sub(1)
}

/// Whether something on the way shrinks the map by more than what a kernel takes from its edges.
fn is_leapt(view: &View, value: ValueId) -> bool {
    view.way(value).filter_map(|value| view.node(value)).any(|node| {
        let Some(before) = node.inputs.first().and_then(|input| view.shape(*input).sides()) else { return false };
        let after = node.output.sides().unwrap_or((1, 1));
        let is_smaller = after.0 < before.0 || after.1 < before.1;
        let is_slid = |window: Window| window.stride == Pair::square(1);
        // A pool whose window slides is one that can be left out, too.
        let is_kernel = !node.call.callee().contains("pool") && node.layer.window().is_some_and(is_slid);
        is_smaller && !is_kernel
    })
}

/// The sides that the map has had on its way, the longest ways shortened.
fn shrinking(view: &View, value: ValueId) -> Vec<String> {
    let mut sides: Vec<(usize, usize)> =
        view.way(value).map(|value| view.shape(value).sides().unwrap_or((1, 1))).collect();
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
