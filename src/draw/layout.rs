//! Where everything is: layers of boxes from the top to the bottom, as dagre lays them out.

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel};

use super::{Drawing, Width, Wire};

/// A box's place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rectangle {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

/// A wire's way.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// From one box to the other.
    pub points: Vec<(f64, f64)>,
    /// The middle of its shape.
    pub label: (f64, f64),
}

/// A drawing, laid out.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// A place for every box.
    pub boxes: Vec<Rectangle>,
    /// A way for every wire.
    pub wires: Vec<Route>,
    /// Of the whole picture.
    pub width: f64,
    /// Of the whole picture.
    pub height: f64,
}

/// Sizes of text, in pixels: every character of a monospaced font is three fifths of its height.
pub(super) const FONT: f64 = 12.0;
const CHARACTER: f64 = 0.6 * FONT;
pub(super) const LINE: f64 = 16.0;

/// Around text within a box, and around the whole picture.
pub(super) const INSIDE: f64 = 8.0;
const MARGIN: f64 = 16.0;

/// What the widest box is wider than its text needs.
const WIDEST: f64 = 160.0;

/// More boxes take minutes to lay out, and nobody sees anything in them.
pub const MOST: usize = 600;

/// More rows that wires pass take minutes, too: those of forty layers that all read each other are three times as many.
const MOST_ROWS: usize = 4_000;

/// How wide a text is.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

/// Lays out a drawing; an error if there is too much of it.
pub fn place(drawing: &Drawing, width: Width) -> Result<Placed, String> {
    if drawing.boxes.len() > MOST {
        return Err(format!("{} boxes are more than the {MOST} that are laid out", drawing.boxes.len()));
    }
    let rows = rows_passed(drawing);
    if rows > MOST_ROWS {
        let wires = drawing.wires.len();
        return Err(format!("{wires} wires that pass {rows} rows are more than the {MOST_ROWS} that are laid out"));
    }
    let measure = |index: usize| match width {
        Width::Channels => (drawing.boxes[index].channels as f64).sqrt(),
        Width::Cost => (drawing.boxes[index].macs as f64).sqrt(),
    };
    let most = (0..drawing.boxes.len()).map(measure).fold(1.0, f64::max);
    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for (index, block) in drawing.boxes.iter().enumerate() {
        let lines = std::iter::once(&block.title).chain(&block.lines);
        let text = lines.map(|line| text_width(line)).fold(0.0, f64::max);
        let size = NodeLabel {
            width: (text + 2.0 * INSIDE + WIDEST * measure(index) / most).ceil(),
            height: (1 + block.lines.len()) as f64 * LINE + 2.0 * INSIDE,
            ..NodeLabel::default()
        };
        graph.set_node(name(index), Some(size));
    }
    for (index, wire) in drawing.wires.iter().enumerate() {
        let label = EdgeLabel { width: text_width(&wire.shape) + 8.0, height: LINE, ..EdgeLabel::default() };
        graph.set_edge(name(wire.from), name(wire.to), Some(label), Some(&name(index)));
    }
    let options = LayoutOptions { nodesep: 24.0, edgesep: 12.0, ranksep: 36.0, ..LayoutOptions::default() };
    dagre::layout(&mut graph, Some(options));
    let boxes = (0..drawing.boxes.len()).map(|index| {
        let node = graph.node(&name(index)).expect("it was put there");
        let (x, y) = (node.x.unwrap_or_default(), node.y.unwrap_or_default());
        Rectangle { x: x - node.width / 2.0, y: y - node.height / 2.0, width: node.width, height: node.height }
    });
    let wires = drawing.wires.iter().enumerate().map(|(index, wire)| {
        let edge = graph.edge(&name(wire.from), &name(wire.to), Some(&name(index))).expect("it was put there");
        let points: Vec<(f64, f64)> = edge.points.iter().map(|point| (point.x, point.y)).collect();
        let middle = points.get(points.len() / 2).copied().unwrap_or_default();
        Route { label: (edge.x.unwrap_or(middle.0), edge.y.unwrap_or(middle.1)), points }
    });
    Ok(framed(boxes.collect(), wires.collect(), drawing))
}

/// How many rows all wires pass together; each takes a place there, for which the others make way.
fn rows_passed(drawing: &Drawing) -> usize {
    let mut rows = vec![0usize; drawing.boxes.len()];
    // What a box reads is made before it.
    let mut wires: Vec<&Wire> = drawing.wires.iter().collect();
    wires.sort_by_key(|wire| wire.to);
    wires.iter().for_each(|wire| rows[wire.to] = rows[wire.to].max(rows[wire.from] + 1));
    wires.iter().map(|wire| rows[wire.to] - rows[wire.from]).sum()
}

fn name(index: usize) -> String {
    format!("{index:05}")
}

/// With everything moved to where the picture begins.
fn framed(mut boxes: Vec<Rectangle>, mut wires: Vec<Route>, drawing: &Drawing) -> Placed {
    let labels = wires.iter().zip(&drawing.wires).map(|(route, wire)| {
        let (x, y) = route.label;
        let half = text_width(&wire.shape) / 2.0;
        (x - half, y - LINE / 2.0, x + half, y + LINE / 2.0)
    });
    let points = wires.iter().flat_map(|route| route.points.iter().map(|(x, y)| (*x, *y, *x, *y)));
    let rectangles = boxes.iter().map(|place| (place.x, place.y, place.x + place.width, place.y + place.height));
    let (left, top, right, bottom) = labels
        .chain(points)
        .chain(rectangles)
        .fold((f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY), |all, one| {
            (all.0.min(one.0), all.1.min(one.1), all.2.max(one.2), all.3.max(one.3))
        });
    let (across, down) = (MARGIN - left, MARGIN - top);
    boxes.iter_mut().for_each(|place| (place.x, place.y) = (place.x + across, place.y + down));
    for Route { points, label } in &mut wires {
        points.iter_mut().chain([label]).for_each(|(x, y)| (*x, *y) = (*x + across, *y + down));
    }
    Placed { boxes, wires, width: right - left + 2.0 * MARGIN, height: bottom - top + 2.0 * MARGIN }
}
