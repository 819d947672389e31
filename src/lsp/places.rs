//! Which layers of the network came of what stands where. Nothing else here reads places of the graph.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::text::Lines;
use crate::diagnostic::{Frame, SourceId, Span};
use crate::graph::Node;
use crate::ir::Shape;
use crate::network::Network;
use crate::syntax::Origin;

/// A network, and the text that it came of.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    network: &'a Network,
    origins: &'a [Origin],
    source: SourceId,
}

impl<'a> Places<'a> {
    /// Of `network`, whose layers were written there, and whose text is `source`.
    pub fn new(network: &'a Network, origins: &'a [Origin], source: SourceId) -> Places<'a> {
        Places { network, origins, source }
    }

    /// Each layer's index, the layer, and where it was written.
    fn nodes(self) -> impl Iterator<Item = (usize, &'a Node, &'a Origin)> {
        let nodes = self.network.graph.nodes.iter().zip(self.origins).enumerate();
        nodes.map(|(index, (node, origin))| (index, node, origin))
    }

    /// Whether a preset wrote the layer.
    pub fn is_of_preset(self, index: usize) -> bool {
        self.origins.get(index).is_some_and(|origin| origin.trace.iter().any(Frame::is_preset))
    }

    /// The layers whose call begins at a byte: several, if it is repeated or stands in a block.
    pub fn of_call(self, start: u32) -> Vec<usize> {
        let is_here = |span: Span| span.source == self.source && span.start == start;
        self.nodes().filter(|(_, _, origin)| is_here(origin.span)).map(|(index, ..)| index).collect()
    }

    /// The layers that came of the call of a block that begins at a byte, all rounds of a repeat together; in one list
    /// for each way to get there.
    pub fn of_block_call(self, start: u32) -> Vec<Vec<usize>> {
        let is_here = |frame: &Frame| frame.span.source == self.source && frame.span.start == start;
        let mut calls: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (index, _, origin) in self.nodes() {
            if let Some(at) = origin.trace.iter().position(is_here) {
                calls.entry(hash(&origin.trace[..at])).or_default().push(index);
            }
        }
        let mut calls: Vec<Vec<usize>> = calls.into_values().collect();
        calls.sort();
        calls
    }

    /// The layers of the smallest place around a byte: what a preset wrote stands at the words that ask for it.
    pub fn around(self, offset: u32) -> Vec<usize> {
        let is_around = |span: &Span| span.source == self.source && (span.start..span.end).contains(&offset);
        let spans = self.nodes().map(|(_, _, origin)| origin.span).filter(is_around);
        let Some(smallest) = spans.min_by_key(|span| span.end - span.start) else { return Vec::new() };
        self.nodes().filter(|(_, _, origin)| origin.span == smallest).map(|(index, ..)| index).collect()
    }

    /// What leaves each of these lines: the output of the last layer or block that is called there, in one way for each
    /// way to get there, without repetitions.
    pub fn leaving(self, text: &str, lines: &Lines, wanted: Range<usize>) -> BTreeMap<usize, Vec<Shape>> {
        let (first, behind) = (lines.start(wanted.start, text) as u32, lines.start(wanted.end, text) as u32);
        let mut found: BTreeMap<usize, Vec<(u64, Shape)>> = BTreeMap::new();
        for (_, node, origin) in self.nodes() {
            let frames = origin.trace.iter().enumerate().map(|(at, frame)| (frame.span, &origin.trace[..at]));
            for (span, outside) in frames.chain([(origin.span, &origin.trace[..])]) {
                if span.source != self.source || span.end <= first || span.end > behind.max(first + 1) {
                    continue;
                }
                let line = lines.line(span.end.saturating_sub(1).max(span.start) as usize);
                let ways = found.entry(line).or_default();
                let way = hash(outside);
                match ways.iter().position(|(other, _)| *other == way) {
                    Some(at) => ways[at].1 = node.output,
                    None if ways.len() < MOST_WAYS => ways.push((way, node.output)),
                    None => {}
                }
            }
        }
        let shapes = |ways: Vec<(u64, Shape)>| {
            let mut shapes: Vec<Shape> = Vec::new();
            for (_, shape) in ways {
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
            shapes
        };
        found.into_iter().map(|(line, ways)| (line, shapes(ways))).collect()
    }
}

/// So many ways to get to a line are told apart.
const MOST_WAYS: usize = 64;

fn hash(frames: &[Frame]) -> u64 {
    let mut hasher = DefaultHasher::new();
    frames.iter().for_each(|frame| frame.span.hash(&mut hasher));
    hasher.finish()
}
