//! W005: layers whose output nobody reads.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::ValueId;
use crate::network::Network;
use crate::quantity::exact;
use crate::syntax::Origin;

/// The layers that lead only to one whose output nobody reads.
struct Lost {
    /// Its index, which is the last of all.
    end: usize,
    layers: Vec<usize>,
}

/// A warning for each layer that nobody reads, with the index of its node. What leads there and nowhere else is part of
/// it.
pub(super) fn unread_layers(network: &Network, origins: &[Origin], readers: &[Vec<usize>]) -> Vec<(usize, Diagnostic)> {
    let warning = |lost: Lost| (lost.end, warning(network, &origins[lost.end], &lost));
    lost(network, readers).into_iter().map(warning).collect()
}

fn lost(network: &Network, readers: &[Vec<usize>]) -> Vec<Lost> {
    let nodes = &network.graph.nodes;
    // Whether the network's output depends on it, or it belongs to a lost end that was found.
    let mut taken = vec![false; nodes.len()];
    let mut take = |from: ValueId| {
        let mut found = Vec::new();
        let mut next: Vec<usize> = from.node().into_iter().collect();
        while let Some(index) = next.pop() {
            if !std::mem::replace(&mut taken[index], true) {
                found.push(index);
                next.extend(nodes[index].inputs.iter().filter_map(|input| input.node()));
            }
        }
        found
    };
    take(network.output);
    let is_end = |index: &usize| readers[ValueId::of_node(*index).index()].is_empty();
    let ends = (0..nodes.len()).filter(is_end).map(ValueId::of_node).filter(|end| *end != network.output);
    ends.filter_map(|end| Some(Lost { end: end.node()?, layers: take(end) })).collect()
}

fn warning(network: &Network, origin: &Origin, lost: &Lost) -> Diagnostic {
    let name = level(network, lost);
    let params = lost.layers.iter().map(|index| network.params(&network.graph.nodes[*index]));
    let params = params.fold(0, u64::saturating_add);
    let layers = match lost.layers.len() {
        1 => "1 layer".to_string(),
        several => format!("{several} layers"),
    };
    let message = format!("nothing reads the output of `{name}`");
    Diagnostic::warning(Code::Unused, origin.span, message)
        .label(match params {
            0 => format!("{layers} without effect"),
            _ => format!("{} parameters in {layers} without effect", exact(params)),
        })
        .help(format!("read it with `from: {name}`, or leave it out"))
}

/// The name of the outermost level that holds lost layers alone, and ends with the last of them; the last one's own if
/// there is none.
fn level<'n>(network: &'n Network, lost: &Lost) -> &'n str {
    let nodes = &network.graph.nodes;
    let end = nodes[lost.end].name.as_str();
    let is_in = |level: &str, name: &str| name.strip_prefix(level).is_some_and(|rest| rest.starts_with('.'));
    let is_lost_alone = |level: &&str| {
        // A level's layers are neighbours.
        let behind = nodes[lost.end + 1..].first().is_some_and(|next| is_in(level, &next.name));
        let own = nodes[..=lost.end].iter().rev().take_while(|node| is_in(level, &node.name)).count();
        !behind && own <= lost.layers.len() && (0..own).all(|back| lost.layers.contains(&(lost.end - back)))
    };
    end.match_indices('.').map(|(dot, _)| &end[..dot]).find(is_lost_alone).unwrap_or(end)
}
