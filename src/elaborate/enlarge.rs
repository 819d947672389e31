//! Advice for a map that was made smaller and larger again, and did not come out as it was: 31, 15, 30.

use super::meet::{MOST_TRIED, Meeting, Odd};
use super::view::Placed;
use crate::diagnostic::Choice;
use crate::ir::{Pair, Shape, ValueId};

/// What makes the layer that enlarges reach the other's size.
pub(super) fn enlarged(meeting: &Meeting, all: &[Odd]) -> Vec<Choice> {
    let view = meeting.view;
    let mut found = Vec::new();
    for odd in all {
        let Some((height, width)) = odd.target.sides() else { continue };
        for (place, node) in odd.branch.iter().enumerate() {
            if found.len() >= MOST_TRIED {
                break;
            }
            let calls = node.layer.enlarging_to(&node.call, Pair { height, width });
            let Some(call) = calls.into_iter().find(|call| meeting.works(odd, place, call).is_some()) else { continue };
            let why = shrunk(meeting, odd.end, (height, width)).map(|shrunk| {
                let side =
                    |shape: Shape| shape.sides().map_or(String::new(), |(height, width)| format!("{height}×{width}"));
                let [small, whole, back] = [shrunk.output, odd.target, view.shape(odd.end)].map(side);
                format!("`{}` makes {small} of {whole}, and `{}` {back} of that: ", shrunk.call, node.call)
            });
            let text = format!("{}write `{call}`", why.unwrap_or_default());
            let edit = view.written(*node).and_then(|written| written.instead(&call));
            found.push(Choice::new(text, edit.into_iter().collect()));
        }
    }
    found
}

/// The layer with a stride, on the way to `end`, that made a smaller map of one of this size.
fn shrunk<'a>(meeting: &Meeting<'a>, end: ValueId, size: (usize, usize)) -> Option<Placed<'a>> {
    let view = meeting.view;
    view.way(end).find_map(|value| {
        let node = view.node(value)?;
        node.layer.window().filter(|window| window.stride != Pair::square(1))?;
        (view.shape(*node.inputs.first()?).sides() == Some(size)).then_some(node)
    })
}
