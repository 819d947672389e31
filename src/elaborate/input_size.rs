//! Advice to choose another input. How often the whole network halves says which sizes come out even everywhere.

use crate::diagnostic::{Choice, Edit};
use crate::graph::Graph;
use crate::ir::{Shape, ValueId};
use crate::syntax::ast::Document;

/// The largest product of strides that is looked at, and how many of its divisors.
const LARGEST_STEP: usize = 1 << 12;
const MOST_DIVISORS: usize = 16;

/// Nearest inputs whose sides are multiples of what the strides multiply to, or of a part of that if it is enough.
pub(super) fn other_inputs(graph: &Graph, document: &Document) -> Vec<Choice> {
    let (Shape::Map { height, width, .. }, [_, rows, columns]) = (graph.input, document.input.value.as_slice()) else {
        return Vec::new();
    };
    let step = step(graph);
    let divisors = (2..=step).filter(|divisor| step.is_multiple_of(*divisor)).take(MOST_DIVISORS);
    let choice = |divisor: usize| {
        let below = (height / divisor * divisor, width / divisor * divisor);
        let above = (height.next_multiple_of(divisor), width.next_multiple_of(divisor));
        let edits = |(height, width): (usize, usize)| {
            let edit = |span, side: usize| Edit { span, text: side.to_string() };
            vec![edit(rows.span, height), edit(columns.span, width)]
        };
        let written = |(height, width): (usize, usize)| match height == width {
            true => height.to_string(),
            false => format!("{height}×{width}"),
        };
        let advice = format!("choose an input whose sides are multiples of {divisor}");
        let choice = match below.0.min(below.1) {
            0 => Choice::new(format!("{advice}, such as {}", written(above)), edits(above)),
            _ => {
                let text = format!("{advice}, such as {} or {}", written(below), written(above));
                Choice { also: vec![edits(above)], ..Choice::new(text, edits(below)) }
            }
        };
        (above != (height, width)).then(|| choice.beside(INPUT))
    };
    divisors.filter_map(choice).collect()
}

/// The slot of what is said about the input.
const INPUT: usize = usize::MAX;

/// The largest product of strides on any way, as if nothing were enlarged.
fn step(graph: &Graph) -> usize {
    let mut steps = vec![1usize; graph.nodes.len() + 1];
    for (index, node) in graph.nodes.iter().enumerate() {
        let before = node.inputs.iter().map(|input| steps[input.index()]).max().unwrap_or(1);
        let stride = node.layer.window().map_or(1, |window| window.stride.height.max(window.stride.width));
        steps[ValueId::of_node(index).index()] = before.saturating_mul(stride);
    }
    steps.into_iter().max().filter(|step| *step <= LARGEST_STEP).unwrap_or(1)
}
