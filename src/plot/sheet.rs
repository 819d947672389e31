//! Charts side by side.

use std::fmt::{self, Display, Formatter};

use super::chart::{Chart, WIDTH};
use super::escaped;

/// Charts in rows of two.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// What they show.
    pub title: String,
    /// The charts.
    pub charts: Vec<Chart>,
}

const COLUMNS: usize = 2;

impl Display for Sheet {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let height = |row: &[Chart]| row.iter().map(Chart::height).fold(0.0, f64::max);
        let columns = self.charts.len().clamp(1, COLUMNS) as f64;
        begin(f, columns * WIDTH, self.charts.chunks(COLUMNS).map(height).sum(), &self.title)?;
        let mut top = 0.0;
        for row in self.charts.chunks(COLUMNS) {
            for (column, chart) in row.iter().enumerate() {
                chart.draw(f, column as f64 * WIDTH, top)?;
            }
            top += height(row);
        }
        writeln!(f, "</svg>")
    }
}

/// The beginning of a picture of this size.
pub(super) fn begin(f: &mut Formatter<'_>, width: f64, height: f64, title: &str) -> fmt::Result {
    writeln!(
        f,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{}\" font-family=\"system-ui,sans-serif\" font-size=\"13\" fill=\"#222\">",
        escaped(title)
    )?;
    writeln!(f, "<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>")
}
