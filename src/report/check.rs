//! The table of `archc check`: one line a layer, or a level of them, and the totals.

use std::fmt::{self, Display, Formatter, Write};

use super::View;
use super::outline::{Arrangement, Row, RowKind, continuations, rows};
use super::table::{Column, Form, Paint, draw, length, painted, widths};
use super::totals::{field, totals};
use crate::graph::NodeLabel;
use crate::network::{Network, ReceptiveField};
use crate::quantity::{exact, short};

/// A network's table, to be displayed: no line longer than `width` if that is possible; columns are shortened first,
/// then left out. `colour` adds a terminal's escape sequences.
///
/// ```
/// use archc::report::{Training, View, check::Table};
///
/// let text = "name: tiny\ninput: [1, 8, 8]\nlayers: [conv 4 3x3, relu, flatten, linear 10]";
/// let network = archc::compile(text).unwrap();
/// let view = View::new(Training { batch: 32, threads: 2 });
/// let table = Table { network: &network, view, width: Some(80), colour: false }.to_string();
/// assert!(table.starts_with("tiny: 1×8×8 → 10\n"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// What is shown.
    pub network: &'a Network,
    /// Which part of it.
    pub view: View,
    /// Characters in a line; as many as there are, within reason, if `None`.
    pub width: Option<usize>,
    /// Whether it is for a terminal with colours.
    pub colour: bool,
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Table { network, view, width, colour } = *self;
        writeln!(f, "{}\n", painted(&title(network), Paint::Bold, colour))?;
        let lines = Lines::new(network, view);
        lines.draw(f, width, colour)?;
        writeln!(f)?;
        totals(f, network, view, &lines.fields[network.output.index()], colour)
    }
}

pub(super) fn title(network: &Network) -> String {
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

/// How many kinds of content there are.
const CONTENTS: usize = Content::ReceptiveField as usize + 1;

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

/// Each line is as wide as the widest, so one long name must not have its way.
const WIDEST: usize = 1000;

/// What is shown where nothing fits.
const NARROWEST: &[Content] = &[Content::Name];

const ARITHMETIC: &str = "(W−F+2P)/S+1";

impl Content {
    fn form(self, arrangement: Arrangement) -> (&'static str, Form) {
        match self {
            // The start of a full name says least, that of a tree's line where it hangs.
            Content::Name => match arrangement {
                Arrangement::List => ("name", Form::Name(14)),
                Arrangement::Tree => ("name", Form::Text(14)),
            },
            Content::Call => ("layer", Form::Text(usize::MAX)),
            Content::ShortCall => ("layer", Form::Text(15)),
            Content::Kind => ("layer", Form::Text(9)),
            Content::Output => ("output", Form::Text(usize::MAX)),
            Content::Arithmetic => (ARITHMETIC, Form::Faint(usize::MAX)),
            Content::TightArithmetic => (ARITHMETIC, Form::Faint(22)),
            Content::Params | Content::ShortParams => ("params", Form::Number),
            Content::Macs | Content::ShortMacs => ("MACs", Form::Number),
            Content::Activations => ("activations", Form::Number),
            Content::ShortActivations => ("activ.", Form::Number),
            Content::ReceptiveField => ("field", Form::Number),
        }
    }
}

/// The cells of a column, one text behind the other.
#[derive(Default)]
struct Cells {
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// Characters of the widest.
    widest: usize,
}

impl Cells {
    fn get(&self, line: usize) -> &str {
        let start = line.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[line]]
    }
}

/// The table's lines: the input, one for each row, and one for each layer behind a mistake.
pub(super) struct Lines<'a> {
    network: &'a Network,
    behind: &'a [NodeLabel],
    arrangement: Arrangement,
    rows: Vec<Row<'a>>,
    continuations: Vec<u32>,
    fields: Vec<ReceptiveField>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(network: &'a Network, view: View) -> Lines<'a> {
        let rows = rows(network, view.arrangement, view.depth);
        let continuations = continuations(&rows);
        let fields = network.receptive_fields();
        Lines { network, behind: &[], arrangement: view.arrangement, rows, continuations, fields }
    }

    /// The same with layers behind a mistake.
    pub(super) fn followed_by(self, behind: &'a [NodeLabel]) -> Lines<'a> {
        Lines { behind, ..self }
    }

    /// How many there are before a mistake.
    fn sound(&self) -> usize {
        self.rows.len() + 1
    }

    fn count(&self) -> usize {
        self.sound() + self.behind.len()
    }

    /// All lines, in the columns that `width` has room for.
    pub(super) fn draw(&self, f: &mut Formatter<'_>, width: Option<usize>, colour: bool) -> fmt::Result {
        let mut cells: [Option<Cells>; CONTENTS] = Default::default();
        let mut columns = |layout: &[Content]| -> Vec<Column> {
            let column = |content: &Content| {
                let cells = cells[*content as usize].get_or_insert_with(|| self.cells(*content));
                let (title, form) = content.form(self.arrangement);
                Column { title, form, widest: cells.widest }
            };
            layout.iter().map(column).collect()
        };
        let width = width.unwrap_or(WIDEST);
        let fitting = LAYOUTS.iter().find_map(|layout| {
            let columns = columns(layout);
            widths(&columns, width).map(|widths| (*layout, columns, widths))
        });
        let (layout, columns, widths) = fitting.unwrap_or_else(|| {
            let columns = columns(NARROWEST);
            let widths = columns.iter().map(|column| column.widest).collect();
            (NARROWEST, columns, widths)
        });
        draw(f, &columns, &widths, (self.sound(), self.count()), colour, |line, column, text| {
            let cells = cells[layout[column] as usize].as_ref();
            text.write_str(cells.map_or("", |cells| cells.get(line)))
        })
    }

    /// What stands in a column.
    fn cells(&self, content: Content) -> Cells {
        let mut cells = Cells::default();
        for line in 0..self.count() {
            let start = cells.text.len();
            self.cell(content, line, &mut cells.text).expect("a String takes everything");
            cells.widest = cells.widest.max(length(&cells.text[start..]));
            cells.ends.push(cells.text.len());
        }
        cells
    }

    fn cell(&self, content: Content, line: usize, text: &mut String) -> fmt::Result {
        match line.checked_sub(1) {
            None => self.input(content, text),
            Some(row) => match row.checked_sub(self.rows.len()) {
                None => self.row(content, row, text),
                Some(index) => self.unknown(content, &self.behind[index], text),
            },
        }
    }

    fn input(&self, content: Content, text: &mut String) -> fmt::Result {
        match content {
            Content::Name => text.write_str("input"),
            Content::Output => write!(text, "{}", self.network.graph.input),
            _ => Ok(()),
        }
    }

    fn unknown(&self, content: Content, layer: &NodeLabel, text: &mut String) -> fmt::Result {
        match content {
            Content::Name => text.write_str(&layer.name),
            Content::Call | Content::ShortCall => write!(text, "{}", layer.call),
            Content::Kind => text.write_str(layer.kind),
            _ => Ok(()),
        }
    }

    fn row(&self, content: Content, index: usize, text: &mut String) -> fmt::Result {
        let row = &self.rows[index];
        let last = &self.network.graph.nodes[row.nodes.end - 1];
        let layer = (row.part == RowKind::Layer).then_some(last);
        // Most layers have neither parameters nor MACs; blanks make those that have some stand out.
        let mut count = |number: u64, form: fn(u64) -> String| match number {
            0 => Ok(()),
            number => text.write_str(&form(number)),
        };
        let arithmetic = || layer.and_then(|layer| self.network.arithmetic(layer)).unwrap_or_default();
        match content {
            Content::Name => {
                let mask = self.continuations[index];
                for depth in 1..row.depth {
                    text.push_str(if mask >> depth & 1 == 1 { "│ " } else { "  " });
                }
                if row.depth > 0 {
                    text.push_str(if mask >> row.depth & 1 == 1 { "├ " } else { "└ " });
                }
                text.write_str(&row.path[row.own..])
            }
            Content::Call | Content::ShortCall | Content::Kind => match (layer, row.nodes.len()) {
                (Some(layer), _) if content == Content::Kind => text.write_str(layer.kind),
                (Some(layer), _) => write!(text, "{}", layer.call),
                (None, 1) => text.write_str("1 layer"),
                (None, layers) => write!(text, "{layers} layers"),
            },
            Content::Output => write!(text, "{}", last.output),
            Content::Arithmetic => text.write_str(&arithmetic()),
            Content::TightArithmetic => text.write_str(&tight(&arithmetic())),
            Content::Params => count(row.sums.params, exact),
            Content::ShortParams => count(row.sums.params, short),
            Content::Macs => count(row.sums.macs, exact),
            Content::ShortMacs => count(row.sums.macs, short),
            Content::Activations => text.write_str(&exact(row.sums.activations)),
            Content::ShortActivations => text.write_str(&short(row.sums.activations)),
            Content::ReceptiveField => {
                let seen = &self.fields[row.nodes.end];
                text.write_str(&field(seen.size, seen))
            }
        }
    }
}

/// `(224−7+2·3)/2+1 = 112`.
fn tight(arithmetic: &str) -> String {
    arithmetic.replace(" − ", "−").replace(" + ", "+")
}

#[cfg(test)]
mod tests {
    use super::{Table, exact};
    use crate::compile;
    use crate::report::{Arrangement, Training, View};

    const VIEW: View = View::new(Training { batch: 4, threads: 2 });

    fn table(text: &str, view: View, width: Option<usize>) -> String {
        let network = compile(text).unwrap_or_else(|errors| panic!("{errors}"));
        Table { network: &network, view, width, colour: false }.to_string()
    }

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
memory          about 72.0 MiB to train with batch 4 on 2 threads:
                7.69 MiB weights + 7.69 MiB gradients + 7.69 MiB optimizer
                + 32.9 MiB activations + 16.0 MiB workspace
";
        assert_eq!(table(NETWORK, VIEW, None), expected);
    }

    #[test]
    fn never_wraps() {
        for arrangement in [Arrangement::List, Arrangement::Tree] {
            for width in 40..140 {
                let drawn = table(NETWORK, View { arrangement, ..VIEW }, Some(width));
                let widest = drawn.lines().take(10).map(|line| line.chars().count()).max();
                assert!(widest.is_some_and(|widest| widest <= width), "{width}:\n{drawn}");
            }
        }
    }

    /// The lines of the table and the first below it, without those of the head.
    fn rows(text: &str, view: View) -> String {
        let drawn = table(text, view, Some(80));
        drawn.lines().skip(3).take_while(|line| !line.starts_with("parameters")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn folds_levels() {
        let list = View { depth: Some(1), ..VIEW };
        let expected = "\
input                3×224×224
features  4 layers   64×56×56                       9.54K   118M   2.61M     11
1         flatten    200704     64·56·56 = 200704                   201K    231
fc        linear 10  10                             2.01M  2.01M      10    231
";
        assert_eq!(rows(NETWORK, list), expected);
        let tree = View { arrangement: Arrangement::Tree, ..VIEW };
        let expected = "\
input                         3×224×224
features  4 layers            64×56×56                              9.54K   118M
├ 0       conv 64 7x7 s2 p3…  64×112×112  ⌊(224−7+2·3)/2⌋+1 = 112   9.41K   118M
├ 1       bn                  64×112×112                              128
├ 2       relu                64×112×112
└ 3       maxpool 3x3 s2 p1   64×56×56    ⌊(112−3+2·1)/2⌋+1 = 56
1         flatten             200704      64·56·56 = 200704
fc        linear 10           10                                    2.01M  2.01M
";
        assert_eq!(rows(NETWORK, tree), expected);
    }

    #[test]
    fn numbers_that_have_stopped_are_not_shown_as_exact() {
        let drawn = table("input: [1, 1000000, 1000000]\nlayers: [conv 1 524288 p262144 -> relu]", VIEW, None);
        for expected in ["MACs            over 10^19 for one example", "conv 1 524288"] {
            assert!(drawn.contains(expected), "{drawn}");
        }
        assert!(!drawn.contains("18,446,744,073"), "{drawn}");
    }

    #[test]
    fn names_the_largest_batch() {
        let network = compile(NETWORK).expect("a sound network");
        let largest = network.footprint(2).largest_batch(1 << 30).expect("a batch fits");
        for (memory, expected) in [
            (1 << 30, format!("largest batch   {} to train within 1.00 GiB", exact(largest as u64))),
            (1 << 20, "largest batch   none: 1.00 MiB is less than one example takes".to_string()),
        ] {
            let drawn = table(NETWORK, View { memory: Some(memory), ..VIEW }, None);
            assert_eq!(drawn.lines().last(), Some(expected.as_str()));
        }
    }
}
