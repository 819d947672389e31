//! A table that fits a given width: columns of text, cut with an ellipsis where they must be. Every character is taken to be
//! one column wide.

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// One entry a row.
    pub cells: Vec<String>,
    /// How it is set.
    pub form: Form,
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

/// The widths with which `columns` fit into `width`; `None` if they cannot.
pub fn widths(columns: &[Column], width: usize) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = columns.iter().map(natural_width).collect();
    let gaps = GAP * columns.len().saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    while excess > 0 {
        // The column with most to give gives first.
        let slack = |index: usize| widths[index].saturating_sub(least(&columns[index]).unwrap_or(usize::MAX));
        let widest = (0..columns.len()).max_by_key(|index| slack(*index)).filter(|index| slack(*index) > 0)?;
        widths[widest] -= 1;
        excess -= 1;
    }
    Some(widths)
}

/// The head and all rows, each ended by a line feed.
pub fn draw(columns: &[Column], widths: &[usize], colour: bool) -> String {
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let mut text = String::new();
    let titles: Vec<String> =
        columns.iter().zip(widths).map(|(column, width)| set(column.title, column.form, *width)).collect();
    text.push_str(&painted(titles.join(&" ".repeat(GAP)).trim_end(), Paint::Bold, colour));
    text.push('\n');
    for row in 0..rows {
        let mut line = String::new();
        // Blanks are held back until something follows, so that no line ends in one.
        let mut blanks = 0;
        for (column, width) in columns.iter().zip(widths) {
            let cell = set(&column.cells[row], column.form, *width);
            let ink = cell.trim_end();
            blanks += cell.len() - cell.trim_start().len();
            if ink.is_empty() {
                blanks += GAP;
                continue;
            }
            line.push_str(&" ".repeat(blanks));
            let paint = if matches!(column.form, Form::Faint(_)) { Paint::Faint } else { Paint::Plain };
            line.push_str(&painted(ink.trim_start(), paint, colour));
            blanks = cell.len() - ink.len() + GAP;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// How a text stands out on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Not at all.
    Plain,
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

fn natural_width(column: &Column) -> usize {
    let cells = column.cells.iter().map(String::as_str);
    cells.chain([column.title]).map(|cell| cell.chars().count()).max().unwrap_or(0)
}

/// To how many characters a column may be cut.
fn least(column: &Column) -> Option<usize> {
    match column.form {
        Form::Number => None,
        Form::Text(least) | Form::Name(least) | Form::Faint(least) => Some(least.max(column.title.chars().count())),
    }
}

/// A cell, cut or filled up to `width` characters.
fn set(cell: &str, form: Form, width: usize) -> String {
    let length = cell.chars().count();
    if length > width {
        let kept = width.saturating_sub(1);
        return match form {
            Form::Name(_) => format!("…{}", cell.chars().skip(length - kept).collect::<String>()),
            _ => format!("{}…", cell.chars().take(kept).collect::<String>()),
        };
    }
    let blanks = " ".repeat(width - length);
    if form == Form::Number { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let column = |title, cells: [&str; 2], form| Column { title, cells: cells.map(String::from).to_vec(), form };
        vec![
            column("name", ["layer1.0.conv1", "fc"], Form::Name(8)),
            column("layer", ["conv 64 3x3 bias=false", "linear 10"], Form::Text(9)),
            column("size", ["", "(8 − 3)/1"], Form::Faint(6)),
            column("params", ["36.9K", ""], Form::Number),
        ]
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
            let columns = columns();
            let widths = widths(&columns, width).expect("it fits");
            assert_eq!(draw(&columns, &widths, false).replace('\n', "|"), expected, "{width}");
        }
        assert_eq!(widths(&columns(), 34), None);
    }

    #[test]
    fn colours_change_nothing_else() {
        let columns = columns();
        let widths = widths(&columns, 60).expect("it fits");
        let coloured = draw(&columns, &widths, true);
        let plain =
            ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"].iter().fold(coloured.clone(), |text, code| text.replace(code, ""));
        assert_eq!(plain, draw(&columns, &widths, false));
        assert!(coloured.contains("\u{1b}[2m(8 − 3)/1\u{1b}[0m"), "{coloured:?}");
    }
}
