//! The rows of a report: layers, and the levels that their names make.
//!
//! `layer1.0.conv1` lies in `layer1.0`, and that in `layer1`. A list shows layers under their full names; a tree shows
//! every level before what lies in it. With a depth, a level that many names deep is one row for all its layers.

use std::ops::Range;

use crate::network::Network;

/// How rows are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// One after the other, under full names.
    List,
    /// Each level with its sums, then what lies in it.
    Tree,
}

/// A layer or a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its full name.
    pub path: &'a str,
    /// Where in the full name its own begins; in a list, 0.
    pub own: usize,
    /// How many levels there are rows for around it.
    pub depth: usize,
    /// What it is.
    pub part: RowKind,
    /// Its layers, as indices of nodes.
    pub nodes: Range<usize>,
    /// Sums over its layers.
    pub sums: Sums,
}

/// What a [`Row`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// One layer.
    Layer,
    /// A level, whose rows follow.
    Level,
    /// A level, whose layers have no rows of their own.
    Folded,
}

/// Numbers of some layers, for one example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Elements of weights and biases.
    pub params: u64,
    /// Multiply–accumulates.
    pub macs: u64,
    /// Elements of outputs.
    pub activations: u64,
}

/// Levels that a tree draws, at most: deeper names are left in one piece.
pub const DEEPEST: usize = 16;

/// The rows of a network; with `depth`, names of no more than so many parts.
pub fn rows(network: &Network, arrangement: Arrangement, depth: Option<usize>) -> Vec<Row<'_>> {
    let fold = depth.map_or(usize::MAX, |depth| depth.max(1));
    let most_levels = match arrangement {
        Arrangement::List => 0,
        Arrangement::Tree => DEEPEST.min(fold - 1),
    };
    let mut rows: Vec<Row> = Vec::new();
    // The levels that the last row lies in, as indices of their rows.
    let mut open: Vec<usize> = Vec::new();
    for (index, node) in network.graph.nodes.iter().enumerate() {
        let name = node.name.as_str();
        let mut levels = 0;
        let mut own = 0;
        let mut dots = name.match_indices('.').map(|(dot, _)| dot);
        for dot in dots.by_ref().take(most_levels) {
            // The levels around it are the same: only the last part of the name can differ.
            let is_open = open.get(levels).is_some_and(|row| rows[*row].path[own..] == name[own..dot]);
            if !is_open {
                open.truncate(levels);
                open.push(rows.len());
                rows.push(Row::new(&name[..dot], own, levels, RowKind::Level, index));
            }
            (levels, own) = (levels + 1, dot + 1);
        }
        open.truncate(levels);
        let last = rows.last().filter(|last| last.part == RowKind::Folded);
        match dots.nth(fold.saturating_sub(levels + 1)) {
            Some(dot) if last.is_some_and(|last| last.path == &name[..dot]) => {}
            Some(dot) => rows.push(Row::new(&name[..dot], own, levels, RowKind::Folded, index)),
            None => rows.push(Row::new(name, own, levels, RowKind::Layer, index)),
        }
        let sums =
            Sums { params: network.params(node), macs: network.macs(node), activations: node.output.elements() as u64 };
        for row in open.iter().copied().chain([rows.len() - 1]) {
            rows[row].nodes.end = index + 1;
            rows[row].sums.add(sums);
        }
    }
    rows
}

impl<'a> Row<'a> {
    fn new(path: &'a str, own: usize, depth: usize, part: RowKind, index: usize) -> Row<'a> {
        Row { path, own, depth, part, nodes: index..index, sums: Sums::default() }
    }
}

impl Sums {
    fn add(&mut self, other: Sums) {
        self.params = self.params.saturating_add(other.params);
        self.macs = self.macs.saturating_add(other.macs);
        self.activations = self.activations.saturating_add(other.activations);
    }
}

/// For each row, a bit for each depth up to its own: whether a further row follows there, so that a line leads on to
/// it.
pub fn continuations(rows: &[Row]) -> Vec<u32> {
    let mut follows = 0u32;
    let mut masks: Vec<u32> = rows
        .iter()
        .rev()
        .map(|row| {
            let (own, upper) = (1 << row.depth, (1 << row.depth) - 1);
            let mask = follows & (own | upper);
            follows = follows & upper | own;
            mask
        })
        .collect();
    masks.reverse();
    masks
}

#[cfg(test)]
mod tests {
    use super::{Arrangement, RowKind, continuations, rows};
    use crate::compile;
    use crate::network::Network;

    fn network() -> Network {
        let text = "\
input: [3, 8, 8]
blocks: {unit: conv 4 3x3 p1 as conv -> relu}
layers: [conv 4 3x3 p1 as stem, {body: unit x 2}, {body2: [{deep: unit}]}, flatten, {head: [linear 10]}]
";
        compile(text).unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn shows_levels_down_to_a_depth() {
        use Arrangement::{List, Tree};
        let network = network();
        for (arrangement, depth, expected) in [
            (List, None, "stem body.0.conv body.0.1 body.1.conv body.1.1 body2.deep.conv body2.deep.1 3 head.0"),
            (List, Some(3), "stem body.0.conv body.0.1 body.1.conv body.1.1 body2.deep.conv body2.deep.1 3 head.0"),
            (List, Some(2), "stem body.0[2] body.1[2] body2.deep[2] 3 head.0"),
            (List, Some(1), "stem body[4] body2[2] 3 head[1]"),
            (List, Some(0), "stem body[4] body2[2] 3 head[1]"),
            (Tree, None, "stem body{4} |0{2} ||conv |`1 `1{2} `|conv ``1 body2{2} `deep{2} `|conv ``1 3 head{1} `0"),
            (Tree, Some(2), "stem body{4} |0[2] `1[2] body2{2} `deep[2] 3 head{1} `0"),
            (Tree, Some(1), "stem body[4] body2[2] 3 head[1]"),
        ] {
            let rows = rows(&network, arrangement, depth);
            let drawn = rows.iter().zip(continuations(&rows)).map(|(row, mask)| {
                let lines: String =
                    (1..=row.depth).map(|depth| if mask >> depth & 1 == 1 { '|' } else { '`' }).collect();
                let size = match row.part {
                    RowKind::Layer => String::new(),
                    RowKind::Level => format!("{{{}}}", row.nodes.len()),
                    RowKind::Folded => format!("[{}]", row.nodes.len()),
                };
                format!("{lines}{}{size}", &row.path[row.own..])
            });
            assert_eq!(drawn.collect::<Vec<_>>().join(" "), expected, "{arrangement:?} {depth:?}");
        }
    }

    #[test]
    fn sums_up_at_every_depth() {
        let network = network();
        let totals = network.totals();
        for arrangement in [Arrangement::List, Arrangement::Tree] {
            for depth in [None, Some(1), Some(2), Some(3)] {
                let rows = rows(&network, arrangement, depth);
                let sum = |number: fn(&super::Sums) -> u64| -> u64 {
                    rows.iter().filter(|row| row.depth == 0).map(|row| number(&row.sums)).sum()
                };
                let found = (sum(|sums| sums.params), sum(|sums| sums.macs), sum(|sums| sums.activations));
                assert_eq!(found, (totals.params, totals.macs, totals.activations), "{arrangement:?} {depth:?}");
            }
        }
    }
}
