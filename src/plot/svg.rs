//! A drawing as SVG.

use std::fmt::{self, Display, Formatter};
use std::io::Cursor;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{ImageFormat, RgbImage};

use super::drawing::{Anchor, Colour, DASHES, DOT, Drawing, Mark, Stroke, Style, is_small};
use super::escaped;

impl Display for Drawing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Drawing { width, height, title, marks } = self;
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" aria-label=\"{}\" font-family=\"system-ui,sans-serif\">",
            escaped(title)
        )?;
        marks.iter().try_for_each(|mark| write_mark(f, mark))?;
        writeln!(f, "</svg>")
    }
}

fn write_mark(f: &mut Formatter<'_>, mark: &Mark) -> fmt::Result {
    match mark {
        Mark::Line { points, width, stroke, colour } => {
            let mut path = String::new();
            for (index, [x, y]) in points.iter().enumerate() {
                path.push_str(&format!("{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' }));
            }
            let dashes = match stroke {
                Stroke::Solid => String::new(),
                Stroke::Dashed => format!(" stroke-dasharray=\"{} {}\"", DASHES[0], DASHES[1]),
            };
            writeln!(
                f,
                "<path{} d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dashes}/>",
                class(*colour),
                colour.hex()
            )
        }
        Mark::Dot { at: [x, y], colour, hover } => {
            write!(f, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{DOT}\" fill=\"{}\">", colour.hex())?;
            writeln!(f, "<title>{}</title></circle>", escaped(hover))
        }
        Mark::Area { corner: [x, y], size: [width, height], colour, opacity, hover } => {
            write!(f, "<rect{} x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"", class(*colour))?;
            write!(f, " fill=\"{}\"", colour.hex())?;
            if *opacity < 1.0 {
                write!(f, " fill-opacity=\"{opacity:.2}\"")?;
            }
            if hover.is_empty() { writeln!(f, "/>") } else { writeln!(f, "><title>{}</title></rect>", escaped(hover)) }
        }
        Mark::Text { at: [x, y], anchor, size, style, colour, text } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let place = match style {
                Style::Plain => format!("x=\"{x:.1}\" y=\"{y:.1}\""),
                Style::Bold => format!("x=\"{x:.1}\" y=\"{y:.1}\" font-weight=\"600\""),
                Style::Turned => format!("transform=\"translate({x:.1},{y:.1}) rotate(-90)\""),
            };
            let (class, hex, text) = (class(*colour), colour.hex(), escaped(text));
            writeln!(
                f,
                "<text{class} {place}{anchor} font-size=\"{size:.1}\" fill=\"{hex}\" pointer-events=\"none\">{text}</text>"
            )
        }
        Mark::Picture { corner: [x, y], side, image } => {
            let rendering = if is_small(image) { " image-rendering=\"pixelated\"" } else { "" };
            let address = address(image);
            writeln!(f, "<image x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\"{rendering} href=\"{address}\"/>")
        }
    }
}

fn class(colour: Colour) -> String {
    colour.name().map_or(String::new(), |name| format!(" class=\"{name}\""))
}

/// An image as an address that needs no file.
pub fn address(image: &RgbImage) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png(image)))
}

/// An image as a PNG file.
pub fn png(image: &RgbImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png).expect("memory takes everything");
    file.into_inner()
}
