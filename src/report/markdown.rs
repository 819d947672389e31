//! A table in Markdown, for a README or a paper, as GitHub and pandoc read it.

use std::fmt::{self, Display, Formatter};

use super::check::title;
use super::outline::{Arrangement, Row, RowKind, rows};
use super::table::length;
use super::totals::params;
use crate::network::Network;
use crate::quantity::{exact, short};

/// A network's table, to be displayed. With a depth, levels are rows, as in [`super::View::depth`].
///
/// ```
/// use archc::report::markdown::Table;
///
/// let text = "name: tiny\ninput: [1, 8, 8]\nlayers: [conv 4 3x3, relu, flatten, linear 10]";
/// let network = archc::compile(text).unwrap();
/// let table = Table { network: &network, depth: None }.to_string();
/// assert!(table.contains("| `0`       | `conv 4 3x3` | 4×6×6  |         40 |     1,296 |"), "{table}");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// What is shown.
    pub network: &'a Network,
    /// How many parts a name has, at most.
    pub depth: Option<usize>,
}

/// Cells of a row.
type Cells = [String; 5];

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let network = self.network;
        let totals = network.totals();
        let layers = rows(network, Arrangement::List, self.depth);
        let total = [
            "**total**".to_string(),
            String::new(),
            network.graph.shape(network.output).to_string(),
            bold(exact(totals.params)),
            bold(exact(totals.macs)),
        ];
        let head = ["name", "layer", "output", "parameters", "MACs"].map(String::from);
        let cells = || layers.iter().map(|row| cells(network, row)).chain([total.clone()]);
        let mut widths = head.each_ref().map(|cell| length(cell));
        for cells in cells() {
            for (width, cell) in widths.iter_mut().zip(&cells) {
                *width = length(cell).max(*width);
            }
        }

        writeln!(f, "**{}**\n", title(network))?;
        line(f, &head, &widths)?;
        // To the left for text, to the right for numbers.
        let [name, layer, output, parameters, macs] = widths.map(|width| "-".repeat(width + 1));
        writeln!(f, "|:{name}|:{layer}|:{output}|{parameters}:|{macs}:|")?;
        cells().try_for_each(|cells| line(f, &cells, &widths))?;
        writeln!(
            f,
            "\nParameters: {}. {} multiply–accumulates and {} activations for one example.",
            params(&totals),
            short(totals.macs),
            short(totals.activations)
        )
    }
}

fn cells(network: &Network, row: &Row) -> Cells {
    let last = &network.graph.nodes[row.nodes.end - 1];
    let layer = match (row.part, row.nodes.len()) {
        (RowKind::Layer, _) => code(&last.call.to_string()),
        (_, 1) => "1 layer".to_string(),
        (_, layers) => format!("{layers} layers"),
    };
    let count = |number: u64| if number == 0 { String::new() } else { exact(number) };
    [code(row.path), layer, last.output.to_string(), count(row.sums.params), count(row.sums.macs)]
}

fn line(f: &mut Formatter, cells: &Cells, widths: &[usize; 5]) -> fmt::Result {
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let blanks = " ".repeat(width - length(cell));
        match index {
            0..3 => write!(f, "| {cell}{blanks} ")?,
            _ => write!(f, "| {blanks}{cell} ")?,
        }
    }
    writeln!(f, "|")
}

fn bold(text: String) -> String {
    format!("**{text}**")
}

/// `text` as it stands, whatever it has in it: a bar would end the cell also here, and a backtick the code.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

#[cfg(test)]
mod tests {
    use super::{Table, code};
    use crate::compile;

    #[test]
    fn is_a_table_with_totals() {
        let text =
            "name: net\ninput: [3, 8, 8]\nlayers: [{stem: conv 4 3x3 p1 -> bn -> relu}, flatten, linear 10 as fc]";
        let network = compile(text).unwrap_or_else(|errors| panic!("{errors}"));
        for (depth, expected) in [
            (
                None,
                "\
**net: 3×8×8 → 10**

| name      | layer           | output | parameters |      MACs |
|:----------|:----------------|:-------|-----------:|----------:|
| `stem.0`  | `conv 4 3x3 p1` | 4×8×8  |        112 |     6,912 |
| `stem.1`  | `bn`            | 4×8×8  |          8 |           |
| `stem.2`  | `relu`          | 4×8×8  |            |           |
| `1`       | `flatten`       | 256    |            |           |
| `fc`      | `linear 10`     | 10     |      2,570 |     2,560 |
| **total** |                 | 10     |  **2,690** | **9,472** |

Parameters: 2,690, all trainable; 8 running statistics. 9.47K multiply–accumulates and 1.03K activations for one example.
",
            ),
            (
                Some(1),
                "\
**net: 3×8×8 → 10**

| name      | layer       | output | parameters |      MACs |
|:----------|:------------|:-------|-----------:|----------:|
| `stem`    | 3 layers    | 4×8×8  |        120 |     6,912 |
| `1`       | `flatten`   | 256    |            |           |
| `fc`      | `linear 10` | 10     |      2,570 |     2,560 |
| **total** |             | 10     |  **2,690** | **9,472** |

Parameters: 2,690, all trainable; 8 running statistics. 9.47K multiply–accumulates and 1.03K activations for one example.
",
            ),
        ] {
            assert_eq!(Table { network: &network, depth }.to_string(), expected, "{depth:?}");
        }
    }

    #[test]
    fn takes_any_name() {
        for (text, expected) in [("a_b*", "`a_b*`"), ("a|b", "`a\\|b`"), ("a``b`", "``` a``b` ```")] {
            assert_eq!(code(text), expected);
        }
    }
}
