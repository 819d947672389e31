//! Walking the items of a network in order, wiring each layer as it comes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::call;
use super::level::{Level, Names, Wire};
use super::merge::MOST_LOOKUPS;
use super::problem::{self, Problem};
use super::scope::{Binding, Effort, Scope};
use super::size::Count;
use super::sizes::entering;
use super::view::View;
use crate::budget::Budget;
use crate::diagnostic::{Choices, Code, Diagnostic, Frame, MOST_MISTAKES, Span, Spanned};
use crate::graph::{Graph, NodeLabel};
use crate::ir::{Shape, ValueId};
use crate::layers::Layers;
use crate::syntax::Origin;
use crate::syntax::ast::{Block, Document, Item, ItemBody};

/// The most layers that a network may have; `archc check` takes about 2 kB for each.
pub(super) const MOST_NODES: usize = 250_000;

/// Items that are walked to find each layer, and how many more may be walked that hold none.
const ITEMS_A_NODE: usize = 4;
const MOST_IDLE_ITEMS: usize = 200_000;

/// For so many mistakes advice is looked for, which takes a walk through the network; more are not shown.
pub(super) const MOST_ADVISED: usize = 100;

/// Items in items, through groups and blocks, that are walked by recursion.
pub(super) const DEEPEST: usize = 256;

/// How many items are still looked at for more mistakes after the first one.
const ITEMS_AFTER_MISTAKE: usize = 100_000;

/// What a walk gives: complete only if no problem is an error.
pub struct Walked<'d> {
    pub graph: Graph,
    /// Where each node was written.
    pub origins: Vec<Origin>,
    pub output: Wire,
    /// How many layers had been made before the first mistake.
    pub sound: usize,
    /// The layers from there on, as far as they can be read.
    pub behind: Vec<NodeLabel>,
    /// How many items were walked.
    pub walked: usize,
    pub problems: Vec<Diagnostic>,
    /// What could be done about them.
    pub choices: Choices,
    /// The blocks that were called.
    pub called: HashSet<&'d str>,
}

/// Wires `items` from the network's input on. With `input` unknown, everything but shapes is still checked. `trace`
/// says how the items came about, if the user did not write them. `homes` are what the blocks of included files see.
pub fn walk<'d>(
    items: &[Item],
    document: &'d Document,
    layers: &'d Layers,
    input: Option<Shape>,
    trace: Vec<Frame>,
    scope: &Scope<'d>,
    homes: &'d [Scope<'d>],
) -> Walked<'d> {
    let entry = input.map(|_| ValueId::INPUT);
    let blocks: HashMap<&str, &Block> =
        document.blocks.iter().map(|block| (block.name.value.as_str(), block)).collect();
    let mut walk = Walk {
        entry,
        layers,
        graph: Graph::new(input.unwrap_or(Shape::Vector(1))),
        origins: Vec::new(),
        blocks: blocks.clone(),
        scope: *scope,
        homes,
        document,
        names: Names::default(),
        lookups: Budget::new(MOST_LOOKUPS),
        lost_names: false,
        lost_blocks: document.lost_blocks,
        problems: Vec::new(),
        sound: None,
        behind: Vec::new(),
        reported: HashSet::new(),
        trace: trace.into(),
        calling: Vec::new(),
        frames: HashMap::new(),
        depth: 0,
        walked: 0,
        most_items: scope.effort().most_items,
    };
    let effort = Effort::default();
    let mut count = Count::new(&blocks, *scope, homes, &effort);
    let output = match items.iter().find(|item| count.layers(std::slice::from_ref(item), scope) > MOST_NODES) {
        Some(item) => {
            let message = format!("the network has more than {MOST_NODES} layers");
            walk.report(Diagnostic::error(Code::Limit, item.span, message));
            None
        }
        None => walk.enclosed(items, scope, &mut Level::root(), entry),
    };
    let sound = walk.sound.unwrap_or(walk.graph.nodes.len());
    let Walk { graph, origins, walked, behind, problems: found, frames, .. } = walk;
    let called = frames.into_keys().collect();
    let (problems, choices) = match found.as_slice() {
        [] => (Vec::new(), Choices::new()),
        _ => problem::told(found, &View::new(&graph, &origins, layers, document), scope.effort().advises),
    };
    Walked { graph, origins, output, sound, behind, walked, problems, choices, called }
}

/// The state of a walk.
pub(super) struct Walk<'d> {
    /// The network's input.
    pub(super) entry: Wire,
    pub(super) graph: Graph,
    /// Where each node was written.
    pub(super) origins: Vec<Origin>,
    pub(super) layers: &'d Layers,
    pub(super) document: &'d Document,
    pub(super) blocks: HashMap<&'d str, &'d Block>,
    /// What the document's own blocks see, and those of included files.
    pub(super) scope: Scope<'d>,
    pub(super) homes: &'d [Scope<'d>],
    pub(super) names: Names,
    /// What it has cost to look up references.
    pub(super) lookups: Budget,
    /// Whether a mistake has hidden names, so that one that nothing has is perhaps no second mistake.
    pub(super) lost_names: bool,
    pub(super) lost_blocks: bool,
    problems: Vec<Problem>,
    /// How many layers had been made before the first of them.
    sound: Option<usize>,
    /// See [`Walked::behind`].
    behind: Vec<NodeLabel>,
    /// Code and place of every problem: a repeat reports its own only once.
    pub(super) reported: HashSet<(Code, Span)>,
    /// How the current item was reached, outermost first.
    pub(super) trace: Arc<[Frame]>,
    /// Blocks that are being expanded.
    pub(super) calling: Vec<&'d str>,
    /// What the trace says of each block that has been called.
    pub(super) frames: HashMap<&'d str, Arc<str>>,
    /// Items around the current one.
    depth: usize,
    walked: usize,
    /// How many items may be walked.
    most_items: usize,
}

impl<'d> Walk<'d> {
    pub(super) fn report(&mut self, problem: Diagnostic) {
        if !self.is_reported(problem.code, problem.primary.span) {
            let problem = problem.traced(&self.trace);
            self.report_later(Problem::Said(Box::new(problem)));
        }
    }

    /// Reports a problem that is put into words when the walk is over.
    pub(super) fn report_later(&mut self, problem: Problem) {
        if self.reported.insert(problem.key()) {
            self.problems.push(problem);
            self.sound.get_or_insert(self.graph.nodes.len());
            let goes_on = self.problems.len() < MOST_MISTAKES && !self.scope.is_spent();
            let more = if goes_on { ITEMS_AFTER_MISTAKE } else { 0 };
            self.most_items = self.most_items.min(self.walked + more);
        }
    }

    /// A layer that comes after a mistake, or is one.
    pub(super) fn comes_behind(&mut self, label: impl FnOnce(&Graph) -> Option<NodeLabel>) {
        if self.sound.is_some() {
            self.behind.extend(label(&self.graph));
        }
    }

    /// Reports what ends the walk.
    pub(super) fn stop(&mut self, problem: Diagnostic) {
        if self.most_items > 0 {
            self.report(problem);
        }
        self.most_items = 0;
    }

    /// Whether a problem of this kind has been reported here, so that it need not be put into words again.
    pub(super) fn is_reported(&self, code: Code, span: Span) -> bool {
        self.reported.contains(&(code, span))
    }

    /// How many problems have been found: more than anyone reads the advice of, if nobody reads any.
    pub(super) fn mistakes(&self) -> usize {
        if self.scope.effort().advises { self.problems.len() } else { usize::MAX }
    }

    /// The value, or a report and `None`.
    pub(super) fn checked<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|error| self.report(error)).ok()
    }

    pub(super) fn shape(&self, wire: Wire) -> Option<Shape> {
        wire.map(|value| self.graph.shape(value))
    }

    fn channels(&self, wire: Wire) -> Option<usize> {
        self.shape(wire).map(Shape::channels)
    }

    /// Items for which `{in}` is new: a network, a block, a branch.
    pub(super) fn enclosed(&mut self, items: &[Item], scope: &Scope, level: &mut Level, input: Wire) -> Wire {
        let names = entering(self.shape(input));
        self.items(items, &scope.inside(&names), level, input)
    }

    fn items(&mut self, items: &[Item], scope: &Scope, level: &mut Level, input: Wire) -> Wire {
        items.iter().fold(input, |wire, item| self.item(item, scope, level, wire))
    }

    pub(super) fn item(&mut self, item: &Item, scope: &Scope, level: &mut Level, input: Wire) -> Wire {
        if self.exhausted(item.span) {
            return None;
        }
        if self.depth == DEEPEST {
            let message = format!("items are nested more than {DEEPEST} deep");
            self.report(Diagnostic::error(Code::Limit, item.span, message));
            return self.lost();
        }
        self.depth += 1;
        let output = self.named(item, scope, level, input);
        self.depth -= 1;
        output
    }

    fn named(&mut self, item: &Item, scope: &Scope, level: &mut Level, input: Wire) -> Wire {
        let names = [Binding::size("channels", self.channels(input))];
        let scope = &scope.inside(&names);
        let sizes = self.sizes(item, scope, level, input);
        let sized;
        let scope = match sizes.is_empty() {
            true => scope,
            false => {
                sized = scope.inside(&sizes);
                &sized
            }
        };
        let given = match &item.name {
            Some(name) => match self.checked(call::template(name, scope)) {
                Some(Some(value)) => Some(Spanned::new(value, name.span)),
                _ => return self.lost(),
            },
            None => None,
        };
        if let ItemBody::Call(call) = &item.body {
            return self.call(call, given, scope, level, input);
        }
        if let (ItemBody::From { sources, merge, then }, Some(given)) = (&item.body, &given) {
            let sources = self.sources(sources, scope);
            match (sources.as_slice(), merge, then.as_slice()) {
                // What makes one layer names it, as a call does.
                ([source], None, [Item { name: None, body: ItemBody::Call(_), .. }]) => {
                    let value = self.named_value(source, level, input);
                    return self.item(&Item { name: item.name.clone(), ..then[0].clone() }, scope, level, value);
                }
                ([_, _, ..], Some(merge), []) => {
                    let values = sources.iter().map(|source| self.named_value(source, level, input)).collect();
                    return self.merge(merge, values, item.span, Some(given), level, None);
                }
                _ => {}
            }
        }
        // A name on anything else opens a level; without one, a group flattens into its surroundings.
        match given {
            Some(given) => {
                let name = level.next(Some(&given.value));
                self.declare(&name, given.span);
                let output = self.body(item, scope, &mut Level::named(&name), input);
                self.names.define(&name, output);
                output
            }
            None => self.body(item, scope, level, input),
        }
    }

    /// Unknown, with everything that is named in it.
    pub(super) fn lost(&mut self) -> Wire {
        self.lost_names = true;
        None
    }

    fn body(&mut self, item: &Item, scope: &Scope, level: &mut Level, input: Wire) -> Wire {
        match &item.body {
            ItemBody::Call(call) => self.call(call, None, scope, level, input),
            ItemBody::Sequence(items) => self.items(items, scope, level, input),
            ItemBody::Repeat { body, count } => self.repeat(body, count, scope, level, input),
            ItemBody::Residual { body, shortcut, after } => {
                let sum = self.residual(body, shortcut, item.span, scope, level, input);
                self.items(after, scope, level, sum)
            }
            ItemBody::Branches { branches, times, merge } => {
                let ends = self.branches(branches, times.as_ref(), scope, level, input);
                let (Some(ends), Some(merge)) = (ends, merge) else { return None };
                if ends.is_empty() {
                    return input;
                }
                self.merge(merge, ends, item.span, None, level, None)
            }
            ItemBody::From { sources, merge, then } => {
                let names = self.sources(sources, scope);
                let values: Vec<Wire> = names.iter().map(|name| self.named_value(name, level, input)).collect();
                let value = match (merge, values.as_slice()) {
                    (Some(merge), [_, ..]) => self.merge(merge, values, item.span, None, level, None),
                    (None, [value]) => *value,
                    // No condition holds.
                    (_, []) if !sources.is_empty() => input,
                    // The reader has refused these.
                    (_, []) | (None, _) => None,
                };
                self.items(then, scope, level, value)
            }
            ItemBody::Split(parts) => self.split(parts, item.span, scope, level, input),
            ItemBody::Expect(sizes) => {
                self.expect(sizes, item.span, scope, input);
                input
            }
            ItemBody::Unreadable => self.lost(),
        }
    }

    /// Whether nothing more is walked.
    pub(super) fn is_over(&self) -> bool {
        self.walked > self.most_items
    }

    /// Whether the network has grown beyond all bounds; reported once.
    fn exhausted(&mut self, span: Span) -> bool {
        self.walked += 1;
        let nodes = self.graph.nodes.len();
        let busy = self.walked <= MOST_IDLE_ITEMS + ITEMS_A_NODE * nodes;
        if nodes < MOST_NODES && busy && self.walked <= self.most_items {
            return false;
        }
        if self.problems.is_empty() {
            let message = match nodes {
                MOST_NODES => format!("the network has more than {MOST_NODES} layers"),
                _ => format!("repeats and blocks, written out, are more than {MOST_IDLE_ITEMS} items without a layer"),
            };
            self.report(Diagnostic::error(Code::Limit, span, message));
        }
        self.most_items = 0;
        true
    }

    pub(super) fn declare(&mut self, name: &str, span: Span) {
        if name.rsplit('.').next() == Some("input") {
            let error = Diagnostic::error(Code::Duplicate, span, "`input` is the name of the network's input");
            self.report(error.help("choose another name"));
            return;
        }
        let declared = self.names.declare(name, span);
        self.checked(declared);
        if self.names.are_too_long() {
            self.stop(Diagnostic::error(Code::Limit, span, "the names of this network are too long"));
        }
    }
}
