//! The lines below the table of a network: what all layers come to.

use std::fmt::{self, Display, Formatter};

use super::table::{Paint, painted};
use super::{Training, View};
use crate::ir::{Pair, Shape};
use crate::network::{Network, ReceptiveField, Totals};
use crate::quantity::{bytes, exact};

/// A size in pixels of the input, as `text` has it, unless it is where numbers end.
pub(super) fn field(size: Pair, text: impl Display) -> String {
    if size.height.max(size.width) == usize::MAX { exact(u64::MAX) } else { text.to_string() }
}

/// `25,557,032, all trainable; 53,120 running statistics`.
pub(super) fn params(totals: &Totals) -> String {
    let mut text = exact(totals.params);
    text.push_str(&match totals.params - totals.trainable {
        0 => ", all trainable".to_string(),
        fixed => format!(", {} trainable and {} not", exact(totals.trainable), exact(fixed)),
    });
    if totals.statistics > 0 {
        text.push_str(&format!("; {} running statistics", exact(totals.statistics)));
    }
    text
}

/// Parameters, MACs, activations, receptive field and memory, a line each.
pub(super) fn totals(
    f: &mut Formatter,
    network: &Network,
    view: View,
    seen: &ReceptiveField,
    colour: bool,
) -> fmt::Result {
    let totals = network.totals();
    let Training { batch, threads } = view.training;
    let footprint = network.footprint(threads);
    let memory = footprint.training(batch);
    let mut lines = vec![
        ("parameters", params(&totals)),
        ("MACs", format!("{} for one example", exact(totals.macs))),
        ("activations", format!("{} for one example", exact(totals.activations))),
    ];
    if let Shape::Map { height, width, .. } = network.graph.input {
        let what = match seen.size.height >= height && seen.size.width >= width {
            true => "the output sees the whole input".to_string(),
            false => format!("of the {height}×{width} input"),
        };
        lines.push(("receptive field", format!("{}: {what}", field(seen.size, seen.size))));
    }
    let parts = [
        (memory.weights, "weights"),
        (memory.gradients, "gradients"),
        (memory.optimizer, "optimizer"),
        (memory.activations, "activations"),
        (memory.workspace, "workspace"),
    ];
    let parts = parts.map(|(size, what)| format!("{} {what}", bytes(size)));
    lines
        .push(("memory", format!("about {} to train with batch {batch} on {threads} threads:", bytes(memory.total()))));
    lines.push(("", parts[..3].join(" + ")));
    lines.push(("", format!("+ {}", parts[3..].join(" + "))));
    if let Some(limit) = view.memory {
        let within = bytes(limit);
        lines.push((
            "largest batch",
            match footprint.largest_batch(limit) {
                Some(largest) => format!("{} to train within {within}", exact(largest as u64)),
                None => format!("none: {within} is less than one example takes"),
            },
        ));
    }
    for (head, line) in lines {
        writeln!(f, "{} {line}", painted(&format!("{head:15}"), Paint::Bold, colour))?;
    }
    Ok(())
}
