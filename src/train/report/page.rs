//! Pieces of HTML.

use crate::plot::escaped;

/// A whole page.
pub fn page(title: &str, body: &str) -> String {
    let (title, style) = (escaped(title), include_str!("page.css"));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// A part of the page with a head; `class` says how its content is laid out.
pub fn section(title: &str, class: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<section>\n<h2>{}</h2>\n<div class=\"{class}\">\n{content}</div>\n</section>\n", escaped(title))
}

/// A sentence before all else; nothing without one.
pub fn notice(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<p class=\"notice\">{}</p>\n", escaped(text)) }
}

/// A few numbers to see first.
pub fn facts(list: &[(&str, String)]) -> String {
    let fact =
        |(name, value): &(&str, String)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name), escaped(value));
    format!("<dl class=\"facts\">\n{}</dl>\n", list.iter().map(fact).collect::<String>())
}

/// A list of keys with values.
pub fn settings(list: impl Iterator<Item = (String, String)>) -> String {
    let row = |(key, value): (String, String)| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(&key), escaped(&value))
    };
    let rows: String = list.map(row).collect();
    if rows.is_empty() { rows } else { format!("<table class=\"settings\">\n{rows}</table>\n") }
}

/// What stands in a table.
pub struct Cell(String);

impl Cell {
    pub fn text(text: impl AsRef<str>) -> Cell {
        Cell(format!("<td>{}</td>", escaped(text.as_ref())))
    }

    pub fn code(text: &str) -> Cell {
        Cell(format!("<td><code>{}</code></td>", escaped(text)))
    }

    pub fn number(text: impl AsRef<str>) -> Cell {
        Cell(format!("<td class=\"number\">{}</td>", escaped(text.as_ref())))
    }

    /// A fraction with a bar as long; an empty one if it is no number.
    pub fn bar(fraction: f64) -> Cell {
        if fraction.is_nan() {
            return Cell("<td></td>".to_owned());
        }
        let percent = 100.0 * fraction;
        Cell(format!("<td class=\"bar\"><i style=\"width:{percent:.1}%\"></i><span>{percent:.1} %</span></td>"))
    }
}

/// A column's head.
pub enum Head {
    /// Of text.
    Text(&'static str),
    /// Of numbers.
    Number(&'static str),
}

/// A table with its columns' heads.
pub fn table(heads: &[Head], rows: impl Iterator<Item = Vec<Cell>>) -> String {
    let head = |head: &Head| match head {
        Head::Text(text) => format!("<th scope=\"col\">{text}</th>"),
        Head::Number(text) => format!("<th scope=\"col\" class=\"number\">{text}</th>"),
    };
    let heads: String = heads.iter().map(head).collect();
    let row = |cells: Vec<Cell>| {
        let cells: String = cells.into_iter().map(|Cell(cell)| cell).collect();
        format!("<tr>{cells}</tr>\n")
    };
    format!(
        "<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{}</tbody>\n</table>\n",
        rows.map(row).collect::<String>()
    )
}
