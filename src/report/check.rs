//! The table of `archc check`: one line a layer, and the totals.

use super::quantity::{bytes, exact, short};
use super::table::{Column, Form, Paint, draw, painted, widths};
use crate::graph::{Node, Shape};
use crate::network::{Network, ReceptiveField};

/// Draws a network, no line longer than `width` if that is possible: columns are shortened first, then left out. `batch` is
/// for the memory that training takes. `colour` adds a terminal's escape sequences.
pub fn table(network: &Network, batch: usize, width: Option<usize>, colour: bool) -> String {
    let rows = Rows::new(network);
    let mut text = painted(&title(network), Paint::Bold, colour);
    text.push_str("\n\n");
    let width = width.unwrap_or(usize::MAX);
    let fitting = LAYOUTS.iter().find_map(|layout| {
        let columns = rows.columns(layout);
        widths(&columns, width).map(|widths| (columns, widths))
    });
    let (columns, widths) = fitting.unwrap_or_else(|| {
        let columns = rows.columns(&[Field::Name]);
        let widths = widths(&columns, usize::MAX).expect("without a limit everything fits");
        (columns, widths)
    });
    text.push_str(&draw(&columns, &widths, colour));
    text.push('\n');
    text.push_str(&totals(network, batch, &rows.fields[network.output.index()], colour));
    text
}

fn title(network: &Network) -> String {
    format!("{}: {} → {}", network.name, network.graph.input, network.graph.shape(network.output))
}

/// What a column shows, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Call,
    /// The call, cut to fit.
    ShortCall,
    /// The layer's name alone.
    Kind,
    Output,
    Arithmetic,
    /// Without blanks, and cut to fit.
    TightArithmetic,
    Params,
    Macs,
    Activations,
    ShortParams,
    ShortMacs,
    ShortActivations,
    ReceptiveField,
}

/// Which columns there are, from wide to narrow.
const LAYOUTS: &[&[Field]] = {
    use Field::*;
    &[
        &[Name, Call, Output, Arithmetic, Params, Macs, Activations, ReceptiveField],
        &[Name, Call, Output, Arithmetic, Params, ShortMacs, ShortActivations, ReceptiveField],
        &[Name, Call, Output, TightArithmetic, ShortParams, ShortMacs, ShortActivations, ReceptiveField],
        &[Name, Call, Output, TightArithmetic, ShortParams, ShortMacs, ReceptiveField],
        &[Name, ShortCall, Output, TightArithmetic, ShortParams, ShortMacs],
        &[Name, Kind, Output, TightArithmetic, ShortParams, ShortMacs],
        &[Name, Kind, Output, ShortParams, ShortMacs],
        &[Name, Output, ShortParams],
    ]
};

/// The table's rows: the input, then one for each node.
struct Rows<'a> {
    network: &'a Network,
    fields: Vec<ReceptiveField>,
}

impl<'a> Rows<'a> {
    fn new(network: &'a Network) -> Rows<'a> {
        Rows { network, fields: network.receptive_fields() }
    }

    fn columns(&self, layout: &[Field]) -> Vec<Column> {
        layout.iter().map(|field| self.column(*field)).collect()
    }

    fn column(&self, field: Field) -> Column {
        let network = self.network;
        // Most layers have neither parameters nor MACs; blanks make those that have some stand out.
        let count = |number: u64, form: fn(u64) -> String| if number == 0 { String::new() } else { form(number) };
        let arithmetic = |node: &Node| network.arithmetic(node).unwrap_or_default();
        let elements = |node: &Node| node.output.elements() as u64;
        match field {
            Field::Name => self.cells("name", Form::Name(14), "input", |node, _| node.name.clone()),
            Field::Call => self.cells("layer", Form::Text(usize::MAX), "", |node, _| node.call.clone()),
            Field::ShortCall => self.cells("layer", Form::Text(15), "", |node, _| node.call.clone()),
            Field::Kind => self.cells("layer", Form::Text(9), "", |node, _| node.kind.to_string()),
            Field::Output => {
                let input = network.graph.input.to_string();
                self.cells("output", Form::Text(usize::MAX), &input, |node, _| node.output.to_string())
            }
            Field::Arithmetic => self.cells(ARITHMETIC, Form::Faint(usize::MAX), "", |node, _| arithmetic(node)),
            Field::TightArithmetic => self.cells(ARITHMETIC, Form::Faint(22), "", |node, _| tight(&arithmetic(node))),
            Field::Params => self.cells("params", Form::Number, "", |node, _| count(network.params(node), exact)),
            Field::Macs => self.cells("MACs", Form::Number, "", |node, _| count(network.macs(node), exact)),
            Field::Activations => self.cells("activations", Form::Number, "", |node, _| exact(elements(node))),
            Field::ShortParams => self.cells("params", Form::Number, "", |node, _| count(network.params(node), short)),
            Field::ShortMacs => self.cells("MACs", Form::Number, "", |node, _| count(network.macs(node), short)),
            Field::ShortActivations => self.cells("activ.", Form::Number, "", |node, _| short(elements(node))),
            Field::ReceptiveField => self.cells("field", Form::Number, "", |_, field| field.to_string()),
        }
    }

    fn cells(
        &self,
        title: &'static str,
        form: Form,
        input: &str,
        cell: impl Fn(&Node, &ReceptiveField) -> String,
    ) -> Column {
        let nodes = self.network.graph.nodes.iter().zip(&self.fields[1..]);
        let cells = std::iter::once(input.to_string()).chain(nodes.map(|(node, field)| cell(node, field))).collect();
        Column { title, cells, form }
    }
}

const ARITHMETIC: &str = "(W−F+2P)/S+1";

/// `(224−7+2·3)/2+1 = 112`.
fn tight(arithmetic: &str) -> String {
    arithmetic.replace(" − ", "−").replace(" + ", "+")
}

/// The lines below the table.
fn totals(network: &Network, batch: usize, field: &ReceptiveField, colour: bool) -> String {
    let totals = network.totals();
    let memory = network.training_memory(batch);
    let mut params = exact(totals.params);
    params.push_str(&match totals.params - totals.trainable {
        0 => ", all trainable".to_string(),
        fixed => format!(", {} trainable and {} not", exact(totals.trainable), exact(fixed)),
    });
    if totals.statistics > 0 {
        params.push_str(&format!("; {} running statistics", exact(totals.statistics)));
    }
    let mut lines = vec![
        ("parameters", params),
        ("MACs", format!("{} for one example", exact(totals.macs))),
        ("activations", format!("{} for one example", exact(totals.activations))),
    ];
    if let Shape::Map { height, width, .. } = network.graph.input {
        let seen = match field.size.height >= height && field.size.width >= width {
            true => "the output sees the whole input".to_string(),
            false => format!("of the {height}×{width} input"),
        };
        lines.push(("receptive field", format!("{}: {seen}", field.size)));
    }
    let parts = [
        (memory.weights, "weights"),
        (memory.gradients, "gradients"),
        (memory.optimizer, "optimizer"),
        (memory.activations, "activations"),
        (memory.workspace, "workspace"),
    ];
    let parts = parts.map(|(size, what)| format!("{} {what}", bytes(size)));
    lines.push(("memory", format!("about {} to train with batch {batch}:", bytes(memory.total()))));
    lines.push(("", parts[..3].join(" + ")));
    lines.push(("", format!("+ {}", parts[3..].join(" + "))));
    lines
        .iter()
        .map(|(head, line)| format!("{} {line}\n", painted(&format!("{head:15}"), Paint::Bold, colour)))
        .collect()
}
