//! The table of `archc check`: one line a layer, and the totals.

use super::Training;
use super::quantity::{bytes, exact, short};
use super::table::{Column, Form, Paint, draw, painted, widths};
use crate::graph::{Node, Shape};
use crate::network::{Network, ReceptiveField};

/// Draws a network, no line longer than `width` if that is possible: columns are shortened first, then left out. `colour`
/// adds a terminal's escape sequences.
pub fn table(network: &Network, training: Training, width: Option<usize>, colour: bool) -> String {
    let rows = Rows::new(network);
    let mut text = painted(&title(network), Paint::Bold, colour);
    text.push_str("\n\n");
    let width = width.unwrap_or(usize::MAX);
    let fitting = LAYOUTS.iter().find_map(|layout| {
        let columns = rows.columns(layout);
        widths(&columns, width).map(|widths| (columns, widths))
    });
    let (columns, widths) = fitting.unwrap_or_else(|| {
        let columns = rows.columns(&[Content::Name]);
        let widths = widths(&columns, usize::MAX).expect("without a limit everything fits");
        (columns, widths)
    });
    text.push_str(&draw(&columns, &widths, colour));
    text.push('\n');
    text.push_str(&totals(network, training, &rows.fields[network.output.index()], colour));
    text
}

fn title(network: &Network) -> String {
    format!("{}: {} → {}", network.name, network.graph.input, network.graph.shape(network.output))
}

/// What a column shows, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
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
const LAYOUTS: &[&[Content]] = {
    use Content::*;
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

    fn columns(&self, layout: &[Content]) -> Vec<Column> {
        layout.iter().map(|content| self.column(*content)).collect()
    }

    fn column(&self, content: Content) -> Column {
        let network = self.network;
        // Most layers have neither parameters nor MACs; blanks make those that have some stand out.
        let count = |number: u64, form: fn(u64) -> String| if number == 0 { String::new() } else { form(number) };
        let arithmetic = |node: &Node| network.arithmetic(node).unwrap_or_default();
        let elements = |node: &Node| node.output.elements() as u64;
        match content {
            Content::Name => self.cells("name", Form::Name(14), "input", |node, _| node.name.clone()),
            Content::Call => self.cells("layer", Form::Text(usize::MAX), "", |node, _| node.call.clone()),
            Content::ShortCall => self.cells("layer", Form::Text(15), "", |node, _| node.call.clone()),
            Content::Kind => self.cells("layer", Form::Text(9), "", |node, _| node.kind.to_string()),
            Content::Output => {
                let input = network.graph.input.to_string();
                self.cells("output", Form::Text(usize::MAX), &input, |node, _| node.output.to_string())
            }
            Content::Arithmetic => self.cells(ARITHMETIC, Form::Faint(usize::MAX), "", |node, _| arithmetic(node)),
            Content::TightArithmetic => self.cells(ARITHMETIC, Form::Faint(22), "", |node, _| tight(&arithmetic(node))),
            Content::Params => self.cells("params", Form::Number, "", |node, _| count(network.params(node), exact)),
            Content::Macs => self.cells("MACs", Form::Number, "", |node, _| count(network.macs(node), exact)),
            Content::Activations => self.cells("activations", Form::Number, "", |node, _| exact(elements(node))),
            Content::ShortParams => {
                self.cells("params", Form::Number, "", |node, _| count(network.params(node), short))
            }
            Content::ShortMacs => self.cells("MACs", Form::Number, "", |node, _| count(network.macs(node), short)),
            Content::ShortActivations => self.cells("activ.", Form::Number, "", |node, _| short(elements(node))),
            Content::ReceptiveField => self.cells("field", Form::Number, "", |_, field| field.to_string()),
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
fn totals(network: &Network, Training { batch, threads }: Training, field: &ReceptiveField, colour: bool) -> String {
    let totals = network.totals();
    let memory = network.footprint(threads).training(batch);
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
    lines
        .push(("memory", format!("about {} to train with batch {batch} on {threads} threads:", bytes(memory.total()))));
    lines.push(("", parts[..3].join(" + ")));
    lines.push(("", format!("+ {}", parts[3..].join(" + "))));
    lines
        .iter()
        .map(|(head, line)| format!("{} {line}\n", painted(&format!("{head:15}"), Paint::Bold, colour)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::compile;
    use crate::report::Training;

    const TRAINING: Training = Training { batch: 4, threads: 2 };

    const NETWORK: &str = "\
name: small
input: [3, 224, 224]
layers:
  - features: conv 64 7x7 s2 p3 bias=false -> bn -> relu -> maxpool 3x3 s2 p1
  - flatten
  - fc: linear 10
";

    #[test]
    fn shows_everything_where_there_is_room() {
        let network = compile(NETWORK).expect("a sound network");
        let expected = "\
small: 3×224×224 → 10

name        layer                         output      (W−F+2P)/S+1                      params         MACs  activations  field
input                                     3×224×224
features.0  conv 64 7x7 s2 p3 bias=false  64×112×112  ⌊(224 − 7 + 2·3)/2⌋ + 1 = 112      9,408  118,013,952      802,816      7
features.1  bn                            64×112×112                                       128                   802,816      7
features.2  relu                          64×112×112                                                             802,816      7
features.3  maxpool 3x3 s2 p1             64×56×56    ⌊(112 − 3 + 2·1)/2⌋ + 1 = 56                               200,704     11
1           flatten                       200704      64·56·56 = 200704                                          200,704    231
fc          linear 10                     10                                         2,007,050    2,007,040           10    231

parameters      2,016,586, all trainable; 128 running statistics
MACs            120,020,992 for one example
activations     2,809,866 for one example
receptive field 231×231: the output sees the whole input
memory          about 95.6 MiB to train with batch 4 on 2 threads:
                7.69 MiB weights + 7.69 MiB gradients + 7.69 MiB optimizer
                + 45.9 MiB activations + 26.5 MiB workspace
";
        assert_eq!(table(&network, TRAINING, None, false), expected);
    }

    #[test]
    fn never_wraps() {
        let network = compile(NETWORK).expect("a sound network");
        for width in 40..140 {
            let drawn = table(&network, TRAINING, Some(width), false);
            let widest = drawn.lines().take(9).map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|widest| widest <= width), "{width}:\n{drawn}");
        }
    }
}
