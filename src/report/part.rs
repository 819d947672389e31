//! The table of `archc check` where sizes do not fit: down to the mistake, and what would have come behind it.

use std::fmt::{self, Display, Formatter};

use super::check::{Lines, Table};
use super::table::{Paint, painted};
use crate::graph::NodeLabel;

/// The layers before a mistake, which make no network, as the same table, and those from there on, of which only names
/// and calls are known.
#[derive(Debug, Clone, Copy)]
pub struct PartTable<'a> {
    /// Those before it.
    pub table: Table<'a>,
    /// Those behind it.
    pub behind: &'a [NodeLabel],
}

impl Display for PartTable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let PartTable { table: Table { network, view, width, colour }, behind } = *self;
        let title = format!("{}: {}, down to the mistake", network.name, network.graph.input);
        writeln!(f, "{}\n", painted(&title, Paint::Bold, colour))?;
        Lines::new(network, view).followed_by(behind).draw(f, width, colour)
    }
}
