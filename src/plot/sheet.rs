//! Charts side by side.

use super::Picture;
use super::chart::{Chart, WIDTH};
use super::drawing::Drawing;

/// Charts in rows of two.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// What they show.
    pub title: String,
    /// The charts.
    pub charts: Vec<Chart>,
}

const COLUMNS: usize = 2;

impl Picture for Sheet {
    fn drawing(&self) -> Drawing {
        let height = |row: &[Chart]| row.iter().map(Chart::height).fold(0.0, f64::max);
        let columns = self.charts.len().clamp(1, COLUMNS) as f64;
        let all = self.charts.chunks(COLUMNS).map(height).sum();
        let mut drawing = Drawing::new(columns * WIDTH, all, &self.title);
        let mut top = 0.0;
        for row in self.charts.chunks(COLUMNS) {
            for (column, chart) in row.iter().enumerate() {
                chart.draw(&mut drawing, column as f64 * WIDTH, top);
            }
            top += height(row);
        }
        drawing
    }
}
