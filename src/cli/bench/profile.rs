//! Where the time of a step goes: by layer, and by kind of layer.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::executor::Evaluator;
use crate::graph::Node;
use crate::ir::ValueId;
use crate::network::Network;
use crate::program::{Bounds, Mode, Op, Step};
use crate::report::table::{Column, Form, draw, length, widths};

/// Seconds a step, the mean of those that were timed.
#[derive(Debug, Serialize)]
pub struct Profile {
    layers: Vec<Layer>,
    kinds: Vec<KindTotals>,
    optimizer_s: f64,
    /// The loss, sums of gradients, and what lies between the layers.
    rest_s: f64,
    step_s: f64,
}

#[derive(Debug, Serialize)]
struct Layer {
    name: String,
    kind: &'static str,
    call: String,
    forward_s: f64,
    backward_s: f64,
    /// Of the products, in the whole batch; 0 for layers without.
    forward_flops: u64,
    backward_flops: u64,
}

/// All layers of a kind together.
#[derive(Debug, Serialize)]
struct KindTotals {
    kind: &'static str,
    layers: usize,
    forward_s: f64,
    backward_s: f64,
}

impl Profile {
    /// `steps` is how long each took, `updating` how long the optimizer in all of them.
    pub fn new(
        network: &Network,
        evaluator: &dyn Evaluator,
        mode: Mode,
        batch: usize,
        steps: &[Duration],
        updating: Duration,
    ) -> Profile {
        let mean = |time: Duration| time.as_secs_f64() / steps.len() as f64;
        let nodes = &network.graph.nodes;
        let times = evaluator.steps(mode).iter().zip(evaluator.profile());
        let layers: Vec<Layer> = times
            .filter_map(|(step, spent)| {
                let node = nodes.iter().find(|node| node.name == step.name)?;
                let (forward_flops, backward_flops) = flops(network, node, batch);
                Some(Layer {
                    name: node.name.clone(),
                    kind: node.kind,
                    call: node.call.to_string() + joined(step),
                    forward_s: mean(spent.forward),
                    backward_s: mean(spent.backward),
                    forward_flops,
                    backward_flops,
                })
            })
            .collect();
        let step_s = mean(steps.iter().sum());
        let in_layers: f64 = layers.iter().map(|layer| layer.forward_s + layer.backward_s).sum();
        let kinds = kinds(&layers);
        let optimizer_s = mean(updating);
        Profile { layers, kinds, optimizer_s, rest_s: step_s - in_layers - optimizer_s, step_s }
    }

    /// Two tables.
    pub fn draw(&self, colour: bool) -> String {
        let share = |seconds: f64| format!("{:.1} %", 100.0 * seconds / self.step_s);
        let layers = [
            text("layer", &self.layers, Form::Name(4), |layer| layer.name.clone()),
            text("", &self.layers, Form::Text(4), |layer| layer.call.clone()),
            text("forward", &self.layers, Form::Number, |layer| milliseconds(layer.forward_s)),
            text("GFLOP/s", &self.layers, Form::Number, |layer| rate(layer.forward_flops, layer.forward_s)),
            text("backward", &self.layers, Form::Number, |layer| milliseconds(layer.backward_s)),
            text("GFLOP/s", &self.layers, Form::Number, |layer| rate(layer.backward_flops, layer.backward_s)),
            text("share", &self.layers, Form::Number, |layer| share(layer.forward_s + layer.backward_s)),
        ];
        let outside = [("optimizer", self.optimizer_s), ("loss and the rest", self.rest_s)];
        let rows: Vec<[String; 5]> = self
            .kinds
            .iter()
            .map(|kind| {
                let times = [milliseconds(kind.forward_s), milliseconds(kind.backward_s)];
                let [forward, backward] = times;
                let all = share(kind.forward_s + kind.backward_s);
                [kind.kind.to_owned(), kind.layers.to_string(), forward, backward, all]
            })
            .chain(outside.map(|(name, seconds)| {
                [name.to_owned(), String::new(), milliseconds(seconds), String::new(), share(seconds)]
            }))
            .collect();
        let titles = [
            ("kind", Form::Text(4)),
            ("layers", Form::Number),
            ("forward", Form::Number),
            ("backward", Form::Number),
            ("share", Form::Number),
        ];
        let kinds: Vec<Filled> = titles
            .iter()
            .enumerate()
            .map(|(index, (title, form))| text(title, &rows, *form, |row| row[index].clone()))
            .collect();
        format!("\n{}\n{}", drawn(&layers, colour), drawn(&kinds, colour))
    }
}

/// What else is done in the same pass.
fn joined(step: &Step) -> &'static str {
    let adds = matches!(step.op, Op::BatchNorm { .. }) && step.inputs.len() > 1;
    match (step.epilogue.norm.is_some(), adds, step.epilogue.bounds) {
        (false, false, Bounds::NONE) => "",
        (false, false, Bounds::RELU) => " + relu",
        (false, false, _) => " + relu6",
        (true, _, Bounds::NONE) => " + bn",
        (true, _, Bounds::RELU) => " + bn + relu",
        (true, _, _) => " + bn + relu6",
        (false, true, Bounds::NONE) => " + add",
        (false, true, Bounds::RELU) => " + add + relu",
        (false, true, _) => " + add + relu6",
    }
}

/// The most time first.
fn kinds(layers: &[Layer]) -> Vec<KindTotals> {
    let mut kinds: Vec<KindTotals> = Vec::new();
    for layer in layers {
        let index = kinds.iter().position(|kind| kind.kind == layer.kind).unwrap_or_else(|| {
            kinds.push(KindTotals { kind: layer.kind, layers: 0, forward_s: 0.0, backward_s: 0.0 });
            kinds.len() - 1
        });
        let kind = &mut kinds[index];
        kind.layers += 1;
        kind.forward_s += layer.forward_s;
        kind.backward_s += layer.backward_s;
    }
    kinds.sort_by(|a, b| (b.forward_s + b.backward_s).total_cmp(&(a.forward_s + a.backward_s)));
    kinds
}

/// Multiplications and additions, forward and backward: backward there is a product for the weight, and one for the
/// input unless that is an image.
fn flops(network: &Network, node: &Node, batch: usize) -> (u64, u64) {
    let product = network.macs(node).saturating_mul(2 * batch as u64);
    let products = if node.inputs == [ValueId::INPUT] { 1 } else { 2 };
    (product, product.saturating_mul(products))
}

/// A column with its cells, one a row.
struct Filled {
    column: Column,
    cells: Vec<String>,
}

fn text<T>(title: &'static str, rows: &[T], form: Form, cell: impl Fn(&T) -> String) -> Filled {
    let cells: Vec<String> = rows.iter().map(cell).collect();
    let widest = cells.iter().map(|cell| length(cell)).max().unwrap_or(0);
    Filled { column: Column { title, form, widest }, cells }
}

fn drawn(filled: &[Filled], colour: bool) -> String {
    let columns: Vec<Column> = filled.iter().map(|filled| filled.column).collect();
    let widths = widths(&columns, usize::MAX).expect("without a limit everything fits");
    let rows = filled.first().map_or(0, |filled| filled.cells.len());
    let mut text = String::new();
    let cell = |row: usize, column: usize, text: &mut String| text.write_str(&filled[column].cells[row]);
    draw(&mut text, &columns, &widths, (rows, rows), colour, cell).expect("a String takes everything");
    text
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.2} ms", 1e3 * seconds)
}

/// In GFLOP/s; nothing where there is no product, or no time.
fn rate(flops: u64, seconds: f64) -> String {
    if flops == 0 || seconds == 0.0 { String::new() } else { format!("{:.0}", flops as f64 / seconds / 1e9) }
}
