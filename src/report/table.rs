//! A table that fits a given width: columns of text, cut with an ellipsis where they must be. Every character is taken
//! to be one column wide. No more than a row is in memory at a time.

use std::fmt::{self, Write};

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// How it is set.
    pub form: Form,
    /// The width of its widest cell, in characters.
    pub widest: usize,
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Numbers, to the right, never cut.
    Number,
    /// Text, cut at its end to no fewer characters than this.
    Text(usize),
    /// Text that is cut at its start.
    Name(usize),
    /// Text that is not to draw attention.
    Faint(usize),
}

/// Between two columns.
const GAP: usize = 2;

/// What cells are filled up with, as much at a time as most need.
const BLANKS: &str = "                                ";

/// The widths with which `columns` fit into `width`; `None` if they cannot.
pub fn widths(columns: &[Column], width: usize) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.widest.max(length(column.title))).collect();
    let gaps = GAP * columns.len().saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    while excess > 0 {
        // The column with most to give gives first, until another one has as much.
        let slack: Vec<usize> = columns
            .iter()
            .zip(&widths)
            .map(|(column, width)| least(column).map_or(0, |least| width.saturating_sub(least)))
            .collect();
        let most = (0..slack.len()).max_by_key(|index| slack[*index]).filter(|index| slack[*index] > 0)?;
        let second = (0..slack.len()).filter(|index| *index != most).map(|index| slack[index]).max().unwrap_or(0);
        let given = (slack[most] - second).clamp(1, excess);
        widths[most] -= given;
        excess -= given;
    }
    Some(widths)
}

/// The head and all rows, each ended by a line feed: so many as usual, and up to so many that are not to draw
/// attention. `cell` writes the text of a row in a column, both by their index.
pub fn draw(
    out: &mut impl Write,
    columns: &[Column],
    widths: &[usize],
    (usual, rows): (usize, usize),
    colour: bool,
    mut cell: impl FnMut(usize, usize, &mut String) -> fmt::Result,
) -> fmt::Result {
    let mut line = Line::default();
    for (column, width) in columns.iter().zip(widths) {
        line.put(column.title, column.form, *width, None);
    }
    writeln!(out, "{}", painted(&line.text, Paint::Bold, colour))?;
    let mut text = String::new();
    for row in 0..rows {
        line.clear();
        for (index, (column, width)) in columns.iter().zip(widths).enumerate() {
            text.clear();
            cell(row, index, &mut text)?;
            let faint = colour && (row >= usual || matches!(column.form, Form::Faint(_)));
            line.put(&text, column.form, *width, faint.then_some(Paint::Faint));
        }
        line.text.push('\n');
        out.write_str(&line.text)?;
    }
    Ok(())
}

/// A line, cell by cell. Blanks are held back until something follows, so that it never ends in one.
#[derive(Default)]
struct Line {
    text: String,
    held_back: usize,
}

impl Line {
    fn clear(&mut self) {
        self.text.clear();
        self.held_back = 0;
    }

    fn fill(&mut self, mut blanks: usize) {
        while let Some(left) = blanks.checked_sub(BLANKS.len()) {
            self.text.push_str(BLANKS);
            blanks = left;
        }
        self.text.push_str(&BLANKS[..blanks]);
    }

    /// Appends a cell, cut or filled up to `width` characters, and the gap behind it.
    fn put(&mut self, cell: &str, form: Form, width: usize, paint: Option<Paint>) {
        if cell.is_empty() {
            self.held_back += width + GAP;
            return;
        }
        let length = length(cell);
        let missing = width.saturating_sub(length);
        let (before, after) = if form == Form::Number { (missing, 0) } else { (0, missing) };
        self.fill(self.held_back + before);
        let start = self.text.len();
        match form {
            _ if length <= width => self.text.push_str(cell),
            Form::Name(_) => {
                self.text.push('…');
                self.text.extend(cell.chars().skip(length - width.saturating_sub(1)));
            }
            _ => {
                self.text.extend(cell.chars().take(width.saturating_sub(1)));
                self.text.push('…');
            }
        }
        if let Some(paint) = paint {
            let painted = painted(&self.text[start..], paint, true);
            self.text.replace_range(start.., &painted);
        }
        self.held_back = after + GAP;
    }
}

/// How a text stands out on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// A heading.
    Bold,
    /// Less than what surrounds it.
    Faint,
}

/// `text` with the escape sequences of a terminal, if `colour` is set.
pub fn painted(text: &str, paint: Paint, colour: bool) -> String {
    match paint {
        Paint::Bold if colour => format!("\u{1b}[1m{text}\u{1b}[0m"),
        Paint::Faint if colour => format!("\u{1b}[2m{text}\u{1b}[0m"),
        _ => text.to_string(),
    }
}

/// Characters.
pub fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// To how many characters a column may be cut.
fn least(column: &Column) -> Option<usize> {
    match column.form {
        Form::Number => None,
        Form::Text(least) | Form::Name(least) | Form::Faint(least) => Some(least.max(length(column.title))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: [[&str; 4]; 2] =
        [["layer1.0.conv1", "conv 64 3x3 bias=false", "", "36.9K"], ["fc", "linear 10", "(8 − 3)/1", ""]];

    fn columns() -> [Column; 4] {
        let forms = [Form::Name(8), Form::Text(9), Form::Faint(6), Form::Number];
        let titles = ["name", "layer", "size", "params"];
        std::array::from_fn(|index| Column {
            title: titles[index],
            form: forms[index],
            widest: CELLS.iter().map(|row| length(row[index])).max().unwrap_or(0),
        })
    }

    fn drawn(widths: &[usize], colour: bool) -> String {
        let mut text = String::new();
        let cell = |row: usize, column: usize, text: &mut String| text.write_str(CELLS[row][column]);
        draw(&mut text, &columns(), widths, (CELLS.len(), CELLS.len()), colour, cell)
            .expect("a String takes everything");
        text
    }

    #[test]
    fn cuts_what_has_most_to_give() {
        for (width, expected) in [
            (
                57,
                "name            layer                   size       params|layer1.0.conv1  conv 64 3x3 bias=false              36.9K|fc              linear 10               (8 − 3)/1|",
            ),
            (
                40,
                "name        layer        size     params|…1.0.conv1  conv 64 3x…            36.9K|fc          linear 10    (8 − 3…|",
            ),
            (
                35,
                "name      layer      size    params|…0.conv1  conv 64 …           36.9K|fc        linear 10  (8 − …|",
            ),
        ] {
            let widths = widths(&columns(), width).expect("it fits");
            assert_eq!(drawn(&widths, false).replace('\n', "|"), expected, "{width}");
        }
        assert_eq!(widths(&columns(), 34), None);
    }

    #[test]
    fn colours_change_nothing_else() {
        let widths = widths(&columns(), 60).expect("it fits");
        let coloured = drawn(&widths, true);
        let plain =
            ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"].iter().fold(coloured.clone(), |text, code| text.replace(code, ""));
        assert_eq!(plain, drawn(&widths, false));
        assert!(coloured.contains("\u{1b}[2m(8 − 3)/1\u{1b}[0m"), "{coloured:?}");
    }
}
