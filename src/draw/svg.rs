//! As SVG, which needs no style around it.

use std::fmt::Write;

use super::layout::{FONT, INSIDE, LINE, text_width};
use super::{Drawing, Placed, Rectangle, Route};
use crate::plot::escaped;

/// The picture; `title` is what it shows.
pub fn svg(drawing: &Drawing, placed: &Placed, title: &str) -> String {
    let (width, height) = (placed.width.ceil(), placed.height.ceil());
    let title = escaped(title);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{title}\" font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
         font-size=\"{FONT}\" text-anchor=\"middle\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    placed.wires.iter().for_each(|route| line(&mut text, route));
    for (block, place) in drawing.boxes.iter().zip(&placed.boxes) {
        let Rectangle { x, y, width, height } = *place;
        put(
            &mut text,
            format_args!(
                "<g><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"4\" fill=\"{}\" \
                 stroke=\"#555555\"/>\n",
                block.kind.colour()
            ),
        );
        let middle = x + width / 2.0;
        let lines =
            std::iter::once((&block.title, " font-weight=\"bold\"")).chain(block.lines.iter().map(|line| (line, "")));
        for (index, (line, style)) in lines.enumerate() {
            let y = y + INSIDE + (index as f64 + 0.75) * LINE;
            put(
                &mut text,
                format_args!("<text x=\"{middle:.1}\" y=\"{y:.1}\" fill=\"#111111\"{style}>{}</text>\n", escaped(line)),
            );
        }
        text.push_str("</g>\n");
    }
    // Above all wires.
    for (wire, route) in drawing.wires.iter().zip(&placed.wires) {
        let (x, y) = route.label;
        let width = text_width(&wire.shape) + 4.0;
        put(
            &mut text,
            format_args!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{LINE}\" fill=\"#ffffff\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\" fill=\"#333333\">{}</text>\n",
                x - width / 2.0,
                y - LINE / 2.0,
                y + 0.35 * FONT,
                escaped(&wire.shape)
            ),
        );
    }
    text.push_str("</svg>\n");
    text
}

fn put(text: &mut String, what: std::fmt::Arguments) {
    text.write_fmt(what).expect("a String takes everything");
}

/// A wire that bends softly, and the head of an arrow where it ends.
fn line(text: &mut String, Route { points, .. }: &Route) {
    let [(x, y), between @ .., end] = points.as_slice() else { return };
    let mut path = format!("M{x:.1} {y:.1}");
    for (index, (x, y)) in between.iter().enumerate() {
        let (next_x, next_y) = between.get(index + 1).map_or(*end, |next| ((x + next.0) / 2.0, (y + next.1) / 2.0));
        write!(path, "Q{x:.1} {y:.1} {next_x:.1} {next_y:.1}").expect("a String takes everything");
    }
    if between.is_empty() {
        write!(path, "L{:.1} {:.1}", end.0, end.1).expect("a String takes everything");
    }
    put(text, format_args!("<path d=\"{path}\" fill=\"none\" stroke=\"#777777\"/>\n"));
    // In the direction of its last part.
    let before = between.last().unwrap_or(&points[0]);
    let (across, down) = (end.0 - before.0, end.1 - before.1);
    let length = across.hypot(down).max(1e-9);
    let (across, down) = (across / length, down / length);
    let corner = |side: f64| (end.0 - 7.0 * across - side * down, end.1 - 7.0 * down + side * across);
    let ((left_x, left_y), (right_x, right_y)) = (corner(3.5), corner(-3.5));
    put(
        text,
        format_args!(
            "<path d=\"M{:.1} {:.1}L{left_x:.1} {left_y:.1}L{right_x:.1} {right_y:.1}Z\" fill=\"#777777\"/>\n",
            end.0, end.1
        ),
    );
}
